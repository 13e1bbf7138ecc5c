"""Messages that may be sent, but not now: they wait for an hour, for credits, or for another day's limit."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.design.schedule import schedule_of
from campaigns.enrolment import daily_limits
from campaigns.enrolment.models import DailyCount
from campaigns.messages.models import Message
from lad.tenancy.context import current_tenant_id
from leads.contactability.calendar import start_of_day
from leads.contactability.decisions import Decision

POSTPONE: Final = """
UPDATE messages SET next_attempt_at = given.until, decision = given.decision, error = given.error
FROM json_to_recordset(%(given)s) AS given (id uuid, decision jsonb, until timestamptz, error text)
WHERE messages.tenant_id = %(tenant)s AND messages.id = given.id
"""
FULL: Final = "The campaign sends at most {cap} messages a day."

Allowed = Sequence[tuple[Message, Decision]]


@dataclass(frozen=True, slots=True)
class Postponed:
    """A message that waits until a moment. ``why`` is a sentence for users."""

    message: Message
    decision: Decision
    until: datetime
    why: str


def postpone(postponed: Iterable[Postponed]) -> None:
    """Let locked messages of the current tenant wait."""
    given = [
        {
            "id": str(each.message.pk),
            "decision": each.decision.as_json(),
            "until": each.until.isoformat(),
            "error": each.why,
        }
        for each in postponed
    ]
    if given:
        with connection.cursor() as cursor:
            cursor.execute(POSTPONE, {"given": json.dumps(given), "tenant": current_tenant_id()})


def counted_today(allowed: Allowed, zone: ZoneInfo, now: datetime) -> list[tuple[Message, Decision]]:
    """Return the messages that today's limits of their campaigns have a place for, and let the others wait.

    ``zone`` is the tenant's. A message is counted in the day on which the campaign queued it. One that waited past
    midnight, or is tried again on another day, needs a place in that day.
    """
    by_campaign: dict[UUID, list[tuple[Message, Decision]]] = {}
    for message, decision in allowed:
        if message.campaign_id is not None:
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
