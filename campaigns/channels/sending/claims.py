"""Claim messages for sending, in the transaction that asks for the last time whether each may be sent."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.accounts.pacing import day_of
from campaigns.channels.sending.account_kinds import EMAIL, AccountKind
from campaigns.channels.sending.due import DueAccount, due_messages
from campaigns.channels.sending.postponing import Postponed, counted_today, postpone, postpone_alike, postpone_full
from campaigns.channels.sending.room import Room
from campaigns.charging.services import hold_for
from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from campaigns.enrolment.models import OPEN_ENROLMENTS
from campaigns.messages.models import WORDED, Action, Message, MessageState
from campaigns.messages.services import address_on, settle
from lad.tenancy.context import current_tenant_id, tenant_context
from leads.channels import Channel
from leads.contactability.decisions import Decision, Verdict
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services import decide
from leads.contacts.services import Touch, record_contacts

# Longer than the time limit of a task, so that no lease expires while its sender still works.
LEASE: Final = timedelta(seconds=120)
# An account without a gap claims so many at once.
BATCH_SIZE: Final = 100
# Deferred messages may stand before those that may be sent. So many are looked at in one claim.
LOOKED_AT_ONCE: Final = 10
MAX_LOOKED_AT: Final = 200
# A message that waits for something without a known end is looked at again after this.
AGAIN: Final = timedelta(hours=1)
# Nobody is addressed by a post.
TO_EVERYBODY: Final = (Action.POST,)
# Withdrawing an invitation needs no permission.
UNASKED: Final = (Action.WITHDRAWAL,)
GONE: Final = "The lead was deleted."
ENROLMENT_ENDED: Final = "The lead's enrolment in the campaign has ended."

# Whoever pauses or stops a campaign locks it first, and whoever ends an enrolment locks that one. What is locked is not
# waited for, because they may wait for messages.
LOCK_RUNNING: Final = """
SELECT id FROM campaigns WHERE tenant_id = %s AND id = ANY(%s) AND status = 'running' AND deleted_at IS NULL
ORDER BY id FOR KEY SHARE SKIP LOCKED
"""
LOCK_OPEN: Final = """
SELECT id FROM campaign_leads WHERE tenant_id = %s AND id = ANY(%s) AND status = ANY(%s) AND deleted_at IS NULL
ORDER BY id FOR SHARE SKIP LOCKED
"""
CLAIM: Final = """
UPDATE messages SET state = 'sending', attempts = attempts + 1, error = '',
    lease_until = statement_timestamp() + %(lease)s::interval,
    begun_at = CASE WHEN messages.id = %(first)s THEN %(now)s::timestamptz END,
    accepted_at = NULL, decision = given.decision, to_address = given.to_address, looks = 0
FROM json_to_recordset(%(given)s) AS given (id uuid, decision jsonb, to_address text)
WHERE messages.tenant_id = %(tenant)s AND messages.id = given.id
"""


@dataclass(slots=True)
class Claim:
    """Messages under a lease, with the account that sends them and the day on which they count.

    The first message is recorded as begun already. There are none if none of those that were looked at may be sent
    now, but some were put off: then others are next.
    """

    account: EmailAccount | NetworkAccount
    messages: list[Message]
    day: date
    account_kind: AccountKind = EMAIL


@dataclass(frozen=True, slots=True)
class _Asking:
    """What a claim is made for: an account that is locked, and the moment."""

    due: DueAccount
    account: Any
    room: Room
    zone: str
    now: datetime


def usable_account(due: DueAccount) -> EmailAccount | NetworkAccount | None:
    """Return the account if it may send now, read without a lock."""
    with tenant_context(due.tenant_id):
        found: EmailAccount | NetworkAccount | None = due.account_kind.ready().filter(pk=due.account_id).first()
        return found


def claim(due: DueAccount, *, batch_size: int = BATCH_SIZE) -> Claim | None:
    """Claim due messages of an account, one if it keeps a gap. Return None if nothing has changed.

    Counts them in the account's day and records the touch of each lead. Messages that may be sent later are
    postponed; those that may never be are cancelled. The claim is committed before this returns.
    """
    with tenant_context(due.tenant_id):
        kind = due.account_kind
        rows = kind.ready().select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(pk=due.account_id)
        account = rows.annotate(zone=F("tenant__timezone")).first()
        if account is None:
            return None
        now, zone = timezone.now(), account.zone
        day = day_of(now, zone)
        room = kind.room(account, zone=zone, day=day, now=now)
        if room.total is not None and room.total <= 0:
            kind.rest(account, kind.full_until(account, "", zone=zone, now=now))
            return None
        most = batch_size if room.total is None else min(batch_size, room.total)
        wanted = 1 if account.min_gap_seconds else most
        chosen, some_put_off = _choose(_Asking(due, account, room, zone, now), wanted=wanted)
        if not chosen:
            return Claim(account, [], day, kind) if some_put_off else None
        if not kind.count(account, day, [message for message, _decision in chosen]):
            return None
        return Claim(account, _mark(kind, account, chosen, now), day, kind)


def _choose(asking: _Asking, *, wanted: int) -> tuple[list[tuple[Message, Decision | None]], bool]:
    """Return up to so many messages that may be sent now. Postpone and cancel others that stand before them.

    If there are none, return also whether some were postponed or cancelled.
    """
    zone, now = ZoneInfo(asking.zone), asking.now
    chosen: list[tuple[Message, Decision | None]] = []
    leads: set[UUID | None] = set()
    seen: set[UUID] = set()
    while len(chosen) < wanted and len(seen) < MAX_LOOKED_AT:
        # Messages seen before may still be queued, so ask for that many more.
        ids = due_messages(asking.due, limit=max(wanted, LOOKED_AT_ONCE) + len(seen))
        rows = _locked([each for each in ids if each not in seen])
        if not rows:
            break
        seen.update(row.pk for row in rows)
        # One message to a lead at a time: the limits of the next one depend on this one.
        fresh = _with_room([row for row in _open(rows) if row.lead_id not in leads], asking)
        decided = _decided(_one_each(fresh), asking)
        placed = _placed(_still_wanted(decided)[: wanted - len(chosen)], asking.room)
        counted = counted_today(placed, zone, now)
        allowed = _paid(counted, now)
        paid = {message.pk for message, _decision in allowed}
        for message, _decision in placed:
            if message.pk not in paid:
                asking.room.put_back(message)
        leads.update(message.lead_id for message, _decision in allowed)
        chosen += allowed
    return chosen, not chosen and _have_moved(seen)


def _have_moved(seen: Collection[UUID]) -> bool:
    still = Message.objects.filter(pk__in=seen, state=MessageState.QUEUED, next_attempt_at__lte=Now())
    return still.count() < len(seen)


def _with_room(messages: Sequence[Message], asking: _Asking) -> list[Message]:
    """Return the messages whose action the account may still do today. All others of such an action wait."""
    full = {message.action: message for message in messages if asking.room.is_full(message)}
    if asking.room.total is None:
        for action, message in full.items():
            until = asking.due.account_kind.full_until(asking.account, action, zone=asking.zone, now=asking.now)
            postpone_full(asking.due, action, until, campaign_id=asking.room.full_campaign(message))
    return [message for message in messages if message.action not in full or not asking.room.is_full(message)]


def _placed(decided: Sequence[tuple[Message, Decision | None]], room: Room) -> list[tuple[Message, Decision | None]]:
    """Take a place for each message, and leave out those for which there is none."""
    return [(message, decision) for message, decision in decided if room.take(message)]


def _locked(ids: Sequence[UUID]) -> list[Message]:
    """Lock those of the messages that still wait, and return them with what decides about them."""
    rows = Message.objects.filter(pk__in=ids, state=MessageState.QUEUED).annotate(
        lead_email=F("lead__email"),
        lead_phone=F("lead__phone"),
        lead_linkedin_url=F("lead__linkedin_url"),
        lead_deleted_at=F("lead__deleted_at"),
        enrolment_status=F("campaign_lead__status"),
        enrolment_deleted_at=F("campaign_lead__deleted_at"),
    )
    found = {row.pk: row for row in rows.select_for_update(no_key=True, skip_locked=True, of=("self",))}
    campaigns = Campaign.all_objects.in_bulk({row.campaign_id for row in found.values() if row.campaign_id})
    for row in found.values():
        row.campaign = campaigns.get(row.campaign_id)
        # The address that permission is asked for.
        row.to_address = address_on(row)
    return [found[each] for each in ids if each in found]


def _open(rows: Sequence[Any]) -> list[Message]:
    """Return the messages whose lead and enrolment still want one. Cancel the others."""
    gone = {row.pk for row in rows if row.lead_id and (row.lead_email is None or row.lead_deleted_at is not None)}
    gone |= {row.pk for row in rows if row.lead_id is None and row.action not in TO_EVERYBODY}
    ended = {row.pk for row in rows if row.pk not in gone and not _is_open(row)}
    settle(list(gone), state=MessageState.CANCELLED, error=GONE)
    settle(list(ended), state=MessageState.CANCELLED, error=ENROLMENT_ENDED)
    return [row for row in rows if row.pk not in gone | ended]


def _is_open(message: Any) -> bool:
    if message.campaign_id is None or message.campaign_lead_id is None:
        return True
    return bool(message.enrolment_deleted_at is None and message.enrolment_status in OPEN_ENROLMENTS)


def _still_wanted(decided: Sequence[tuple[Message, Decision | None]]) -> list[tuple[Message, Decision | None]]:
    """Lock the campaigns and enrolments of the messages, and leave those out that are no longer running or open.

    They are cancelled, or wait, by the next claim.
    """
    messages = [message for message, _decision in decided]
    running = _lock(LOCK_RUNNING, {each.campaign_id for each in messages if each.campaign_id})
    enrolments = {each.campaign_lead_id for each in messages if each.campaign_lead_id}
    is_open = _lock(LOCK_OPEN, enrolments, list(OPEN_ENROLMENTS))
    return [
        (message, decision)
        for message, decision in decided
        if message.campaign_id in running and message.campaign_lead_id in is_open
    ]


def _lock(query: str, ids: Collection[UUID], *parameters: Any) -> set[UUID | None]:
    """Return those of the rows that could be locked, and None, which stands for no row."""
    if not ids:
        return {None}
    with connection.cursor() as cursor:
        cursor.execute(query, [current_tenant_id(), sorted(ids), *parameters])
        return {None, *(row[0] for row in cursor.fetchall())}


def _one_each(messages: Iterable[Message]) -> list[Message]:
    by_lead: dict[UUID, Message] = {}
    for message in messages:
        by_lead.setdefault(message.lead_id or message.pk, message)
    return list(by_lead.values())


def _decided(messages: Sequence[Message], asking: _Asking) -> list[tuple[Message, Decision | None]]:
    """Ask contactability. Return the messages that may be sent now, and record what the others wait for."""
    groups: dict[tuple[str, str, bool, UUID | None], list[Message]] = {}
    allowed: dict[UUID, Decision | None] = {}
    for message in messages:
        if message.lead_id is None or message.action in UNASKED:
            allowed[message.pk] = None
            continue
        key = (message.channel, message.purpose, message.action in WORDED, message.campaign_id)
        groups.setdefault(key, []).append(message)
    deferred: list[Postponed] = []
    for (channel, purpose, is_message, _campaign_id), group in groups.items():
        # A message that a person wrote keeps to no campaign's hours.
        campaign = group[0].campaign
        decisions = decide(
            lead_ids=[_lead_of(message) for message in group],
            channel=Channel(channel),
            purpose=Purpose(purpose),
            at=asking.now,
            windows=schedule_of(campaign).window if campaign is not None else None,
            ignoring=[message.pk for message in group],
            lock=True,
            is_message=is_message,
        )
        for message in group:
            decision = decisions[_lead_of(message)]
            if decision.verdict == Verdict.ALLOW:
                allowed[message.pk] = decision
            elif decision.verdict == Verdict.DEFER:
                deferred.append(Postponed(message, decision, decision.until or asking.now + AGAIN, decision.sentence()))
            else:
                _refuse(message, decision)
    postpone(deferred)
    postpone_alike(asking.due, deferred)
    return [(message, allowed[message.pk]) for message in messages if message.pk in allowed]


def _paid(allowed: Sequence[tuple[Message, Decision | None]], now: datetime) -> list[tuple[Message, Decision | None]]:
    """Hold the credits of the messages. Return those that are paid, and let the others wait."""
    held = hold_for([message for message, _decision in allowed], now=now)
    refused = [(message, decision, held.refused.get(message.pk)) for message, decision in allowed]
    postpone(Postponed(message, decision, why.until, why.detail) for message, decision, why in refused if why)
    return [(message, decision) for message, decision in allowed if message.pk in held.allowed]


def _refuse(message: Message, decision: Decision) -> None:
    Message.objects.filter(pk=message.pk).update(decision=decision.as_json())
    settle([message.pk], state=MessageState.CANCELLED, error=decision.sentence())


def _mark(
    kind: AccountKind,
    account: EmailAccount | NetworkAccount,
    chosen: Sequence[tuple[Message, Decision | None]],
    now: datetime,
) -> list[Message]:
    """Put the messages under a lease and record the touches."""
    messages = [message for message, _decision in chosen]
    given = []
    for message, decision in chosen:
        message.decision = decision.as_json() if decision else {}
        given.append({"id": str(message.pk), "decision": message.decision, "to_address": message.to_address})
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "lease": f"{LEASE.total_seconds()} seconds",
                "first": messages[0].pk,
                "now": now,
                "given": json.dumps(given),
                "tenant": account.tenant_id,
            },
        )
    for message in messages:
        message.state, message.attempts, message.error = MessageState.SENDING, message.attempts + 1, ""
        kind.put_account(message, account)
        message.begun_at = message.accepted_at = None
    messages[0].begun_at = now
    # Looking at a profile or following somebody is no contact.
    record_contacts([_touch(message, now) for message in messages if message.action in WORDED])
    return messages


def _lead_of(message: Message) -> UUID:
    assert message.lead_id is not None  # messages without a lead are not chosen
    return message.lead_id


def _touch(message: Message, now: datetime) -> Touch:
    return Touch(
        _lead_of(message),
        Channel(message.channel),
        ContactDirection.OUTBOUND,
        now,
        message.pk,
        Purpose(message.purpose),
    )
