"""The ledger's functions: their effect on balances, lots, holds and the hash chain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.ledger.errors import (
    AlreadyReversed,
    AmountTooLarge,
    CaptureTooLarge,
    CreditExpired,
    CreditSpent,
    HoldExpired,
    HoldNotDue,
    HoldResolved,
    IdempotencyConflict,
    InsufficientBalance,
    NotReversible,
    WalletClosed,
    WalletSuspended,
)
from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, Posting, PostingOutcome, Reference
from lad.errors import Invalid
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.billing import WalletFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def inside(tenant: Tenant) -> Iterator[None]:
    with tenant_context(tenant.pk):
        yield


@pytest.fixture
def funded(inside: None) -> Wallet:
    """Return the tenant's own wallet with a balance of 100."""
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    ledger.topup(wallet=wallet, amount=Decimal(100), key="opening", now=NOW)
    return wallet


@pytest.fixture
def other(tenant: Tenant) -> Wallet:
    """Return an empty wallet of a user."""
    with platform_context(tenant_id=tenant.pk):
        return WalletFactory.create(low_balance_threshold=None)


def balances(wallet: Wallet) -> tuple[Decimal, Decimal]:
    wallet.refresh_from_db()
    return wallet.current_balance, wallet.reserved_balance


def lots(wallet: Wallet) -> list[Decimal]:
    return list(
        CreditLot.objects.filter(wallet=wallet).order_by("created_at", "id").values_list("remaining", flat=True)
    )


def reserved(**request: Any) -> Hold:
    return Hold.objects.get(pk=ledger.reserve(**request).hold_id)


def test_a_debit_shows_what_was_available_before_and_after(funded):
    posted = ledger.debit(wallet=funded, amount=Decimal("0.78"), key="use-1")
    assert (posted.amount, posted.balance_before, posted.balance_after) == (Decimal("-0.78"), 100, Decimal("99.22"))
    assert posted.wallet_version == 2
    assert balances(funded) == (Decimal("99.22"), 0)
    assert lots(funded) == [Decimal("99.22")]


def test_a_wallet_is_not_overdrawn_and_the_error_states_the_available_balance(funded):
    with pytest.raises(InsufficientBalance) as refused:
        ledger.debit(wallet=funded, amount=Decimal("100.000001"), key="use-1")
    assert refused.value.extra == {"required": "100.000001", "available": "100.000000", "currency": "USD"}
    ledger.debit(wallet=funded, amount=Decimal(100), key="use-1")
    assert balances(funded) == (0, 0)


def test_repeating_a_request_returns_the_first_result(funded):
    first = ledger.debit(wallet=funded, amount=Decimal(5), key="use-1", description="A call", metadata={"call": 1})
    ledger.debit(wallet=funded, amount=Decimal(7), key="use-2")
    again = ledger.debit(wallet=funded, amount=Decimal("5.00"), key="use-1", description="A call", metadata={"call": 1})
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)
    assert balances(funded) == (88, 0)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"amount": Decimal(6)}, "amount"),
        ({"description": "Another call"}, "description"),
        ({"metadata": {"call": 2}}, "metadata"),
        ({"reference": Reference("voice_call")}, "reference_type"),
    ],
)
def test_a_different_request_with_the_same_key_is_refused_and_the_field_is_named(funded, other, field):
    request: dict[str, Any] = {"amount": Decimal(5), "description": "A call", "metadata": {"call": 1}}
    ledger.debit(wallet=funded, key="use-1", **request)
    with pytest.raises(IdempotencyConflict) as refused:
        ledger.debit(wallet=funded, key="use-1", **(request | other))
    assert refused.value.extra == {"field": field}
    assert balances(funded) == (95, 0)


def test_a_key_belongs_to_one_wallet_and_one_transaction_type(other, funded):
    with pytest.raises(IdempotencyConflict) as refused:
        ledger.topup(wallet=other, amount=Decimal(100), key="opening")
    assert refused.value.extra == {"field": "wallet"}
    with pytest.raises(IdempotencyConflict) as refused:
        ledger.credit(wallet=funded, amount=Decimal(100), key="opening")
    assert refused.value.extra == {"field": "transaction_type"}
    with pytest.raises(IdempotencyConflict) as refused:
        ledger.topup(wallet=funded, amount=Decimal(100), key="opening", expires_at=NOW + HOUR, now=NOW)
    assert refused.value.extra == {"field": "expires_at"}


def test_credit_is_used_by_priority_then_expiry_then_age(inside):
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    later = NOW + timedelta(days=30)
    ledger.topup(wallet=wallet, amount=Decimal(10), key="bought", now=NOW)
    ledger.credit(wallet=wallet, amount=Decimal(10), key="granted", now=NOW + HOUR)
    ledger.topup(wallet=wallet, amount=Decimal(10), key="expiring", expires_at=later, now=NOW + 2 * HOUR)
    ledger.debit(wallet=wallet, amount=Decimal(15), key="use", now=NOW + 3 * HOUR)
    assert lots(wallet) == [10, 0, 5]
    ledger.debit(wallet=wallet, amount=Decimal(6), key="more", now=NOW + 3 * HOUR)
    assert lots(wallet) == [9, 0, 0]


def test_expired_credit_is_removed_before_anything_is_spent(inside):
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    ledger.topup(wallet=wallet, amount=Decimal(10), key="expiring", expires_at=NOW + HOUR, now=NOW)
    ledger.topup(wallet=wallet, amount=Decimal(3), key="lasting", now=NOW + MINUTE)
    ledger.debit(wallet=wallet, amount=Decimal(2), key="use", now=NOW + 2 * HOUR)
    assert lots(wallet) == [0, 1]
    kinds = LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version").values_list("amount", flat=True)
    assert list(kinds) == [10, 3, -10, -2]
    with pytest.raises(InsufficientBalance):
        ledger.debit(wallet=wallet, amount=Decimal(2), key="use-2", now=NOW + 2 * HOUR)


def test_credit_that_already_expired_is_refused_unless_the_request_is_a_repetition(funded):
    request: dict[str, Any] = {"wallet": funded, "amount": Decimal(10), "key": "gift", "expires_at": NOW + HOUR}
    with pytest.raises(CreditExpired):
        ledger.credit(**request, now=NOW + HOUR)
    first = ledger.credit(**request, now=NOW)
    assert ledger.credit(**request, now=NOW + 2 * HOUR) == first


def test_expire_lots_removes_expired_credit_once(funded):
    ledger.credit(wallet=funded, amount=Decimal(10), key="gift", expires_at=NOW + HOUR, now=NOW + MINUTE)
    ledger.expire_lots(wallet=funded, now=NOW + HOUR - timedelta(seconds=1))
    assert balances(funded) == (110, 0)
    ledger.expire_lots(wallet=funded, now=NOW + HOUR)
    ledger.expire_lots(wallet=funded, now=NOW + HOUR)
    assert balances(funded) == (100, 0)


def test_a_capture_charges_a_part_and_releases_the_rest(funded):
    held = reserved(wallet=funded, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    assert balances(funded) == (100, 30)
    taken = ledger.capture(hold=held, amount=Decimal("12.5"), key="charge", now=NOW)
    assert (taken.amount, taken.balance_before, taken.balance_after) == (Decimal("-12.5"), 100, Decimal("87.5"))
    hold = Hold.objects.get(pk=held.pk)
    assert (hold.status, hold.captured_amount, hold.resolved_at) == (HoldStatus.CAPTURED, Decimal("12.5"), NOW)
    assert balances(funded) == (Decimal("87.5"), 0)
    assert ledger.capture(hold=hold, amount=Decimal("12.5"), key="charge", now=NOW + 2 * HOUR) == taken
    with pytest.raises(HoldResolved):
        ledger.capture(hold=hold, amount=Decimal("12.5"), key="charge-2", now=NOW)
    with pytest.raises(HoldResolved):
        ledger.release(hold=hold, key="release", now=NOW)


def test_a_capture_is_limited_to_the_hold_until_it_is_extended(funded):
    held = reserved(wallet=funded, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    with pytest.raises(CaptureTooLarge):
        ledger.capture(hold=held, amount=Decimal(31), key="charge", now=NOW)
    more = ledger.extend(hold=held, key="longer", until=NOW + 2 * HOUR, amount=Decimal(20), now=NOW)
    assert more is not None and more.reserved_after == 50
    assert ledger.extend(hold=held, key="longest", until=NOW + 3 * HOUR, now=NOW) is None
    assert Hold.objects.get(pk=held.pk).expires_at == NOW + 3 * HOUR
    ledger.capture(hold=held, amount=Decimal(50), key="charge", now=NOW + 2 * HOUR)
    assert balances(funded) == (50, 0)


def test_an_expired_hold_is_neither_captured_nor_extended_even_before_maintenance_runs(funded):
    held = reserved(wallet=funded, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    with pytest.raises(HoldNotDue):
        ledger.expire(hold=held, now=NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(HoldExpired):
        ledger.capture(hold=held, amount=Decimal(1), key="charge", now=NOW + HOUR)
    with pytest.raises(HoldExpired):
        ledger.extend(hold=held, key="longer", until=NOW + 2 * HOUR, now=NOW + HOUR)
    ledger.expire(hold=held, now=NOW + HOUR)
    assert balances(funded) == (100, 0)
    assert Hold.objects.get(pk=held.pk).status == HoldStatus.EXPIRED


def test_credit_reserved_in_time_stays_usable_and_the_rest_of_it_expires(funded):
    ledger.credit(wallet=funded, amount=Decimal(20), key="gift", expires_at=NOW + HOUR, now=NOW + MINUTE)
    held = reserved(wallet=funded, amount=Decimal(30), key="call", ttl=3 * HOUR, now=NOW)
    ledger.capture(hold=held, amount=Decimal(15), key="charge", now=NOW + 2 * HOUR)
    assert balances(funded) == (100, 0)
    assert lots(funded) == [100, 0]


def test_nothing_is_spent_from_a_suspended_wallet_but_money_may_come_in(funded):
    held = reserved(wallet=funded, amount=Decimal(30), key="call", ttl=HOUR)
    Wallet.objects.filter(pk=funded.pk).update(status=WalletStatus.SUSPENDED)
    with pytest.raises(WalletSuspended):
        ledger.debit(wallet=funded, amount=Decimal(1), key="use")
    with pytest.raises(WalletSuspended):
        ledger.reserve(wallet=funded, amount=Decimal(1), key="hold", ttl=HOUR)
    ledger.topup(wallet=funded, amount=Decimal(1), key="more")
    ledger.capture(hold=held, amount=Decimal(30), key="charge")
    assert balances(funded) == (71, 0)
    ledger.adjust(wallet=funded, amount=Decimal(-1), key="less", reason="LAD corrects it")
    assert balances(funded) == (70, 0)


def test_a_closed_wallet_accepts_no_posting(funded):
    Wallet.objects.filter(pk=funded.pk).update(status=WalletStatus.CLOSED)
    for post in (ledger.debit, ledger.topup):
        with pytest.raises(WalletClosed):
            post(wallet=funded, amount=Decimal(1), key="closed")
    with pytest.raises(WalletClosed):
        ledger.reserve(wallet=funded, amount=Decimal(1), key="hold", ttl=HOUR)


def test_a_reversal_returns_credit_to_the_same_lots_and_happens_once(funded):
    ledger.credit(wallet=funded, amount=Decimal(10), key="gift", now=NOW + HOUR)
    used = ledger.debit(wallet=funded, amount=Decimal(25), key="use")
    assert lots(funded) == [85, 0]
    back = ledger.reverse(transaction=used, key="back", reason="Charged twice")
    assert (back.amount, back.reverses_id) == (25, used.id)
    assert lots(funded) == [100, 10]
    assert ledger.reverse(transaction=used.id, key="back", reason="Charged twice") == back
    with pytest.raises(AlreadyReversed):
        ledger.reverse(transaction=used, key="back-2", reason="Charged twice")
    with pytest.raises(NotReversible):
        ledger.reverse(transaction=back, key="back-3", reason="No")


def test_credit_that_was_spent_cannot_be_reversed(funded):
    gift = ledger.credit(wallet=funded, amount=Decimal(10), key="gift")
    ledger.debit(wallet=funded, amount=Decimal(4), key="use")
    with pytest.raises(CreditSpent):
        ledger.reverse(transaction=gift, key="back", reason="By mistake")
    untouched = LedgerTransaction.objects.get(idempotency_key="opening")
    ledger.reverse(transaction=untouched, key="back", reason="Refunded")
    assert balances(funded) == (6, 0)


def test_a_batch_gives_each_posting_its_own_result(other, funded):
    ledger.debit(wallet=funded, amount=Decimal(1), key="before")

    def debit(amount: int, key: str, wallet: Wallet = funded) -> Posting:
        return Posting(Operation.DEBIT, wallet.pk, Decimal(amount), key)

    results = ledger.post_many(
        [
            debit(60, "a"),
            debit(1, "before"),
            debit(2, "before"),
            debit(50, "b"),
            debit(30, "c"),
            debit(60, "a"),
            debit(61, "a"),
            debit(1, "d", other),
            Posting(Operation.TOPUP, other.pk, Decimal(5), "e"),
            Posting(Operation.DEBIT, tenant_of(funded), Decimal(1), "f"),
        ]
    )
    assert [result.outcome for result in results] == [
        PostingOutcome.POSTED,
        PostingOutcome.REPLAYED,
        PostingOutcome.CONFLICT,
        PostingOutcome.INSUFFICIENT,
        PostingOutcome.POSTED,
        PostingOutcome.REPLAYED,
        PostingOutcome.CONFLICT,
        PostingOutcome.INSUFFICIENT,
        PostingOutcome.POSTED,
        PostingOutcome.UNKNOWN_WALLET,
    ]
    assert results[3].available == 39
    assert results[5].posted == results[0].posted
    assert results[6].field == "amount"
    assert balances(funded) == (9, 0)


def tenant_of(wallet: Wallet) -> Any:
    return wallet.tenant_id


def test_a_batch_can_spend_credit_that_it_brings(inside):
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    results = ledger.post_many(
        [
            Posting(Operation.TOPUP, wallet.pk, Decimal(5), "a"),
            Posting(Operation.DEBIT, wallet.pk, Decimal(3), "b"),
            Posting(Operation.CREDIT, wallet.pk, Decimal(4), "c", terms={"priority": 1}),
            Posting(Operation.DEBIT, wallet.pk, Decimal(5), "d"),
            Posting(Operation.ADJUSTMENT, wallet.pk, Decimal(-1), "e"),
        ]
    )
    assert {result.outcome for result in results} == {PostingOutcome.POSTED}
    assert lots(wallet) == [0, 0]
    assert balances(wallet) == (0, 0)


def test_a_low_balance_emits_one_event_per_crossing(funded):
    Wallet.objects.filter(pk=funded.pk).update(low_balance_threshold=50)
    for number, amount in enumerate([40, 20, 5]):
        ledger.debit(wallet=funded, amount=Decimal(amount), key=f"use-{number}")
    assert event_count("billing.wallet.balance_low") == 1
    ledger.topup(wallet=funded, amount=Decimal(40), key="more")
    funded.refresh_from_db()
    assert funded.low_balance_notified_at is None
    ledger.debit(wallet=funded, amount=Decimal(40), key="use-again")
    assert event_count("billing.wallet.balance_low") == 2


def event_count(event_type: str) -> int:
    return DomainEvent.objects.filter(event_type=event_type).count()


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "NaN", "1000000000000"])
def test_an_invalid_amount_is_refused(funded, amount):
    with pytest.raises(Invalid):
        ledger.topup(wallet=funded, amount=Decimal(amount), key="odd")
    assert balances(funded) == (100, 0)


def test_a_balance_above_the_limit_is_refused(funded):
    with pytest.raises(AmountTooLarge):
        ledger.topup(wallet=funded, amount=Decimal("999999999999"), key="rich")


@pytest.mark.parametrize(
    "change",
    [
        "current_balance = current_balance + 1",
        "reserved_balance = 1",
        "ledger_version = ledger_version - 1",
        "ledger_version = 0, current_balance = 0, ledger_hash = ''",
        "ledger_hash = sha256('forged')",
    ],
)
def test_a_balance_cannot_change_without_the_ledger(funded, change):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE billing_wallets SET {change} WHERE id = %s", [funded.pk])
    assert balances(funded) == (100, 0)


def test_a_transaction_that_does_not_follow_the_previous_one_is_refused(funded):
    row = LedgerTransaction.objects.get(idempotency_key="opening")
    forged = {"id": None, "idempotency_key": "forged", "wallet_version": 2, "entry_hash": bytes(32)}
    for name, value in forged.items():
        setattr(row, name, value)
    row.id = tenant_of(funded)
    row._state.adding = True
    row.balance_before, row.balance_after = Decimal(100), Decimal(200)
    with pytest.raises(IntegrityError, match="does not follow"), transaction.atomic():
        row.save(force_insert=True)


def test_every_transaction_contains_the_previous_hash(funded):
    ledger.debit(wallet=funded, amount=Decimal(1), key="use-1")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(entry_hash = billing_entry_hash(before, row)) FROM ("
            " SELECT entry AS row, entry.entry_hash,"
            " COALESCE(lag(entry.entry_hash) OVER (ORDER BY wallet_version), '') AS before"
            " FROM billing_ledger_transactions AS entry WHERE wallet_id = %s) AS chain",
            [funded.pk],
        )
        assert cursor.fetchone() == (True,)
    funded.refresh_from_db()
    head = LedgerTransaction.objects.get(idempotency_key="use-1")
    assert bytes(funded.ledger_hash) == bytes(head.entry_hash)
