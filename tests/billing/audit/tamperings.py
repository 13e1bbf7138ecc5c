"""Ways to tamper with the ledger, each with the rules that the audit must report."""

LEDGER_TAMPERINGS = {
    "an edited amount": ("UPDATE billing_ledger_transactions SET amount = amount - 1 WHERE wallet_version = 3",
                                 {"I2", "I9", "I13"}),
    "an edited balance": (
        "UPDATE billing_ledger_transactions SET balance_after = balance_after + 1 WHERE wallet_version = 3",
        {"I2", "I3", "I13"}),
    "an edited description": (
        "UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3", {"I13"}),
    "an edited time": (
        "UPDATE billing_ledger_transactions SET created_at = created_at + interval '1 second' WHERE wallet_version = 3",
        {"I13"}),
    "an edited hash": (
        "UPDATE billing_ledger_transactions SET entry_hash = sha256('x') WHERE wallet_version = 3", {"I13"}),
    "an edited key": (
        "UPDATE billing_ledger_transactions SET idempotency_key = 'again' WHERE wallet_version = 3", {"I13"}),
    "an edited reserved amount": (
        "UPDATE billing_ledger_transactions SET reserved_after = reserved_after + 1 WHERE wallet_version = 3",
        {"I3", "I13"}),
    "removed lot movements": (
        "UPDATE billing_ledger_transactions SET lot_movements = '{}' WHERE wallet_version = 3", {"I9", "I13"}),
    "an edited movement of a single lot": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '100.0', '99.0')::jsonb"
        " WHERE wallet_version = 1", {"I9", "I13"}),
    "an edited movement of several lots": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '-5.0', '-4.0')::jsonb"
        " WHERE wallet_version = 3", {"I9", "I13"}),
    "a lot movement that is not a number": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '-5.0', 'none')::jsonb"
        " WHERE wallet_version = 3", {"I9", "I13"}),
    "an empty movement of a single lot": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, amount::text, '')::jsonb"
        " WHERE wallet_version = 1", {"I9", "I13"}),
    "a repeated amount in the movement of a single lot": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " replace(lot_movements::text, amount::text, amount::text || amount)::jsonb WHERE wallet_version = 1",
        {"I9", "I13"}),
    "another lot in a movement": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " jsonb_build_object((SELECT max(id::text) FROM billing_credit_lots), amount::text) WHERE wallet_version = 1",
        {"I9", "I13"}),
    "an amount shifted between the movements of two transactions": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " jsonb_build_object((SELECT min(id::text) FROM billing_credit_lots),"
        " (amount + CASE wallet_version WHEN 1 THEN 1 ELSE -1 END)::text)"
        " WHERE wallet_version = 1 OR description = 'Rounding'", {"I9", "I13"}),
    "lot movements in another notation, which only the hash detects": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '000\"', '\"')::jsonb"
        " WHERE wallet_version <= 3", {"I13"}),
    "a deleted transaction": ("DELETE FROM billing_ledger_transactions WHERE wallet_version = 3",
                              {"I2", "I3", "I9", "I13"}),
    "a deleted last transaction": (
        "DELETE FROM billing_ledger_transactions WHERE wallet_version ="
        " (SELECT max(wallet_version) FROM billing_ledger_transactions)", {"I2", "I6", "I9", "I10"}),
    "an inserted transaction": (
        "INSERT INTO billing_ledger_transactions SELECT (jsonb_populate_record(t, jsonb_build_object("
        "'id', gen_random_uuid(), 'idempotency_key', 'inserted', 'wallet_version', 1000, 'amount', 50,"
        "'balance_after', t.balance_before + 50))).* FROM billing_ledger_transactions t WHERE wallet_version = 1",
        {"I2", "I3", "I9", "I13"}),
    "a reversal of more than was charged": (
        "UPDATE billing_ledger_transactions SET reverses_id ="
        " (SELECT id FROM billing_ledger_transactions WHERE wallet_version = 1)"
        " WHERE reverses_id IS NOT NULL AND description = 'It was not used'", {"I5", "I13"}),
}  # fmt: skip

OTHER_TAMPERINGS = {
    "a wallet's balance": ("UPDATE billing_wallets SET current_balance = current_balance + 1", {"I2", "I9"}),
    "a wallet's reserved balance": (
        "UPDATE billing_wallets SET reserved_balance = reserved_balance + 1, current_balance = current_balance + 1",
        {"I2", "I8"}),
    "a wallet's last hash": ("UPDATE billing_wallets SET ledger_hash = sha256('x')", {"I2"}),
    "a lot's remaining credit": (
        "UPDATE billing_credit_lots SET remaining = remaining - 1 WHERE remaining > 1", {"I9"}),
    "a lot's expiry": ("UPDATE billing_credit_lots SET expires_at = created_at WHERE priority = 50", {"I9"}),
    "a lot's priority": ("UPDATE billing_credit_lots SET priority = 60 - priority", {"I9"}),
    "a captured hold": (
        "UPDATE billing_holds SET status = 'released', captured_amount = NULL WHERE captured_amount = 4", {"I8"}),
    "a reopened hold": (
        "UPDATE billing_holds SET status = 'held', resolved_at = NULL WHERE status = 'released'", {"I8"}),
    "a captured amount": ("UPDATE billing_holds SET captured_amount = 3 WHERE captured_amount = 4", {"I8"}),
    "a hold's expiry": ("UPDATE billing_holds SET expires_at = created_at WHERE captured_amount = 4", {"I8"}),
    "a charged usage event without a debit": (
        "UPDATE billing_usage_events SET ledger_transaction_id = NULL WHERE idempotency_key = 'call-0'", {"I6"}),
    "an edited cost of a usage event": (
        "UPDATE billing_usage_events SET total_cost = total_cost + 1 WHERE idempotency_key = 'call-0'", {"I6", "I7"}),
    "a charged usage event that was refunded": (
        "UPDATE billing_usage_events SET status = 'charged' WHERE idempotency_key = 'call-2'", {"I6", "I11"}),
    "an item's cost": (
        "UPDATE billing_usage_events SET usage_items = jsonb_set(usage_items, '{0,cost}', '\"0.1\"')"
        " WHERE idempotency_key = 'call-0'", {"I7"}),
    "an item's price": (
        "UPDATE billing_usage_events SET usage_items = jsonb_set(usage_items, '{0,price_version}', '9')"
        " WHERE idempotency_key = 'call-0'", {"I7"}),
    "an invoice number": ("UPDATE billing_invoices SET sequence_number = 2", {"I10"}),
    "the last number of a series": ("UPDATE billing_invoice_series SET last_number = 2", {"I10"}),
    "an invoice's total": (
        "UPDATE billing_invoices SET subtotal = subtotal + 1, total = total + 1, prepaid_amount = prepaid_amount + 1",
        {"I10"}),
    "a quota": ("UPDATE billing_entitlement_usage SET quota = 1", {"I11"}),
    "the use a quota counted on a day": (
        "UPDATE billing_entitlement_usage SET used = used + 1 WHERE \"window\" = 'day' AND window_start = '2026-09-07'",
        {"I11"}),
    "a deleted day of a quota": (
        "DELETE FROM billing_entitlement_usage WHERE \"window\" = 'day' AND window_start = '2026-09-07'", {"I11"}),
    "the quota units of a usage event": (
        "UPDATE billing_usage_events SET quota_units = 0 WHERE idempotency_key = 'call-0'", {"I11"}),
    "the feature of a usage event": (
        "UPDATE billing_usage_events SET feature_key = 'another' WHERE idempotency_key = 'call-0'", {"I11"}),
    "a key to a missing row": ("UPDATE billing_credit_lots SET wallet_id = gen_random_uuid() WHERE priority = 50",
                         {"I9", "I12"}),
    "a key to another tenant": ("UPDATE billing_holds SET tenant_id = gen_random_uuid() WHERE captured_amount = 4",
                                {"I8", "I12"}),
}  # fmt: skip

REWRITE = """
DO $$ DECLARE
    entry billing_ledger_transactions;
    head bytea := '';
BEGIN
    FOR entry IN SELECT * FROM billing_ledger_transactions ORDER BY wallet_version LOOP
        head := billing_entry_hash(head, entry);
        UPDATE billing_ledger_transactions SET entry_hash = head WHERE id = entry.id;
    END LOOP;
    UPDATE billing_wallets SET ledger_hash = head;
END $$
"""

GUARDS = {
    "billing_ledger_transactions_append_only": "DROP TRIGGER {name} ON billing_ledger_transactions",
    "billing_wallets_fold": "ALTER TABLE billing_wallets DISABLE TRIGGER {name}",
    "billing_wallets_not_overdrawn": "ALTER TABLE billing_wallets DROP CONSTRAINT {name}",
    "row-level security": "ALTER TABLE billing_credit_lots NO FORCE ROW LEVEL SECURITY",
    "append-only for lad_app": "GRANT UPDATE (amount) ON billing_ledger_transactions TO lad_app",
    "not null amount": "ALTER TABLE billing_holds ALTER amount DROP NOT NULL",
    "keys are checked": "ALTER TABLE billing_holds DISABLE TRIGGER ALL",
}
