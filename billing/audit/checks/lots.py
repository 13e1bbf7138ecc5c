"""Compare credit lots with the transactions that changed them, and check their order of use."""

import sys
from array import array
from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import heappop, heappush
from itertools import chain
from typing import Final
from uuid import UUID

from billing.audit.checks.snapshot import Cursor

# What a transaction does to lots. Spending and reserving use them in order. A capture uses the lots of its hold, a
# reversal those of the reversed transaction, and an expiry the lot that expired.
OTHER, SPENDS, SETS_ASIDE, HOLDS, EXPIRES = range(5)
USING_KINDS: Final = (SPENDS, SETS_ASIDE)
HOLDING_KINDS: Final = (SETS_ASIDE, HOLDS)
KIND: Final = f"""
CASE transaction_type
     WHEN 'debit' THEN CASE WHEN hold_id IS NULL AND reverses_id IS NULL THEN {SPENDS} ELSE {OTHER} END
     WHEN 'reservation' THEN CASE WHEN reverses_id IS NULL THEN {SETS_ASIDE} ELSE {HOLDS} END
     WHEN 'release' THEN {HOLDS}
     ELSE CASE WHEN amount >= 0 THEN {OTHER}
               WHEN transaction_type = 'adjustment' AND reference_type = 'credit_lot' THEN {EXPIRES}
               WHEN reverses_id IS NULL THEN {SPENDS} ELSE {OTHER} END
     END
"""

# Nearly every transaction changes one lot by its own amount. Replacing the amount by a newline, which JSON never
# contains, leaves a text that depends on the lot alone, so the amounts of a lot can be added up without parsing.
# A transaction without lots yields its amount instead, which must be 0. Text that is too long for one lot yields the
# row's position; such rows, and any other text, are parsed.
NAMED: Final = r"""
CASE WHEN pg_column_size(lot_movements) > 8 THEN replace(lot_movements::text, amount::text, E'\n') ELSE amount::text END
"""
TAKEN: Final = f"CASE WHEN pg_column_size(lot_movements) >= 90 THEN place::text ELSE {NAMED} END"
OF_ONE: Final = f"""taken LIKE E'{{"{"_" * 36}": "\\n"}}' AND strpos(substr(taken, 3, 36), '"') = 0"""

# An amount as the ledger writes it; anything else counts as no number.
NUMBER: Final = r"CASE WHEN length(value) < 100 AND value ~ '^[-+]?[0-9]{1,12}(\.[0-9]+)?$' THEN value::numeric END"

SEVERAL: Final = f"""
, several AS MATERIALIZED (
    SELECT taken::tid AS place FROM parts WHERE taken LIKE '(%'
    UNION
    SELECT entry.place FROM parts CROSS JOIN LATERAL (
        SELECT ctid AS place FROM billing_ledger_transactions
        WHERE tenant_id = parts.tenant_id AND wallet_id = parts.wallet_id
              AND wallet_version BETWEEN parts.first AND parts.last AND ({NAMED}) = parts.taken
    ) AS entry
    WHERE NOT ({OF_ONE}) AND taken <> '0.000000' AND taken NOT LIKE '(%'
), moves AS MATERIALIZED (
    SELECT tenant_id, id, wallet_id, wallet_version, entry.amount, place, created_at, {KIND} AS kind,
           part.key AS lot, {NUMBER} AS moved
    FROM several JOIN billing_ledger_transactions AS entry ON entry.ctid = several.place
    LEFT JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(lot_movements) WHEN 'object' THEN lot_movements END) AS part
              ON true
), uneven AS MATERIALIZED (
    SELECT one.tenant_id, one.id, one.wallet_id, one.wallet_version, one.amount, entry.lot_movements
    FROM (SELECT tenant_id, id, wallet_id, wallet_version, amount, place
          FROM moves GROUP BY tenant_id, id, wallet_id, wallet_version, amount, place
          HAVING (COALESCE(sum(moved), 0) = amount AND count(lot) = count(moved)) IS NOT TRUE) AS one
    JOIN billing_ledger_transactions AS entry ON entry.ctid = one.place
)
"""

# The totals of each lot. A wallet needs a detailed check of the order of use if a lot was used before the last
# movement of an earlier one.
FOLD: Final = f"""
, moved AS MATERIALIZED (
    SELECT tenant_id, wallet_id, lot, sum(amount) AS remaining, max(last) AS last,
           min(first) FILTER (WHERE kind IN {USING_KINDS}) AS first_used,
           max(until) FILTER (WHERE kind IN {USING_KINDS}) AS used_until,
           min(since) FILTER (WHERE kind = {EXPIRES}) AS expired_at
    FROM (SELECT tenant_id, wallet_id, substr(taken, 3, 36) AS lot, kind, amount, first, last, since, until
          FROM parts WHERE {OF_ONE}
          UNION ALL
          SELECT tenant_id, wallet_id, lot, kind, moved, wallet_version, wallet_version, created_at, created_at
          FROM moves WHERE lot IS NOT NULL) AS move
    GROUP BY tenant_id, wallet_id, lot
), folded AS MATERIALIZED (
    SELECT COALESCE(lot.tenant_id, moved.tenant_id) AS tenant_id, COALESCE(lot.id::text, moved.lot) AS id,
           COALESCE(lot.wallet_id, moved.wallet_id) AS wallet_id, lot.amount, lot.remaining, lot.expires_at,
           COALESCE(moved.remaining, 0) AS moved, moved.used_until, moved.expired_at,
           moved.first_used < max(CASE WHEN lot.remaining > 0 THEN {2**63 - 1} ELSE moved.last END) OVER (
               PARTITION BY lot.tenant_id, lot.wallet_id
               ORDER BY lot.priority, lot.expires_at, lot.created_at, lot.id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS early
    FROM billing_credit_lots AS lot
    FULL JOIN moved ON moved.tenant_id = lot.tenant_id AND moved.wallet_id = lot.wallet_id AND moved.lot = lot.id::text
), unequal AS (
    SELECT tenant_id, id, wallet_id, amount, remaining, moved FROM folded
    WHERE (remaining = moved AND remaining BETWEEN 0 AND amount) IS NOT TRUE
), stale AS (
    SELECT tenant_id, id, wallet_id, expires_at, used_until, expired_at FROM folded
    WHERE used_until >= expires_at OR expired_at < expires_at OR (expired_at IS NOT NULL AND expires_at IS NULL)
)
"""
EARLY: Final = """
(SELECT COALESCE(jsonb_agg(DISTINCT jsonb_build_array(tenant_id, wallet_id)), '[]')::text FROM folded WHERE early)
"""

# The lot movements of a wallet in order, each as four numbers of eight bytes: the transaction's number, twice the lot's
# position in the order of use (plus one if the lot is used), the amount in millionths, and the time.
STEPS: Final = f"""
WITH lot AS MATERIALIZED (
    SELECT id::text AS lot, row_number() OVER (ORDER BY priority, expires_at, created_at, id) AS place
    FROM billing_credit_lots WHERE tenant_id = %(tenant)s AND wallet_id = %(wallet)s
)
SELECT string_agg(int8send(wallet_version) || int8send(COALESCE(place, 0) * 2 + (kind IN {USING_KINDS})::int)
                  || int8send(COALESCE({NUMBER} * 1000000, 0)::bigint)
                  || timestamptz_send(created_at), ''
                  ORDER BY wallet_version)
FROM (SELECT wallet_version, created_at, {KIND} AS kind, part.key AS lot, part.value
      FROM billing_ledger_transactions, jsonb_each_text(lot_movements) AS part
      WHERE tenant_id = %(tenant)s AND wallet_id = %(wallet)s AND wallet_version BETWEEN %(first)s AND %(last)s
      OFFSET 0) AS step
LEFT JOIN lot USING (lot)
"""
# The expiry of each lot in the order of use, and the number of the last transaction.
ENDS: Final = """
SELECT string_agg(timestamptz_send(COALESCE(expires_at, 'infinity')), ''
                  ORDER BY priority, expires_at, created_at, id),
       (SELECT max(wallet_version) FROM billing_ledger_transactions
        WHERE tenant_id = %(tenant)s AND wallet_id = %(wallet)s)
FROM billing_credit_lots WHERE tenant_id = %(tenant)s AND wallet_id = %(wallet)s
"""
PASSED_OVER: Final = """
SELECT entry.tenant_id::text, entry.id::text, entry.wallet_id::text, entry.wallet_version, lot.id::text AS passed_over
FROM unnest(%(versions)s::bigint[], %(places)s::bigint[]) AS found (version, place)
JOIN billing_ledger_transactions AS entry
     ON entry.tenant_id = %(tenant)s AND entry.wallet_id = %(wallet)s AND entry.wallet_version = found.version
JOIN (SELECT id, row_number() OVER (ORDER BY priority, expires_at, created_at, id) AS place
      FROM billing_credit_lots WHERE tenant_id = %(tenant)s AND wallet_id = %(wallet)s) AS lot USING (place)
ORDER BY entry.wallet_version
"""
TRANSACTIONS_PER_PAGE: Final = 100_000
MILLION: Final = Decimal(1_000_000)
END: Final = (0, 0, 0, 0)


def out_of_order(cursor: Cursor, tenant_id: UUID, wallet_id: UUID, most: int) -> tuple[list[dict[str, object]], int]:
    """Return the first transactions that used a lot before an earlier one was empty, and their number."""
    of_wallet = {"tenant": tenant_id, "wallet": wallet_id}
    cursor.execute(ENDS, of_wallet)
    ends, last = cursor.fetchone()
    found = list(_passing_over(_pages(cursor, of_wallet, last or 0), [0, *_numbers(ends)]))
    if not found:
        return [], 0
    left = {version: credit for version, _position, credit in found[:most]}
    shown = {"versions": list(left), "places": [position for _version, position, _credit in found[:most]]}
    cursor.execute(PASSED_OVER, {**of_wallet, **shown})
    names = ("tenant_id", "id", "wallet_id", "wallet_version", "passed_over")
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [{**row, "left": str(left[row["wallet_version"]] / MILLION)} for row in rows], len(found)


def _passing_over(steps: Iterable[tuple[int, int, int, int]], ends: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yield each transaction that passed over a lot: its number, that lot's position and remaining credit."""
    left = [0] * len(ends)
    first: list[int] = []
    current = last = moment = 0
    for version, use, amount, at in chain(steps, [END]):
        if version != current:
            # An empty lot returns to the heap when credit is given back to it; an expired one does not.
            while last and first and (not left[first[0]] or ends[first[0]] <= moment):
                heappop(first)
            if last and first and first[0] < last:
                yield current, first[0], left[first[0]]
            current, moment, last = version, at, 0
        position = use >> 1
        left[position] += amount
        if amount > 0 and position:
            heappush(first, position)
        if use & 1 and position > last:
            last = position


def _pages(cursor: Cursor, of_wallet: dict[str, UUID], last: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the lot movements of the wallet in order, reading one page of transactions at a time."""
    for version in range(1, last + 1, TRANSACTIONS_PER_PAGE):
        cursor.execute(STEPS, {**of_wallet, "first": version, "last": version + TRANSACTIONS_PER_PAGE - 1})
        [packed] = cursor.fetchone()
        numbers = _numbers(packed)
        yield from zip(numbers[0::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=True)


def _numbers(packed: bytes | None) -> "array[int]":
    """Return the numbers in a string of big-endian 8-byte integers."""
    numbers = array("q", packed or b"")
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
