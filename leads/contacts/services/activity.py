"""Record the last activity and the contacts of leads."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Greatest

from lad.db.identifiers import TIME_ORDERED_UUID
from leads.contactability.models import ContactDirection, LeadTouch, Purpose
from leads.contacts.models import Lead

# GREATEST leaves nulls out, so that a later time that is already stored stays.
RECORD: Final = f"""
WITH touch AS MATERIALIZED (
    SELECT leads.id AS lead_id, leads.tenant_id, given.channel, given.direction, given.purpose, given.source_id,
        given.occurred_at
    FROM json_to_recordset(%s) AS given
        (lead_id uuid, channel text, direction text, purpose text, source_id uuid, occurred_at timestamptz)
    JOIN leads ON leads.id = given.lead_id
),
recorded AS (
    INSERT INTO lead_touches
        (id, tenant_id, lead_id, channel, direction, purpose, source_id, occurred_at, created_at)
    SELECT {TIME_ORDERED_UUID}, tenant_id, lead_id, channel, direction, purpose, source_id, occurred_at,
        clock_timestamp()
    FROM touch
    ON CONFLICT (tenant_id, source_id, direction) DO NOTHING
)
UPDATE leads SET
    last_activity_at = greatest(last_activity_at, latest.at),
    last_contacted_at = greatest(last_contacted_at, latest.at)
FROM (SELECT tenant_id, lead_id, max(occurred_at) AS at FROM touch GROUP BY tenant_id, lead_id) AS latest
WHERE leads.tenant_id = latest.tenant_id AND leads.id = latest.lead_id AND leads.deleted_at IS NULL
    AND (last_activity_at IS NULL OR last_contacted_at IS NULL
        OR last_activity_at < latest.at OR last_contacted_at < latest.at)
"""


@dataclass(frozen=True, slots=True)
class Touch:
    """One contact with a lead. ``source_id`` is the message, call or booking that it was: it is recorded once."""

    lead_id: UUID
    channel: str
    direction: ContactDirection
    at: datetime
    source_id: UUID
    purpose: Purpose = Purpose.OUTREACH


def record_activity(lead_ids: Iterable[UUID], *, at: datetime) -> None:
    """Record that something happened with the leads at this time.

    Runs in one statement and emits no event. A later time that is already stored stays.
    """
    earlier = Q(last_activity_at__isnull=True) | Q(last_activity_at__lt=at)
    # PostgreSQL's GREATEST leaves nulls out.
    later = Greatest("last_activity_at", models.Value(at, output_field=models.DateTimeField()))
    Lead.objects.filter(earlier, pk__in=list(lead_ids)).update(last_activity_at=later)


def record_contacts(touches: Sequence[Touch]) -> None:
    """Record that leads were reached, or got in touch. That counts as activity too.

    Runs in one statement and emits no event. A touch whose source is recorded already is left out, and a later
    time that is already stored stays.
    """
    rows = [
        {
            "lead_id": str(touch.lead_id),
            "channel": touch.channel,
            "direction": touch.direction,
            "purpose": touch.purpose,
            "source_id": str(touch.source_id),
            "occurred_at": touch.at.isoformat(),
        }
        for touch in touches
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(RECORD, [json.dumps(rows)])


def retract_contacts(source_ids: Iterable[UUID]) -> int:
    """Remove the contacts of messages that certainly were not sent. Return how many there were.

    The leads' last activity stays. Runs in one statement and emits no event.
    """
    sent = LeadTouch.objects.filter(source_id__in=list(source_ids), direction=ContactDirection.OUTBOUND)
    return sent.delete()[0]
