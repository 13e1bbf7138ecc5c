"""Credit lots against the movements that filled and emptied them, and the order in which they were used."""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

# What a movement that spends takes from lots in order. A capture takes from what its hold set aside, a reversal
# from and to the lots of what it reverses, and expiry from the lot that expired.
USED: Final = """amount < 0 AND reverses_id IS NULL AND NOT (transaction_type = 'debit' AND hold_id IS NOT NULL)
                 AND NOT (transaction_type = 'adjustment' AND reference_type = 'credit_lot')"""

# Each lot's fold. The order of use needs a closer look in a wallet where a lot was used before one that precedes
# it had its last movement.
FOLD: Final = f"""
WITH moved AS MATERIALIZED (
    SELECT tenant_id, wallet_id, (movement).key AS lot, sum((movement).value::numeric) AS remaining,
           max(wallet_version) AS last,
           min(wallet_version) FILTER (WHERE used) AS first_used,
           max(created_at) FILTER (WHERE used) AS used_until,
           min(created_at) FILTER (WHERE expired) AS expired_at
    FROM (SELECT tenant_id, wallet_id, wallet_version, created_at, jsonb_each_text(lot_movements) AS movement,
                 {USED} AS used,
                 amount < 0 AND transaction_type = 'adjustment' AND reference_type = 'credit_lot' AS expired
          FROM billing_ledger_transactions) AS entry
    GROUP BY tenant_id, wallet_id, (movement).key
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
SELECT (SELECT COALESCE(jsonb_agg(to_jsonb(found)), '[]')::text FROM (SELECT * FROM unequal LIMIT {{most}}) AS found),
       (SELECT count(*) FROM unequal),
       (SELECT COALESCE(jsonb_agg(to_jsonb(found)), '[]')::text FROM (SELECT * FROM stale LIMIT {{most}}) AS found),
       (SELECT count(*) FROM stale),
       (SELECT COALESCE(jsonb_agg(DISTINCT jsonb_build_array(tenant_id, wallet_id)), '[]')::text
        FROM folded WHERE early)
"""

LOTS: Final = """
SELECT id::text, priority, expires_at, created_at FROM billing_credit_lots WHERE tenant_id = %s AND wallet_id = %s
"""
# Amounts in millionths: they are exact, and quicker to add than decimals.
MOVEMENTS: Final = f"""
SELECT entry.wallet_version, entry.id, entry.created_at, entry.used, moved.key,
       (moved.value::numeric * 1000000)::bigint
FROM (SELECT *, {USED} AS used FROM billing_ledger_transactions
      WHERE tenant_id = %s AND wallet_id = %s AND wallet_version BETWEEN %s AND %s) AS entry
CROSS JOIN LATERAL jsonb_each_text(entry.lot_movements) AS moved
ORDER BY entry.wallet_version
"""
LAST: Final = "SELECT max(wallet_version) FROM billing_ledger_transactions WHERE tenant_id = %s AND wallet_id = %s"
PAGE: Final = 20_000
MILLION: Final = Decimal(1_000_000)
NEVER: Final = datetime.max.replace(tzinfo=UTC)

# Where a lot stands in the order of use: priority, expiry, age, key.
Place = tuple[int, datetime, datetime, str]
BEFORE_ALL: Final[Place] = (-1, datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), "")


def out_of_order(cursor: Any, tenant_id: UUID, wallet_id: UUID) -> Iterator[dict[str, Any]]:
    """The movements that used a lot while one that precedes it had credit left."""
    cursor.execute(LOTS, [tenant_id, wallet_id])
    places: dict[str, Place] = {
        lot: (priority, expires_at or NEVER, made_at, lot) for lot, priority, expires_at, made_at in cursor.fetchall()
    }
    left = dict.fromkeys(places, 0)
    first: list[Place] = []
    for rows in _movements(cursor, tenant_id, wallet_id):
        last = BEFORE_ALL
        for *_movement, lot, amount in rows:
            place = places.get(lot, BEFORE_ALL)
            left[lot] = left.get(lot, 0) + amount
            last = max(last, place)
            if amount > 0 and place is not BEFORE_ALL:
                heapq.heappush(first, place)
        version, key, now, used, *_part = rows[0]
        # A lot that is empty comes back when it is given back to; one that has expired does not.
        while used and first and (not left[first[0][3]] or first[0][1] <= now):
            heapq.heappop(first)
        if used and first and first[0] < last:
            passed_over = first[0][3]
            yield {
                "tenant_id": str(tenant_id),
                "id": str(key),
                "wallet_id": str(wallet_id),
                "wallet_version": version,
                "passed_over": passed_over,
                "left": str(left[passed_over] / MILLION),
            }


def _movements(cursor: Any, tenant_id: UUID, wallet_id: UUID) -> Iterator[list[tuple[Any, ...]]]:
    """What each movement of the wallet did to lots, in order."""
    cursor.execute(LAST, [tenant_id, wallet_id])
    [last] = cursor.fetchone()
    for version in range(1, (last or 0) + 1, PAGE):
        cursor.execute(MOVEMENTS, [tenant_id, wallet_id, version, version + PAGE - 1])
        for _version, rows in groupby(cursor.fetchall(), key=itemgetter(0)):
            yield list(rows)
