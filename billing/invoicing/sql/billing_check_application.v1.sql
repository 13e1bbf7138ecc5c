-- Refuse to deduct credit that a document does not owe, or more than its invoice says was deducted from it.
-- Both documents stay locked, so that simultaneous deductions do not each find the same credit.

CREATE OR REPLACE FUNCTION billing_check_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source billing_invoices%ROWTYPE;
    target billing_invoices%ROWTYPE;
    rule text;
BEGIN
    PERFORM FROM billing_invoices
      WHERE tenant_id = NEW.tenant_id AND id IN (NEW.source_id, NEW.target_id) ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO source FROM billing_invoices WHERE tenant_id = NEW.tenant_id AND id = NEW.source_id;
    SELECT * INTO target FROM billing_invoices WHERE tenant_id = NEW.tenant_id AND id = NEW.target_id;
    IF source.id IS NULL OR target.id IS NULL THEN
        -- The foreign keys refuse the row.
        RETURN NEW;
    END IF;
    IF (source.status = 'pending' AND target.finalised_at IS NOT NULL AND target.status <> 'voided'
        AND source.currency = target.currency) IS NOT TRUE THEN
        rule := 'is deducted from a finalised invoice in its currency';
    ELSIF (NEW.amount + (SELECT COALESCE(sum(amount), 0) FROM billing_credit_applications
                         WHERE tenant_id = NEW.tenant_id AND source_id = NEW.source_id)
           <= source.credit_owed) IS NOT TRUE THEN
        rule := 'is deducted no further than it is owed';
    ELSIF (NEW.amount + (SELECT COALESCE(sum(amount), 0) FROM billing_credit_applications
                         WHERE tenant_id = NEW.tenant_id AND target_id = NEW.target_id)
           <= target.applied_credit) IS NOT TRUE THEN
        rule := 'is deducted no further than its invoice says';
    ELSE
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'credit %', rule USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
