"""Repair what concurrent workers and changes by hand leave inconsistent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from lad.db.identifiers import first_uuid7
from lad.db.queries import execute
from lad.outbox import crashes
from lad.outbox.notifier import drain_notifier
from lad.tenancy.context import platform_context

EVENTS_PER_RUN: Final = 10_000
RECENT: Final = timedelta(minutes=2)

# A drain died after the last two consumers of an event each saw the other's delivery, or staff removed rows by
# hand. No index says which events are not processed, so that marking one writes no index: read by key.
MARK_FINISHED = """
WITH complete AS MATERIALIZED (
    SELECT e.id FROM domain_events e
    WHERE e.id > %s AND NOT e.processed AND NOT EXISTS (
        SELECT 1 FROM event_deliveries d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id
    )
    LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE domain_events event SET processed = true, processed_at = clock_timestamp()
FROM complete WHERE event.id = complete.id
"""

MARK_UNFINISHED = """
WITH open AS MATERIALIZED (SELECT tenant_id, event_id FROM event_deliveries LIMIT %s)
UPDATE domain_events e SET processed = false, processed_at = NULL
FROM open WHERE e.tenant_id = open.tenant_id AND e.id = open.event_id AND e.processed
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
class RepairReport:
    """How many rows were repaired, and how many batches had lost their worker."""

    finished: int
    unfinished: int
    released: int
    crashed: int


def repair(*, since: datetime | None = None) -> RepairReport:
    """Correct ``domain_events.processed``, release orphaned deliveries and recover batches of dead workers.

    Reads events since that time, or all.
    """
    first = first_uuid7(since) if since is not None else UUID(int=0)
    crashed = crashes.recover()
    with platform_context():
        report = RepairReport(
            finished=execute(MARK_FINISHED, [first, EVENTS_PER_RUN]),
            unfinished=execute(MARK_UNFINISHED, [EVENTS_PER_RUN]),
            released=execute(RELEASE_ORPHANS, []),
            crashed=crashed,
        )
    if report.released:
        drain_notifier.notify()
    return report
