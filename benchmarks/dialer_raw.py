"""The work of a claim and of its results in hand-written SQL, to compare LAD with: benchmarks/dialer.py.

It locks, counts, reads and writes what LAD does, in transactions of the same size, and knows only the happy path.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

CLAIM_SIZE: Final = 16
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
OPEN: Final = """SELECT agent_id, batch_id, count(*) FROM voice_call_placements
WHERE tenant_id = %s AND state IN ('placing', 'placed', 'unknown') GROUP BY 1, 2"""
BATCHES: Final = """SELECT id, agent_id FROM voice_call_batches
WHERE tenant_id = %s AND status IN ('queued', 'running') AND paused_at IS NULL AND deleted_at IS NULL
FOR KEY SHARE SKIP LOCKED"""
ENTRIES: Final = """SELECT id, lead_id, to_phone FROM voice_call_batch_entries
WHERE tenant_id = %s AND batch_id = %s AND status = 'queued' AND deleted_at IS NULL AND next_attempt_at IS NULL
LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"""
BUSY: Final = """SELECT to_phone FROM voice_call_placements
WHERE tenant_id = %s AND to_phone = ANY(%s) AND state IN ('placing', 'placed', 'unknown')"""
LEADS: Final = """SELECT id, phone, location, is_archived FROM leads
WHERE tenant_id = %s AND id = ANY(%s) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE"""
POLICY: Final = "SELECT contact_from, contact_until, consent_required FROM contact_policies WHERE tenant_id = %s"
SUPPRESSED: Final = "SELECT lead_id FROM suppressions WHERE tenant_id = %s AND lead_id = ANY(%s) AND deleted_at IS NULL"
CONSENTS: Final = """SELECT DISTINCT ON (lead_id) lead_id, status FROM consent_records
WHERE tenant_id = %s AND lead_id = ANY(%s) AND channel = 'voice' ORDER BY lead_id, given_at DESC"""
TOUCHES: Final = "SELECT lead_id, count(*) FROM lead_touches WHERE tenant_id = %s AND lead_id = ANY(%s) GROUP BY 1"
NUMBER: Final = "SELECT daily_cap FROM voice_agent_numbers WHERE tenant_id = %s AND id = %s FOR NO KEY UPDATE"
DAY: Final = """INSERT INTO voice_number_days AS day (id, tenant_id, number_id, day, placed)
VALUES (gen_random_uuid(), %s, %s, %s, %s)
ON CONFLICT (tenant_id, number_id, day) DO UPDATE SET placed = day.placed + EXCLUDED.placed"""
CALLS: Final = """INSERT INTO voice_call_logs
    (id, tenant_id, lead_id, agent_id, from_number_id, to_country_code, to_base_number)
SELECT call.id, %s, call.lead, %s, %s, '+44', call.base FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[])
    AS call (id, lead, base)"""
PLACEMENTS: Final = """INSERT INTO voice_call_placements
    (id, tenant_id, call_log_id, batch_id, entry_id, agent_id, number_id, carrier_account_id, to_phone, state, attempts,
    lease_until, asked_at, decision)
SELECT gen_random_uuid(), %s, call.id, %s, call.entry, %s, %s, %s, call.phone, 'placing', 1,
    now() + interval '2 minutes', now(), '{"verdict": "allow"}'
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS call (id, entry, phone)"""
ENTRY: Final = """UPDATE voice_call_batch_entries entry SET status = 'running', call_log_id = call.id
FROM unnest(%s::uuid[], %s::uuid[]) AS call (id, entry) WHERE entry.tenant_id = %s AND entry.id = call.entry"""
TOUCH: Final = """INSERT INTO lead_touches (id, tenant_id, lead_id, channel, direction, purpose, source_id, occurred_at)
SELECT gen_random_uuid(), %s, call.lead, 'voice', 'outbound', 'outreach', call.id, now()
FROM unnest(%s::uuid[], %s::uuid[]) AS call (id, lead)"""
CONTACTED: Final = """UPDATE leads SET last_activity_at = now(), last_contacted_at = now()
WHERE tenant_id = %s AND id = ANY(%s)"""
HELD: Final = """SELECT state FROM voice_call_placements WHERE tenant_id = %s AND call_log_id = %s AND attempts = 1
FOR NO KEY UPDATE"""
PLACED: Final = """UPDATE voice_call_placements SET state = 'placed', lease_until = NULL, placed_at = now(),
    reference = %s, look_at = now() + interval '10 seconds' WHERE tenant_id = %s AND call_log_id = %s"""
DISPATCHED: Final = (
    "UPDATE voice_call_batch_entries SET status = 'dispatched' WHERE tenant_id = %s AND call_log_id = %s"
)


class RawDialer:
    """Claims and dispatches calls of one tenant through one number."""

    def __init__(self, dsn: str, password: str, tenant: UUID, number: UUID, account: UUID) -> None:
        self._connection = psycopg.connect(dsn, password=password or None, options="-c search_path=lad_dev")
        self._tenant, self._number, self._account = tenant, number, account

    def dial(self, calls: int) -> None:
        """Claim so many calls and write down that they were placed."""
        left = calls
        while left:
            claimed = self._claim(min(CLAIM_SIZE, left))
            left -= len(claimed)
            for call_id in claimed:
                self._record(call_id)

    def _claim(self, most: int) -> Sequence[UUID]:
        tenant, number = self._tenant, self._number
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._rows(cursor, LOCK, f"dialer {tenant}")
            self._rows(cursor, OPEN, tenant)
            [[batch, agent]] = self._rows(cursor, BATCHES, tenant)
            entries = self._rows(cursor, ENTRIES, tenant, batch, most)
            keys, leads, numbers = (list(column) for column in zip(*entries, strict=True))
            assert not self._rows(cursor, BUSY, tenant, numbers)
            for query in (LEADS, SUPPRESSED, CONSENTS, TOUCHES):
                self._rows(cursor, query, tenant, leads)
            self._rows(cursor, POLICY, tenant)
            self._rows(cursor, NUMBER, tenant, number)
            cursor.execute(DAY, [tenant, number, date(2026, 1, 1), len(entries)])
            calls = [uuid4() for _entry in entries]
            bases = [int(each.removeprefix("+44")) for each in numbers]
            cursor.execute(CALLS, [tenant, agent, number, calls, leads, bases])
            cursor.execute(PLACEMENTS, [tenant, batch, agent, number, self._account, calls, keys, numbers])
            cursor.execute(ENTRY, [calls, keys, tenant])
            cursor.execute(TOUCH, [tenant, calls, leads])
            cursor.execute(CONTACTED, [tenant, leads])
        return calls

    def _record(self, call_id: UUID) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._rows(cursor, HELD, self._tenant, call_id)
            cursor.execute(PLACED, [f"room-{call_id}", self._tenant, call_id])
            cursor.execute(DISPATCHED, [self._tenant, call_id])

    def _rows(self, cursor: psycopg.Cursor[Any], query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        cursor.execute(query, parameters)
        return cursor.fetchall()
