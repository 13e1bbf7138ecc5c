-- Return the lot movements that take the wanted amount in burn-down order, from all open lots or from the given
-- parts of lots.

CREATE OR REPLACE FUNCTION billing_take(
    wallet billing_wallets, wanted numeric, moment timestamptz, parts jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT COALESCE(jsonb_object_agg(id, (-LEAST(part, wanted - before))::text), '{}')
    FROM (SELECT id, part, sum(part) OVER (ORDER BY priority, expires_at, created_at, id) - part AS before
          FROM (SELECT lot.*, lot.remaining AS part FROM billing_credit_lots AS lot
                WHERE parts IS NULL AND lot.tenant_id = wallet.tenant_id AND lot.wallet_id = wallet.id
                      AND lot.is_open AND (lot.expires_at > moment OR lot.expires_at IS NULL)
                UNION ALL
                SELECT lot.*, given.value::numeric
                FROM jsonb_each_text(parts) AS given, billing_lot(given.key::uuid) AS lot) AS usable
         ) AS in_order
    WHERE before < wanted AND part > 0
$$;
