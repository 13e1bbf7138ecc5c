"""Puts right what two workers finishing at once leave open, and what was changed behind the outbox's back."""

from dataclasses import dataclass
from typing import Final

from lad.outbox import crashes
from lad.outbox import notifier as hints
from lad.outbox.sql import execute
from lad.tenancy.context import platform_context

EVENTS_PER_SWEEP: Final = 10_000

# The last two consumers of an event each still saw the other's delivery; or staff removed rows by hand.
MARK_FINISHED = """
UPDATE domain_events SET processed = true, processed_at = clock_timestamp()
WHERE id IN (
    SELECT e.id FROM domain_events e
    WHERE NOT e.processed AND NOT EXISTS (
        SELECT 1 FROM event_deliveries d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id
    )
    LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
"""

MARK_UNFINISHED = """
UPDATE domain_events e SET processed = false, processed_at = NULL
WHERE e.processed AND EXISTS (
    SELECT 1 FROM event_deliveries d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id
) AND e.id IN (SELECT event_id FROM event_deliveries LIMIT %s)
"""

RELEASE_ORPHANS = """
UPDATE event_deliveries parked SET state = 'ready'
WHERE parked.state = 'waiting' AND parked.next_attempt_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM event_deliveries earlier
    WHERE earlier.consumer = parked.consumer AND earlier.aggregate_id = parked.aggregate_id
      AND earlier.state <> 'ready' AND earlier.id < parked.id
      AND NOT (earlier.state = 'waiting' AND earlier.next_attempt_at IS NULL)
)
"""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many rows were put right, and how many batches had lost their worker."""

    finished: int
    unfinished: int
    released: int
    crashed: int


def sweep() -> SweepReport:
    """Make ``domain_events.processed`` true to the deliveries, and let go what waits for nothing."""
    crashed = crashes.recover()
    with platform_context():
        report = SweepReport(
            finished=execute(MARK_FINISHED, [EVENTS_PER_SWEEP]),
            unfinished=execute(MARK_UNFINISHED, [EVENTS_PER_SWEEP]),
            released=execute(RELEASE_ORPHANS, []),
            crashed=crashed,
        )
    if report.released:
        hints.ring()
    return report
