"""Every wallet against the fold of its ledger, in one pass over the rows in any order.

That each movement begins where the one before it ended needs no sorting: over a whole chain the
fingerprints of ends and beginnings cancel out but for the last end. A wallet whose do not is then read
movement by movement. Two different chains agree by chance once in 2^64; the hashes exclude that too.
"""

from collections.abc import Sequence
from typing import Final

from billing.audit.checks import lots
from billing.audit.checks.rules import ADDS_UP

# Where a wallet's fold begins: nothing, or what its last anchor says when rows from before are left out.
WHOLE: Final = """
WITH starts AS MATERIALIZED (
    SELECT NULL::uuid AS tenant_id, NULL::uuid AS wallet_id, 0::bigint AS version, 0::numeric AS available,
           0::numeric AS reserved WHERE false
)
"""
LATER: Final = """
SELECT entry.*
FROM billing_wallets AS wallet
LEFT JOIN starts ON starts.tenant_id = wallet.tenant_id AND starts.wallet_id = wallet.id
CROSS JOIN LATERAL (
    SELECT {columns} FROM billing_ledger_transactions AS later
    WHERE later.tenant_id = wallet.tenant_id AND later.wallet_id = wallet.id
          AND later.wallet_version > COALESCE(starts.version, 0)
    OFFSET 0
) AS entry
"""
SINCE_ANCHOR: Final = f"""
WITH starts AS MATERIALIZED (
    SELECT DISTINCT ON (anchor.tenant_id, anchor.wallet_id) anchor.tenant_id, anchor.wallet_id,
           entry.wallet_version AS version, entry.balance_after AS available, entry.reserved_after AS reserved
    FROM billing_ledger_anchors AS anchor
    JOIN billing_ledger_transactions AS entry
         ON entry.tenant_id = anchor.tenant_id AND entry.wallet_id = anchor.wallet_id
            AND entry.wallet_version = anchor.wallet_version
    ORDER BY anchor.tenant_id, anchor.wallet_id, anchor.anchored_on DESC
), entries AS NOT MATERIALIZED ({LATER.format(columns="*")})
"""

# One part of the rows, folded by wallet, lots and kind of use. The parts are read side by side: PostgreSQL would not
# group in its workers by itself, because it cannot know how few groups there are.
PART: Final = f"""
SELECT tenant_id, wallet_id, {lots.TAKEN} AS taken, {lots.KIND} AS kind,
       count(*) AS movements, min(wallet_version) AS first, max(wallet_version) AS last, sum(amount) AS amount,
       min(created_at) AS since, max(created_at) AS until, bool_and(({ADDS_UP}) IS TRUE) AS adds_up,
       bit_xor(hash_numeric_extended(balance_before, hash_numeric_extended(
                   CASE transaction_type WHEN 'debit' THEN reserved_after
                        WHEN 'reservation' THEN reserved_after + amount WHEN 'release' THEN reserved_after + amount
                        ELSE reserved_after END, wallet_version - 1))
               # hash_numeric_extended(balance_after, hash_numeric_extended(reserved_after, wallet_version))) AS links
FROM ({{rows}}) AS entry GROUP BY 1, 2, 3, 4
"""

WALLETS: Final = f"""
, fold AS MATERIALIZED (
    SELECT tenant_id, wallet_id, sum(movements) AS movements, max(last) AS last, sum(amount) AS available,
           -COALESCE(sum(amount) FILTER (WHERE kind IN {lots.HOLDING_KINDS}), 0) AS reserved,
           bit_xor(links) AS links, bool_and(adds_up) AS adds_up
    FROM parts GROUP BY tenant_id, wallet_id
), judged AS MATERIALIZED (
    SELECT COALESCE(wallet.tenant_id, fold.tenant_id) AS tenant_id, COALESCE(wallet.id, fold.wallet_id) AS id,
           wallet.current_balance, wallet.reserved_balance, wallet.ledger_version,
           COALESCE(starts.available, 0) + COALESCE(fold.available, 0) AS ledger_available,
           COALESCE(starts.reserved, 0) + COALESCE(fold.reserved, 0) AS ledger_reserved,
           COALESCE(starts.version, 0) + COALESCE(fold.movements, 0) AS movements,
           (wallet.current_balance - wallet.reserved_balance
                = COALESCE(starts.available, 0) + COALESCE(fold.available, 0)
            AND wallet.reserved_balance = COALESCE(starts.reserved, 0) + COALESCE(fold.reserved, 0)
            AND wallet.ledger_version = COALESCE(fold.last, starts.version, 0)
            AND wallet.ledger_hash = COALESCE(head.entry_hash, '')) IS TRUE AS agrees,
           (wallet.id IS NOT NULL
            AND COALESCE(fold.last, starts.version, 0) = COALESCE(starts.version, 0) + COALESCE(fold.movements, 0)
            AND (fold.last IS NULL OR fold.links
                 = hash_numeric_extended(COALESCE(starts.available, 0),
                       hash_numeric_extended(COALESCE(starts.reserved, 0), COALESCE(starts.version, 0)))
                   # hash_numeric_extended(head.balance_after, hash_numeric_extended(head.reserved_after, fold.last))
           )) IS TRUE AS whole
    FROM billing_wallets AS wallet
    FULL JOIN fold ON fold.tenant_id = wallet.tenant_id AND fold.wallet_id = wallet.id
    LEFT JOIN starts ON starts.tenant_id = wallet.tenant_id AND starts.wallet_id = wallet.id
    LEFT JOIN LATERAL (
        SELECT entry_hash, balance_after, reserved_after FROM billing_ledger_transactions AS entry
        WHERE entry.tenant_id = COALESCE(wallet.tenant_id, fold.tenant_id)
              AND entry.wallet_id = COALESCE(wallet.id, fold.wallet_id)
              AND entry.wallet_version = COALESCE(fold.last, starts.version)
        LIMIT 1
    ) AS head ON true
), wrong AS (
    SELECT * FROM judged WHERE NOT (agrees AND whole)
)
"""
ANSWER: Final = """
SELECT (SELECT COALESCE(sum(movements), 0) FROM fold), (SELECT count(*) FROM billing_wallets),
       (SELECT COALESCE(bool_and(adds_up), true) FROM fold)
"""

# The movements of one wallet that do not follow the one before them.
BREAKS: Final = """
SELECT tenant_id, id, wallet_id, wallet_version, balance_before, reserved_after,
       version_before, available_before, reserved_before
FROM (SELECT *, lag(wallet_version) OVER chain AS version_before, lag(balance_after) OVER chain AS available_before,
             lag(reserved_after) OVER chain AS reserved_before
      FROM billing_ledger_transactions AS entry
      WHERE entry.tenant_id = %(tenant)s AND entry.wallet_id = %(wallet)s
      WINDOW chain AS (ORDER BY wallet_version)) AS walked
WHERE (wallet_version = COALESCE(version_before, 0) + 1 AND balance_before = COALESCE(available_before, 0)
       AND reserved_after = COALESCE(reserved_before, 0)
           - CASE WHEN transaction_type IN ('reservation', 'release') THEN amount ELSE 0 END) IS NOT TRUE
"""


def statement(*, blocks: int, parts: int, since_anchor: bool, most: int) -> str:
    """The pass over the whole ledger, whose table has so many blocks, or over what came after the anchors.

    It answers how many movements and wallets there are and whether every movement adds up; then, each as the
    first ``most`` rows and how many there are: wallets that disagree with their ledger, movements that are
    not the sum of their lots' and, of the whole ledger, lots that disagree with their movements and lots
    that were used out of their time; and last the wallets where the order of use needs a closer look.
    """
    rows = [LATER.format(columns="later.ctid AS place, later.*")] if since_anchor else list(_ranges(blocks, parts))
    looked = ("wrong", "uneven") if since_anchor else ("wrong", "uneven", "unequal", "stale")
    answers = [ANSWER, *(_first(name, most) for name in looked), *([] if since_anchor else [lots.EARLY])]
    return "".join(
        [
            SINCE_ANCHOR if since_anchor else WHOLE,
            f", parts AS MATERIALIZED ({' UNION ALL '.join(PART.format(rows=each) for each in rows)})",
            WALLETS,
            lots.SEVERAL,
            "" if since_anchor else lots.FOLD,
            ", ".join(answers),
        ]
    )


def _ranges(blocks: int, parts: int) -> Sequence[str]:
    """The rows of the ledger in parts of equally many blocks; what is written meanwhile belongs to the last."""
    cuts = [f"'({blocks * number // parts},0)'::tid" for number in range(parts + 1)]
    return [
        "SELECT ctid AS place, * FROM billing_ledger_transactions"
        f" WHERE ctid >= {cuts[number]}{'' if number == parts - 1 else f' AND ctid < {cuts[number + 1]}'}"
        for number in range(parts)
    ]


def _first(name: str, most: int) -> str:
    return (
        f"(SELECT COALESCE(jsonb_agg(to_jsonb(found)), '[]')::text"
        f" FROM (SELECT * FROM {name} ORDER BY tenant_id, id LIMIT {most}) AS found), (SELECT count(*) FROM {name})"
    )
