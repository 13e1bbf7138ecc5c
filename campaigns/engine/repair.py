"""Correct the times at which campaigns are due, whatever changed their enrolments."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from lad.db.queries import execute
from lad.tenancy.context import platform_context

REPAIR: Final = """
UPDATE campaigns SET next_run_at = found.due
FROM (
    SELECT c.id, least(
        (SELECT e.next_action_at FROM campaign_leads e
         WHERE e.tenant_id = c.tenant_id AND e.campaign_id = c.id AND e.next_action_at IS NOT NULL
             AND e.deleted_at IS NULL
         ORDER BY e.next_action_at LIMIT 1),
        c.ends_at
    ) AS due
    FROM campaigns c WHERE c.status = 'running' AND c.deleted_at IS NULL
    ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED
) AS found
WHERE campaigns.id = found.id AND found.due IS NOT NULL
    AND (campaigns.next_run_at IS NULL OR campaigns.next_run_at > greatest(found.due, campaigns.starts_at))
    AND (campaigns.starts_at IS NULL OR campaigns.starts_at <= %(now)s)
"""


def repair_due_times(now: datetime | None = None) -> int:
    """Make campaigns due that come later than one of their enrolments. Return how many there were."""
    with platform_context():
        return execute(REPAIR, {"now": now or timezone.now()})
