"""Commands leave together where a server allows it, and one by one where it does not."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.composing.mime import compose
from campaigns.channels.email.sending.driver import EMAIL
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.protocol import Fate
from campaigns.channels.sending import worker
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactPolicy
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import states
from tests.support.sandbox import Sandbox

ANSWERS: Final = {
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    ".": "250 2.0.0 Ok: queued",
    "AUTH": "235 2.7.0 Welcome",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}
NOBODY: Final = "person0@people.example"


@contextmanager
def server(*, pipelining: bool) -> Iterator[tuple[int, list[list[str]]]]:
    """Serve one connection. Yield its port, and what it has read: the commands of each packet.

    It refuses one recipient and, as RFC 2920 allows, takes a mail to nobody up to its end.
    """
    packets: list[list[str]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(_serve, listener, packets, pipelining)
        yield listener.getsockname()[1], packets
        served.result(timeout=10)


def _serve(listener: socket.socket, packets: list[list[str]], pipelining: bool) -> None:
    connection, _address = listener.accept()
    with connection:
        connection.sendall(b"220 fake ESMTP\r\n")
        recipients, in_data = 0, False
        while data := connection.recv(1 << 16):
            lines = data.decode().splitlines()
            packets.append([line.split()[0].upper() for line in lines if line and not in_data])
            for line in lines:
                if in_data and line != ".":
                    continue
                word = line.split()[0].upper()
                answer = ANSWERS.get(word, "500 What?")
                if word == "EHLO":
                    offers = ["PIPELINING"] if pipelining else []
                    answer = "\r\n".join(["250-fake", *(f"250-{each}" for each in offers), "250 AUTH PLAIN"])
                if word == "RCPT":
                    refused = NOBODY in line
                    recipients = 0 if refused else 1
                    answer = "550 5.1.1 no such person" if refused else answer
                if word == "." and not recipients:
                    answer = "554 5.5.1 nobody to send it to"
                in_data = word == "DATA" and (bool(recipients) or pipelining)
                if word == "DATA" and not in_data:
                    answer = "503 5.5.1 Send RCPT first"
                connection.sendall(answer.encode() + b"\r\n")


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_leaves_the_connection_usable(
    make_account: Callable[..., EmailAccount], policy: ContactPolicy, queue: Any, pipelining: bool
) -> None:
    with server(pipelining=pipelining) as (port, packets):
        account = make_account(smtp_port=port)
        messages = queue(account, 2)
        assert worker.send_due() == {"refused": 1, "sent": 1}
    assert sorted(states(messages)) == [MessageState.FAILED, MessageState.SENT]
    together = ["MAIL", "RCPT", "DATA"] in packets
    assert together == pipelining
    assert sum(packet.count("AUTH") for packet in packets) == 1


def test_a_mail_that_was_prepared_and_may_not_begin_is_not_sent(
    sandbox: Sandbox, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 2)
    original, prepared = SmtpSession.prepare, []

    def prepare(self: SmtpSession, message: Message) -> None:
        original(self, message)
        prepared.append(self._prepared)
        with platform_context():
            EmailAccount.objects.filter(pk=account.pk).update(is_active=False)

    with monkeypatch.context() as patch:
        patch.setattr(SmtpSession, "prepare", prepare)
        assert worker.send_due() == {"sent": 1}
    assert [each.key for each in prepared if each] == [messages[1].pk]
    assert states(messages) == [MessageState.SENT, MessageState.QUEUED]
    assert len(sandbox.log("submission")) == 1
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(is_active=True)
    assert worker.send_due() == {"sent": 1}
    assert [entry["message_id"] for entry in sandbox.log("submission")] == [each.message_id for each in messages]


def test_a_prepared_mail_waits_for_its_own_message(
    sandbox: Sandbox, account: EmailAccount, queue: Any, tenant: Tenant
) -> None:
    first, second = queue(account, 2)
    first.email_account = second.email_account = account
    with tenant_context(tenant.pk):
        session = EMAIL.open(account)
    session.prepare(first)
    result = session.send(second)
    assert (result.fate, result.usable) == (Fate.NOT_SENT, False)
    session.close()
    assert sandbox.log("submission") == []


def test_a_prepared_mail_has_the_date_under_which_its_copy_is_made(
    sandbox: Sandbox, account: EmailAccount, queue: Any, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 2)
    original, prepared = SmtpSession.prepare, []

    def prepare(self: SmtpSession, message: Message) -> None:
        original(self, message)
        prepared.append(self._prepared)
        time.sleep(1.1)

    monkeypatch.setattr(SmtpSession, "prepare", prepare)
    assert worker.send_due() == {"sent": 2}
    [mail] = [each.mail for each in prepared if each]
    with tenant_context(tenant.pk):
        assert compose(Message.objects.get(pk=messages[1].pk), account).content == mail.content
