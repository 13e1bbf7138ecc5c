"""Rules about invoices: every charge is on one, credit is never lost, and numbers belong to one tenant."""

from typing import Final

from billing.audit.checks.rules import INVOICES, LEDGER, Rule

# Invoices that are not voided cover the time of a tenant from its first to its last finalised one. Charges between
# them are on no invoice, and charges where they overlap on two. A charge and its reversal on no invoice cancel out.
# After an invoice was voided, its period is open until another one covers it.
INVOICED_ONCE: Final = Rule(
    "I10",
    "A charge of a closed period is not on exactly one invoice",
    LEDGER,
    """
    WITH invoices AS (
        SELECT tenant_id, currency, status, period_start, period_end,
               max(period_start) FILTER (WHERE finalised_at IS NOT NULL)
                   OVER (PARTITION BY tenant_id, currency) AS closed,
               max(period_end) OVER (PARTITION BY tenant_id, currency ORDER BY period_start, period_end
                                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered
        FROM billing_invoices WHERE kind = 'usage' AND status <> 'voided'
    ), spans AS (
        SELECT tenant_id, currency, 0 AS invoices, covered AS since, period_start AS until
        FROM invoices WHERE covered < period_start AND period_start <= closed
        UNION ALL
        SELECT tenant_id, currency, 2, period_start, LEAST(period_end, covered)
        FROM invoices WHERE covered > period_start
    ), charges AS MATERIALIZED (
        SELECT entry.tenant_id, entry.id, entry.wallet_id, entry.created_at, entry.amount, entry.reverses_id,
               spans.invoices, spans.currency
        FROM spans
        JOIN billing_wallets AS wallet ON wallet.tenant_id = spans.tenant_id AND wallet.currency = spans.currency
        JOIN billing_ledger_transactions AS entry ON entry.tenant_id = wallet.tenant_id
             AND entry.wallet_id = wallet.id AND entry.created_at >= spans.since AND entry.created_at < spans.until
        LEFT JOIN billing_ledger_transactions AS original
             ON original.tenant_id = entry.tenant_id AND original.id = entry.reverses_id
        WHERE (entry.transaction_type = 'debit' OR original.transaction_type = 'debit')
              AND COALESCE(original.reference_type, entry.reference_type) NOT IN ('legacy_credit', 'legacy_balance')
    )
    SELECT tenant_id, id, wallet_id, created_at, amount, invoices FROM charges
    WHERE (invoices > 0 OR NOT EXISTS (
              SELECT FROM charges AS other WHERE other.tenant_id = charges.tenant_id AND other.invoices = 0
                     AND (other.id = charges.reverses_id OR other.reverses_id = charges.id)))
          AND NOT EXISTS (
              SELECT FROM billing_invoices AS voided
              WHERE voided.tenant_id = charges.tenant_id AND voided.currency = charges.currency
                    AND voided.kind = 'usage' AND voided.status = 'voided' AND charges.invoices = 0
                    AND voided.period_start <= charges.created_at AND voided.period_end > charges.created_at
                    AND NOT EXISTS (
                        SELECT FROM invoices AS other
                        WHERE other.tenant_id = voided.tenant_id AND other.currency = voided.currency
                              AND other.period_start < voided.period_end AND other.period_end > voided.period_start))
    """,
)

CREDIT_KEPT: Final = Rule(
    "I10",
    "Credit that is owed to a customer was deducted more or less than once",
    INVOICES,
    """
    SELECT invoice.tenant_id, invoice.id, invoice.invoice_number, invoice.credit_owed, given.amount AS given,
           invoice.applied_credit, received.amount AS received
    FROM billing_invoices AS invoice
    LEFT JOIN (SELECT tenant_id, source_id, sum(amount) AS amount FROM billing_credit_applications GROUP BY 1, 2)
        AS given ON given.tenant_id = invoice.tenant_id AND given.source_id = invoice.id
    LEFT JOIN (SELECT tenant_id, target_id, sum(amount) AS amount FROM billing_credit_applications GROUP BY 1, 2)
        AS received ON received.tenant_id = invoice.tenant_id AND received.target_id = invoice.id
    WHERE (COALESCE(received.amount, 0) = invoice.applied_credit
           AND COALESCE(given.amount, 0) <= invoice.credit_owed
           AND (invoice.payment_method <> 'carried' OR COALESCE(given.amount, 0) = invoice.credit_owed)
           AND (invoice.status <> 'voided' OR given.amount IS NULL AND received.amount IS NULL)) IS NOT TRUE
    """,
)

OWN_PREFIX: Final = Rule(
    "I10",
    "An invoice number begins with the prefix of another tenant",
    INVOICES,
    """
    SELECT invoice.tenant_id, invoice.id, invoice.invoice_number, prefix.tenant_id AS owner
    FROM billing_invoices AS invoice
    JOIN billing_number_prefixes AS prefix ON prefix.prefix = split_part(invoice.invoice_number, '-', 1)
    WHERE invoice.invoice_number <> '' AND invoice.series <> 'OLD' AND prefix.tenant_id <> invoice.tenant_id
    """,
)

RULES: Final = (INVOICED_ONCE, CREDIT_KEPT, OWN_PREFIX)
