"""Messages are queued with everything fixed that a repetition must repeat."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.accounts.models import EmailAccount
from campaigns.messages import hooks, services
from campaigns.messages.models import Message, MessageState
from campaigns.messages.services import Draft
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, EmailAccountFactory, MessageFactory
from tests.factories.leads import LeadFactory
from tests.support.database import refuses

HOSTILE = (
    ("Hello\r\nBcc: everybody@acme.example", "Hello Bcc: everybody@acme.example"),
    ("Hello\nX-Evil: 1", "Hello X-Evil: 1"),
    ("a\x00b\x0bc\u2028d\x85e", "a b c d e"),
    ("  Grüße aus Köln  ", "Grüße aus Köln"),
    ("half \ud83d", "half \N{REPLACEMENT CHARACTER}"),
    ("x" * 600, "x" * 500),
)


@pytest.fixture
def account(tenant: Tenant) -> Iterator[EmailAccount]:
    with platform_context(tenant_id=tenant.pk):
        yield EmailAccountFactory.create(email="maya@bücher.example", from_name="Maya")


def draft(account: EmailAccount, **values: Any) -> Draft:
    given = {"lead_id": LeadFactory.create().pk, "channel": Channel.EMAIL, "subject": "Hello", "body": "Text"}
    return Draft(**{**given, "email_account_id": account.pk, **values})


def queued(account: EmailAccount, **values: Any) -> Message:
    return Message.objects.get(pk=services.queue([draft(account, **values)])[0])


def test_a_message_is_identified_before_its_first_attempt(account: EmailAccount) -> None:
    message = queued(account)
    assert message.message_id == f"<{message.pk}@xn--bcher-kva.example>"
    assert (message.state, message.attempts) == (MessageState.QUEUED, 0)
    assert message.lead is not None
    assert message.to_address == message.lead.email
    assert message.next_attempt_at is not None


def test_a_subject_is_one_line(account: EmailAccount) -> None:
    stored = [queued(account, subject=subject).subject for subject, _stored in HOSTILE]
    assert stored == [expected for _subject, expected in HOSTILE]


def test_a_text_keeps_its_lines_and_loses_what_cannot_be_stored(account: EmailAccount) -> None:
    message = queued(account, body="one\r\ntwo\x00\tthree\x07", html="<p>\ud83d</p>")
    assert (message.body, message.html) == ("one\ntwo\tthree", "<p>\N{REPLACEMENT CHARACTER}</p>")


def test_many_messages_are_queued_in_a_few_statements(account: EmailAccount) -> None:
    drafts = [draft(account) for _ in range(40)]
    with CaptureQueriesContext(
        connection,
    ) as few:
        services.queue(drafts[:2])
    with CaptureQueriesContext(connection) as many:
        ids = services.queue(drafts[2:])
    assert len(many) == len(few) <= 6
    found = {row.pk: row.lead_id for row in Message.objects.filter(pk__in=ids)}
    assert [found[each] for each in ids] == [each.lead_id for each in drafts[2:]]


def test_a_draft_for_mail_needs_an_account(account: EmailAccount) -> None:
    with refuses(Invalid):
        services.queue([draft(account, email_account_id=None)])


def test_a_follow_up_without_a_subject_continues_the_enrolments_thread(account: EmailAccount) -> None:
    enrolment = CampaignLeadFactory.create()
    common = {"lead_id": enrolment.lead_id, "campaign_id": enrolment.campaign_id, "campaign_lead_id": enrolment.pk}
    first = queued(account, subject="Our offer", **common)
    other = queued(account, subject="Not of the enrolment", lead_id=enrolment.lead_id)
    second = queued(account, subject="", **common)
    third = queued(account, subject="our OFFER", thread_id=first.pk, **common)
    assert (second.thread_id, second.in_reply_to, second.subject) == (first.pk, first.message_id, "Re: Our offer")
    assert third.metadata["references"] == [first.message_id, second.message_id]
    assert third.subject == "Re: Our offer"
    assert other.thread_id is None


def test_an_answer_names_the_message_that_it_answers(account: EmailAccount) -> None:
    question = MessageFactory.create(
        state=MessageState.RECEIVED, direction="inbound", kind="reply", subject="Re: offer", message_id="<q@client>"
    )
    answer = queued(account, lead_id=question.lead_id, subject="", answers_id=question.pk)
    assert (answer.in_reply_to, answer.subject, answer.thread_id) == ("<q@client>", "Re: offer", question.pk)


def test_messages_that_were_never_sent_are_no_part_of_a_thread(account: EmailAccount) -> None:
    first = queued(account)
    assert first.lead_id is not None
    services.cancel(reason="Stopped.", lead_ids=[first.lead_id])
    later = queued(account, lead_id=first.lead_id, thread_id=first.pk)
    assert (later.in_reply_to, later.thread_id) == ("", None)


@pytest.fixture
def settled() -> Iterator[list[Message]]:
    found: list[Message] = []
    hook = hooks.on_settled(found.extend)
    yield found
    hooks._settled.remove(hook)


def test_only_waiting_messages_are_cancelled_and_told_about(account: EmailAccount, settled: list[Message]) -> None:
    campaign = CampaignFactory.create()
    waiting = queued(account, campaign_id=campaign.pk)
    sending = queued(account, campaign_id=campaign.pk)
    other = queued(account)
    Message.objects.filter(pk=sending.pk).update(state=MessageState.SENDING)
    assert services.cancel(reason="The campaign was stopped.", campaign_ids=[campaign.pk]) == 1
    assert [(each.pk, each.state, each.error) for each in settled] == [
        (waiting.pk, MessageState.CANCELLED, "The campaign was stopped.")
    ]
    states = dict(Message.objects.values_list("pk", "state"))
    assert (states[sending.pk], states[other.pk]) == (MessageState.SENDING, MessageState.QUEUED)
    assert services.cancel(reason="Nothing was named.") == 0


def test_a_person_decides_about_an_unknown_message(account: EmailAccount, owner: User, settled: list[Message]) -> None:
    lost, other = queued(account), queued(account)
    Message.objects.filter(pk__in=[lost.pk, other.pk]).update(state=MessageState.UNKNOWN, attempts=1, error="Lost.")
    again = services.resend(message=lost, actor=owner)
    assert (again.state, again.message_id, again.attempts) == (MessageState.QUEUED, lost.message_id, 1)
    sent = services.confirm_sent(message=other, actor=owner)
    assert sent.state == MessageState.SENT
    assert sent.metadata["decided"][0]["by"] == str(owner.pk)
    assert [each.pk for each in settled] == [other.pk]
    with refuses(services.MessageNotUnknown):
        services.confirm_sent(message=sent, actor=owner)
    with refuses(services.MessageNotResendable):
        services.resend(message=sent, actor=owner)
