-- Refuse a wallet whose balances differ from its last ledger row, its open lots or its holds.

CREATE OR REPLACE FUNCTION billing_check_fold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agrees boolean;
BEGIN
    IF NEW.ledger_version = 0 AND (TG_OP = 'INSERT' OR OLD.ledger_version = 0) THEN
        RETURN NULL;
    END IF;
    SELECT head.balance_after = NEW.current_balance - NEW.reserved_balance
           AND head.reserved_after = NEW.reserved_balance
           AND head.entry_hash = NEW.ledger_hash
           AND NOT EXISTS (
               SELECT FROM billing_ledger_transactions AS later
               WHERE later.tenant_id = NEW.tenant_id AND later.wallet_id = NEW.id
                     AND later.wallet_version = NEW.ledger_version + 1)
           AND head.balance_after = (
               SELECT COALESCE(sum(lot.remaining), 0) FROM billing_credit_lots AS lot
               WHERE lot.tenant_id = NEW.tenant_id AND lot.wallet_id = NEW.id AND lot.is_open)
           AND head.reserved_after = (
               SELECT COALESCE(sum(hold.amount), 0) FROM billing_holds AS hold
               WHERE hold.tenant_id = NEW.tenant_id AND hold.wallet_id = NEW.id AND hold.status = 'held')
    INTO agrees
    FROM billing_ledger_transactions AS head
    WHERE head.tenant_id = NEW.tenant_id AND head.wallet_id = NEW.id AND head.wallet_version = NEW.ledger_version;
    IF agrees IS NOT TRUE THEN
        RAISE EXCEPTION 'wallet % does not agree with its ledger, its lots or its holds', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME,
                  HINT = 'Only the ledger moves a balance: post a movement.';
    END IF;
    RETURN NULL;
END $$;
