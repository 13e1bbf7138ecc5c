"""The ledger's door: what each posting does to balances, lots, holds and the chain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, Outcome, Posting, Reference
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
def purse(inside: None) -> Wallet:
    """The tenant's own wallet with 100 in it."""
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    ledger.topup(wallet=wallet, amount=Decimal(100), key="opening", now=NOW)
    return wallet


@pytest.fixture
def other(tenant: Tenant) -> Wallet:
    """A user's wallet, empty."""
    with platform_context(tenant_id=tenant.pk):
        return WalletFactory.create(low_balance_threshold=None)


def balances(wallet: Wallet) -> tuple[Decimal, Decimal]:
    wallet.refresh_from_db()
    return wallet.current_balance, wallet.reserved_balance


def lots(wallet: Wallet) -> list[Decimal]:
    return list(
        CreditLot.objects.filter(wallet=wallet).order_by("created_at", "id").values_list("remaining", flat=True)
    )


def reserved(**asked: Any) -> Hold:
    return Hold.objects.get(pk=ledger.reserve(**asked).hold_id)


def test_a_debit_shows_what_was_available_before_and_after(purse):
    posted = ledger.debit(wallet=purse, amount=Decimal("0.78"), key="use-1")
    assert (posted.amount, posted.balance_before, posted.balance_after) == (Decimal("-0.78"), 100, Decimal("99.22"))
    assert posted.wallet_version == 2
    assert balances(purse) == (Decimal("99.22"), 0)
    assert lots(purse) == [Decimal("99.22")]


def test_a_wallet_is_not_overdrawn_and_the_refusal_says_what_there_is(purse):
    with pytest.raises(ledger.InsufficientBalance) as refused:
        ledger.debit(wallet=purse, amount=Decimal("100.000001"), key="use-1")
    assert refused.value.extra == {"required": "100.000001", "available": "100.000000", "currency": "USD"}
    ledger.debit(wallet=purse, amount=Decimal(100), key="use-1")
    assert balances(purse) == (0, 0)


def test_the_same_request_again_gets_the_first_result(purse):
    first = ledger.debit(wallet=purse, amount=Decimal(5), key="use-1", description="A call", metadata={"call": 1})
    ledger.debit(wallet=purse, amount=Decimal(7), key="use-2")
    again = ledger.debit(wallet=purse, amount=Decimal("5.00"), key="use-1", description="A call", metadata={"call": 1})
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)
    assert balances(purse) == (88, 0)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"amount": Decimal(6)}, "amount"),
        ({"description": "Another call"}, "description"),
        ({"metadata": {"call": 2}}, "metadata"),
        ({"reference": Reference("usage_event")}, "reference_type"),
    ],
)
def test_another_request_under_the_same_key_is_refused_and_the_field_is_named(purse, other, field):
    asked: dict[str, Any] = {"amount": Decimal(5), "description": "A call", "metadata": {"call": 1}}
    ledger.debit(wallet=purse, key="use-1", **asked)
    with pytest.raises(ledger.IdempotencyConflict) as refused:
        ledger.debit(wallet=purse, key="use-1", **(asked | other))
    assert refused.value.extra == {"field": field}
    assert balances(purse) == (95, 0)


def test_a_key_belongs_to_one_wallet_and_one_kind_of_movement(other, purse):
    with pytest.raises(ledger.IdempotencyConflict) as refused:
        ledger.topup(wallet=other, amount=Decimal(100), key="opening")
    assert refused.value.extra == {"field": "wallet"}
    with pytest.raises(ledger.IdempotencyConflict) as refused:
        ledger.credit(wallet=purse, amount=Decimal(100), key="opening")
    assert refused.value.extra == {"field": "transaction_type"}
    with pytest.raises(ledger.IdempotencyConflict) as refused:
        ledger.topup(wallet=purse, amount=Decimal(100), key="opening", expires_at=NOW + HOUR, now=NOW)
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


def test_expired_credit_is_taken_out_before_anything_is_spent(inside):
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    ledger.topup(wallet=wallet, amount=Decimal(10), key="expiring", expires_at=NOW + HOUR, now=NOW)
    ledger.topup(wallet=wallet, amount=Decimal(3), key="lasting", now=NOW + MINUTE)
    ledger.debit(wallet=wallet, amount=Decimal(2), key="use", now=NOW + 2 * HOUR)
    assert lots(wallet) == [0, 1]
    kinds = LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version").values_list("amount", flat=True)
    assert list(kinds) == [10, 3, -10, -2]
    with pytest.raises(ledger.InsufficientBalance):
        ledger.debit(wallet=wallet, amount=Decimal(2), key="use-2", now=NOW + 2 * HOUR)


def test_credit_that_expired_before_it_came_is_refused_but_not_when_it_is_asked_for_again(purse):
    asked: dict[str, Any] = {"wallet": purse, "amount": Decimal(10), "key": "gift", "expires_at": NOW + HOUR}
    with pytest.raises(ledger.CreditExpired):
        ledger.credit(**asked, now=NOW + HOUR)
    first = ledger.credit(**asked, now=NOW)
    assert ledger.credit(**asked, now=NOW + 2 * HOUR) == first


def test_lots_expire_by_themselves_when_swept(purse):
    ledger.credit(wallet=purse, amount=Decimal(10), key="gift", expires_at=NOW + HOUR, now=NOW + MINUTE)
    ledger.expire_lots(wallet=purse, now=NOW + HOUR - timedelta(seconds=1))
    assert balances(purse) == (110, 0)
    ledger.expire_lots(wallet=purse, now=NOW + HOUR)
    ledger.expire_lots(wallet=purse, now=NOW + HOUR)
    assert balances(purse) == (100, 0)


def test_a_capture_takes_a_part_and_gives_back_the_rest(purse):
    held = reserved(wallet=purse, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    assert balances(purse) == (100, 30)
    taken = ledger.capture(hold=held, amount=Decimal("12.5"), key="charge", now=NOW)
    assert (taken.amount, taken.balance_before, taken.balance_after) == (Decimal("-12.5"), 100, Decimal("87.5"))
    hold = Hold.objects.get(pk=held.pk)
    assert (hold.status, hold.captured_amount, hold.resolved_at) == (HoldStatus.CAPTURED, Decimal("12.5"), NOW)
    assert balances(purse) == (Decimal("87.5"), 0)
    assert ledger.capture(hold=hold, amount=Decimal("12.5"), key="charge", now=NOW + 2 * HOUR) == taken
    with pytest.raises(ledger.HoldResolved):
        ledger.capture(hold=hold, amount=Decimal("12.5"), key="charge-2", now=NOW)
    with pytest.raises(ledger.HoldResolved):
        ledger.release(hold=hold, key="release", now=NOW)


def test_a_hold_takes_no_more_than_it_holds_until_it_is_extended(purse):
    held = reserved(wallet=purse, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    with pytest.raises(ledger.CaptureTooLarge):
        ledger.capture(hold=held, amount=Decimal(31), key="charge", now=NOW)
    more = ledger.extend(hold=held, key="longer", until=NOW + 2 * HOUR, amount=Decimal(20), now=NOW)
    assert more is not None and more.reserved_after == 50
    assert ledger.extend(hold=held, key="longest", until=NOW + 3 * HOUR, now=NOW) is None
    assert Hold.objects.get(pk=held.pk).expires_at == NOW + 3 * HOUR
    ledger.capture(hold=held, amount=Decimal(50), key="charge", now=NOW + 2 * HOUR)
    assert balances(purse) == (50, 0)


def test_a_hold_that_expired_is_neither_captured_nor_extended_even_before_the_sweep(purse):
    held = reserved(wallet=purse, amount=Decimal(30), key="call", ttl=HOUR, now=NOW)
    with pytest.raises(ledger.HoldNotDue):
        ledger.expire(hold=held, now=NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(ledger.HoldExpired):
        ledger.capture(hold=held, amount=Decimal(1), key="charge", now=NOW + HOUR)
    with pytest.raises(ledger.HoldExpired):
        ledger.extend(hold=held, key="longer", until=NOW + 2 * HOUR, now=NOW + HOUR)
    ledger.expire(hold=held, now=NOW + HOUR)
    assert balances(purse) == (100, 0)
    assert Hold.objects.get(pk=held.pk).status == HoldStatus.EXPIRED


def test_credit_held_in_time_stays_usable_and_what_is_left_of_it_expires(purse):
    ledger.credit(wallet=purse, amount=Decimal(20), key="gift", expires_at=NOW + HOUR, now=NOW + MINUTE)
    held = reserved(wallet=purse, amount=Decimal(30), key="call", ttl=3 * HOUR, now=NOW)
    ledger.capture(hold=held, amount=Decimal(15), key="charge", now=NOW + 2 * HOUR)
    assert balances(purse) == (100, 0)
    assert lots(purse) == [100, 0]


def test_nothing_is_spent_from_a_suspended_wallet_but_money_may_come_in(purse):
    held = reserved(wallet=purse, amount=Decimal(30), key="call", ttl=HOUR)
    Wallet.objects.filter(pk=purse.pk).update(status=WalletStatus.SUSPENDED)
    with pytest.raises(ledger.WalletSuspended):
        ledger.debit(wallet=purse, amount=Decimal(1), key="use")
    with pytest.raises(ledger.WalletSuspended):
        ledger.reserve(wallet=purse, amount=Decimal(1), key="hold", ttl=HOUR)
    ledger.topup(wallet=purse, amount=Decimal(1), key="more")
    ledger.capture(hold=held, amount=Decimal(30), key="charge")
    assert balances(purse) == (71, 0)


def test_a_closed_wallet_takes_and_gives_nothing(purse):
    Wallet.objects.filter(pk=purse.pk).update(status=WalletStatus.CLOSED)
    for move in (ledger.debit, ledger.topup):
        with pytest.raises(ledger.WalletClosed):
            move(wallet=purse, amount=Decimal(1), key="move")
    with pytest.raises(ledger.WalletClosed):
        ledger.reserve(wallet=purse, amount=Decimal(1), key="hold", ttl=HOUR)


def test_a_reversal_gives_back_to_the_very_lots_and_happens_once(purse):
    ledger.credit(wallet=purse, amount=Decimal(10), key="gift", now=NOW + HOUR)
    used = ledger.debit(wallet=purse, amount=Decimal(25), key="use")
    assert lots(purse) == [85, 0]
    back = ledger.reverse(transaction=used, key="back", reason="Charged twice")
    assert (back.amount, back.reverses_id) == (25, used.id)
    assert lots(purse) == [100, 10]
    assert ledger.reverse(transaction=used.id, key="back", reason="Charged twice") == back
    with pytest.raises(ledger.AlreadyReversed):
        ledger.reverse(transaction=used, key="back-2", reason="Charged twice")
    with pytest.raises(ledger.NotReversible):
        ledger.reverse(transaction=back, key="back-3", reason="No")


def test_credit_that_was_spent_cannot_be_reversed(purse):
    gift = ledger.credit(wallet=purse, amount=Decimal(10), key="gift")
    ledger.debit(wallet=purse, amount=Decimal(4), key="use")
    with pytest.raises(ledger.CreditSpent):
        ledger.reverse(transaction=gift, key="back", reason="By mistake")
    untouched = LedgerTransaction.objects.get(idempotency_key="opening")
    ledger.reverse(transaction=untouched, key="back", reason="Refunded")
    assert balances(purse) == (6, 0)


def test_a_batch_gives_each_posting_its_own_verdict(other, purse):
    ledger.debit(wallet=purse, amount=Decimal(1), key="before")

    def debit(amount: int, key: str, wallet: Wallet = purse) -> Posting:
        return Posting(Operation.DEBIT, wallet.pk, Decimal(amount), key)

    verdicts = ledger.post_many(
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
            Posting(Operation.DEBIT, tenant_of(purse), Decimal(1), "f"),
        ]
    )
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.POSTED,
        Outcome.REPLAYED,
        Outcome.CONFLICT,
        Outcome.INSUFFICIENT,
        Outcome.POSTED,
        Outcome.REPLAYED,
        Outcome.CONFLICT,
        Outcome.INSUFFICIENT,
        Outcome.POSTED,
        Outcome.UNKNOWN_WALLET,
    ]
    assert verdicts[3].available == 39
    assert verdicts[5].posted == verdicts[0].posted
    assert verdicts[6].field == "amount"
    assert balances(purse) == (9, 0)


def tenant_of(wallet: Wallet) -> Any:
    return wallet.tenant_id


def test_a_batch_uses_credit_that_came_in_with_it(inside):
    wallet = WalletFactory.create(user=None, low_balance_threshold=None)
    verdicts = ledger.post_many(
        [
            Posting(Operation.TOPUP, wallet.pk, Decimal(5), "a"),
            Posting(Operation.DEBIT, wallet.pk, Decimal(3), "b"),
            Posting(Operation.CREDIT, wallet.pk, Decimal(4), "c", terms={"priority": 1}),
            Posting(Operation.DEBIT, wallet.pk, Decimal(5), "d"),
            Posting(Operation.ADJUSTMENT, wallet.pk, Decimal(-1), "e"),
        ]
    )
    assert {verdict.outcome for verdict in verdicts} == {Outcome.POSTED}
    assert lots(wallet) == [0, 0]
    assert balances(wallet) == (0, 0)


def test_a_low_balance_is_told_once_per_crossing(purse):
    Wallet.objects.filter(pk=purse.pk).update(low_balance_threshold=50)
    for number, amount in enumerate([40, 20, 5]):
        ledger.debit(wallet=purse, amount=Decimal(amount), key=f"use-{number}")
    assert told("billing.wallet.balance_low") == 1
    ledger.topup(wallet=purse, amount=Decimal(40), key="more")
    purse.refresh_from_db()
    assert purse.low_balance_notified_at is None
    ledger.debit(wallet=purse, amount=Decimal(40), key="use-again")
    assert told("billing.wallet.balance_low") == 2


def told(event_type: str) -> int:
    return DomainEvent.objects.filter(event_type=event_type).count()


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "NaN", "1000000000000"])
def test_an_amount_that_no_wallet_can_hold_is_refused_at_the_edge(purse, amount):
    with pytest.raises(Invalid):
        ledger.topup(wallet=purse, amount=Decimal(amount), key="odd")
    assert balances(purse) == (100, 0)


def test_a_wallet_does_not_overflow(purse):
    with pytest.raises(ledger.AmountTooLarge):
        ledger.topup(wallet=purse, amount=Decimal("999999999999"), key="rich")


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
def test_no_balance_moves_without_the_ledger(purse, change):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE billing_wallets SET {change} WHERE id = %s", [purse.pk])
    assert balances(purse) == (100, 0)


def test_a_movement_that_does_not_follow_the_one_before_it_is_refused(purse):
    row = LedgerTransaction.objects.get(idempotency_key="opening")
    forged = {"id": None, "idempotency_key": "forged", "wallet_version": 2, "entry_hash": bytes(32)}
    for name, value in forged.items():
        setattr(row, name, value)
    row.id = tenant_of(purse)
    row._state.adding = True
    row.balance_before, row.balance_after = Decimal(100), Decimal(200)
    with pytest.raises(IntegrityError, match="does not follow"), transaction.atomic():
        row.save(force_insert=True)


def test_every_row_says_which_hash_came_before(purse):
    ledger.debit(wallet=purse, amount=Decimal(1), key="use-1")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(entry_hash = billing_entry_hash(before, row)) FROM ("
            " SELECT entry AS row, entry.entry_hash,"
            " COALESCE(lag(entry.entry_hash) OVER (ORDER BY wallet_version), '') AS before"
            " FROM billing_ledger_transactions AS entry WHERE wallet_id = %s) AS chain",
            [purse.pk],
        )
        assert cursor.fetchone() == (True,)
    purse.refresh_from_db()
    head = LedgerTransaction.objects.get(idempotency_key="use-1")
    assert bytes(purse.ledger_hash) == bytes(head.entry_hash)
