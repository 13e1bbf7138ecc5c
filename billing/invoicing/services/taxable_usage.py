"""Work out what the credits that a period used were bought for, on which tax is due when they are used."""

from decimal import Decimal
from typing import Final

from django.db import connection

from billing.invoicing.services.usage_lines import DEBITS_OF_PERIOD, InvoicePeriod
from billing.money import round_amount

# The value that debits took from each lot, less what reversals gave back, by the terms on which the lot was bought.
# A card payment buys its lot at its price. Other purchases and corrections count as they are. What was granted for
# free was not paid, except for credit notes, which give back what was.
USED_LOTS: Final = f"""
WITH moved AS (
    SELECT l.lot_movements
    {DEBITS_OF_PERIOD}
), used AS (
    SELECT movement.key::uuid AS lot_id, -sum(movement.value::numeric) AS amount
    FROM moved CROSS JOIN LATERAL jsonb_each_text(moved.lot_movements) AS movement GROUP BY 1
), bought AS (
    SELECT used.amount, payment.price, payment.amount AS credited, payment.tax, payment.tax_point,
           came_in.transaction_type, came_in.reference_type, payment.id AS payment_id
    FROM used JOIN billing_credit_lots lot ON lot.tenant_id = %(tenant)s AND lot.id = used.lot_id
    LEFT JOIN LATERAL (
        SELECT entry.id, entry.transaction_type, entry.reference_type FROM billing_ledger_transactions entry
        WHERE entry.tenant_id = %(tenant)s AND entry.transaction_type IN ('topup', 'credit', 'adjustment')
          AND entry.created_at = lot.created_at AND entry.wallet_id = lot.wallet_id AND entry.reverses_id IS NULL
          AND entry.lot_movements ? lot.id::text
        LIMIT 1
    ) AS came_in ON true
    LEFT JOIN billing_payments payment ON payment.tenant_id = %(tenant)s AND payment.ledger_transaction_id = came_in.id
)
SELECT sum(amount), price, credited FROM bought
WHERE CASE WHEN payment_id IS NOT NULL THEN tax = 0 AND (tax_point = 'use' OR %(untaxed)s)
           WHEN transaction_type = 'credit' THEN reference_type = 'invoice' AND %(untaxed)s
           ELSE %(untaxed)s END
GROUP BY payment_id, price, credited
"""


def taxable_usage(period: InvoicePeriod, *, untaxed_purchases: bool) -> Decimal:
    """Return what was paid, before tax, for the credits that the period's debits used, less reversals.

    Credits that were taxed when they were bought are left out. ``untaxed_purchases`` says that purchases outside
    of card payments were not taxed.
    """
    with connection.cursor() as cursor:
        cursor.execute(USED_LOTS, {**period.values, "untaxed": untaxed_purchases})
        parts = (used if price is None else used * price / credited for used, price, credited in cursor.fetchall())
        return round_amount(sum(parts, Decimal(0)))
