"""Moving legacy credits into wallets: exact balances, however often the move runs."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.audit.checks.search import Finding, run_checks
from billing.ledger.models import CreditLot, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.legacy.models import CreditTransaction, LegacyMove, UserCredit
from billing.legacy.services import freeze_credits
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.legacy.credits import JANUARY, NOW, Kind, add, credits_of, posted, rows_of, run, wallet_of
from tests.factories.billing import CreditTransactionFactory
from tests.factories.tenants import MemberFactory, TenantFactory
from tests.support.events import events


def audited() -> int:
    """Return the number of violations that the audit finds."""
    return len(found())


def found() -> list[Finding]:
    with platform_context(), connection.cursor() as cursor:
        return run_checks(cursor, now=NOW).findings


def test_a_balance_becomes_a_wallet_and_its_history_a_ledger(tenant: Tenant, owner: User) -> None:
    credits_of(
        owner,
        "913.50",
        (Kind.PURCHASE, "1000"),
        (Kind.USAGE, "-9"),
        (Kind.DEDUCTION, "-80"),
        (Kind.REFUND, "10"),
        (Kind.DEBIT, "-5"),
        (Kind.ADJUSTMENT, "-2.5"),
    )
    line = run(tenant)[owner.email]
    assert (line.credits, line.worth, line.moved, line.difference) == (
        Decimal("913.50"),
        Decimal("91.35"),
        Decimal("91.35"),
        0,
    )
    assert (line.transactions, line.opening, line.closing, line.note) == (6, 0, 0, "")
    assert wallet_of(owner).current_balance == Decimal("91.35")
    assert posted(owner) == [
        ("topup", "100"),
        ("debit", "-0.9"),
        ("debit", "-8"),
        ("credit", "1"),
        ("debit", "-0.5"),
        ("adjustment", "-0.25"),
    ]


def test_every_transaction_keeps_its_time_and_its_legacy_data(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "8", (Kind.PURCHASE, "10"), (Kind.USAGE, "-2"))
    run(tenant)
    bought, used = rows_of(owner)
    assert (bought.created_at, used.created_at) == (JANUARY, JANUARY + timedelta(hours=1))
    with platform_context(tenant_id=tenant.pk):
        old = CreditTransaction.objects.get(transaction_type=Kind.USAGE)
    assert (used.idempotency_key, used.reference_id) == (f"legacy_credit_{old.pk}", old.pk)
    assert (used.metadata["credits"], used.metadata["legacy_type"]) == ("-2.00", "usage")
    assert used.balance_before == bought.balance_after


def test_credits_without_a_history_become_an_opening_adjustment(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10")
    line = run(tenant)[owner.email]
    assert (line.opening, line.difference) == (1, 0)
    assert posted(owner) == [("adjustment", "1")]


def test_a_history_that_falls_below_zero_gets_the_smallest_sufficient_opening(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "30", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"), (Kind.USAGE, "-45"))
    line = run(tenant)[owner.email]
    assert (line.opening, line.closing, line.difference) == (Decimal("3.5"), 0, 0)
    assert posted(owner)[0] == ("adjustment", "3.5")
    assert rows_of(owner)[0].created_at == JANUARY
    assert min(row.balance_after for row in rows_of(owner)) == Decimal("1.5")


def test_a_closing_adjustment_removes_the_excess_of_the_opening(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    line = run(tenant)[owner.email]
    assert (line.opening, line.closing, line.difference) == (2, -5, 0)
    assert posted(owner) == [("adjustment", "2"), ("debit", "-2"), ("topup", "6"), ("adjustment", "-5")]


def test_transactions_without_any_balance_leave_an_empty_wallet(tenant: Tenant, owner: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        CreditTransactionFactory.create(user=owner, user_credit=None)
    line = run(tenant)[owner.email]
    assert (line.credits, line.moved, line.difference, line.transactions) == (0, 0, 0, 1)


def test_a_transaction_belongs_to_the_owner_of_the_credits(tenant: Tenant, owner: User, member: User) -> None:
    row = credits_of(owner, "10")
    with platform_context(tenant_id=tenant.pk):
        CreditTransactionFactory.create(user=member, user_credit=row, amount=Decimal(10), balance_after=Decimal(10))
    lines = run(tenant)
    assert (lines[owner.email].transactions, lines[owner.email].opening) == (1, 0)
    assert member.email not in lines


def test_transactions_of_zero_are_moved_too(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "5", (Kind.PURCHASE, "5"), (Kind.USAGE, "0"), (Kind.ADJUSTMENT, "0"))
    assert run(tenant)[owner.email].transactions == 3
    assert posted(owner)[1:] == [("debit", "0"), ("debit", "0")]


def test_running_it_again_changes_nothing(tenant: Tenant, owner: User, member: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    credits_of(member, "7.77")
    first = run(tenant)
    rows = [row.entry_hash for row in rows_of(owner) + rows_of(member)]
    assert run(tenant) == first == run(tenant)
    assert [row.entry_hash for row in rows_of(owner) + rows_of(member)] == rows


def test_transactions_between_two_runs_are_moved_by_the_second(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "100", (Kind.PURCHASE, "100"))
    run(tenant)
    add(row, (Kind.USAGE, "-30"), (Kind.REFUND, "5"), start=JANUARY + timedelta(days=9))
    with platform_context(tenant_id=tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=Decimal("76"))
    line = run(tenant)[owner.email]
    assert (line.worth, line.moved, line.difference) == (Decimal("7.6"), Decimal("7.6"), 0)
    assert posted(owner) == [("topup", "10"), ("adjustment", "0.1"), ("debit", "-3"), ("credit", "0.5")]
    assert run(tenant)[owner.email] == line


def test_a_wallet_in_use_keeps_its_other_credit_and_its_order(tenant: Tenant, owner: User) -> None:
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet(user=owner)
        ledger.topup(wallet=wallet, amount=Decimal(50), key="bought", now=JANUARY + timedelta(days=30))
        ledger.debit(wallet=wallet, amount=Decimal(20), key="used", now=JANUARY + timedelta(days=31))
    credits_of(owner, "10", (Kind.PURCHASE, "30"), (Kind.USAGE, "-20"))
    assert run(tenant)[owner.email].difference == 0
    assert wallet_of(owner).current_balance == 31
    moments = [row.created_at for row in rows_of(owner)]
    assert moments == sorted(moments)


def test_an_interrupted_run_is_continued(
    tenant: Tenant, owner: User, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    credits_of(owner, "30", (Kind.PURCHASE, "50"), (Kind.USAGE, "-20"))
    credits_of(member, "3", (Kind.PURCHASE, "5"), (Kind.USAGE, "-2"))
    real, calls = ledger.debit, []

    def killed(**values: Any) -> Any:
        calls.append(values)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**values)

    monkeypatch.setattr(ledger, "debit", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tenant)
    assert len(rows_of(owner) + rows_of(member)) == 2
    assert [line.difference for line in run(tenant).values()] == [0, 0]
    assert len(rows_of(owner) + rows_of(member)) == 4


def test_a_dry_run_returns_the_result_and_changes_nothing(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    expected = run(tenant, dry_run=True)
    with platform_context(tenant_id=tenant.pk):
        assert not Wallet.objects.exists()
        assert not LegacyMove.objects.exists()
    assert run(tenant) == expected


def test_credits_spent_twice_leave_a_difference_with_a_note(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "100", (Kind.PURCHASE, "100"))
    run(tenant)
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallet_of(owner), amount=Decimal(10), key="spent")
    add(row, (Kind.USAGE, "-50"), start=JANUARY + timedelta(days=9))
    with platform_context(tenant_id=tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=Decimal(50))
    line = run(tenant)[owner.email]
    assert (line.moved, line.difference) == (10, -5)
    assert "5 USD" in line.note
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet_of(owner), amount=Decimal(20), key="more")
    assert run(tenant)[owner.email].difference == 0
    assert wallet_of(owner).current_balance == 15


def test_one_users_failure_does_not_block_the_others(tenant: Tenant, owner: User, member: User) -> None:
    with tenant_context(tenant.pk):
        wallets.change_status(wallet=wallets.open_wallet(user=owner), status=WalletStatus.CLOSED, reason="left")
    credits_of(owner, "10")
    credits_of(member, "10")
    lines = run(tenant)
    assert (lines[owner.email].difference, lines[member.email].difference) == (1, 0)
    assert "closed" in lines[owner.email].note


@pytest.mark.parametrize("kind", [ledger.ReferenceKind.LEGACY_BALANCE, ledger.ReferenceKind.LEGACY_CREDIT])
def test_a_hold_that_claims_to_be_legacy_credit_moves_nothing_and_is_found_by_the_audit(
    tenant: Tenant, owner: User, kind: ledger.ReferenceKind
) -> None:
    credits_of(owner, "100", (Kind.PURCHASE, "100"))
    run(tenant)
    assert audited() == 0
    with platform_context(tenant_id=tenant.pk):
        old = CreditTransaction.objects.get()
        claim = ledger.Reference(kind, old.pk if kind == ledger.ReferenceKind.LEGACY_CREDIT else owner.pk)
        ttl, now = timedelta(days=400), NOW - timedelta(days=1)
        held = ledger.reserve(wallet=wallet_of(owner), amount=Decimal(10), key="h", ttl=ttl, reference=claim, now=now)
    assert held.hold_id is not None
    again = run(tenant)[owner.email]
    assert (again.moved, again.difference, again.opening) == (10, 0, 0)
    with platform_context(tenant_id=tenant.pk):
        ledger.release(hold=held.hold_id, key="released", reference=claim, now=NOW)
    assert run(tenant)[owner.email] == again
    assert wallet_of(owner).available_balance == 10
    assert {(finding.rule, finding.row["reference_type"]) for finding in found()} == {("I14", kind)}
    assert audited() == 2


def test_the_audit_proves_that_a_wallet_got_exactly_the_value_of_its_credits(
    tenant: Tenant, owner: User, member: User
) -> None:
    credits_of(owner, "70", (Kind.PURCHASE, "100"), (Kind.USAGE, "-30"))
    credits_of(member, "5")
    freeze_credits(tenant_id=tenant.pk, now=NOW)
    run(tenant)
    assert audited() == 0
    with platform_context(tenant_id=tenant.pk):
        move = LegacyMove.objects.get()
        forged = ledger.Reference(ledger.ReferenceKind.LEGACY_BALANCE, member.pk)
        key = f"legacy_opening_{wallet_of(member).pk}_7"
        ledger.adjust(wallet=wallet_of(member), amount=Decimal(3), key=key, reason="x", reference=forged, now=NOW)
    [finding] = found()
    assert (finding.rule, finding.table, finding.row["user_id"]) == ("I14", "billing_legacy_moves", str(member.pk))
    assert (Decimal(finding.row["worth"]), Decimal(finding.row["ledger"])) == (Decimal("0.5"), Decimal("3.5"))
    with platform_context(tenant_id=tenant.pk):
        LegacyMove.objects.filter(pk=move.pk).update(report=[line | {"moved": "3.5"} for line in move.report])
    assert {finding.row["user_id"] for finding in found()} == {str(owner.pk), str(member.pk)}


def test_the_audit_finds_legacy_credits_that_were_left_behind(tenant: Tenant, owner: User, member: User) -> None:
    row = credits_of(owner, "10", (Kind.PURCHASE, "10"))
    credits_of(member, "5")
    run(tenant)
    add(row, (Kind.PURCHASE, "4"))
    with platform_context(tenant_id=tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=Decimal(14))
    assert audited() == 0, "The credits may change until they are frozen."
    freeze_credits(tenant_id=tenant.pk, now=NOW)
    assert {finding.table for finding in found()} == {"billing_legacy_moves", "credit_transactions"}
    run(tenant)
    assert audited() == 0


def test_the_report_is_stored(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10")
    run(tenant)
    with tenant_context(tenant.pk):
        kept = LegacyMove.objects.get()
    assert kept.moved_at == NOW
    assert (kept.report[0]["user"], kept.report[0]["difference"]) == (owner.email, "0.000000")


def test_another_tenants_credits_stay(tenant: Tenant, owner: User, other_owner: User) -> None:
    credits_of(owner, "10")
    credits_of(other_owner, "10")
    assert set(run(tenant)) == {owner.email}
    with platform_context():
        assert Wallet.objects.count() == 1


def test_a_credit_value_with_too_many_decimals_is_refused_before_anything_is_moved(
    tenant: Tenant, owner: User, settings: Any
) -> None:
    credits_of(owner, "10")
    settings.BILLING_CREDIT_VALUE = Decimal("0.00001")
    with pytest.raises(ImproperlyConfigured, match="four decimals"):
        run(tenant)


# Any balances and histories, consistent or not.
AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(500), places=2)
SIGNS = {Kind.PURCHASE: 1, Kind.REFUND: 1, Kind.USAGE: -1, Kind.DEBIT: -1, Kind.DEDUCTION: -1}
MOVEMENTS = st.tuples(st.sampled_from(list(SIGNS)), AMOUNTS).map(lambda pair: (pair[0], str(SIGNS[pair[0]] * pair[1])))


@given(
    balance=st.decimals(min_value=Decimal(0), max_value=Decimal(500), places=2),
    history=st.lists(MOVEMENTS, max_size=8),
    later=st.lists(MOVEMENTS, max_size=4),
    later_balance=st.decimals(min_value=Decimal(0), max_value=Decimal(500), places=2),
)
@settings(max_examples=25, deadline=None)
def test_any_history_can_be_moved(
    django_db_setup: None,
    django_db_blocker: Any,
    balance: Decimal,
    history: list[tuple[str, str]],
    later: list[tuple[str, str]],
    later_balance: Decimal,
) -> None:
    with django_db_blocker.unblock(), transaction.atomic():
        with platform_context():
            tenant = TenantFactory.create()
        with platform_context(tenant_id=tenant.pk):
            user = MemberFactory.create(primary_tenant=tenant)
        row = credits_of(user, str(balance), *history)
        first = run(tenant)[user.email]
        assert (first.difference, first.transactions) == (0, len(history))
        add(row, *later, start=JANUARY + timedelta(days=30))
        with platform_context(tenant_id=tenant.pk):
            UserCredit.objects.filter(pk=row.pk).update(balance=later_balance)
        second = run(tenant)[user.email]
        assert (second.difference, second.transactions, second.note) == (0, len(history) + len(later), "")
        rows = rows_of(user)
        assert all(before.balance_after == after.balance_before for before, after in pairwise(rows))
        assert all(row.balance_after >= 0 for row in rows)
        with platform_context(tenant_id=tenant.pk):
            left = sum(lot.remaining for lot in CreditLot.objects.all())
        assert left == wallet_of(user).current_balance == later_balance * Decimal("0.1")
        assert audited() == 0
        transaction.set_rollback(True)


def test_a_moved_history_emits_no_events_except_for_a_wallet_that_is_low_at_the_end(
    tenant: Tenant, owner: User
) -> None:
    row = credits_of(owner, "100", (Kind.PURCHASE, "60"), (Kind.REFUND, "10"), (Kind.ADJUSTMENT, "20"))
    run(tenant)
    with platform_context(tenant_id=tenant.pk):
        wallets.set_threshold(wallet=wallet_of(owner), threshold=Decimal(5))
        UserCredit.objects.filter(pk=row.pk).update(balance=Decimal(20))
    add(row, (Kind.USAGE, "-90"), (Kind.PURCHASE, "80"), (Kind.USAGE, "-70"), start=JANUARY + timedelta(days=9))
    run(tenant)
    run(tenant)
    assert len(posted(owner)) == 7
    assert events("billing.wallet.credited") == []
    [low] = events("billing.wallet.balance_low")
    assert (low.aggregate_id, Decimal(low.payload["available"])) == (wallet_of(owner).pk, 2)
