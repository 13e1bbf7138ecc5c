-- Return one adjustment for each lot that expired with credit left. They are posted before anything else that
-- happens to the wallet.

CREATE OR REPLACE FUNCTION billing_expired_lots(wallet billing_wallets, moment timestamptz)
RETURNS billing_ledger_transactions[] LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(billing_expiry(wallet, lot.id, lot.remaining, moment) ORDER BY lot.expires_at, lot.id)
    FROM billing_credit_lots AS lot
    WHERE lot.tenant_id = wallet.tenant_id AND lot.wallet_id = wallet.id AND lot.is_open
          AND lot.expires_at <= moment
$$;
