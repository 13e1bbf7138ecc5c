"""What follows from what was received: thread and lead, answers, suppressions, events and touches, each once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.links import LinkPurpose, make_token
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind
from lad.tenancy.context import platform_context
from leads.contactability.models import LeadTouch, Suppression
from leads.contacts.models import Lead
from tests.campaigns.channels.email.receiving.conftest import RECEIVED_AT
from tests.campaigns.channels.email.receiving.mails import (
    ACCOUNT,
    LEAD,
    SENT_ID,
    mail,
    report,
    server_text,
    status_fields,
)
from tests.factories.campaigns import EmailAccountFactory, MessageFactory
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db

Receive = Callable[..., int]
Find = Callable[..., list[Message]]
ARF = "Feedback-Type: abuse\nUser-Agent: Provider/1.0\nVersion: 1\n"


@pytest.fixture
def suppressed(tenant: Any) -> Callable[[], set[tuple[str, str, str]]]:
    """Reason, channel and address of everything on the do-not-contact list."""

    def find() -> set[tuple[str, str, str]]:
        with platform_context(tenant_id=tenant.pk):
            return set(Suppression.objects.values_list("reason", "channel", "address"))

    return find


@pytest.fixture
def events(tenant: Any) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    def find() -> list[tuple[str, dict[str, Any]]]:
        with platform_context(tenant_id=tenant.pk):
            return list(MessageEvent.objects.order_by("created_at", "pk").values_list("kind", "detail"))

    return find


def test_an_answer_counts_as_contact_from_the_lead(
    sent: Message, receive: Receive, messages: Find, tenant: Any
) -> None:
    assert receive(mail("Yes")) == 1
    with platform_context(tenant_id=tenant.pk):
        (touch,) = LeadTouch.objects.all()
        lead = Lead.objects.get(pk=sent.lead_id)
    assert (touch.direction, touch.lead_id, touch.occurred_at) == ("inbound", sent.lead_id, RECEIVED_AT)
    assert lead.last_contacted_at == RECEIVED_AT


@pytest.mark.parametrize(
    ("values", "by"),
    [
        ({}, "message_id"),
        ({"answers": "", "headers": {"References": f"<other@x.test> {SENT_ID}"}}, "message_id"),
        # A colleague answers from another address.
        ({"sender": "boss@northwind.test"}, "message_id"),
        ({"answers": "<lost@x.test>"}, "subject"),
        ({"answers": "", "subject": "AW: RE: An  Hour a day"}, "subject"),
        ({"answers": "", "subject": "A question"}, "address"),
    ],
)
def test_a_message_belongs_to_what_it_answers(
    values: dict[str, Any], by: str, sent: Message, receive: Receive, messages: Find
) -> None:
    assert receive(mail("Yes", **values)) == 1
    (reply,) = messages(kind=MessageKind.REPLY)
    assert (reply.lead_id, reply.thread_id, reply.metadata["matched_by"]) == (sent.lead_id, sent.pk, by)


def test_a_stranger_s_message_belongs_to_nothing(sent: Message, receive: Receive) -> None:
    assert receive(mail("Yes", answers="", sender="stranger@elsewhere.test")) == 0


def test_a_message_of_another_tenant_is_never_answered(
    sent: Message, receive: Receive, other_tenant: Any, messages: Find, tenant: Any
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = EmailAccountFactory.create(email="spy@borealis.test")
        lead = LeadFactory.create(email="eve@northwind.test")
        foreign = MessageFactory.create(
            lead=lead, email_account=theirs, message_id="<foreign@borealis.test>", to_address="eve@northwind.test"
        )
    # By its Message-ID and by its recipient.
    raw = mail("Stop", answers="<foreign@borealis.test>", sender="eve@northwind.test")
    assert receive(raw) == 0
    assert receive(mail("Stop"), mailbox=theirs) == 0
    token = make_token(LinkPurpose.UNSUBSCRIBE, foreign)
    assert receive(mail("", subject=f"unsubscribe {token}", answers="", sender="x@x.test")) == 0
    with platform_context():
        assert Message.all_objects.filter(pk=foreign.pk, replied_at__isnull=True).exists()
        assert not Suppression.all_objects.exists()


def test_a_message_to_another_mailbox_of_the_tenant_is_not_answered_here(
    sent: Message, receive: Receive, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = EmailAccountFactory.create(email="second@acme.test")
    assert receive(mail("Yes"), mailbox=other) == 0


def test_what_two_mailboxes_receive_is_recorded_for_each_and_told_of_once(
    sent: Message, receive: Receive, messages: Find, tenant: Any, told: dict[str, list[str]]
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = EmailAccountFactory.create(email="second@acme.test")
        MessageFactory.create(
            lead=sent.lead, email_account=other, to_address=LEAD, message_id="<2@acme.test>", created_at=RECEIVED_AT
        )
    raw = mail("Please remove me from your list", to=f"{ACCOUNT}, second@acme.test")
    assert [receive(raw), receive(raw), receive(raw, mailbox=other), receive(raw, mailbox=other)] == [1, 0, 1, 0]
    assert len(messages(kind=MessageKind.UNSUBSCRIBE)) == 2
    assert told == {"received": ["unsubscribe"], "happened": ["unsubscribed"]}


def test_a_second_answer_belongs_to_the_same_thread(sent: Message, receive: Receive, messages: Find) -> None:
    receive(mail("One moment", message_id="<1@n.test>"))
    # Written to the lead's own first answer.
    assert receive(mail("Now unsubscribe me", answers="<1@n.test>", message_id="<2@n.test>")) == 1
    first, second = messages(direction="inbound")
    assert (first.thread_id, second.thread_id, second.kind) == (sent.pk, sent.pk, MessageKind.UNSUBSCRIBE)


def test_an_absence_note_is_no_answer_and_tells_the_day_of_return(
    sent: Message, receive: Receive, messages: Find, told: dict[str, list[str]], tenant: Any
) -> None:
    receive(mail("I am out of the office until 3 March 2026.", headers={"Auto-Submitted": "auto-replied"}))
    (note,) = messages(kind=MessageKind.OUT_OF_OFFICE)
    assert note.metadata["returns_on"] == "2026-03-03"
    assert note.metadata["summary"] == "Out of office until 3 March 2026"
    assert messages(pk=sent.pk)[0].replied_at is None
    assert told == {"received": ["out_of_office"], "happened": []}
    with platform_context(tenant_id=tenant.pk):
        assert not LeadTouch.objects.exists()


def test_a_hard_bounce_suppresses_the_address_and_nothing_else(
    sent: Message, receive: Receive, messages: Find, suppressed: Any, events: Any, told: dict[str, list[str]]
) -> None:
    raw = report("delivery-status", status_fields("5.1.1", "550 User unknown"))
    assert [receive(raw), receive(raw)] == [1, 0]
    assert suppressed() == {("bounced", "email", LEAD)}
    ((kind, detail),) = events()
    assert (kind, detail["severity"], detail["status"]) == (MessageEventKind.BOUNCED, "hard", "5.1.1")
    assert messages(kind=MessageKind.BOUNCE)[0].metadata["summary"] == "Not delivered: The address does not exist."
    assert told == {"received": ["bounce"], "happened": ["bounced"]}


def test_soft_bounces_suppress_for_a_while_once_there_are_several(
    sent: Message, receive: Receive, suppressed: Any, tenant: Any
) -> None:
    for number in range(3):
        raw = report("delivery-status", status_fields("5.2.2", "552 mailbox full"))
        raw = raw.replace(b"<report-1@", f"<report-{number}@".encode())
        assert suppressed() == set()
        receive(raw, at=RECEIVED_AT + timedelta(days=number))
    assert suppressed() == {("soft_bounces", "email", LEAD)}
    with platform_context(tenant_id=tenant.pk):
        assert Suppression.objects.get().expires_at > RECEIVED_AT + timedelta(days=30)


def test_soft_bounces_long_ago_do_not_count(sent: Message, receive: Receive, suppressed: Any) -> None:
    for number in range(4):
        raw = report("delivery-status", status_fields("4.2.2", "452 mailbox full"))
        raw = raw.replace(b"<report-1@", f"<report-{number}@".encode())
        receive(raw, at=RECEIVED_AT + timedelta(days=20 * number))
    assert suppressed() == set()


def test_a_blocked_sender_says_nothing_about_the_address(
    sent: Message, receive: Receive, suppressed: Any, events: Any
) -> None:
    receive(report("delivery-status", status_fields("5.7.1", "554 Blocked using Spamhaus")))
    assert suppressed() == set()
    assert events()[0][1]["severity"] == "block"


def test_a_bounce_in_a_server_s_own_words_is_found_by_the_message_it_gives_back(
    sent: Message, receive: Receive, messages: Find, suppressed: Any
) -> None:
    raw = server_text(
        "Hi. This is the qmail-send program at mx.northwind.test.\n\n<forwarded@elsewhere.test>:\nno mailbox here by"
        f" that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: {SENT_ID}\n"
    )
    assert receive(raw) == 1
    assert messages(kind=MessageKind.BOUNCE)[0].lead_id == sent.lead_id
    assert suppressed() == {("bounced", "email", LEAD)}


def test_a_complaint_suppresses_the_lead(sent: Message, receive: Receive, suppressed: Any, events: Any) -> None:
    receive(report("feedback-report", ARF))
    assert suppressed() == {("complained", "email", LEAD)}
    assert [kind for kind, _detail in events()] == [MessageEventKind.COMPLAINED]


def test_a_delivery_report_that_tells_of_success_is_an_event_and_no_more(
    sent: Message, receive: Receive, suppressed: Any, events: Any
) -> None:
    receive(report("delivery-status", status_fields("2.0.0", "250 OK", action="delivered")))
    assert ([kind for kind, _detail in events()], suppressed()) == ([MessageEventKind.DELIVERED], set())


def test_who_asks_for_no_more_mail_is_unsubscribed_with_the_address_they_wrote_from(
    sent: Message, receive: Receive, suppressed: Any, events: Any
) -> None:
    receive(mail("Please remove me from your list.", sender="boss@northwind.test"))
    assert suppressed() == {("unsubscribed", "email", LEAD), ("unsubscribed", "email", "boss@northwind.test")}
    assert [kind for kind, _detail in events()] == [MessageEventKind.UNSUBSCRIBED]


def test_the_button_of_a_mail_program_unsubscribes_by_mail(
    sent: Message, receive: Receive, suppressed: Any, messages: Find
) -> None:
    token = make_token(LinkPurpose.UNSUBSCRIBE, sent)
    assert receive(mail("", subject=f"unsubscribe {token}", answers="", sender="kim.private@elsewhere.test")) == 1
    assert messages(kind=MessageKind.UNSUBSCRIBE)[0].lead_id == sent.lead_id
    assert ("unsubscribed", "email", LEAD) in suppressed()


def test_an_own_copy_counts_as_contact_with_the_lead(
    sent: Message, receive: Receive, messages: Find, tenant: Any, told: dict[str, list[str]]
) -> None:
    raw = mail("I call you at 3.", sender=ACCOUNT, to=LEAD, message_id="<by-hand@acme.test>")
    assert receive(raw) == 1
    (copy,) = messages(kind=MessageKind.OWN_COPY)
    assert (copy.direction, copy.thread_id, copy.to_address) == ("outbound", sent.pk, LEAD)
    with platform_context(tenant_id=tenant.pk):
        assert LeadTouch.objects.get().direction == "outbound"
    assert told == {"received": [], "happened": []}


def test_many_messages_take_the_same_few_statements(
    sent: Message,
    receive: Receive,
    account: EmailAccount,
    django_assert_max_num_queries: Any,
    tenant: Any,
    told: dict[str, list[str]],
) -> None:
    with platform_context(tenant_id=tenant.pk):
        for number in range(30):
            MessageFactory.create(
                lead=LeadFactory.create(email=f"lead{number}@northwind.test"),
                email_account=account,
                message_id=f"<{number}@acme.test>",
                to_address=f"lead{number}@northwind.test",
            )
    raws = [
        mail(f"Yes {number}", answers=f"<{number}@acme.test>", message_id=f"<a{number}@n.test>") for number in range(30)
    ]
    with django_assert_max_num_queries(16):
        assert receive(*raws) == 30


def test_control_characters_and_long_texts_are_stored_safely(sent: Message, receive: Receive, messages: Find) -> None:
    raw = mail("Yes\x00\x07 " + "x" * 100_000, subject="Re: An hour\x00 a day")
    assert receive(raw) == 1
    (reply,) = messages(kind=MessageKind.REPLY)
    assert "\x07" not in reply.body
    assert len(reply.body) <= 50_000
