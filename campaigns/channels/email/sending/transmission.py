"""Hand mails to an SMTP server, and tell exactly what is known afterwards."""

import re
import smtplib
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from campaigns.accounts.mailbox.errors import MailboxError
from campaigns.accounts.mailbox.smtp import MAX_ANSWER_LENGTH, sign_in_error, text_of
from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.composing.attachments import AttachmentMissing, attached_files
from campaigns.channels.email.composing.mime import Composed, Unsendable, compose
from campaigns.channels.protocol import Fate, Result, Session
from campaigns.messages.models import Message
from lad.observability import mask_text
from lad.tenancy.context import tenant_context
from leads.files.storage.store import StorageUnavailable

GO_ON: Final = 354
PERMANENT: Final = 500
SERVICE_ENDS: Final = 421
SIGN_IN_NEEDED: Final = (530, 534, 535)
# Many servers end a connection after a hundred messages.
MAX_MESSAGES: Final = 80
# An attempt that waited longer between its mark and the transmission is given back: its lease may end.
MAX_WAIT_SECONDS: Final = 45.0
HELD_UP: Final = "The sender was held up for too long before it began."
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# Classes of RFC 3463 that are about the recipient's address.
_ADDRESS_STATUS: Final = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4")
_UNKNOWN_USER: Final = re.compile(r"unknown|no such|does not exist|not exist|invalid|unavailable|not found", re.I)

# The code and the text of what a server says.
Answer = tuple[int, bytes]
Answers = Iterator[Answer]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A mail whose envelope was given already, and the server's answers to it."""

    key: UUID
    mail: Composed
    answers: Answers


class SmtpSession(Session):
    """A signed-in connection of one account that takes several messages."""

    def __init__(self, server: smtplib.SMTP, account: EmailAccount) -> None:
        self._server = server
        self.account = account
        self._sent = 0
        self._prepared: _Prepared | None = None

    def prepare(self, message: Message) -> None:
        """Compose the next message and give its envelope, where the server takes commands ahead of their turn.

        A server discards a mail that is not completed, so nothing was sent by that.
        """
        if message.attachment_ids or not self._server.has_extn("pipelining"):
            return
        with suppress(Unsendable, smtplib.SMTPException, OSError):
            mail = self._composed(message)
            if not self._unfit(mail):
                self._prepared = _Prepared(message.pk, mail, self._ask(mail))

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        """Transmit one message. ``begun`` is the monotonic time at which its attempt was recorded.

        Raises MailboxError if the server wants a sign-in again; the message was not sent then.
        """
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            # The server waits for this mail and no other.
            if _is_late(begun) or prepared.key != message.pk:
                return Result(Fate.NOT_SENT, HELD_UP, usable=False)
            return self._transmit(prepared.mail, prepared.answers)
        try:
            mail = self._composed(message)
        except (Unsendable, AttachmentMissing) as error:
            return Result(Fate.REFUSED, str(error))
        except StorageUnavailable as error:
            return Result(Fate.NOT_SENT, error.detail)
        unfit = self._unfit(mail)
        if unfit:
            return Result(Fate.REFUSED, unfit)
        return Result(Fate.NOT_SENT, HELD_UP) if _is_late(begun) else self._transmit(mail)

    def close(self) -> None:
        """End the connection politely, unless it is lost already."""
        with suppress(OSError, smtplib.SMTPException):
            # A mail that was prepared must not be completed.
            if self._server.sock is not None and self._prepared is None:
                self._server.sock.settimeout(1.0)
                self._server.quit()
        self._server.close()

    def _composed(self, message: Message) -> Composed:
        attached = []
        if message.attachment_ids:
            with tenant_context(message.tenant_id):
                attached = attached_files(message)
        return compose(message, self.account, attached)

    def _unfit(self, mail: Composed) -> str:
        """Return why this server cannot take the mail, or an empty text."""
        if mail.needs_smtputf8 and not self._server.has_extn("smtputf8"):
            return f"The server {self.account.smtp_host} cannot write to addresses such as {mail.recipient}."
        limit = self._server.esmtp_features.get("size", "").strip()
        if limit.isdigit() and 0 < int(limit) < len(mail.content):
            return (
                f"The mail is larger than the {int(limit) // 1_000_000} MB that the server takes. Send a link instead."
            )
        return ""

    def _transmit(self, mail: Composed, answers: Answers | None = None) -> Result:
        self._sent += 1
        try:
            result = self._envelope(answers or self._ask(mail)) or self._content(mail)
        except (smtplib.SMTPException, OSError) as error:
            # The mail was not complete, so no server can have accepted it.
            return Result(Fate.NOT_SENT, _lost(error), by_account=True, usable=False)
        return replace(result, usable=result.usable and self._sent < MAX_MESSAGES)

    def _envelope(self, answers: Answers) -> Result | None:
        """Read the answers to the envelope. Return a result if the server refuses the sender, recipient or mail."""
        code, answer = next(answers)
        if code != 250:
            return self._refused(code, text_of(answer), answers, by_account=True)
        code, answer = next(answers)
        if code not in (250, 251):
            text = text_of(answer)
            bounce = _bounce(code, text) if code >= PERMANENT else None
            return self._refused(code, text, answers, by_account=False, bounce=bounce)
        code, answer = next(answers)
        if code != GO_ON:
            return self._refused(code, text_of(answer), by_account=True)
        return None

    def _ask(self, mail: Composed) -> Answers:
        """Give the envelope of a mail. Return the answers, which come in one round trip if the server allows it."""
        server, commands = self._server, self._commands(mail)
        if not server.has_extn("pipelining"):
            return (server.docmd(command) for command in commands)
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("A command with a line break would be two.")
        server.send("".join(f"{command}\r\n" for command in commands))
        return (server.getreply() for _command in commands)

    def _commands(self, mail: Composed) -> tuple[str, str, str]:
        options = f" SIZE={len(mail.content)}" if self._server.has_extn("size") else ""
        self._server.command_encoding = "utf-8" if mail.needs_smtputf8 else "ascii"
        if mail.needs_smtputf8:
            options += " SMTPUTF8 BODY=8BITMIME"
        return f"MAIL FROM:<{mail.sender}>{options}", f"RCPT TO:<{mail.recipient}>", "DATA"

    def _content(self, mail: Composed) -> Result:
        content = smtplib._quote_periods(mail.content)  # type: ignore[attr-defined]
        self._server.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        return self._finish()

    def _finish(self) -> Result:
        """Send the end of the mail. From here until its answer, nobody knows whether the server has accepted it."""
        server = self._server
        try:
            server.send(b".\r\n")
            code, answer = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return Result(Fate.UNKNOWN, _lost(error), by_account=True, usable=False)
        text = text_of(answer)
        if 200 <= code < 300:
            return Result(Fate.SENT, facts={"answer": mask_text(text)[:MAX_ANSWER_LENGTH]})
        if not 400 <= code < 600:
            return Result(Fate.UNKNOWN, f"The server gave an answer that means nothing: {text[:80]}", usable=False)
        return self._refused(code, text, by_account=True)

    def _refused(
        self,
        code: int,
        text: str,
        others: Iterable[Answer] = (),
        *,
        by_account: bool,
        bounce: dict[str, object] | None = None,
    ) -> Result:
        """Return the result of an answer that certainly means that the server did not accept the mail.

        ``others`` are the answers to what was asked after it.
        """
        said = f"The server answered {code}: {mask_text(text)[:MAX_ANSWER_LENGTH]}"
        if code in SIGN_IN_NEEDED:
            raise sign_in_error(code, text, self.account.smtp_host)
        usable = code != SERVICE_ENDS and self._reset(others)
        fate = Fate.REFUSED if code >= PERMANENT else Fate.NOT_SENT
        return Result(fate, said, bounce, by_account, usable)

    def _reset(self, others: Iterable[Answer]) -> bool:
        """Forget the mail that was begun. Return whether the connection still works."""
        try:
            if self._server.has_extn("pipelining"):
                self._read_up(others)
            return self._server.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _read_up(self, others: Iterable[Answer]) -> None:
        """Read the answers to what was asked before the refusal was known."""
        for code, _answer in others:
            if code == GO_ON:
                # The server waits for a mail to nobody: end it at once.
                self._server.send(b".\r\n")
                self._server.getreply()


def _is_late(begun: float | None) -> bool:
    return begun is not None and time.monotonic() - begun > MAX_WAIT_SECONDS


def _bounce(code: int, text: str) -> dict[str, object]:
    """Return what a refusal says about the recipient's address."""
    found = _ENHANCED.search(text)
    status = found[1] if found else ""
    hard = status in _ADDRESS_STATUS if status else bool(_UNKNOWN_USER.search(text))
    return {"code": code, "status": status, "hard": hard, "text": mask_text(text)[:MAX_ANSWER_LENGTH]}


def _lost(error: Exception) -> str:
    if isinstance(error, MailboxError):
        return error.detail
    return f"The connection to the mail server was lost ({type(error).__name__})."
