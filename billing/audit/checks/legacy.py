"""Rules about the move of legacy credits: exactly their value, by rows that the move wrote."""

from typing import Final

from billing.audit.checks.rules import LEDGER, Rule

MOVES: Final = "billing_legacy_moves"
CREDIT_TRANSACTIONS: Final = "credit_transactions"

# What billing.legacy.services posts: each legacy transaction under its own key, and adjustments.
WRITTEN_BY_MOVE: Final = """
(entry.hold_id IS NULL AND entry.reverses_id IS NULL
 AND (entry.reference_type = 'legacy_credit' AND entry.idempotency_key = 'legacy_credit_' || entry.reference_id
      OR entry.reference_type = 'legacy_balance' AND entry.transaction_type = 'adjustment'
         AND (entry.idempotency_key LIKE 'legacy\\_opening\\_' || entry.wallet_id || '\\_%%'
              OR entry.idempotency_key LIKE 'legacy\\_closing\\_' || entry.wallet_id || '\\_%%')))
"""

FORGED: Final = Rule(
    "I14",
    "A transaction claims to be legacy credit, but the move did not write it",
    LEDGER,
    f"""
    SELECT entry.tenant_id, entry.id, entry.wallet_id, entry.transaction_type, entry.amount, entry.reference_type,
           entry.reference_id, entry.idempotency_key
    FROM {{entries}} AS entry
    JOIN billing_wallets AS wallet ON wallet.tenant_id = entry.tenant_id AND wallet.id = entry.wallet_id
    LEFT JOIN credit_transactions AS old ON old.tenant_id = entry.tenant_id AND old.id = entry.reference_id
    LEFT JOIN user_credits AS credit ON credit.tenant_id = old.tenant_id AND credit.id = old.user_credit_id
    WHERE entry.reference_type IN ('legacy_credit', 'legacy_balance')
          AND ({WRITTEN_BY_MOVE} AND wallet.user_id = CASE entry.reference_type
                   WHEN 'legacy_credit' THEN COALESCE(credit.user_id, old.user_id)
                   ELSE entry.reference_id END) IS NOT TRUE
    """,
    historical=False,
)

# A user whom the move could not finish has a note; the report says what it moved. Credits may change until they are
# frozen, and are then compared again by the next run.
MOVED: Final = Rule(
    "I14",
    "A wallet did not get exactly the value of its user's legacy credits",
    MOVES,
    f"""
    SELECT move.tenant_id, move.id, line.user_id, line.credits, line.worth, line.moved, written.amount AS ledger,
           credit.balance
    FROM billing_legacy_moves AS move
    CROSS JOIN LATERAL jsonb_to_recordset(move.report) AS line (
        user_id uuid, credits numeric, worth numeric, moved numeric, note text)
    LEFT JOIN user_credits AS credit ON credit.tenant_id = move.tenant_id AND credit.user_id = line.user_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(entry.amount), 0) AS amount
        FROM billing_wallets AS wallet
        JOIN billing_ledger_transactions AS entry
             ON entry.tenant_id = wallet.tenant_id AND entry.wallet_id = wallet.id
        WHERE wallet.tenant_id = move.tenant_id AND wallet.user_id = line.user_id AND {WRITTEN_BY_MOVE}
    ) AS written
    WHERE line.user_id IS NOT NULL
          AND (written.amount = line.moved AND (line.note <> '' OR line.moved = line.worth)
               AND (COALESCE(credit.balance, 0) = line.credits
                    OR move.frozen_at IS NULL AND credit.updated_at > move.moved_at)) IS NOT TRUE
    """,
)

LEFT_BEHIND: Final = Rule(
    "I14",
    "A legacy transaction was not moved, although the credits are frozen",
    CREDIT_TRANSACTIONS,
    """
    SELECT old.tenant_id, old.id, COALESCE(credit.user_id, old.user_id) AS user_id, old.amount, old.created_at
    FROM billing_legacy_moves AS move
    JOIN credit_transactions AS old ON old.tenant_id = move.tenant_id
    LEFT JOIN user_credits AS credit ON credit.tenant_id = old.tenant_id AND credit.id = old.user_credit_id
    WHERE move.frozen_at <= move.moved_at
          AND NOT EXISTS (
              SELECT FROM jsonb_to_recordset(move.report) AS line (user_id uuid, note text)
              WHERE line.user_id = COALESCE(credit.user_id, old.user_id) AND line.note <> '')
          AND NOT EXISTS (
              SELECT FROM billing_ledger_transactions AS entry
              WHERE entry.tenant_id = old.tenant_id AND entry.idempotency_key = 'legacy_credit_' || old.id)
    """,
)

RULES: Final = (FORGED, MOVED, LEFT_BEHIND)
