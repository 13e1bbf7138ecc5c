"""Every wallet against the fold of its ledger, in one pass over the rows in any order.

That each movement begins where the one before it ended needs no sorting: over a whole chain the
fingerprints of ends and beginnings cancel out but for the last end. A wallet whose do not is then read
movement by movement. Two different chains agree by chance once in 2^64; the hashes exclude that too.
"""

from typing import Final

# Where a wallet's fold begins: nothing, or what its last anchor says when rows from before are left out.
WHOLE: Final = """
WITH starts AS MATERIALIZED (
    SELECT NULL::uuid AS tenant_id, NULL::uuid AS wallet_id, 0::bigint AS version, 0::numeric AS available,
           0::numeric AS reserved WHERE false
)
"""
SINCE_ANCHOR: Final = """
WITH starts AS MATERIALIZED (
    SELECT DISTINCT ON (anchor.tenant_id, anchor.wallet_id) anchor.tenant_id, anchor.wallet_id,
           entry.wallet_version AS version, entry.balance_after AS available, entry.reserved_after AS reserved
    FROM billing_ledger_anchors AS anchor
    JOIN billing_ledger_transactions AS entry
         ON entry.tenant_id = anchor.tenant_id AND entry.wallet_id = anchor.wallet_id
            AND entry.wallet_version = anchor.wallet_version
    ORDER BY anchor.tenant_id, anchor.wallet_id, anchor.anchored_on DESC
), entries AS NOT MATERIALIZED (
    SELECT entry.*
    FROM billing_wallets AS wallet
    LEFT JOIN starts ON starts.tenant_id = wallet.tenant_id AND starts.wallet_id = wallet.id
    CROSS JOIN LATERAL (
        SELECT * FROM billing_ledger_transactions AS later
        WHERE later.tenant_id = wallet.tenant_id AND later.wallet_id = wallet.id
              AND later.wallet_version > COALESCE(starts.version, 0)
        OFFSET 0
    ) AS entry
)
"""

FOLD: Final = """
, fold AS MATERIALIZED (
    SELECT tenant_id, wallet_id, count(*) AS movements, max(wallet_version) AS last, sum(amount) AS available,
           -COALESCE(sum(amount) FILTER (WHERE transaction_type IN ('reservation', 'release')), 0) AS reserved,
           bit_xor(hash_numeric_extended(balance_before, wallet_version - 1)
                   # hash_numeric_extended(balance_after, wallet_version)) AS balances,
           bit_xor(hash_numeric_extended(reserved_after + CASE WHEN transaction_type IN ('reservation', 'release')
                                                          THEN amount ELSE 0 END, wallet_version - 1)
                   # hash_numeric_extended(reserved_after, wallet_version)) AS reservations
    FROM {entries} GROUP BY tenant_id, wallet_id
), judged AS (
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
            AND (fold.last IS NULL
                 OR fold.balances = hash_numeric_extended(COALESCE(starts.available, 0), COALESCE(starts.version, 0))
                    # hash_numeric_extended(head.balance_after, fold.last)
                 AND fold.reservations
                     = hash_numeric_extended(COALESCE(starts.reserved, 0), COALESCE(starts.version, 0))
                       # hash_numeric_extended(head.reserved_after, fold.last))) IS TRUE AS whole
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
)
SELECT (SELECT COALESCE(sum(movements), 0) FROM fold), (SELECT count(*) FROM billing_wallets),
       (SELECT COALESCE(jsonb_agg(to_jsonb(wrong)), '[]')::text
        FROM (SELECT * FROM judged WHERE NOT (agrees AND whole) ORDER BY tenant_id, id LIMIT {most}) AS wrong),
       (SELECT count(*) FROM judged WHERE NOT (agrees AND whole))
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
