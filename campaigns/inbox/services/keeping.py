"""Keep conversations as messages come and go, in the transaction that records them and in a few statements for all.

Visits, likes and other actions without words do not count, nor do bounces and mailing lists. Mail of programs is part
of a conversation but does not open a closed one and is not unread.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.inbox.models import MAX_PREVIEW, SEARCHED_LENGTH, ConversationState
from campaigns.messages.models import WORDED, Message, MessageKind, MessageState
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.db.queries import execute, rows
from leads.contactability.models import ContactDirection

# Kinds that a person wrote, or that ask for something.
BY_A_PERSON: Final = (MessageKind.REPLY, MessageKind.OUTREACH, MessageKind.UNSUBSCRIBE)
RECEIVED: Final = (*BY_A_PERSON, MessageKind.OUT_OF_OFFICE, MessageKind.AUTO_REPLY)

# What of messages counts, and to whom they belong: a lead, or an address on a channel.
_SAID: Final = """
said AS (
    SELECT messages.id, messages.tenant_id, messages.lead_id, messages.campaign_id, messages.channel,
        messages.direction, messages.metadata, messages.kind,
        coalesce(messages.occurred_at, messages.created_at) AS at,
        messages.direction = 'inbound' AS theirs,
        messages.direction = 'inbound' AND messages.kind = ANY(%(by_a_person)s) AS new,
        coalesce(messages.email_account_id, messages.linkedin_account_id, messages.channel_account_id) AS account_id,
        left(btrim(regexp_replace(left(messages.body, 600), '\\s+', ' ', 'g')), %(preview)s) AS preview,
        CASE WHEN messages.lead_id IS NULL THEN messages.channel ELSE '' END AS of_channel,
        CASE WHEN messages.lead_id IS NOT NULL THEN '' WHEN messages.direction = 'inbound'
            THEN messages.from_address ELSE messages.to_address END AS of_address{words}
    FROM messages
    WHERE messages.tenant_id = %(tenant)s AND {which} AND messages.action = ANY(%(worded)s)
        AND (messages.direction = 'inbound' AND messages.kind = ANY(%(received)s)
            OR messages.direction = 'outbound' AND messages.state = 'sent')
),
newest AS (
    SELECT DISTINCT ON (lead_id, of_channel, of_address) * FROM said
    WHERE lead_id IS NOT NULL OR of_address <> ''
    ORDER BY lead_id, of_channel, of_address, at DESC, id DESC
),
totals AS (
    SELECT lead_id, of_channel, of_address, max(at) AS last_at, max(at) FILTER (WHERE theirs) AS inbound_at,
        max(at) FILTER (WHERE NOT theirs) AS outbound_at, count(*) FILTER (WHERE new) AS unread,
        (array_agg(campaign_id ORDER BY at DESC) FILTER (WHERE campaign_id IS NOT NULL))[1] AS campaign_id
    FROM said GROUP BY lead_id, of_channel, of_address
)
"""
_COLUMNS: Final = (
    "id, tenant_id, created_at, updated_at, lead_id, channel, address, name, campaign_id, state, assigned_to_id,"
    " unread_count, moved_at, last_message_at, last_inbound_at, last_outbound_at, last_channel, last_direction,"
    " last_message, last_account, preview"
)
# Stands for no lead, as rows can be joined by it: IS NOT DISTINCT FROM would compare each row with each.
_NOBODY: Final = "'00000000-0000-0000-0000-000000000000'::uuid"
KEEP: Final = f"""
WITH {{said}}
INSERT INTO inbox_conversations AS kept ({_COLUMNS})
SELECT {TIME_ORDERED_UUID}, %(tenant)s, clock_timestamp(), clock_timestamp(), newest.lead_id, newest.of_channel,
    newest.of_address,
    CASE WHEN newest.lead_id IS NULL
        THEN left(coalesce(newest.metadata->>'from_name', newest.metadata->>'name', ''), 255) ELSE '' END,
    totals.campaign_id, CASE WHEN totals.inbound_at IS NULL THEN 'sent' ELSE 'open' END, leads.assigned_user_id,
    totals.unread, totals.last_at, totals.last_at, totals.inbound_at, totals.outbound_at, newest.channel,
    newest.direction, newest.id, newest.account_id, newest.preview
FROM newest
JOIN totals ON coalesce(totals.lead_id, {_NOBODY}) = coalesce(newest.lead_id, {_NOBODY})
    AND totals.of_channel = newest.of_channel AND totals.of_address = newest.of_address
LEFT JOIN leads ON leads.tenant_id = newest.tenant_id AND leads.id = newest.lead_id
ORDER BY newest.lead_id, newest.of_channel, newest.of_address
ON CONFLICT {{target}} DO UPDATE SET {{changes}}
RETURNING id, state
"""
OF_LEAD: Final = "(tenant_id, lead_id) WHERE lead_id IS NOT NULL"
OF_ADDRESS: Final = "(tenant_id, channel, address) WHERE lead_id IS NULL"
_LATER: Final = "EXCLUDED.last_message_at >= kept.last_message_at"
_LAST: Final = ("last_channel", "last_direction", "last_message", "last_account", "preview")
# New messages are added to what is there. What somebody new wrote opens the conversation and ends its snooze.
ADDED: Final = f"""
    unread_count = kept.unread_count + EXCLUDED.unread_count,
    state = CASE WHEN EXCLUDED.unread_count > 0 OR kept.state = 'sent' AND EXCLUDED.last_inbound_at IS NOT NULL
        THEN 'open' ELSE kept.state END,
    closed_at = CASE WHEN EXCLUDED.unread_count > 0 THEN NULL ELSE kept.closed_at END,
    snoozed_until = CASE WHEN EXCLUDED.unread_count > 0 THEN NULL ELSE kept.snoozed_until END,
    name = CASE WHEN EXCLUDED.name <> '' THEN EXCLUDED.name ELSE kept.name END,
    campaign_id = coalesce(EXCLUDED.campaign_id, kept.campaign_id),
    moved_at = greatest(kept.moved_at, EXCLUDED.moved_at),
    last_message_at = greatest(kept.last_message_at, EXCLUDED.last_message_at),
    last_inbound_at = greatest(kept.last_inbound_at, EXCLUDED.last_inbound_at),
    last_outbound_at = greatest(kept.last_outbound_at, EXCLUDED.last_outbound_at),
    {", ".join(f"{name} = CASE WHEN {_LATER} THEN EXCLUDED.{name} ELSE kept.{name} END" for name in _LAST)}
"""
# All messages were read again: they say everything but what people have decided.
REPEATED: Final = f"""
    unread_count = least(kept.unread_count, EXCLUDED.unread_count),
    state = CASE WHEN EXCLUDED.last_inbound_at IS NULL AND kept.state = 'open' THEN 'sent'
        WHEN EXCLUDED.last_inbound_at IS NOT NULL AND kept.state = 'sent' THEN 'open' ELSE kept.state END,
    name = CASE WHEN EXCLUDED.name <> '' THEN EXCLUDED.name ELSE kept.name END,
    campaign_id = EXCLUDED.campaign_id, moved_at = greatest(kept.moved_at, EXCLUDED.moved_at),
    {
    ", ".join(
        f"{name} = EXCLUDED.{name}" for name in ("last_message_at", "last_inbound_at", "last_outbound_at", *_LAST)
    )
}
"""
# Whoever wrote by hand has read what was there.
READ: Final = """
UPDATE inbox_conversations AS kept SET unread_count = 0
FROM messages
WHERE messages.tenant_id = %(tenant)s AND messages.id = ANY(%(ids)s) AND kept.tenant_id = messages.tenant_id
    AND kept.lead_id = messages.lead_id AND kept.unread_count > 0
    AND (kept.last_inbound_at IS NULL OR kept.last_inbound_at <= coalesce(messages.occurred_at, messages.created_at))
"""
# A message is found by its words and by the name and address of its person.
TEXTS: Final = """
WITH {said}
INSERT INTO inbox_message_texts (id, tenant_id, created_at, conversation_id, said_at, text)
SELECT said.id, said.tenant_id, clock_timestamp(), kept.id, said.at,
    lad_search_text(left(concat_ws(' ', said.subject, CASE WHEN said.lead_id IS NULL
        THEN concat_ws(' ', said.of_address, said.metadata->>'from_name', said.metadata->>'name')
        ELSE concat_ws(' ', leads.first_name, leads.last_name, leads.company_name, leads.email) END, said.body),
        %(searched)s))
FROM said
JOIN inbox_conversations AS kept ON kept.tenant_id = said.tenant_id AND {belongs}
LEFT JOIN leads ON leads.tenant_id = said.tenant_id AND leads.id = said.lead_id
ON CONFLICT (id) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, text = EXCLUDED.text
    WHERE (inbox_message_texts.conversation_id, inbox_message_texts.text)
        IS DISTINCT FROM (EXCLUDED.conversation_id, EXCLUDED.text)
"""
OF_THESE_LEADS: Final = "messages.lead_id = ANY(%(leads)s)"
BELONGS_TO_LEAD: Final = "kept.lead_id = said.lead_id"
BELONGS_TO_ADDRESS: Final = (
    "kept.lead_id IS NULL AND kept.channel = said.of_channel AND kept.address = said.of_address"
    " AND said.of_address <> ''"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation that messages have changed."""

    id: UUID
    state: str


def keep(messages: Sequence[Message]) -> list[Kept]:
    """Add new messages of one tenant to their conversations, which begin with the first. Return those changed."""
    said = [each for each in messages if counts(each)]
    if not said:
        return []
    tenant_id = said[0].tenant_id
    of_leads = [each.pk for each in said if each.lead_id is not None]
    of_others = [each.pk for each in said if each.lead_id is None]
    kept = [
        *_keep(tenant_id, of_leads, OF_LEAD, BELONGS_TO_LEAD),
        *_keep(tenant_id, of_others, OF_ADDRESS, BELONGS_TO_ADDRESS),
    ]
    by_hand = [each.pk for each in said if each.lead_id is not None and _is_by_hand(each)]
    if by_hand:
        execute(READ, {"tenant": tenant_id, "ids": by_hand})
    return kept


def counts(message: Message) -> bool:
    """Return whether the message is part of a conversation."""
    if message.action not in WORDED:
        return False
    if message.direction == ContactDirection.INBOUND:
        return message.kind in RECEIVED
    return message.state == MessageState.SENT


def repeat(*, tenant_id: UUID, lead_ids: Sequence[UUID]) -> int:
    """Read all messages of leads again and correct their conversations, texts included. Return how many there are."""
    values = _values(tenant_id, leads=list(lead_ids))
    kept = rows(KEEP.format(said=_said(OF_THESE_LEADS), target=OF_LEAD, changes=REPEATED), values)
    execute(TEXTS.format(said=_said(OF_THESE_LEADS, words=True), belongs=BELONGS_TO_LEAD), values)
    return len(kept)


def rename(*, tenant_id: UUID, lead_ids: Sequence[UUID]) -> None:
    """Let the messages of leads be found by the names and addresses that these have now."""
    execute(
        TEXTS.format(said=_said(OF_THESE_LEADS, words=True), belongs=BELONGS_TO_LEAD),
        _values(tenant_id, leads=list(lead_ids)),
    )


def repeat_strangers(*, tenant_id: UUID) -> int:
    """Read all messages of people who are no leads again. Return how many conversations there are."""
    values, of_others = _values(tenant_id), "messages.lead_id IS NULL AND messages.from_address <> ''"
    kept = rows(KEEP.format(said=_said(of_others), target=OF_ADDRESS, changes=REPEATED), values)
    execute(TEXTS.format(said=_said(of_others, words=True), belongs=BELONGS_TO_ADDRESS), values)
    return len(kept)


def set_labels(tenant_id: UUID, given: Iterable[Mapping[str, Any]]) -> None:
    """Write what rules found in new messages, by lead or by channel and address, in one statement.

    A label of a person stays, unless the lead asks for no more messages. Words that tell nothing keep what earlier
    ones told, but end an absence; a model is asked about them.
    """
    found = list(given)
    for belongs, these in (
        (LABEL_OF_LEAD, [each for each in found if each["lead"]]),
        (LABEL_OF_ADDRESS, [each for each in found if not each["lead"]]),
    ):
        if these:
            values = {"tenant": tenant_id, "given": json.dumps(these), "now": timezone.now()}
            execute(LABEL.format(belongs=belongs), values)


LABEL_OF_LEAD: Final = "kept.lead_id = given.lead"
LABEL_OF_ADDRESS: Final = "kept.lead_id IS NULL AND kept.channel = given.channel AND kept.address = given.address"
LABEL: Final = """
UPDATE inbox_conversations AS kept SET
    label = CASE WHEN given.label <> '' THEN given.label WHEN kept.label = 'out_of_office' THEN '' ELSE kept.label END,
    label_source = CASE WHEN given.label <> '' THEN 'rule'
        WHEN kept.label = 'out_of_office' THEN '' ELSE kept.label_source END,
    label_reason = CASE WHEN given.label <> '' THEN given.reason
        WHEN kept.label = 'out_of_office' THEN '' ELSE kept.label_reason END,
    labelled_at = CASE WHEN given.label <> '' THEN %(now)s ELSE kept.labelled_at END,
    suggested_label = '', suggested_reason = '',
    suggestion_due_at = CASE WHEN given.asks THEN %(now)s END
FROM json_to_recordset(%(given)s) AS given
    (lead uuid, channel text, address text, label text, reason text, asks boolean)
WHERE kept.tenant_id = %(tenant)s AND {belongs}
    AND (kept.label_source <> 'person' OR given.label = 'unsubscribe')
"""


def _keep(tenant_id: UUID, ids: Sequence[UUID], target: str, belongs: str) -> list[Kept]:
    if not ids:
        return []
    values, these = _values(tenant_id, ids=list(ids)), "messages.id = ANY(%(ids)s)"
    kept = rows(KEEP.format(said=_said(these), target=target, changes=ADDED), values)
    execute(TEXTS.format(said=_said(these, words=True), belongs=belongs), values)
    return [Kept(*row) for row in kept]


def _said(which: str, *, words: bool = False) -> str:
    """Return the part of a statement that reads messages, with their words if these are wanted."""
    return _SAID.format(which=which, words=", messages.subject, messages.body" if words else "")


def _values(tenant_id: UUID, **more: Any) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "by_a_person": [each.value for each in BY_A_PERSON],
        "received": [each.value for each in RECEIVED],
        "worded": [each.value for each in WORDED],
        "preview": MAX_PREVIEW,
        "searched": SEARCHED_LENGTH,
        **more,
    }


def _is_by_hand(message: Message) -> bool:
    """Return whether a person of the tenant wrote the message, rather than a campaign."""
    if message.direction != ContactDirection.OUTBOUND:
        return False
    return message.kind == MessageKind.OWN_COPY or (
        message.created_by_user_id is not None and message.campaign_lead_id is None
    )


def is_open(kept: Kept) -> bool:
    """Return whether the conversation is in somebody's inbox."""
    return kept.state != ConversationState.SENT


def newest_of(messages: Sequence[Message]) -> list[Message]:
    """Return the newest of the messages of each lead or address."""
    found: dict[tuple[Any, ...], Message] = {}
    for each in sorted(messages, key=_at):
        found[(each.lead_id,) if each.lead_id else (each.channel, each.from_address)] = each
    return list(found.values())


def _at(message: Message) -> datetime:
    return message.occurred_at or message.created_at or timezone.now()
