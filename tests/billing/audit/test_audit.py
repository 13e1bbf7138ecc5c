"""The audit of the ledger: an intact ledger passes, and every tampering is reported."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import count
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse

from billing.audit.checks.search import CheckResults, run_checks
from billing.audit.checks.snapshot import snapshot
from billing.audit.models import AuditResult, LedgerAnchor, LedgerAudit
from billing.audit.services import audit_ledger
from billing.invoicing.services import invoices
from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.usage.services import usage
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.billing.audit.tamperings import GUARDS, LEDGER_TAMPERINGS, OTHER_TAMPERINGS, REWRITE
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory, WalletFactory
from tests.support.database import empty_tables, superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEATURE = "voice-agent"


@pytest.fixture
def wallet(tenant: Tenant) -> Wallet:
    """Return a wallet with every kind of transaction and a month of invoiced usage."""
    with platform_context():
        PriceFactory(tenant_id=None, provider="twilio", category="telephony", model="*", unit="minute",
                     unit_price=Decimal("0.0133333333"), effective_from=START - DAY)  # fmt: skip
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory(feature_key=FEATURE, monthly_quota=Decimal(100), overage_rate=None)
    with tenant_context(tenant.pk):
        wallet = WalletFactory.create(user=None, low_balance_threshold=None)
        post_every_kind(wallet)
        _used_in_september()
        invoices.finalise(
            invoice=invoices.draft_for_period(
                period_start=START + 6 * DAY, period_end=START + 20 * DAY, now=START + 30 * DAY
            )
        )
    return wallet


def post_every_kind(wallet: Wallet, prefix: str = "") -> None:
    """Post credit that is used, expires and is given back, holds with every ending, and corrections."""

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


def hold_of(posted: ledger.PostedTransaction) -> UUID:
    assert posted.hold_id is not None
    return posted.hold_id


def _used_in_september() -> None:
    item = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute", "quantity": "7"}
    for number in range(3):
        moment = START + (6 + number) * DAY
        event = usage.record(feature_key=FEATURE, items=[item], key=f"call-{number}", occurred_at=moment, now=moment)
        usage.charge(event=event, now=moment)
    usage.void(event=event, reason="The call never was", now=START + 9 * DAY)


def audited(**options: Any) -> CheckResults:
    return audit_ledger(now=START + 10 * DAY, **options).results


def broken_rules(**options: Any) -> set[str]:
    """Return the numbers of the rules that some tenant's rows break."""
    return {finding.rule for finding in audited(**options).findings if finding.tenant_id}


@pytest.fixture
def tamper(db_guards: dict[str, str]) -> Callable[[str], None]:
    """Return ``tamper(statement)``, which runs as superuser and drops every constraint in its way."""

    def change(statement: str) -> None:
        with superuser_connection() as superuser:
            superuser.execute("SET session_replication_role = replica")
            while True:
                try:
                    superuser.execute(statement)
                    return
                except psycopg.errors.IntegrityError as error:
                    drop_guard(superuser, error.diag.table_name, error.diag.constraint_name, db_guards)

    return change


@pytest.fixture
def db_guards() -> Iterator[dict[str, str]]:
    """Return the dropped constraints with the statements that recreate them. They are recreated at the end."""
    dropped: dict[str, str] = {}
    yield dropped
    if dropped:
        connections.close_all()
        empty_tables()
        with superuser_connection() as superuser:
            for statement in dropped.values():
                superuser.execute(statement)


def drop_guard(superuser: psycopg.Connection, table: str | None, name: str | None, dropped: dict[str, str]) -> None:
    """Drop a constraint or unique index and note how to recreate it."""
    found = superuser.execute(
        "SELECT format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,"
        " pg_get_constraintdef(oid)), format('ALTER TABLE %%I DROP CONSTRAINT %%I', conrelid::regclass, conname)"
        " FROM pg_constraint WHERE conname = %(name)s"
        " UNION ALL SELECT pg_get_indexdef(to_regclass(%(name)s)), format('DROP INDEX %%I', %(name)s::text)"
        " WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = %(name)s)",
        {"name": name},
    ).fetchone()
    assert found and name, f"{table} refuses the statement because of {name}"
    dropped[name] = found[0]
    superuser.execute(found[1])


def test_an_intact_ledger_passes(wallet):
    results = audited()
    assert (results.findings, results.violations) == ([], 0)
    with platform_context():
        assert results.transactions == LedgerTransaction.objects.count() > 20
        assert results.wallets == 1


def test_expired_credit_no_longer_comes_first_in_the_order_of_use(wallet):
    with tenant_context(wallet.tenant_id):
        ledger.credit(wallet=wallet, amount=Decimal(5), key="lost", now=START + 21 * DAY, expires_at=START + 22 * DAY)
        ledger.debit(wallet=wallet, amount=Decimal(1), key="later", now=START + 25 * DAY)
    assert broken_rules() == set()


@pytest.mark.parametrize(("statement", "rules"), LEDGER_TAMPERINGS.values(), ids=LEDGER_TAMPERINGS)
def test_a_tampered_transaction_is_reported(wallet, tamper, statement, rules):
    tamper(statement)
    assert broken_rules() == rules


@pytest.mark.parametrize(("statement", "rules"), OTHER_TAMPERINGS.values(), ids=OTHER_TAMPERINGS)
def test_any_other_tampering_is_reported(wallet, tamper, statement, rules):
    tamper(statement)
    assert broken_rules() == rules


def test_a_chain_that_was_rewritten_completely_is_detected_by_its_anchor(wallet, tamper):
    assert broken_rules() == set()
    tamper("UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3")
    tamper(REWRITE)
    [finding] = audited().findings
    assert (finding.rule, finding.table) == ("I13", "billing_ledger_anchors")
    assert finding.row["wallet_id"] == str(wallet.pk)


def test_a_duplicate_key_is_reported_together_with_the_missing_constraint(wallet, tamper, db_guards):
    with superuser_connection() as superuser:
        drop_guard(superuser, "", "billing_ledger_transactions_idempotency_key", db_guards)
    tamper("UPDATE billing_ledger_transactions SET idempotency_key = 'bought' WHERE wallet_version = 3")
    results = audited(with_hashes=False)
    assert [(finding.rule, finding.row.get("idempotency_key")) for finding in results.findings] == [
        ("I4", "bought"),
        ("I5", None),
    ]


@pytest.mark.parametrize("name", GUARDS)
def test_a_missing_guard_is_reported(db, name):
    with superuser_connection() as superuser, superuser.transaction(force_rollback=True), superuser.cursor() as cursor:
        cursor.execute(GUARDS[name].format(name=name))
        names = {finding.row["id"] for finding in run_checks(cursor).findings}
    assert name in names
    assert names <= {name, "billing_holds_steps", "billing_holds_touch_updated_at"}


def test_postings_during_an_audit_are_not_violations(wallet):
    enough, posted = Event(), list[str]()

    def post(thread: int) -> None:
        try:
            for number in count():
                if enough.is_set():
                    return
                with tenant_context(wallet.tenant_id):
                    post_every_kind(wallet, prefix=f"{thread}/{number} ")
                posted.append(f"{thread}/{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(post, thread) for thread in range(4)]
        try:
            audits = overtaken = 0
            while overtaken < 3:
                assert not any(task.done() for task in posting)
                before = len(posted)
                found = audited(with_hashes=audits % 2 == 0).findings
                assert [finding for finding in found if finding.tenant_id] == []
                audits += 1
                overtaken += len(posted) > before
        finally:
            enough.set()
    for task in posting:
        task.result()
    assert broken_rules() == set()


def test_all_rules_of_an_audit_read_the_same_snapshot(wallet):
    with snapshot() as cursor:
        before = run_checks(cursor, now=START + 10 * DAY)
        with tenant_context(wallet.tenant_id):
            post_every_kind(wallet, prefix="meanwhile ")
        after = run_checks(cursor, now=START + 10 * DAY)
    assert (before.findings, after.findings) == ([], [])
    assert before.transactions == after.transactions < audited().transactions


def test_an_audit_is_stored_and_anchors_wallets_with_new_transactions(wallet):
    assert broken_rules() == set()
    with platform_context():
        audit = LedgerAudit.objects.get()
        anchor = LedgerAnchor.objects.get()
        wallet.refresh_from_db()
    assert (audit.result, audit.violations, audit.findings) == (AuditResult.PROVED, 0, [])
    assert (audit.ledger_rows, audit.wallets) == (wallet.ledger_version, 1)
    assert (anchor.wallet_version, bytes(anchor.entry_hash)) == (wallet.ledger_version, bytes(wallet.ledger_hash))


def test_an_audit_since_the_anchors_reads_only_later_transactions(wallet, tamper):
    assert broken_rules() == set()
    with tenant_context(wallet.tenant_id):
        ledger.debit(wallet=wallet, amount=Decimal(1), key="after", now=START + 25 * DAY)
    results = audited(since_anchor=True)
    assert (results.violations, results.transactions) == (0, 1)
    tamper("UPDATE billing_ledger_transactions SET balance_after = 0 WHERE idempotency_key = 'after'")
    assert broken_rules(since_anchor=True) == {"I2", "I13"}


def test_a_violation_is_stored_emitted_for_its_tenant_and_never_anchored(wallet, tamper):
    tamper("UPDATE billing_ledger_transactions SET description = 'Something else' WHERE wallet_version = 3")
    assert broken_rules() == {"I13"}
    with platform_context():
        audit = LedgerAudit.objects.get()
        event = DomainEvent.objects.get(event_type="billing.ledger.audit_failed")
        assert not LedgerAnchor.objects.exists()
    assert (audit.result, audit.violations) == (AuditResult.VIOLATED, 1)
    assert audit.findings[0]["row"]["wallet_version"] == 3
    assert event.tenant_id == wallet.tenant_id
    assert event.payload == {"audit_id": str(audit.pk), "violations": 1, "rules": ["I13"]}


def test_quotas_of_a_tenant_that_changed_its_time_zone_are_checked_by_window(wallet, tamper, tenant):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Auckland")
    assert broken_rules() == set()
    tamper(
        "UPDATE billing_entitlement_usage SET window_start = '2026-09-20'"
        " WHERE \"window\" = 'day' AND window_start = '2026-09-08'"
    )
    assert {finding.rule for finding in audited().findings} == {"I11"}


def test_older_use_of_a_tenant_that_changed_its_time_zone_is_checked_in_total(wallet, tamper, tenant):
    tamper("UPDATE billing_usage_events SET quota_day = NULL")
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Auckland")
    assert broken_rules() == broken_rules(tenant=tenant) == set()
    tamper("UPDATE billing_entitlement_usage SET used = used + 1 WHERE \"window\" = 'month'")
    [finding] = audited().findings
    assert (finding.rule, finding.row["window"], finding.row["begins"]) == ("I11", "month", None)
    assert Decimal(finding.row["used"]) == Decimal(finding.row["recorded"]) + 1


def test_an_audit_of_one_tenant_ignores_the_others(wallet, tamper, tenant, other_tenant):
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    assert broken_rules(tenant=other_tenant) == set()
    assert broken_rules(tenant=tenant) == {"I2", "I9"}


def test_the_command_prints_each_violation_with_its_row_and_fails(wallet, tamper):
    output = StringIO()
    call_command("ledger_audit", stdout=output)
    assert "of 1 wallets in" in output.getvalue()
    assert output.getvalue().endswith(" 0 violations\n")
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    with pytest.raises(CommandError) as failed:
        call_command("ledger_audit", "--tenant", "acme-outreach", stdout=output)
    assert failed.value.returncode == 1
    assert f'I2 A wallet does not match its ledger: billing_wallets {{"id": "{wallet.pk}"' in output.getvalue()


def test_the_dashboard_shows_the_result_of_the_last_audit(wallet, root, tamper):
    page = reverse("admin:index")
    assert "Not audited yet" in root.get(page).content.decode()
    assert broken_rules() == set()
    shown = root.get(page).content.decode()
    assert "Audited" in shown
    with platform_context():
        wallet.refresh_from_db()
    assert f"{wallet.ledger_version:,} transactions, 0 violations" in shown
    tamper("UPDATE billing_wallets SET current_balance = current_balance + 1")
    assert broken_rules() == {"I2", "I9"}
    assert "2 violations" in root.get(page).content.decode()
