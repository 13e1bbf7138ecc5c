"""The rules of the ledger, each with the query that finds the rows that break it.

The numbers are those of docs/operations.md. Each condition states what must hold and is negated with
IS NOT TRUE, so that an unexpected NULL is found as well.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its number, the title of a violation, the table, and the query that finds violations.

    The query may use ``%(now)s``. A ``historical`` rule also reads transactions before the last anchors. A
    rule with a ``guard`` is skipped if the database has that unique key, which enforces the rule.
    """

    number: str
    title: str
    table: str
    sql: str
    historical: bool = True
    guard: str = ""


LEDGER: Final = "billing_ledger_transactions"
WALLETS: Final = "billing_wallets"
HOLDS: Final = "billing_holds"
LOTS: Final = "billing_credit_lots"
USAGE: Final = "billing_usage_events"
INVOICES: Final = "billing_invoices"
SERIES: Final = "billing_invoice_series"
ANCHORS: Final = "billing_ledger_anchors"

OVERDRAWN: Final = Rule(
    "I1",
    "A wallet is overdrawn",
    WALLETS,
    """
    SELECT tenant_id, id, current_balance, reserved_balance FROM billing_wallets
    WHERE (reserved_balance >= 0 AND current_balance >= reserved_balance) IS NOT TRUE
    """,
)

# The pass over the ledger reports whether any row breaks this; only then is the rule checked.
ADDS_UP: Final = """
balance_after = balance_before + amount AND balance_before >= 0 AND balance_after >= 0 AND reserved_after >= 0
AND CASE transaction_type
    WHEN 'debit' THEN amount <= 0
    WHEN 'reservation' THEN amount < 0
    WHEN 'adjustment' THEN amount <> 0 OR reverses_id IS NOT NULL
    ELSE amount > 0 END
"""
ROW_SUM: Final = Rule(
    "I2",
    "A transaction does not add up or has the wrong sign",
    LEDGER,
    f"""
    SELECT tenant_id, id, wallet_id, wallet_version, transaction_type, amount, balance_before, balance_after,
           reserved_after
    FROM {{entries}} WHERE ({ADDS_UP}) IS NOT TRUE
    """,
    historical=False,
)

DUPLICATE_KEY: Final = Rule(
    "I4",
    "An idempotency key was used by more than one transaction",
    LEDGER,
    """
    SELECT tenant_id, idempotency_key, count(*) AS effects, min(id::text) AS id FROM billing_ledger_transactions
    GROUP BY tenant_id, idempotency_key HAVING count(*) > 1 OR idempotency_key IS NULL OR idempotency_key = ''
    """,
    guard="billing_ledger_transactions_idempotency_key",
)

REVERSAL: Final = Rule(
    "I5",
    "A reversal is not the only and exact opposite of one transaction of its wallet",
    LEDGER,
    """
    SELECT back.tenant_id, back.id, back.wallet_id, back.reverses_id, back.amount, original.amount AS reversed
    FROM (SELECT *, count(*) OVER (PARTITION BY tenant_id, reverses_id) AS reversals
          FROM billing_ledger_transactions WHERE reverses_id IS NOT NULL) AS back
    LEFT JOIN billing_ledger_transactions AS original
         ON original.tenant_id = back.tenant_id AND original.id = back.reverses_id
    WHERE (back.transaction_type = 'adjustment' AND back.reversals = 1 AND original.wallet_id = back.wallet_id
           AND original.amount = -back.amount AND original.wallet_version < back.wallet_version
           AND original.transaction_type NOT IN ('reservation', 'release')
           AND original.reverses_id IS NULL) IS NOT TRUE
    """,
)

CHARGED: Final = Rule(
    "I6",
    "A usage event does not match its debit",
    USAGE,
    """
    SELECT event.tenant_id, event.id, event.status, event.total_cost, event.currency,
           event.ledger_transaction_id, debit.amount, back.id AS reversed_by
    FROM billing_usage_events AS event
    LEFT JOIN billing_ledger_transactions AS debit
         ON debit.tenant_id = event.tenant_id AND debit.id = event.ledger_transaction_id
    LEFT JOIN billing_wallets AS wallet ON wallet.tenant_id = debit.tenant_id AND wallet.id = debit.wallet_id
    LEFT JOIN billing_ledger_transactions AS back
         ON back.tenant_id = debit.tenant_id AND back.reverses_id = debit.id
    WHERE (CASE event.status
           WHEN 'charged' THEN debit.transaction_type = 'debit' AND debit.amount = -event.total_cost
                AND wallet.currency = event.currency AND back.id IS NULL
           WHEN 'voided' THEN event.ledger_transaction_id IS NULL OR back.id IS NOT NULL
           ELSE event.ledger_transaction_id IS NULL END) IS NOT TRUE
    """,
)

CHARGED_TWICE: Final = Rule(
    "I6",
    "A debit refers to a usage event that it does not pay for",
    LEDGER,
    """
    SELECT debit.tenant_id, debit.id, debit.amount, event.id AS usage_event_id, event.status,
           event.ledger_transaction_id
    FROM billing_ledger_transactions AS debit
    JOIN billing_usage_events AS event ON event.tenant_id = debit.tenant_id AND event.id = debit.reference_id
    WHERE debit.transaction_type = 'debit' AND debit.reference_type = 'usage_event'
          AND event.ledger_transaction_id IS DISTINCT FROM debit.id
    """,
)

COST: Final = Rule(
    "I7",
    "A usage event does not cost the sum of its items, or an item is rounded wrongly",
    USAGE,
    """
    SELECT event.tenant_id, event.id, event.total_cost, priced.cost
    FROM billing_usage_events AS event
    LEFT JOIN LATERAL (
        SELECT sum((item ->> 'cost')::numeric) AS cost,
               bool_and(COALESCE(item ->> 'scheme', 'unit') <> 'unit' OR (item ->> 'cost')::numeric
                        = round((item ->> 'quantity')::numeric * (item ->> 'unit_price')::numeric, 6)) AS exact
        FROM jsonb_array_elements(event.usage_items) AS item) AS priced ON true
    WHERE (priced.cost = event.total_cost AND priced.exact) IS NOT TRUE
    """,
)

PRICE_THEN: Final = Rule(
    "I7",
    "A usage event has a price that was not valid when it occurred",
    USAGE,
    """
    SELECT event.tenant_id, event.id, event.occurred_at, item ->> 'price_id' AS price_id,
           item ->> 'price_version' AS price_version, price.version, price.effective_from, price.effective_to
    FROM billing_usage_events AS event CROSS JOIN jsonb_array_elements(event.usage_items) AS item
    LEFT JOIN billing_pricing_catalog AS price ON price.id = (item ->> 'price_id')::uuid
    WHERE item ? 'price_version'
          AND (price.version = (item ->> 'price_version')::integer AND price.effective_from <= event.occurred_at
               AND (price.effective_to > event.occurred_at OR price.effective_to IS NULL)
               AND (price.tenant_id = event.tenant_id OR price.tenant_id IS NULL)) IS NOT TRUE
    """,
)

HOLD_ROWS: Final = Rule(
    "I8",
    "A hold is not resolved exactly once or does not match its transactions",
    HOLDS,
    """
    SELECT hold.tenant_id, hold.id, hold.wallet_id, hold.status, hold.amount, hold.captured_amount, hold.expires_at,
           moved.held, moved.debits, moved.taken
    FROM billing_holds AS hold
    LEFT JOIN (
        SELECT tenant_id, hold_id, wallet_id,
               -sum(amount) FILTER (WHERE transaction_type IN ('reservation', 'release')) AS held,
               count(*) FILTER (WHERE transaction_type = 'debit') AS debits,
               -sum(amount) FILTER (WHERE transaction_type = 'debit') AS taken,
               max(created_at) FILTER (WHERE transaction_type = 'debit') AS taken_at
        FROM billing_ledger_transactions WHERE hold_id IS NOT NULL GROUP BY tenant_id, hold_id, wallet_id
    ) AS moved ON moved.tenant_id = hold.tenant_id AND moved.hold_id = hold.id
    WHERE (moved.wallet_id = hold.wallet_id
           AND CASE hold.status
               WHEN 'held' THEN moved.held = hold.amount AND moved.debits = 0
               WHEN 'captured' THEN moved.held = 0 AND moved.debits = 1 AND moved.taken = hold.captured_amount
                    AND moved.taken <= hold.amount AND moved.taken_at < hold.expires_at
               WHEN 'expired' THEN moved.held = 0 AND moved.debits = 0 AND hold.resolved_at >= hold.expires_at
               ELSE moved.held = 0 AND moved.debits = 0 END) IS NOT TRUE
    """,
)

HOLD_SUM: Final = Rule(
    "I8",
    "The open holds of a wallet do not add up to its reserved balance",
    WALLETS,
    """
    SELECT wallet.tenant_id, wallet.id, wallet.reserved_balance, COALESCE(open.amount, 0) AS held
    FROM billing_wallets AS wallet
    LEFT JOIN (SELECT tenant_id, wallet_id, sum(amount) AS amount FROM billing_holds WHERE status = 'held'
               GROUP BY tenant_id, wallet_id) AS open
         ON open.tenant_id = wallet.tenant_id AND open.wallet_id = wallet.id
    WHERE (wallet.reserved_balance = COALESCE(open.amount, 0)) IS NOT TRUE
    """,
)

# Holds are expired every minute, so a day is far too late.
HOLD_LEFT: Final = Rule(
    "I8",
    "A hold expired more than a day ago and was not released",
    HOLDS,
    """
    SELECT hold.tenant_id, hold.id, hold.wallet_id, hold.amount, hold.expires_at
    FROM billing_holds AS hold
    JOIN billing_wallets AS wallet ON wallet.tenant_id = hold.tenant_id AND wallet.id = hold.wallet_id
    WHERE hold.status = 'held' AND wallet.status <> 'closed' AND hold.expires_at < %(now)s - interval '1 day'
    """,
)

LOT_SUM: Final = Rule(
    "I9",
    "The credit lots of a wallet do not add up to its available balance",
    WALLETS,
    """
    SELECT wallet.tenant_id, wallet.id, wallet.current_balance - wallet.reserved_balance AS available,
           COALESCE(lots.remaining, 0) AS remaining
    FROM billing_wallets AS wallet
    LEFT JOIN (SELECT tenant_id, wallet_id, sum(remaining) AS remaining FROM billing_credit_lots
               GROUP BY tenant_id, wallet_id) AS lots
         ON lots.tenant_id = wallet.tenant_id AND lots.wallet_id = wallet.id
    WHERE (wallet.current_balance - wallet.reserved_balance = COALESCE(lots.remaining, 0)) IS NOT TRUE
    """,
)

NUMBER_GAP: Final = Rule(
    "I10",
    "A number of an invoice series is missing",
    SERIES,
    """
    SELECT series.tenant_id, series.id, series.series, number AS missing
    FROM billing_invoice_series AS series CROSS JOIN generate_series(1, series.last_number) AS number
    LEFT JOIN billing_invoices AS invoice ON invoice.tenant_id = series.tenant_id
         AND invoice.series = series.series AND invoice.sequence_number = number
    WHERE invoice.id IS NULL
    """,
)

NUMBER_WRONG: Final = Rule(
    "I10",
    "An invoice number was not issued by its series or is used twice",
    INVOICES,
    """
    SELECT invoice.tenant_id, invoice.id, invoice.series, invoice.sequence_number, invoice.invoice_number
    FROM (SELECT *, count(*) OVER (PARTITION BY tenant_id, series, sequence_number) AS bearers
          FROM billing_invoices WHERE sequence_number IS NOT NULL OR status NOT IN ('draft', 'voided')) AS invoice
    LEFT JOIN billing_invoice_series AS series
         ON series.tenant_id = invoice.tenant_id AND series.series = invoice.series
    WHERE (invoice.sequence_number BETWEEN 1 AND series.last_number AND invoice.bearers = 1
           AND invoice.invoice_number <> '' AND invoice.finalised_at IS NOT NULL) IS NOT TRUE
    """,
)

INVOICE_SUM: Final = Rule(
    "I10",
    "A finalised invoice does not match the sum of its lines",
    INVOICES,
    """
    SELECT tenant_id, id, invoice_number, subtotal, tax, total FROM billing_invoices
    WHERE finalised_at IS NOT NULL AND series <> 'OLD'
          AND (subtotal = billing_sum_of(line_items) AND tax = billing_sum_of(tax_lines)
               AND total = subtotal + tax) IS NOT TRUE
    """,
)

INVOICE_LEDGER: Final = Rule(
    "I10",
    "A period's invoice does not match the debits of the ledger",
    INVOICES,
    """
    SELECT invoice.tenant_id, invoice.id, invoice.invoice_number, invoice.subtotal, taken.amount AS ledger
    FROM billing_invoices AS invoice
    LEFT JOIN LATERAL (
        SELECT COALESCE(-sum(entry.amount), 0) AS amount
        FROM billing_ledger_transactions AS entry
        JOIN billing_wallets AS wallet ON wallet.tenant_id = entry.tenant_id AND wallet.id = entry.wallet_id
        LEFT JOIN billing_ledger_transactions AS original
             ON original.tenant_id = entry.tenant_id AND original.id = entry.reverses_id
        WHERE entry.tenant_id = invoice.tenant_id AND wallet.currency = invoice.currency
              AND entry.created_at >= invoice.period_start AND entry.created_at < invoice.period_end
              AND (entry.transaction_type = 'debit' OR original.transaction_type = 'debit')
              -- Legacy usage was paid before there were invoices.
              AND COALESCE(original.reference_type, entry.reference_type) NOT IN ('legacy_credit', 'legacy_balance')
    ) AS taken ON true
    WHERE invoice.kind = 'usage' AND invoice.finalised_at IS NOT NULL AND invoice.status <> 'voided'
          AND (invoice.subtotal = taken.amount) IS NOT TRUE
    """,
)

CREDITED: Final = Rule(
    "I10",
    "Credit notes exceed the total of their invoice",
    INVOICES,
    """
    SELECT original.tenant_id, original.id, original.invoice_number, original.total, sum(note.total) AS credited
    FROM billing_invoices AS original
    JOIN billing_invoices AS note ON note.tenant_id = original.tenant_id AND note.corrects_id = original.id
         AND note.finalised_at IS NOT NULL
    GROUP BY original.tenant_id, original.id HAVING (sum(note.total) <= original.total) IS NOT TRUE
    """,
)

HASH: Final = Rule(
    "I13",
    "The hash of a transaction does not match its contents and the previous hash",
    LEDGER,
    """
    SELECT entry.tenant_id, entry.id, entry.wallet_id, entry.wallet_version, entry.entry_hash
    FROM {entries} AS entry
    LEFT JOIN billing_ledger_transactions AS earlier
         ON earlier.tenant_id = entry.tenant_id AND earlier.wallet_id = entry.wallet_id
            AND earlier.wallet_version = entry.wallet_version - 1
    WHERE (entry.entry_hash = billing_entry_hash(
               COALESCE(earlier.entry_hash, ''), ROW(entry.*)::billing_ledger_transactions)) IS NOT TRUE
    """,
    historical=False,
)

ANCHOR: Final = Rule(
    "I13",
    "A wallet's ledger no longer matches its anchor",
    ANCHORS,
    """
    SELECT anchor.tenant_id, anchor.id, anchor.wallet_id, anchor.anchored_on, anchor.wallet_version,
           anchor.entry_hash AS anchored, entry.entry_hash AS found
    FROM billing_ledger_anchors AS anchor
    LEFT JOIN billing_ledger_transactions AS entry
         ON entry.tenant_id = anchor.tenant_id AND entry.wallet_id = anchor.wallet_id
            AND entry.wallet_version = anchor.wallet_version
    WHERE (entry.entry_hash = anchor.entry_hash) IS NOT TRUE
    """,
)

# Totals of the ledger, credit lots, quotas and database guards are checked in their own modules.
RULES: Final = (
    OVERDRAWN,
    DUPLICATE_KEY,
    REVERSAL,
    CHARGED,
    CHARGED_TWICE,
    COST,
    PRICE_THEN,
    HOLD_ROWS,
    HOLD_SUM,
    HOLD_LEFT,
    LOT_SUM,
    NUMBER_GAP,
    NUMBER_WRONG,
    INVOICE_SUM,
    INVOICE_LEDGER,
    CREDITED,
    ANCHOR,
)
