"""A wallet for each tenant, the use it paid for, and the credits of before."""

from typing import Final

from tenants.demo.scale import Scale, one_of

MOVEMENTS_PER_LEAD: Final = 0.6


def fill(scale: Scale) -> None:
    scale.insert("billing_wallets", WALLETS)
    scale.insert("billing_ledger_transactions", LEDGER, rows=int(scale.leads * MOVEMENTS_PER_LEAD))
    scale.execute(BALANCES)
    scale.insert("billing_usage_events", CHARGED)
    scale.insert("billing_usage_events", UNCHARGED)
    scale.insert("billing_invoices", INVOICES)
    scale.insert("billing_feature_entitlements", ENTITLEMENTS)
    scale.insert("user_credits", CREDITS)
    scale.insert("credit_transactions", CREDIT_TRANSACTIONS)


WALLETS: Final = """
INSERT INTO billing_wallets (id, tenant_id, low_balance_threshold)
SELECT pg_temp.key(%(beginning)s), tenant_id, 50 FROM pg_temp.scale_tenants
"""

# Mostly debits, now and then a hold that is released, and a top-up before the money runs out.
LEDGER: Final = """
INSERT INTO billing_ledger_transactions (id, tenant_id, created_at, wallet_id, transaction_type, amount, balance_before,
                                         balance_after, reference_type, idempotency_key)
SELECT pg_temp.key(made), tenant_id, made, wallet_id, kind, amount, after - amount, after,
       CASE kind WHEN 'topup' THEN 'stripe_payment' WHEN 'debit' THEN 'usage_event' ELSE '' END, 'scale-' || number
FROM (
    SELECT *, sum(amount) OVER (PARTITION BY wallet_id ORDER BY number) AS after
    FROM (
        SELECT *, CASE kind WHEN 'topup' THEN 2500 WHEN 'reservation' THEN -5 WHEN 'release' THEN 5
                       ELSE -round((0.01 + 2 * power(random(), 2))::numeric, 6) END AS amount
        FROM (
            SELECT numbered.number, w.tenant_id, w.id AS wallet_id,
                   %(beginning)s + (%(now)s - %(beginning)s) * sqrt((numbered.number - random()) / %(rows)s) AS made,
                   CASE WHEN place %% 1000 = 1 THEN 'topup' WHEN place %% 40 = 20 THEN 'reservation'
                        WHEN place %% 40 = 21 THEN 'release' ELSE 'debit' END AS kind
            FROM (SELECT number, tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY number) AS place
                  FROM (SELECT number, floor(random() * 1000)::integer AS slot
                        FROM generate_series(1, %(rows)s) AS number) AS drawn
                  JOIN pg_temp.scale_slots USING (slot)) AS numbered
            JOIN billing_wallets w ON w.tenant_id = numbered.tenant_id AND w.user_id IS NULL
        ) AS kinds OFFSET 0
    ) AS amounts
) AS movement ORDER BY number
"""

BALANCES: Final = """
UPDATE billing_wallets w SET current_balance = total, reserved_balance = held
FROM (SELECT wallet_id,
             COALESCE(sum(amount) FILTER (WHERE transaction_type NOT IN ('reservation', 'release')), 0) AS total,
             COALESCE(-sum(amount) FILTER (WHERE transaction_type IN ('reservation', 'release')), 0) AS held
      FROM billing_ledger_transactions GROUP BY wallet_id) AS folded
JOIN pg_temp.scale_tenants t ON true
WHERE w.id = folded.wallet_id AND w.tenant_id = t.tenant_id
"""

_ITEMS: Final = """jsonb_build_array(jsonb_build_object('category', 'telephony', 'provider', 'twilio', 'model', 'voice',
    'unit', 'minute', 'quantity', '1', 'unit_price', cost::text, 'cost', cost::text))"""
_FEATURE: Final = one_of({"voice-agent": 5, "apollo-leads": 3, "campaigns": 3, "ai-icp-assistant": 1})

CHARGED: Final = f"""
INSERT INTO billing_usage_events (id, tenant_id, created_at, updated_at, user_id, feature_key, usage_items,
                                  total_quantity, total_cost, status, ledger_transaction_id, charged_at,
                                  idempotency_key)
SELECT pg_temp.key(made), tenant_id, made, made, person, {_FEATURE}, {_ITEMS}, 1, cost,
       {one_of({"charged": 49, "voided": 1})}, ledger_id, made, 'scale-' || ledger_id
FROM (SELECT l.id AS ledger_id, l.tenant_id, l.created_at AS made, -l.amount AS cost, pg_temp.some(t.members) AS person
      FROM billing_ledger_transactions l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
      WHERE l.transaction_type = 'debit' OFFSET 0) AS used ORDER BY ledger_id
"""

UNCHARGED: Final = f"""
INSERT INTO billing_usage_events (id, tenant_id, created_at, updated_at, feature_key, usage_items, total_quantity,
                                  total_cost, status, idempotency_key, error_message)
SELECT pg_temp.key(made), tenant_id, made, made, {_FEATURE}, {_ITEMS}, 1, cost, status, 'scale-open-' || number,
       CASE WHEN status = 'failed' THEN 'The wallet did not hold that much.' ELSE '' END
FROM (SELECT number, tenant_id, %(now)s - interval '90 days' * random() AS made, round(random()::numeric, 6) AS cost,
             {one_of({"pending": 2, "failed": 1, "voided": 1})} AS status
      FROM (SELECT number, floor(random() * 1000)::integer AS slot
            FROM generate_series(1, %(leads)s / 50) AS number) AS drawn
      JOIN pg_temp.scale_slots USING (slot)) AS used
"""

INVOICES: Final = """
INSERT INTO billing_invoices (id, tenant_id, created_at, updated_at, invoice_number, status, subtotal, tax, total,
                              period_start, period_end, due_at, paid_at, payment_method)
SELECT pg_temp.key(ends), tenant_id, ends, ends, 'S-' || tenant_number || '-' || month,
       CASE WHEN month > 2 THEN 'paid' WHEN month = 2 THEN 'overdue' ELSE 'pending' END, 400, 80, 480,
       ends - interval '1 month', ends, ends + interval '14 days', CASE WHEN month > 2
           THEN ends + interval '9 days' END,
       CASE WHEN month > 2 THEN 'card' ELSE '' END
FROM pg_temp.scale_tenants, generate_series(1, 24) AS month,
     LATERAL (SELECT date_trunc('month', %(now)s::timestamptz) - interval '1 month' * (month - 1) AS ends) AS period
"""

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
