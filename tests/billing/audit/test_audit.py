"""The audit of the ledger: what is whole is proved, and whatever is tampered with is named."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse

from billing.audit.checks.search import Search, find
from billing.audit.models import AuditResult, LedgerAnchor, LedgerAudit
from billing.audit.services import prove
from billing.invoicing import services as invoices
from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.usage.services import usage
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.conftest import empty_tables, superuser_connection
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory, WalletFactory

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEATURE = "voice-agent"


@pytest.fixture
def purse(tenant: Tenant) -> Wallet:
    """A wallet with every kind of movement behind it, and a month that was used, invoiced and paid."""
    with platform_context():
        PriceFactory(tenant_id=None, provider="twilio", category="telephony", model="*", unit="minute",
                     unit_price=Decimal("0.0133333333"), effective_from=START - DAY)  # fmt: skip
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory(feature_key=FEATURE, monthly_quota=Decimal(100), overage_rate=None)
    with tenant_context(tenant.pk):
        wallet = WalletFactory.create(user=None, low_balance_threshold=None)
        moves(wallet)
        _used_in_september()
        invoices.finalise(
            invoice=invoices.draft_for_period(
                period_start=START + 6 * DAY, period_end=START + 20 * DAY, now=START + 30 * DAY
            )
        )
    return wallet


def moves(wallet: Wallet, prefix: str = "") -> None:
    """Lots that are used in order, expire and are given back to; holds that end in each way; corrections."""

    def key(name: str) -> dict[str, Any]:
        return {"wallet": wallet, "key": prefix + name}

    ledger.topup(amount=Decimal(100), now=START, **key("bought"))
    ledger.credit(amount=Decimal(5), now=START, expires_at=START + DAY, **key("granted"))
    ledger.debit(amount=Decimal("7.5"), now=START + HOUR, **key("from two lots"))
    ledger.credit(amount=Decimal(5), now=START + 2 * HOUR, expires_at=START + DAY, **key("granted again"))
    kept = ledger.reserve(amount=Decimal(8), ttl=30 * DAY, now=START + 3 * HOUR, **key("kept"))
    ledger.extend(
        hold=hold_of(kept), until=START + 40 * DAY, amount=Decimal(1), key=f"{prefix}more", now=START + 4 * HOUR
    )
    taken = ledger.reserve(amount=Decimal(6), ttl=3 * DAY, now=START + 5 * HOUR, **key("taken"))
    ledger.capture(hold=hold_of(taken), amount=Decimal(4), key=f"{prefix}capture", now=START + 2 * DAY)
    let_go = ledger.reserve(amount=Decimal(2), ttl=DAY, now=START + 2 * DAY, **key("let go"))
    ledger.release(hold=hold_of(let_go), key=f"{prefix}release", now=START + 2 * DAY)
    lapsed = ledger.reserve(amount=Decimal(3), ttl=DAY, now=START + 2 * DAY, **key("lapsed"))
    ledger.expire(hold=hold_of(lapsed), now=START + 4 * DAY)
    wrong = ledger.debit(amount=Decimal(9), now=START + 4 * DAY, **key("wrong"))
    ledger.reverse(transaction=wrong, key=f"{prefix}reversed", reason="It was not used", now=START + 4 * DAY)
    ledger.adjust(amount=Decimal("-0.25"), reason="Rounding", now=START + 4 * DAY, **key("adjusted"))
    ledger.capture(hold=hold_of(kept), amount=Decimal(9), key=f"{prefix}all of it", now=START + 5 * DAY)


def hold_of(posted: ledger.Posted) -> UUID:
    assert posted.hold_id is not None
    return posted.hold_id


def _used_in_september() -> None:
    item = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute", "quantity": "7"}
    for number in range(3):
        moment = START + (6 + number) * DAY
        event = usage.record(feature_key=FEATURE, items=[item], key=f"call-{number}", occurred_at=moment, now=moment)
        usage.charge(event=event, now=moment)
    usage.void(event=event, reason="The call never was", now=START + 9 * DAY)


def audited(**options: Any) -> Search:
    return prove(now=START + 10 * DAY, **options).search


def broken(**options: Any) -> set[str]:
    """The numbers of the promises that an audit finds broken by somebody's rows."""
    return {finding.rule for finding in audited(**options).findings if finding.tenant_id}


@pytest.fixture
def tamper(db_guards: dict[str, str]) -> Callable[[str], None]:
    """Do to the database what no role of LAD may, taking down every guard that objects."""

    def change(statement: str) -> None:
        with superuser_connection() as superuser:
            superuser.execute("SET session_replication_role = replica")
            while True:
                try:
                    superuser.execute(statement)
                    return
                except psycopg.errors.IntegrityError as error:
                    take_down(superuser, error.diag.table_name, error.diag.constraint_name, db_guards)

    return change


@pytest.fixture
def db_guards() -> Iterator[dict[str, str]]:
    """Guards that a test takes down, with how to put them up again; done when its rows are gone."""
    down: dict[str, str] = {}
    yield down
    if down:
        connections.close_all()
        empty_tables()
        with superuser_connection() as superuser:
            for statement in down.values():
                superuser.execute(statement)


def take_down(superuser: psycopg.Connection, table: str | None, name: str | None, down: dict[str, str]) -> None:
    """Drop a constraint or unique index, noting how it is made."""
    found = superuser.execute(
        "SELECT format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,"
        " pg_get_constraintdef(oid)), format('ALTER TABLE %%I DROP CONSTRAINT %%I', conrelid::regclass, conname)"
        " FROM pg_constraint WHERE conname = %(name)s"
        " UNION ALL SELECT pg_get_indexdef(to_regclass(%(name)s)), format('DROP INDEX %%I', %(name)s::text)"
        " WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = %(name)s)",
        {"name": name},
    ).fetchone()
    assert found and name, f"{table} refuses it by {name}"
    down[name] = found[0]
    superuser.execute(found[1])


def test_a_ledger_that_nobody_tampered_with_is_proved(purse):
    search = audited()
    assert (search.findings, search.violations) == ([], 0)
    with platform_context():
        assert search.movements == LedgerTransaction.objects.count() > 20
        assert search.wallets == 1


def test_credit_that_expired_no_longer_comes_first(purse):
    with tenant_context(purse.tenant_id):
        ledger.credit(wallet=purse, amount=Decimal(5), key="lost", now=START + 21 * DAY, expires_at=START + 22 * DAY)
        ledger.debit(wallet=purse, amount=Decimal(1), key="later", now=START + 25 * DAY)
    assert broken() == set()


LEDGER_TAMPERINGS = {
    "an amount that is edited": ("UPDATE billing_ledger_transactions SET amount = amount - 1 WHERE wallet_version = 3",
                                 {"I2", "I9", "I13"}),
    "a balance that is edited": (
        "UPDATE billing_ledger_transactions SET balance_after = balance_after + 1 WHERE wallet_version = 3",
        {"I2", "I3", "I13"}),
    "a description that is edited": (
        "UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3", {"I13"}),
    "a moment that is edited": (
        "UPDATE billing_ledger_transactions SET created_at = created_at + interval '1 second' WHERE wallet_version = 3",
        {"I13"}),
    "a hash that is edited": (
        "UPDATE billing_ledger_transactions SET entry_hash = sha256('x') WHERE wallet_version = 3", {"I13"}),
    "a key that is edited": (
        "UPDATE billing_ledger_transactions SET idempotency_key = 'again' WHERE wallet_version = 3", {"I13"}),
    "what was reserved that is edited": (
        "UPDATE billing_ledger_transactions SET reserved_after = reserved_after + 1 WHERE wallet_version = 3",
        {"I3", "I13"}),
    "a lot that is edited in a movement": (
        "UPDATE billing_ledger_transactions SET lot_movements = '{}' WHERE wallet_version = 3", {"I9", "I13"}),
    "what a movement took from its one lot": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '100.0', '99.0')::jsonb"
        " WHERE wallet_version = 1", {"I9", "I13"}),
    "what a movement took from several lots": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '-5.0', '-4.0')::jsonb"
        " WHERE wallet_version = 3", {"I9", "I13"}),
    "a part of a movement that is no number": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '-5.0', 'none')::jsonb"
        " WHERE wallet_version = 3", {"I9", "I13"}),
    "a part of a movement of one lot that is empty": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, amount::text, '')::jsonb"
        " WHERE wallet_version = 1", {"I9", "I13"}),
    "a part of a movement of one lot that is there twice": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " replace(lot_movements::text, amount::text, amount::text || amount)::jsonb WHERE wallet_version = 1",
        {"I9", "I13"}),
    "the lot of a movement": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " jsonb_build_object((SELECT max(id::text) FROM billing_credit_lots), amount::text) WHERE wallet_version = 1",
        {"I9", "I13"}),
    "parts that are swapped between two movements": (
        "UPDATE billing_ledger_transactions SET lot_movements ="
        " jsonb_build_object((SELECT min(id::text) FROM billing_credit_lots),"
        " (amount + CASE wallet_version WHEN 1 THEN 1 ELSE -1 END)::text)"
        " WHERE wallet_version = 1 OR description = 'Rounding'", {"I9", "I13"}),
    "parts that are written otherwise, which only the hash tells": (
        "UPDATE billing_ledger_transactions SET lot_movements = replace(lot_movements::text, '000\"', '\"')::jsonb"
        " WHERE wallet_version <= 3", {"I13"}),
    "a row that is deleted": ("DELETE FROM billing_ledger_transactions WHERE wallet_version = 3",
                              {"I2", "I3", "I9", "I13"}),
    "a last row that is deleted": (
        "DELETE FROM billing_ledger_transactions WHERE wallet_version ="
        " (SELECT max(wallet_version) FROM billing_ledger_transactions)", {"I2", "I6", "I9", "I10"}),
    "a row that is put in": (
        "INSERT INTO billing_ledger_transactions SELECT (jsonb_populate_record(t, jsonb_build_object("
        "'id', gen_random_uuid(), 'idempotency_key', 'put in', 'wallet_version', 1000, 'amount', 50,"
        "'balance_after', t.balance_before + 50))).* FROM billing_ledger_transactions t WHERE wallet_version = 1",
        {"I2", "I3", "I9", "I13"}),
    "a reversal of more than was taken": (
        "UPDATE billing_ledger_transactions SET reverses_id ="
        " (SELECT id FROM billing_ledger_transactions WHERE wallet_version = 1)"
        " WHERE reverses_id IS NOT NULL AND description = 'It was not used'", {"I5", "I13"}),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "rules"), LEDGER_TAMPERINGS.values(), ids=LEDGER_TAMPERINGS)
def test_a_tampered_movement_is_named(purse, tamper, statement, rules):
    tamper(statement)
    assert broken() == rules


OTHER_TAMPERINGS = {
    "a wallet's balance": ("UPDATE billing_wallets SET current_balance = current_balance + 1", {"I2", "I9"}),
    "what a wallet reserves": (
        "UPDATE billing_wallets SET reserved_balance = reserved_balance + 1, current_balance = current_balance + 1",
        {"I2", "I8"}),
    "a wallet's head": ("UPDATE billing_wallets SET ledger_hash = sha256('x')", {"I2"}),
    "a lot's remaining credit": (
        "UPDATE billing_credit_lots SET remaining = remaining - 1 WHERE remaining > 1", {"I9"}),
    "a lot's end": ("UPDATE billing_credit_lots SET expires_at = created_at WHERE priority = 50", {"I9"}),
    "a lot's place": ("UPDATE billing_credit_lots SET priority = 60 - priority", {"I9"}),
    "a captured hold": (
        "UPDATE billing_holds SET status = 'released', captured_amount = NULL WHERE captured_amount = 4", {"I8"}),
    "a hold that is open again": (
        "UPDATE billing_holds SET status = 'held', resolved_at = NULL WHERE status = 'released'", {"I8"}),
    "what was captured": ("UPDATE billing_holds SET captured_amount = 3 WHERE captured_amount = 4", {"I8"}),
    "a hold's end": ("UPDATE billing_holds SET expires_at = created_at WHERE captured_amount = 4", {"I8"}),
    "a use that is charged without a debit": (
        "UPDATE billing_usage_events SET ledger_transaction_id = NULL WHERE idempotency_key = 'call-0'", {"I6"}),
    "a use that costs something else": (
        "UPDATE billing_usage_events SET total_cost = total_cost + 1 WHERE idempotency_key = 'call-0'", {"I6", "I7"}),
    "a use that is charged and was given back": (
        "UPDATE billing_usage_events SET status = 'charged' WHERE idempotency_key = 'call-2'", {"I6", "I11"}),
    "an item's cost": (
        "UPDATE billing_usage_events SET usage_items = jsonb_set(usage_items, '{0,cost}', '\"0.1\"')"
        " WHERE idempotency_key = 'call-0'", {"I7"}),
    "an item's price": (
        "UPDATE billing_usage_events SET usage_items = jsonb_set(usage_items, '{0,price_version}', '9')"
        " WHERE idempotency_key = 'call-0'", {"I7"}),
    "a number of an invoice": ("UPDATE billing_invoices SET sequence_number = 2", {"I10"}),
    "a number of a series": ("UPDATE billing_invoice_series SET last_number = 2", {"I10"}),
    "an invoice's sum": (
        "UPDATE billing_invoices SET subtotal = subtotal + 1, total = total + 1, prepaid_amount = prepaid_amount + 1",
        {"I10"}),
    "a quota": ("UPDATE billing_entitlement_usage SET quota = 1", {"I11"}),
    "what a quota counted in a day": (
        "UPDATE billing_entitlement_usage SET used = used + 1 WHERE \"window\" = 'day' AND window_start = '2026-09-07'",
        {"I11"}),
    "a day that a quota counted": (
        "DELETE FROM billing_entitlement_usage WHERE \"window\" = 'day' AND window_start = '2026-09-07'", {"I11"}),
    "what a use took of a quota": (
        "UPDATE billing_usage_events SET quota_units = 0 WHERE idempotency_key = 'call-0'", {"I11"}),
    "the feature of a use": (
        "UPDATE billing_usage_events SET feature_key = 'another' WHERE idempotency_key = 'call-0'", {"I11"}),
    "a key to nothing": ("UPDATE billing_credit_lots SET wallet_id = gen_random_uuid() WHERE priority = 50",
                         {"I9", "I12"}),
    "a key to another tenant": ("UPDATE billing_holds SET tenant_id = gen_random_uuid() WHERE captured_amount = 4",
                                {"I8", "I12"}),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "rules"), OTHER_TAMPERINGS.values(), ids=OTHER_TAMPERINGS)
def test_anything_else_that_is_tampered_with_is_named(purse, tamper, statement, rules):
    tamper(statement)
    assert broken() == rules


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


def test_a_chain_that_was_written_anew_as_a_whole_is_caught_by_its_anchor(purse, tamper):
    assert broken() == set()
    tamper("UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3")
    tamper(REWRITE)
    [finding] = audited().findings
    assert (finding.rule, finding.table) == ("I13", "billing_ledger_anchors")
    assert finding.row["wallet_id"] == str(purse.pk)


def test_a_key_that_had_two_effects_is_named_with_the_missing_guard(purse, tamper, db_guards):
    with superuser_connection() as superuser:
        take_down(superuser, "", "billing_ledger_transactions_idempotency_key", db_guards)
    tamper("UPDATE billing_ledger_transactions SET idempotency_key = 'bought' WHERE wallet_version = 3")
    search = audited(with_hashes=False)
    assert [(finding.rule, finding.row.get("idempotency_key")) for finding in search.findings] == [
        ("I4", "bought"),
        ("I5", None),
    ]


GUARDS = {
    "billing_ledger_transactions_append_only": "DROP TRIGGER {name} ON billing_ledger_transactions",
    "billing_wallets_fold": "ALTER TABLE billing_wallets DISABLE TRIGGER {name}",
    "billing_wallets_not_overdrawn": "ALTER TABLE billing_wallets DROP CONSTRAINT {name}",
    "row-level security": "ALTER TABLE billing_credit_lots NO FORCE ROW LEVEL SECURITY",
    "append-only for lad_app": "GRANT UPDATE (amount) ON billing_ledger_transactions TO lad_app",
    "not null amount": "ALTER TABLE billing_holds ALTER amount DROP NOT NULL",
    "keys are checked": "ALTER TABLE billing_holds DISABLE TRIGGER ALL",
}


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_somebody_took_down_is_named(db, name):
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True), superuser.cursor() as cursor:
        cursor.execute(GUARDS[name].format(name=name))
        names = {finding.row["id"] for finding in find(cursor).findings}
    assert name in names
    assert names <= {name, "billing_holds_steps", "billing_holds_touch_updated_at"}


def test_postings_during_an_audit_are_no_violations(purse):
    def post(number: int) -> None:
        try:
            with tenant_context(purse.tenant_id):
                moves(purse, prefix=f"{number} ")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(post, number) for number in range(20)]
        audits = 0
        while not all(task.done() for task in posting):
            assert broken(with_hashes=audits % 2 == 0) == set()
            audits += 1
    for task in posting:
        task.result()
    assert audits > 1
    assert broken() == set()


def test_an_audit_is_kept_and_anchors_the_wallets_that_moved(purse):
    assert broken() == set()
    with platform_context():
        audit = LedgerAudit.objects.get()
        anchor = LedgerAnchor.objects.get()
        purse.refresh_from_db()
    assert (audit.result, audit.violations, audit.findings) == (AuditResult.PROVED, 0, [])
    assert (audit.ledger_rows, audit.wallets) == (purse.ledger_version, 1)
    assert (anchor.wallet_version, bytes(anchor.entry_hash)) == (purse.ledger_version, bytes(purse.ledger_hash))


def test_an_audit_since_the_anchors_reads_only_what_came_after(purse, tamper):
    assert broken() == set()
    with tenant_context(purse.tenant_id):
        ledger.debit(wallet=purse, amount=Decimal(1), key="after", now=START + 25 * DAY)
    search = audited(since_anchor=True)
    assert (search.violations, search.movements) == (0, 1)
    tamper("UPDATE billing_ledger_transactions SET balance_after = 0 WHERE idempotency_key = 'after'")
    assert broken(since_anchor=True) == {"I2", "I13"}


def test_a_violation_is_kept_told_to_its_tenant_and_never_anchored(purse, tamper):
    tamper("UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3")
    assert broken() == {"I13"}
    with platform_context():
        audit = LedgerAudit.objects.get()
        event = DomainEvent.objects.get(event_type="billing.ledger.audit_failed")
        assert not LedgerAnchor.objects.exists()
    assert (audit.result, audit.violations) == (AuditResult.VIOLATED, 1)
    assert audit.findings[0]["row"]["wallet_version"] == 3
    assert event.tenant_id == purse.tenant_id
    assert event.payload == {"audit_id": str(audit.pk), "violations": 1, "rules": ["I13"]}


def test_a_quota_holds_of_a_tenant_that_changed_its_time_zone(purse, tamper, tenant):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Auckland")
    assert broken() == broken(tenant=tenant) == set()
    tamper("UPDATE billing_entitlement_usage SET used = used + 1 WHERE \"window\" = 'month'")
    [finding] = audited().findings
    assert (finding.rule, finding.row["window"], finding.row["begins"]) == ("I11", "month", None)
    assert Decimal(finding.row["used"]) == Decimal(finding.row["recorded"]) + 1


def test_an_audit_of_one_tenant_leaves_others_alone(purse, tamper, tenant, other_tenant):
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    assert broken(tenant=other_tenant) == set()
    assert broken(tenant=tenant) == {"I2", "I9"}


def test_the_command_prints_each_violation_with_its_row_and_fails(purse, tamper):
    told = StringIO()
    call_command("ledger_audit", stdout=told)
    assert "of 1 wallets in" in told.getvalue()
    assert told.getvalue().endswith(" 0 violations\n")
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    with pytest.raises(CommandError) as failed:
        call_command("ledger_audit", "--tenant", "acme-outreach", stdout=told)
    assert failed.value.returncode == 1
    assert f'I2 A wallet is not the fold of its ledger: billing_wallets {{"id": "{purse.pk}"' in told.getvalue()


def test_the_dashboard_says_when_the_ledger_was_proved(purse, root, tamper):
    page = reverse("admin:index")
    assert "Not proved yet" in root.get(page).content.decode()
    assert broken() == set()
    shown = root.get(page).content.decode()
    assert "Proved" in shown
    assert f"{purse.ledger_version:,} movements, 0 violations" not in shown
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    assert broken() == {"I2", "I9"}
    assert "2 violations" in root.get(page).content.decode()
