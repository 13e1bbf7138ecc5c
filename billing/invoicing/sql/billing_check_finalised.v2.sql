-- Refuse to finalise an invoice whose number, prefix, sums or corrected invoice are wrong.

CREATE OR REPLACE FUNCTION billing_check_finalised() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken billing_invoice_series%ROWTYPE;
    original billing_invoices%ROWTYPE;
    rule text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status = 'draft' THEN
            RETURN NEW;
        END IF;
        rule := 'begins as a draft';
    ELSIF NEW.sequence_number IS NULL OR OLD.sequence_number IS NOT NULL THEN
        RETURN NEW;
    ELSE
        SELECT * INTO taken FROM billing_invoice_series WHERE tenant_id = NEW.tenant_id AND series = NEW.series;
        IF NEW.status <> 'pending' THEN
            rule := 'has its number from the moment it is finalised';
        ELSIF taken.last_number IS DISTINCT FROM NEW.sequence_number
              OR NEW.invoice_number <> taken.prefix
                 || lpad(taken.last_number::text, greatest(6, length(taken.last_number::text)), '0') THEN
            rule := 'is finalised with the number just taken';
        ELSIF NOT EXISTS (SELECT FROM billing_number_prefixes AS own WHERE own.tenant_id = NEW.tenant_id
                          AND own.prefix = split_part(NEW.invoice_number, '-', 1)) THEN
            rule := 'has a number that begins with a prefix of its tenant';
        ELSIF NEW.subtotal <> billing_sum_of(NEW.line_items) OR NEW.tax <> billing_sum_of(NEW.tax_lines) THEN
            rule := 'comes to the sum of its lines';
        ELSIF NEW.kind = 'usage' AND NEW.credit_owed <> GREATEST(-NEW.tax, 0) THEN
            rule := 'owes the customer the tax that it gives back';
        ELSIF NEW.corrects_id IS NULL THEN
            RETURN NEW;
        ELSE
            -- Locked, so that two credit notes do not each find room for themselves.
            SELECT * INTO original FROM billing_invoices
              WHERE tenant_id = NEW.tenant_id AND id = NEW.corrects_id FOR NO KEY UPDATE;
            IF original.finalised_at IS NULL OR original.status = 'voided' OR original.kind = 'credit_note'
               OR original.currency <> NEW.currency THEN
                rule := 'corrects a finalised invoice in its currency';
            ELSIF NEW.total + (SELECT COALESCE(sum(total), 0) FROM billing_invoices
                               WHERE tenant_id = NEW.tenant_id AND corrects_id = NEW.corrects_id
                                 AND finalised_at IS NOT NULL) > original.total THEN
                rule := 'takes back no more than the invoice came to';
            ELSE
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'an invoice %', rule USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
