"""What staff see of received messages and of the reading of mailboxes."""

from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client

from campaigns.accounts.models import EmailAccount
from campaigns.messages.models import Message, MessageKind
from lad.tenancy.context import platform_context
from tests.campaigns.channels.email.receiving.mails import QUOTED, mail, report, status_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(root: Client) -> Callable[[str, Any], str]:
    def get(model: str, row: Any) -> str:
        answer = root.get(f"/admin/campaigns/{model}/{row.pk}/change/")
        assert answer.status_code == 200
        return unescape(answer.content.decode())

    return get


def test_the_page_of_an_answer_shows_what_was_written_and_what_it_quotes(
    sent: Message, receive: Callable[..., int], messages: Any, page: Any
) -> None:
    hostile = "<script>alert(1)</script>"
    receive(mail(f"Yes, call me. {hostile}\n\nOn Fri, 20 Feb 2026, Maya <maya@acme.test> wrote:\n{QUOTED}"))
    (reply,) = messages(kind=MessageKind.REPLY)
    text = page("message", reply)
    assert f"Answered: Yes, call me. {hostile}" in text
    assert "> may I show you how Acme saves you an hour a day?" in text


def test_markup_in_an_answer_is_shown_and_not_run(
    sent: Message, receive: Callable[..., int], messages: Any, root: Client
) -> None:
    receive(mail(f"<script>alert(1)</script>\n\n{QUOTED}"))
    (reply,) = messages(kind=MessageKind.REPLY)
    answer = root.get(f"/admin/campaigns/message/{reply.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(1)" in answer
    assert "<script>alert(1)" not in answer


def test_the_page_of_a_sent_message_says_why_it_bounced(sent: Message, receive: Callable[..., int], page: Any) -> None:
    receive(report("delivery-status", status_fields("5.1.1", "550 User unknown")))
    text = page("message", sent)
    assert "The address does not exist. 550 User unknown" in text


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({}, "Not read yet."),
        ({"read_at": datetime(2026, 2, 20, 9, 30).isoformat() + "+00:00"}, "2026"),  # noqa: DTZ001
        ({"problem": "The server imap.acme.test does not answer."}, "The server imap.acme.test does not answer."),
    ],
)
def test_the_page_of_a_mailbox_says_when_it_was_read_and_what_is_wrong(
    state: dict[str, Any], shown: str, account: EmailAccount, page: Any, tenant: Any
) -> None:
    assert "LAD sees no answers" in page("emailaccount", account)
    with platform_context(tenant_id=tenant.pk):
        EmailAccount.objects.filter(pk=account.pk).update(imap_host="imap.acme.test", mailbox_state=state)
    assert shown in page("emailaccount", account)
