"""Legacy credits in wallets: what people had, they have, to the last digit, however often the move is run."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.audit import find
from billing.models import (
    CreditLot,
    CreditTransaction,
    CreditTransactionType,
    LedgerTransaction,
    LegacyMove,
    UserCredit,
    Wallet,
    WalletStatus,
)
from billing.services import ledger, legacy, wallets
from billing.services.legacy import Line
from lad.tenancy.context import platform_context, tenant_context
from tenants.models import Tenant, User
from tests.conftest import superuser_connection
from tests.factories.billing import CreditTransactionFactory, UserCreditFactory
from tests.factories.tenants import MemberFactory, TenantFactory

Kind = CreditTransactionType
JANUARY = datetime(2026, 1, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def credits_of(user: User, balance: str, *movements: tuple[str, str], start: datetime = JANUARY) -> UserCredit:
    """A balance and the transactions that are told of it, an hour apart."""
    with platform_context(tenant_id=user.primary_tenant_id):
        row = UserCreditFactory.create(user=user, balance=Decimal(balance))
        add(row, *movements, start=start)
    return row


def add(row: UserCredit, *movements: tuple[str, str], start: datetime = JANUARY, **values: Any) -> None:
    with platform_context(tenant_id=row.tenant_id):
        for number, (kind, amount) in enumerate(movements):
            CreditTransactionFactory.create(
                user=row.user,
                user_credit=row,
                transaction_type=kind,
                amount=Decimal(amount),
                balance_before=None,
                balance_after=None,
                created_at=start + timedelta(hours=number),
                **values,
            )


def run(tenant: Tenant, **options: Any) -> dict[str, Line]:
    return {line.user: line for line in legacy.move(tenant_id=tenant.pk, now=NOW, **options)}


def wallet_of(user: User) -> Wallet:
    with platform_context(tenant_id=user.primary_tenant_id):
        return Wallet.objects.get(user=user)


def rows_of(user: User) -> list[LedgerTransaction]:
    with platform_context(tenant_id=user.primary_tenant_id):
        return list(LedgerTransaction.objects.filter(wallet__user=user).order_by("wallet_version"))


def told(user: User) -> list[tuple[str, str]]:
    return [(row.transaction_type, f"{row.amount.normalize():f}") for row in rows_of(user)]


def audited() -> int:
    """How many rules of the ledger are broken anywhere."""
    with platform_context(), connection.cursor() as cursor:
        return find(cursor, now=NOW).violations


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
    assert told(owner) == [
        ("topup", "100"),
        ("debit", "-0.9"),
        ("debit", "-8"),
        ("credit", "1"),
        ("debit", "-0.5"),
        ("adjustment", "-0.25"),
    ]


def test_every_row_stands_at_its_own_moment_and_says_what_it_was(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "8", (Kind.PURCHASE, "10"), (Kind.USAGE, "-2"))
    run(tenant)
    bought, used = rows_of(owner)
    assert (bought.created_at, used.created_at) == (JANUARY, JANUARY + timedelta(hours=1))
    with platform_context(tenant_id=tenant.pk):
        old = CreditTransaction.objects.get(transaction_type=Kind.USAGE)
    assert (used.idempotency_key, used.reference_id) == (f"legacy_credit_{old.pk}", old.pk)
    assert (used.metadata["credits"], used.metadata["legacy_type"]) == ("-2.00", "usage")
    assert used.balance_before == bought.balance_after


def test_credits_without_a_history_come_in_as_an_opening(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10")
    line = run(tenant)[owner.email]
    assert (line.opening, line.difference) == (1, 0)
    assert told(owner) == [("adjustment", "1")]


def test_a_history_that_dips_below_nothing_gets_the_smallest_opening_that_carries_it(
    tenant: Tenant, owner: User
) -> None:
    credits_of(owner, "30", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"), (Kind.USAGE, "-45"))
    line = run(tenant)[owner.email]
    assert (line.opening, line.closing, line.difference) == (Decimal("3.5"), 0, 0)
    assert told(owner)[0] == ("adjustment", "3.5")
    assert rows_of(owner)[0].created_at == JANUARY
    assert min(row.balance_after for row in rows_of(owner)) == Decimal("1.5")


def test_what_the_opening_lent_too_much_is_taken_back_at_the_end(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    line = run(tenant)[owner.email]
    assert (line.opening, line.closing, line.difference) == (2, -5, 0)
    assert told(owner) == [("adjustment", "2"), ("debit", "-2"), ("topup", "6"), ("adjustment", "-5")]


def test_transactions_without_any_balance_leave_an_empty_wallet(tenant: Tenant, owner: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        CreditTransactionFactory.create(user=owner, user_credit=None)
    line = run(tenant)[owner.email]
    assert (line.credits, line.moved, line.difference, line.transactions) == (0, 0, 0, 1)


def test_a_transaction_belongs_to_whose_credits_it_moved(tenant: Tenant, owner: User, member: User) -> None:
    row = credits_of(owner, "10")
    with platform_context(tenant_id=tenant.pk):
        CreditTransactionFactory.create(user=member, user_credit=row, amount=Decimal(10), balance_after=Decimal(10))
    lines = run(tenant)
    assert (lines[owner.email].transactions, lines[owner.email].opening) == (1, 0)
    assert member.email not in lines


def test_a_movement_of_nothing_moves_too(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "5", (Kind.PURCHASE, "5"), (Kind.USAGE, "0"), (Kind.ADJUSTMENT, "0"))
    assert run(tenant)[owner.email].transactions == 3
    assert told(owner)[1:] == [("debit", "0"), ("debit", "0")]


def test_running_it_again_changes_nothing(tenant: Tenant, owner: User, member: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    credits_of(member, "7.77")
    first = run(tenant)
    rows = [row.entry_hash for row in rows_of(owner) + rows_of(member)]
    assert run(tenant) == first == run(tenant)
    assert [row.entry_hash for row in rows_of(owner) + rows_of(member)] == rows


def test_what_came_in_between_two_runs_follows(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "100", (Kind.PURCHASE, "100"))
    run(tenant)
    add(row, (Kind.USAGE, "-30"), (Kind.REFUND, "5"), start=JANUARY + timedelta(days=9))
    with platform_context(tenant_id=tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=Decimal("76"))
    line = run(tenant)[owner.email]
    assert (line.worth, line.moved, line.difference) == (Decimal("7.6"), Decimal("7.6"), 0)
    assert told(owner) == [("topup", "10"), ("adjustment", "0.1"), ("debit", "-3"), ("credit", "0.5")]
    assert run(tenant)[owner.email] == line


def test_a_wallet_in_use_keeps_what_else_is_in_it_and_its_order_of_time(tenant: Tenant, owner: User) -> None:
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


def test_a_dry_run_tells_everything_and_changes_nothing(tenant: Tenant, owner: User) -> None:
    credits_of(owner, "10", (Kind.USAGE, "-20"), (Kind.PURCHASE, "60"))
    expected = run(tenant, dry_run=True)
    with platform_context(tenant_id=tenant.pk):
        assert not Wallet.objects.exists()
        assert not LegacyMove.objects.exists()
    assert run(tenant) == expected


def test_what_was_spent_twice_is_a_difference_with_its_reason(tenant: Tenant, owner: User) -> None:
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


def test_one_users_trouble_does_not_hold_up_the_others(tenant: Tenant, owner: User, member: User) -> None:
    with tenant_context(tenant.pk):
        wallets.move(wallet=wallets.open_wallet(user=owner), status=WalletStatus.CLOSED, reason="left")
    credits_of(owner, "10")
    credits_of(member, "10")
    lines = run(tenant)
    assert (lines[owner.email].difference, lines[member.email].difference) == (1, 0)
    assert "closed" in lines[owner.email].note


def test_the_report_is_kept(tenant: Tenant, owner: User) -> None:
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


def test_a_credit_of_too_fine_a_value_is_refused_before_anything_moves(
    tenant: Tenant, owner: User, settings: Any
) -> None:
    credits_of(owner, "10")
    settings.BILLING_CREDIT_VALUE = Decimal("0.00001")
    with pytest.raises(ImproperlyConfigured, match="four decimals"):
        run(tenant)


# Balances and histories as they may be found, whatever happened to them.
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
def test_no_history_is_too_odd_to_move(
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


def write_old(row: UserCredit) -> list[Callable[[], Any]]:
    """Every way to write to the old tables."""
    return [
        lambda: UserCredit.objects.filter(pk=row.pk).update(balance=1),
        lambda: UserCredit.objects.filter(pk=row.pk).delete(),
        UserCreditFactory.create,
        lambda: CreditTransactionFactory.create(user=row.user, user_credit=row),
    ]


def test_frozen_tables_refuse_every_write_of_the_tenant_and_of_nobody_else(
    tenant: Tenant, owner: User, other_owner: User
) -> None:
    row, other = credits_of(owner, "10"), credits_of(other_owner, "10")
    legacy.freeze(tenant_id=tenant.pk, now=NOW)
    for write in write_old(row):
        with pytest.raises(IntegrityError, match="read-only"), platform_context(tenant_id=tenant.pk):
            write()
    with pytest.raises(IntegrityError, match="read-only"), tenant_context(tenant.pk):
        UserCredit.objects.update(balance=1)
    assert run(tenant)[owner.email].difference == 0
    with tenant_context(other.tenant_id):
        assert UserCredit.objects.update(balance=5) == 1


def test_tables_that_are_opened_again_take_writes(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "10")
    legacy.freeze(tenant_id=tenant.pk, now=NOW)
    legacy.unfreeze(tenant_id=tenant.pk)
    with tenant_context(tenant.pk):
        assert UserCredit.objects.filter(pk=row.pk).update(balance=1) == 1


@pytest.mark.django_db(transaction=True)
def test_freezing_waits_for_a_write_under_way_so_that_nothing_slips_in_behind() -> None:
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        user = MemberFactory.create(primary_tenant=tenant)
    row = credits_of(user, "10")
    done: list[str] = []

    def freeze() -> None:
        legacy.freeze(tenant_id=tenant.pk, now=NOW)
        done.append("frozen")
        connection.close()

    freezer = threading.Thread(target=freeze)
    with tenant_context(tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=4)
        freezer.start()
        wait_until_somebody_waits_for_a_lock()
        done.append("written")
    freezer.join(20)
    assert done == ["written", "frozen"]
    assert run(tenant)[user.email].worth == Decimal("0.4")


def wait_until_somebody_waits_for_a_lock() -> None:
    with superuser_connection() as superuser:
        for _ in range(2_000):
            found = superuser.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
            if found.fetchone() != (0,):
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("move_legacy_credits", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_moves_every_tenant_and_prints_what_it_found(
    tenant: Tenant, owner: User, other_owner: User
) -> None:
    credits_of(owner, "10")
    credits_of(other_owner, "25")
    text = printed()
    assert "Acme Outreach (acme-outreach)" in text
    assert "Borealis Sales (borealis-sales)" in text
    line = next(line for line in text.splitlines() if line.startswith(other_owner.email))
    assert line.split()[1:5] == ["25.00", "2.50", "2.50", "0.00"]


def test_the_command_fails_while_a_difference_is_left(tenant: Tenant, owner: User) -> None:
    with tenant_context(tenant.pk):
        wallets.move(wallet=wallets.open_wallet(user=owner), status=WalletStatus.CLOSED, reason="left")
    credits_of(owner, "10")
    with pytest.raises(CommandError, match="1 user"):
        printed("--tenant", tenant.slug)


def test_the_command_freezes_first_and_opens_again(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "10")
    assert "read-only" in printed("--tenant", tenant.slug, "--freeze")
    with tenant_context(tenant.pk):
        assert LegacyMove.objects.get().frozen_at is not None
    assert wallet_of(owner).current_balance == 1
    printed("--tenant", tenant.slug, "--unfreeze")
    with tenant_context(tenant.pk):
        assert UserCredit.objects.filter(pk=row.pk).update(balance=1) == 1


@pytest.mark.parametrize("arguments", [("--dry-run", "--freeze"), ("--tenant", "nobody"), ("--freeze", "--unfreeze")])
def test_the_command_refuses_what_makes_no_sense(tenant: Tenant, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        printed(*arguments)
