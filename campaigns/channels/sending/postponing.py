"""Messages that may be sent, but not now: they wait for an hour, for credits, or for another day's limit."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.channels.sending.due import DueAccount
from campaigns.design.schedule import schedule_of
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import DailyCount
from campaigns.messages.models import WORDED, Action, Message
from lad.db.queries import execute
from lad.tenancy.context import current_tenant_id
from leads.contactability.calendar import start_of_day
from leads.contactability.decisions import Decision

POSTPONE: Final = """
UPDATE messages SET next_attempt_at = given.until, decision = given.decision, error = given.error
FROM json_to_recordset(%(given)s) AS given (id uuid, decision jsonb, until timestamptz, error text)
WHERE messages.tenant_id = %(tenant)s AND messages.id = given.id
"""
# A message's own decision says where its lead was when it was last asked about. Whoever has moved meanwhile is asked
# about when these hours begin.
POSTPONE_ALIKE: Final = """
WITH given AS (
    SELECT * FROM json_to_recordset(%(given)s)
        AS given (campaign_id uuid, purpose text, action text, until timestamptz, decision jsonb, error text)
),
alike AS (
    SELECT due.id, given.until, given.decision, given.error
    FROM (SELECT DISTINCT campaign_id FROM given) AS campaign
    CROSS JOIN LATERAL (
        SELECT id, campaign_id, purpose, action, decision FROM messages
        WHERE tenant_id = %(tenant)s AND {column} = %(account)s AND state = 'queued'
            AND campaign_id = campaign.campaign_id AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT %(limit)s
    ) AS due
    JOIN given ON given.campaign_id = due.campaign_id AND given.purpose = due.purpose AND given.action = due.action
        AND given.decision ->> 'place' = due.decision ->> 'place'
)
UPDATE messages SET next_attempt_at = alike.until, error = alike.error,
    decision = alike.decision || jsonb_build_object('lead_id', messages.lead_id)
FROM alike WHERE messages.tenant_id = %(tenant)s AND messages.id = alike.id AND messages.state = 'queued'
"""
# The most messages of a campaign that one statement reads, because a million may be due.
ALIKE_AT_ONCE: Final = 2_000
# All due ones of an action at once: there may be thousands.
POSTPONE_FULL: Final = """
UPDATE messages SET next_attempt_at = %(until)s, error = %(error)s
WHERE tenant_id = %(tenant)s AND {column} = %(account)s AND state = 'queued' AND action = %(action)s
    AND next_attempt_at <= statement_timestamp() AND (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
"""
ACTION_FULL: Final = "The account has reached its limit of today for this: {action}."
FULL: Final = "The campaign sends at most {cap} messages a day."

Allowed = Sequence[tuple[Message, Decision | None]]


@dataclass(frozen=True, slots=True)
class Postponed:
    """A message that waits until a moment. ``why`` is a sentence for users."""

    message: Message
    decision: Decision | None
    until: datetime
    why: str


def postpone(postponed: Iterable[Postponed]) -> None:
    """Let locked messages of the current tenant wait."""
    given = [
        {
            "id": str(each.message.pk),
            "decision": each.decision.as_json() if each.decision else {},
            "until": each.until.isoformat(),
            "error": each.why,
        }
        for each in postponed
    ]
    if given:
        with connection.cursor() as cursor:
            cursor.execute(POSTPONE, {"given": json.dumps(given), "tenant": current_tenant_id()})


def postpone_alike(account: DueAccount, postponed: Iterable[Postponed]) -> None:
    """Let the account's other due messages wait that have the same hours: of the campaign, to leads at the same place.

    Thousands may be due at midnight that may be sent at nine. They need not be asked about one by one.
    """
    alike = {}
    for each in postponed:
        message, decision = each.message, each.decision
        if message.campaign_id is not None and decision is not None and decision.place and decision.waits_for_hours:
            alike[message.campaign_id, message.purpose, message.action, decision.place] = {
                "campaign_id": str(message.campaign_id),
                "purpose": message.purpose,
                "action": message.action,
                "until": each.until.isoformat(),
                "decision": decision.as_json(),
                "error": each.why,
            }
    if alike:
        values = {
            "given": json.dumps(list(alike.values())),
            "tenant": account.tenant_id,
            "account": account.account_id,
            "limit": ALIKE_AT_ONCE,
        }
        execute(POSTPONE_ALIKE.format(column=f"{account.account_kind.column}_id"), values)


def postpone_full(account: DueAccount, action: str, until: datetime, *, campaign_id: UUID | None = None) -> int:
    """Let all due messages of an action wait that has no place left today, in the account or in one campaign's share.

    Return how many.
    """
    values = {
        "until": until,
        "error": ACTION_FULL.format(action=Action(action).label.lower()),
        "tenant": account.tenant_id,
        "account": account.account_id,
        "action": action,
        "campaign": campaign_id,
    }
    return execute(POSTPONE_FULL.format(column=f"{account.account_kind.column}_id"), values)


def counted_today(allowed: Allowed, zone: ZoneInfo, now: datetime) -> list[tuple[Message, Decision | None]]:
    """Return the messages that today's limits of their campaigns have a place for, and let the others wait.

    ``zone`` is the tenant's. A message is counted in the day on which the campaign queued it. One that waited past
    midnight, or is tried again on another day, needs a place in that day.
    """
    by_campaign: dict[UUID, list[tuple[Message, Decision | None]]] = {}
    for message, decision in allowed:
        if message.campaign_id is not None and message.action in WORDED:
            by_campaign.setdefault(message.campaign_id, []).append((message, decision))
    full: set[UUID] = set()
    # In one order, because places are counted under a lock of the campaign.
    for campaign_id in sorted(by_campaign):
        full |= _full(by_campaign[campaign_id], zone, now)
    return [(message, decision) for message, decision in allowed if message.pk not in full]


def _full(group: Allowed, zone: ZoneInfo, now: datetime) -> set[UUID]:
    """Count messages of one campaign that are not counted in today. Return those that have to wait."""
    campaign = group[0][0].campaign
    assert campaign is not None  # the caller's messages belong to a campaign
    schedule, today = schedule_of(campaign), daily_limits.local_day(now, zone)
    uncounted = [(message, decision) for message, decision in group if message.counted_day != today]
    if schedule.daily_cap is None or not uncounted:
        return set()
    days = daily_limits.book(
        campaign.tenant_id,
        campaign.pk,
        DailyCount.Kind.MESSAGES,
        number=len(uncounted),
        limit=schedule.daily_cap,
        days=daily_limits.open_days(today, schedule.window.days),
    )
    waiting = []
    horizon = now + timedelta(days=daily_limits.HORIZON_DAYS)
    for (message, decision), day in zip(uncounted, [*days, *[None] * (len(uncounted) - len(days))], strict=True):
        message.counted_day = day
        if day != today:
            until = start_of_day(day, zone) if day else horizon
            waiting.append(Postponed(message, decision, until, FULL.format(cap=schedule.daily_cap)))
    Message.objects.bulk_update([message for message, _decision in uncounted], ["counted_day"])
    postpone(waiting)
    return {each.message.pk for each in waiting}
