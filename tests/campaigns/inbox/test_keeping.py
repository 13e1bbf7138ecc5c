"""Conversations follow the messages of all channels, whoever records them and in whatever order."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.inbox.models import Conversation, ConversationState, Label, MessageText
from campaigns.inbox.services import handling, linking
from campaigns.inbox.services.following import follow_sent
from campaigns.inbox.services.repairing import repair
from campaigns.messages.models import Action, Message, MessageKind, MessageState
from lad.db.queries import execute, rows
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead
from tests.campaigns.inbox.conftest import ago
from tests.factories.campaigns import CampaignFactory, MessageFactory
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


def count(model: Any, lead: Lead) -> int:
    """Return how many rows of the model belong to the lead."""
    with platform_context(tenant_id=lead.tenant_id):
        return int(model.objects.filter(lead=lead.pk).count())


def test_a_sent_message_begins_a_conversation_that_is_not_in_the_inbox(lead, sent, conversation) -> None:
    sent(lead, "May we talk?")
    row = conversation(lead)
    assert (row.state, row.unread_count, row.last_direction) == (ConversationState.SENT, 0, "outbound")
    assert row.preview == "May we talk?"
    assert row.last_inbound_at is None


def test_an_answer_opens_it_and_is_unread(lead, sent, said, conversation, mailbox) -> None:
    sent(lead, "May we talk?", at=ago(hours=2))
    answer = said(lead, "Well,\n\n  perhaps.", at=ago(hours=1))
    said(lead, "One more thing", at=ago(minutes=5), channel=Channel.LINKEDIN)
    row = conversation(lead)
    assert (row.state, row.unread_count, row.last_channel) == (ConversationState.OPEN, 2, Channel.LINKEDIN)
    assert row.last_inbound_at > answer.occurred_at
    assert row.moved_at == row.last_message_at == row.last_inbound_at


def test_an_older_message_that_arrives_late_is_not_the_last_one(lead, said, conversation) -> None:
    newest = said(lead, "The newest", at=ago(minutes=1))
    said(lead, "The older", at=ago(days=1))
    row = conversation(lead)
    assert (row.preview, row.last_message, row.unread_count) == ("The newest", newest.pk, 2)
    assert row.last_message_at == newest.occurred_at


@pytest.mark.parametrize(
    "values",
    [
        {"action": Action.VISIT, "direction": ContactDirection.OUTBOUND, "state": MessageState.SENT},
        {"action": Action.LIKE, "direction": ContactDirection.OUTBOUND, "state": MessageState.SENT},
        {"kind": MessageKind.BOUNCE},
        {"kind": MessageKind.NOISE},
    ],
)
def test_actions_without_words_and_mail_of_servers_do_not_count(lead, said, tenant, values) -> None:
    said(lead, "", **values)
    assert count(Conversation, lead) == 0


def test_a_failed_message_does_not_count(lead, sent) -> None:
    sent(lead, "May we talk?", state=MessageState.FAILED)
    assert count(Conversation, lead) == 0


def test_an_absence_note_is_not_unread_and_opens_no_closed_conversation(
    lead, said, conversation, owner, tenant
) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    with tenant_context(tenant.pk):
        handling.close(ids=[row.pk], actor=owner)
    said(lead, "I am away", kind=MessageKind.OUT_OF_OFFICE, metadata={"summary": "Out of office until 4 May 2026"})
    row = conversation(lead)
    assert (row.state, row.unread_count, row.label) == (ConversationState.CLOSED, 0, Label.OUT_OF_OFFICE)
    assert row.label_reason == "Out of office until 4 May 2026."


def test_a_new_answer_opens_a_closed_conversation_and_ends_its_snooze(lead, said, conversation, owner, tenant) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    with tenant_context(tenant.pk):
        handling.snooze(ids=[row.pk], until=ago(days=-3), actor=owner)
        handling.close(ids=[row.pk], actor=owner)
    assert conversation(lead).state == ConversationState.CLOSED
    said(lead, "Are you there?")
    row = conversation(lead)
    assert (row.state, row.unread_count, row.snoozed_until, row.closed_at) == (ConversationState.OPEN, 1, None, None)


def test_what_somebody_wrote_by_hand_elsewhere_marks_it_as_read(lead, said, sent, conversation) -> None:
    said(lead, "Are you there?", at=ago(hours=2))
    sent(lead, "I am", kind=MessageKind.OWN_COPY, copied=True, at=ago(hours=1))
    row = conversation(lead)
    assert (row.unread_count, row.preview) == (0, "I am")
    said(lead, "Good", at=ago(minutes=10))
    # An older one that arrives late does not.
    sent(lead, "Hello?", kind=MessageKind.OWN_COPY, copied=True, at=ago(minutes=20))
    assert conversation(lead).unread_count == 1


def test_a_campaigns_message_does_not_mark_it_as_read(lead, said, sent, conversation, tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create(name="Autumn")
    said(lead, "Are you there?", at=ago(hours=2))
    sent(lead, "A reminder", campaign=campaign)
    row = conversation(lead)
    assert (row.unread_count, row.campaign_id) == (1, campaign.pk)


def test_many_messages_are_followed_in_the_same_few_statements(
    tenant, mailbox, django_assert_max_num_queries: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        leads = LeadFactory.create_batch(12)
        messages = [MessageFactory.create(lead=each, email_account=mailbox, occurred_at=ago(hours=1)) for each in leads]
    with tenant_context(tenant.pk), django_assert_max_num_queries(6):
        follow_sent(messages)
    with platform_context(tenant_id=tenant.pk):
        assert Conversation.objects.filter(lead__in=leads).count() == 12
        assert MessageText.objects.filter(pk__in=[each.pk for each in messages]).count() == 12


def test_messages_of_a_batch_are_not_compared_each_with_each(tenant, mailbox) -> None:
    with platform_context(tenant_id=tenant.pk):
        messages = MessageFactory.create_batch(12, email_account=mailbox, occurred_at=ago(hours=1))
    with tenant_context(tenant.pk), CaptureQueriesContext(connection) as queries:
        follow_sent(messages)
    [statement] = [each["sql"] for each in queries if "INSERT INTO inbox_conversations" in each["sql"]]
    with tenant_context(tenant.pk):
        # So few rows might be joined by comparing them, whatever the statement says.
        execute("SET LOCAL enable_nestloop = off")
        [[[explained]]] = rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    plan = str(explained)
    assert "'Hash Join'" in plan or "'Merge Join'" in plan
    assert not any(map(int, re.findall(r"'Rows Removed by Join Filter': (\d+)", plan)))


def test_the_leads_owner_gets_the_conversation(lead, said, conversation, owner, member, tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        Lead.objects.filter(pk=lead.pk).update(assigned_user=member)
    said(lead, "Hello")
    assert conversation(lead).assigned_to_id == member.pk
    with tenant_context(tenant.pk):
        linking.follow_assignment(lead_id=lead.pk, before=member.pk, after=owner.pk)
    assert conversation(lead).assigned_to_id == owner.pk
    with tenant_context(tenant.pk):
        linking.follow_assignment(lead_id=lead.pk, before=member.pk, after=None)
    assert conversation(lead).assigned_to_id == owner.pk


def test_a_stranger_becomes_a_lead_with_everything_they_wrote(tenant, said, conversation, number) -> None:
    for text in ("Do you ship to Norway?", "Hello?"):
        said(None, text, channel=Channel.WHATSAPP, channel_account=number, from_address="4915199999999",
             metadata={"name": "Nora Fjord"})  # fmt: skip
    stranger = conversation(None)
    assert (str(stranger), stranger.unread_count, stranger.address) == ("Nora Fjord", 2, "4915199999999")
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(phone="+4915199999999")
    with tenant_context(tenant.pk):
        assert linking.link_leads([lead]) == 1
    row = conversation(lead)
    assert (row.pk, row.unread_count, row.address, row.state) == (stranger.pk, 2, "", ConversationState.OPEN)
    assert count(Message, lead) == 2


def test_a_stranger_who_is_a_lead_with_a_conversation_joins_it(tenant, said, conversation, number, lead) -> None:
    said(lead, "By mail", at=ago(days=1))
    said(None, "By phone", channel=Channel.WHATSAPP, channel_account=number, from_address="+4915112345678")
    with tenant_context(tenant.pk):
        linking.link_leads([lead])
    row = conversation(lead)
    assert (row.unread_count, row.preview, row.last_channel) == (2, "By phone", Channel.WHATSAPP)
    with platform_context(tenant_id=tenant.pk):
        assert Conversation.objects.count() == 1
        assert MessageText.objects.filter(conversation=row).count() == 2


def test_a_mail_from_an_address_that_reads_like_a_leads_number_is_not_the_leads(tenant, said, lead) -> None:
    said(None, "Hi", from_address=str(lead.phone))
    with tenant_context(tenant.pk):
        assert linking.link_leads([lead]) == 0
    assert count(Message, lead) == 0


def test_an_erased_lead_leaves_nothing(tenant, lead, said) -> None:
    said(lead, "Hello")
    with platform_context(tenant_id=tenant.pk):
        execute("DELETE FROM leads WHERE id = %s", [lead.pk])
        assert not Conversation.objects.exists()
        assert not MessageText.objects.exists()


def test_repairing_recomputes_everything_but_what_people_decided(
    tenant, lead, mailbox, said, conversation, owner
) -> None:
    said(lead, "Hello", at=ago(hours=3))
    row = conversation(lead)
    with platform_context(tenant_id=tenant.pk):
        handling.assign(ids=[row.pk], user=owner, actor=owner)
        handling.set_label(ids=[row.pk], label=Label.INTERESTED, actor=owner)
        Conversation.objects.filter(pk=row.pk).update(preview="wrong", unread_count=70, last_inbound_at=None)
        MessageText.objects.all().delete()
        MessageFactory.create(
            lead=lead, body="Unheard of", direction=ContactDirection.INBOUND, state=MessageState.RECEIVED,
            kind=MessageKind.REPLY, email_account=mailbox, occurred_at=ago(hours=1),
        )  # fmt: skip
        other = LeadFactory.create()
        MessageFactory.create(lead=other, email_account=mailbox, occurred_at=ago(hours=1))
    assert repair(tenant.pk) == 2
    row = conversation(lead)
    assert (row.preview, row.unread_count, row.assigned_to_id, row.label) == ("Unheard of", 2, owner.pk, "interested")
    assert row.last_inbound_at is not None
    assert conversation(other).state == ConversationState.SENT
    with platform_context(tenant_id=tenant.pk):
        assert MessageText.objects.count() == 3
