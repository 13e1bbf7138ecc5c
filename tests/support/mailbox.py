"""A real SMTP server that accepts or refuses mail, or drops the connection, as the test asks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tools.runtime.ports import free_port


@dataclass
class Mailbox:
    """The mails a server received and the answers it gives."""

    port: int
    received: list[Message] = field(default_factory=list)
    answer_to_recipient: str = "250 OK"
    answer_to_data: str = "250 OK"
    breaks_off: bool = False
    on_data: Callable[[], None] = lambda: None

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.on_data()
        if self.breaks_off:
            server.transport.abort()
            return ""
        if self.answer_to_data.startswith("250"):
            self.received.append(message_from_bytes(envelope.original_content or b""))
        return self.answer_to_data


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox(port=free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", box.port, 5
    yield box
    controller.stop()


def part(message: Message, kind: str) -> str:
    """Return the text of the mail's plain or HTML part."""
    for each in message.walk():
        if each.get_content_type() == kind:
            return bytes(each.get_payload(decode=True)).decode()
    raise AssertionError(f"The mail has no {kind} part.")
