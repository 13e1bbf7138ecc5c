"""Record the milestones that no message, activity or enrolment says: that a lead is interested, or has booked."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from campaigns.figures.models import Milestone
from lad.db.queries import execute
from lad.tenancy.context import current_tenant_id

# Those that are taken back by whoever recorded them.
RECORD: Final = """
INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, source, number)
SELECT tenant_id, campaign_id, id, %(milestone)s, %(at)s, 'recorded', %(number)s
FROM campaign_leads
WHERE tenant_id = %(tenant)s AND id = ANY (%(ids)s)
"""
RECORD_FOR_LEADS: Final = """
INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, source, number)
SELECT tenant_id, campaign_id, id, %(milestone)s, %(at)s, 'recorded', 1
FROM campaign_leads
WHERE tenant_id = %(tenant)s AND lead_id = ANY (%(ids)s) AND started_at <= %(at)s AND deleted_at IS NULL
"""


def record(milestone: Milestone, enrolment_ids: Collection[UUID], *, at: datetime, holds: bool = True) -> None:
    """Record that enrolments have reached a milestone, or with ``holds=False`` that they have not after all.

    Call it in the transaction that learns of it. What is recorded last holds; the first time is kept.
    """
    if enrolment_ids:
        values = {"milestone": milestone, "at": at, "ids": list(enrolment_ids), "tenant": current_tenant_id()}
        execute(RECORD, {**values, "number": int(holds)})


def record_for_leads(milestone: Milestone, lead_ids: Collection[UUID], *, at: datetime) -> None:
    """Record that leads have reached a milestone, in each campaign that had begun with them."""
    if lead_ids:
        values = {"milestone": milestone, "at": at, "ids": list(lead_ids), "tenant": current_tenant_id()}
        execute(RECORD_FOR_LEADS, values)
