"""Billing rows at scale: a wallet per tenant, its usage, invoices and legacy credits."""

from typing import Final

from demo.billing import scale_ledger
from demo.scale import Scale, one_of

MOVEMENTS_PER_LEAD: Final = 0.6


def fill(scale: Scale) -> None:
    scale.insert("billing_wallets", WALLETS)
    scale_ledger.fill(scale, movements=int(scale.leads * MOVEMENTS_PER_LEAD))
    scale.insert("billing_payments", PAYMENTS)
    scale.insert("billing_usage_events", CHARGED)
    scale.insert("billing_usage_events", UNCHARGED)
    scale.insert("billing_profiles", PROFILES)
    scale.execute(INVOICING)
    scale.insert("billing_invoices", INVOICES)
    scale.insert("billing_feature_entitlements", ENTITLEMENTS)
    scale.insert("user_credits", CREDITS)
    scale.insert("credit_transactions", CREDIT_TRANSACTIONS)


WALLETS: Final = """
INSERT INTO billing_wallets (id, tenant_id, created_at, low_balance_threshold)
SELECT pg_temp.key(%(beginning)s), tenant_id, %(beginning)s, 50 FROM pg_temp.scale_tenants
"""

PAYMENTS: Final = """
INSERT INTO billing_payments (id, tenant_id, created_at, updated_at, wallet_id, kind, description, credits, amount,
                              price, total, status, idempotency_key, payment_intent_id, ledger_transaction_id, paid_at)
SELECT pg_temp.key(created_at), tenant_id, created_at, created_at, wallet_id, 'automatic', '25,000 credits', 25000,
       amount, amount, amount, 'succeeded', idempotency_key, 'pi_' || idempotency_key, id, created_at
FROM billing_ledger_transactions JOIN pg_temp.scale_tenants USING (tenant_id) WHERE transaction_type = 'topup'
"""

_ITEMS: Final = """jsonb_build_array(jsonb_build_object('category', 'telephony', 'provider', 'twilio', 'model', 'voice',
    'unit', 'minute', 'quantity', '1', 'unit_price', cost::text, 'cost', cost::text))"""
_FEATURE: Final = one_of({"voice-agent": 5, "apollo-leads": 3, "campaigns": 3, "ai-icp-assistant": 1})

CHARGED: Final = f"""
INSERT INTO billing_usage_events (id, tenant_id, created_at, updated_at, occurred_at, user_id, feature_key,
                                  usage_items, total_quantity, total_cost, status, ledger_transaction_id,
                                  charged_at, idempotency_key)
SELECT event_id, tenant_id, made, made, made, person, {_FEATURE}, {_ITEMS}, 1, cost, 'charged', ledger_id, made,
       'scale-' || ledger_id
FROM (SELECT l.id AS ledger_id, l.reference_id AS event_id, l.tenant_id, l.created_at AS made, -l.amount AS cost,
             pg_temp.some(t.members) AS person
      FROM billing_ledger_transactions l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
      WHERE l.transaction_type = 'debit' OFFSET 0) AS used ORDER BY ledger_id
"""

UNCHARGED: Final = f"""
INSERT INTO billing_usage_events (id, tenant_id, created_at, updated_at, occurred_at, feature_key, usage_items,
                                  total_quantity, total_cost, status, idempotency_key, error_message)
SELECT pg_temp.key(made), tenant_id, made, made, made, {_FEATURE}, {_ITEMS}, 1, cost, status, 'scale-open-' || number,
       CASE WHEN status = 'failed' THEN 'The wallet did not hold that much.' ELSE '' END
FROM (SELECT number, tenant_id, %(now)s - interval '90 days' * random() AS made, round(random()::numeric, 6) AS cost,
             {one_of({"pending": 2, "failed": 1, "voided": 1})} AS status
      FROM (SELECT number, floor(random() * 1000)::integer AS slot
            FROM generate_series(1, %(leads)s / 50) AS number) AS drawn
      JOIN pg_temp.scale_slots USING (slot)) AS used
"""

PROFILES: Final = """
INSERT INTO billing_profiles (id, tenant_id, created_at, legal_name)
SELECT pg_temp.key(%(beginning)s), tenant_id, %(beginning)s, 'Scale ' || (tenant_number + 1) || ' Ltd'
FROM pg_temp.scale_tenants
"""

# Each invoice starts as a draft and takes the next number of its tenant, as the triggers require.
INVOICING: Final = """
CREATE OR REPLACE FUNCTION pg_temp.scale_invoices(today timestamptz) RETURNS SETOF billing_invoices
LANGUAGE plpgsql AS $$
DECLARE
    period record;
    made billing_invoices;
BEGIN
    INSERT INTO billing_number_prefixes (id, tenant_id, created_at, prefix)
    SELECT pg_temp.key(today - interval '2 years'), tenant_id, today - interval '2 years', 'S' || (tenant_number + 1)
    FROM pg_temp.scale_tenants;
    INSERT INTO billing_invoice_series (id, tenant_id, created_at, series, prefix)
    SELECT pg_temp.key(today - interval '2 years'), tenant_id, today - interval '2 years', 'INV',
           'S' || (tenant_number + 1) || '-INV-'
    FROM pg_temp.scale_tenants;
    FOR period IN
        SELECT tenant_id, month, date_trunc('month', today) - interval '1 month' * (month - 1) AS ends
        FROM pg_temp.scale_tenants, generate_series(1, 24) AS month ORDER BY tenant_id, month DESC
    LOOP
        INSERT INTO billing_invoices (id, tenant_id, created_at, subtotal, tax, total, line_items, tax_lines,
                                      period_start, period_end, due_at)
        VALUES (pg_temp.key(period.ends), period.tenant_id, period.ends, 400, 20, 420,
                '[{"description": "Plan, one month", "quantity": "1", "unit_price": "400", "amount": "400"}]',
                '[{"name": "VAT", "rate": "0.05", "taxable": "400", "amount": "20"}]',
                period.ends - interval '1 month', period.ends, period.ends + interval '14 days')
        RETURNING * INTO made;
        UPDATE billing_invoice_series SET last_number = last_number + 1
        WHERE tenant_id = period.tenant_id AND series = 'INV'
        RETURNING last_number, prefix INTO made.sequence_number, made.invoice_number;
        UPDATE billing_invoices
        SET status = 'pending', sequence_number = made.sequence_number, finalised_at = period.ends,
            invoice_number = made.invoice_number || lpad(made.sequence_number::text, 6, '0')
        WHERE id = made.id;
        IF period.month >= 2 THEN
            UPDATE billing_invoices
            SET status = CASE period.month WHEN 2 THEN 'overdue' ELSE 'paid' END,
                paid_at = CASE WHEN period.month > 2 THEN period.ends + interval '9 days' END,
                payment_method = CASE WHEN period.month > 2 THEN 'card' ELSE '' END
            WHERE id = made.id;
        END IF;
        RETURN NEXT made;
    END LOOP;
END $$
"""
INVOICES: Final = "SELECT FROM pg_temp.scale_invoices(%(now)s)"

ENTITLEMENTS: Final = """
INSERT INTO billing_feature_entitlements (id, tenant_id, feature_key, monthly_quota, allow_overages, overage_rate)
SELECT pg_temp.key(%(beginning)s), tenant_id, feature, 100000, true, 0.01
FROM pg_temp.scale_tenants, unnest(ARRAY['voice-agent', 'apollo-leads', 'ai-icp-assistant']) AS feature
"""

CREDITS: Final = """
INSERT INTO user_credits (id, tenant_id, created_at, updated_at, user_id, balance, monthly_usage)
SELECT pg_temp.key(%(beginning)s), tenant_id, %(beginning)s, %(beginning)s, member, 100, 0
FROM pg_temp.scale_tenants, unnest(members) AS member
"""

CREDIT_TRANSACTIONS: Final = f"""
INSERT INTO credit_transactions (id, tenant_id, created_at, user_id, user_credit_id, amount, transaction_type)
SELECT pg_temp.key(made), tenant_id, made, user_id, id,
       CASE WHEN kind IN ('purchase', 'refund') THEN 100 ELSE -1.5 END, kind
FROM (SELECT c.*, %(now)s - interval '1 year' * (1 + random()) / 2 AS made,
             {one_of({"purchase": 1, "deduction": 9, "usage": 3, "refund": 1, "debit": 3})} AS kind
      FROM user_credits c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id,
           generate_series(1, GREATEST(%(leads)s / 5000, 3))) AS movement ORDER BY made
"""
