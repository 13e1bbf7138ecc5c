"""State machine rules around the ledger: wallet status changes and metered usage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from billing.ledger.models import LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import wallets
from billing.pricing.models import Price
from billing.usage.models import UsageEvent
from billing.usage.services import usage
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tests.billing.ledger.invariants import Account
from tests.billing.ledger.model import WalletModel
from tests.factories.billing import PriceFactory

MICRO = Decimal("0.000001")
LATE = 20

which = st.integers(0, 2)
index = st.integers(0, 1000)
quantities = st.integers(1, 9_999_999).map(lambda millionths: millionths * MICRO)


@dataclass
class Use:
    """Expected state of one usage event. ``row`` is the index of its debit among the payer's ledger rows."""

    account: Account
    event: UsageEvent
    price: Price
    quantity: Decimal
    status: str = "pending"
    payer: Account | None = None
    row: int = -1

    @property
    def cost(self) -> Decimal:
        return (self.quantity * self.price.unit_price).quantize(MICRO, ROUND_HALF_UP)


class MeteredRules(RuleBasedStateMachine):
    """Users record and pay for usage of one component whose price changes over time."""

    accounts: list[Account]
    users: list[User | None]
    now: datetime
    _tick: Callable[[], None]
    _model: Callable[[Account, Callable[[WalletModel], None]], str]
    _expire_due: Callable[[Account], None]

    def start_metering(self) -> None:
        self.uses: list[Use] = []
        with platform_context():
            begins = self.now - timedelta(days=30)
            self.prices = [PriceFactory.create(effective_from=begins, unit_price=Decimal("0.37"))]

    @rule(at=which, status=st.sampled_from([WalletStatus.SUSPENDED, WalletStatus.ACTIVE]))
    def move(self, at: int, status: WalletStatus) -> None:
        self._move(self.accounts[at], status)

    @precondition(lambda self: self._used())
    @rule(at=index)
    def close(self, at: int) -> None:
        """Close a wallet, which must be empty. That of a user stays closed."""
        used = self._used()
        self._move(used[at % len(used)], WalletStatus.CLOSED)

    @rule(unit_price=st.integers(1, 9_999).map(lambda tenthousandths: tenthousandths / Decimal(10_000)))
    def price_changes(self, unit_price: Decimal) -> None:
        self._tick()
        if unit_price == self.prices[-1].unit_price:
            return
        with platform_context():
            Price.objects.filter(pk=self.prices[-1].pk).update(effective_to=self.now)
            changed = PriceFactory.create(**self._component(), unit_price=unit_price, effective_from=self.now)
            self.prices.append(Price.objects.get(pk=changed.pk))

    @rule(at=which, quantity=quantities, late=st.integers(0, LATE), at_once=st.booleans())
    def use(self, at: int, quantity: Decimal, late: int, at_once: bool) -> None:
        """Record usage, possibly late and at its earlier price, and charge it if ``at_once``."""
        self._tick()
        account = self.accounts[at]
        occurred_at = self.now - timedelta(hours=late)
        with tenant_context(account.tenant_id):
            event = usage.record(
                feature_key="voice-agent",
                items=[{**self._component(), "quantity": quantity}],
                key=f"use-{len(self.uses)}",
                user=self.users[at],
                occurred_at=occurred_at,
                now=self.now,
            )
        held = [price for price in self.prices if price.effective_from <= occurred_at]
        self.uses.append(Use(account, event, held[-1], quantity))
        if at_once:
            self._charge(self.uses[-1])

    @precondition(lambda self: self.uses)
    @rule(number=index)
    def charge(self, number: int) -> None:
        self._charge(self.uses[number % len(self.uses)])

    @precondition(lambda self: self.uses)
    @rule(number=index)
    def void(self, number: int) -> None:
        self._tick()
        charged = [use for use in self.uses if use.status == "charged"] or self.uses
        use = charged[number % len(charged)]
        refusal = ""
        if use.status == "charged" and use.payer is not None:
            heir = self._heir(use.payer)
            refusal = self._model(use.payer, lambda model: model.reverse(use.row, self.now, heir))
        use.status = use.status if refusal else "voided"
        with tenant_context(use.account.tenant_id):
            self._agree(refusal, lambda: usage.void(event=use.event, reason="A mistake", now=self.now))

    @invariant()
    def every_use_is_paid_once_at_the_price_of_then(self) -> None:
        for use in self.uses:
            with tenant_context(use.account.tenant_id):
                event = UsageEvent.objects.get(pk=use.event.pk)
                debits = LedgerTransaction.objects.filter(reference_id=event.pk, transaction_type="debit")
                paid = list(debits.values_list("pk", "amount"))
            [item] = event.usage_items
            assert (item["price_id"], item["price_version"]) == (str(use.price.pk), use.price.version)
            assert event.status == use.status
            assert event.total_cost == use.cost == Decimal(item["cost"])
            assert len(paid) == (use.payer is not None)
            assert [(event.ledger_transaction_id, -event.total_cost)] * len(paid) == paid
            taken_back = use.payer is not None and any(row.reverses == use.row for row in use.payer.model.rows)
            assert taken_back == (use.payer is not None and use.status == "voided")

    def pays_for_use(self, account: Account, row: int) -> bool:
        """Return whether the row is the debit of a usage event, which is voided rather than reversed."""
        return any(use.payer is account and use.row == row for use in self.uses)

    def _heir(self, account: Account) -> WalletModel | None:
        """Return the model of the tenant's wallet for a user's wallet, which passes on what comes back when closed."""
        first = next(each for each in self.accounts if each.tenant_id == account.tenant_id)
        return None if first is account else first.model

    def _charge(self, use: Use) -> None:
        self._tick()
        refusal = "wrong_usage_status" if use.status == "voided" else ""
        if use.status in {"pending", "failed"}:
            payer = self._payer(use.account)
            self._expire_due(payer)
            failed = self._model(payer, lambda model: model.take_out("debit", use.cost, self.now))
            use.status = "failed" if failed else "charged"
            if not failed:
                use.payer, use.row = payer, len(payer.model.rows) - 1
        with tenant_context(use.account.tenant_id):
            self._agree(refusal, lambda: usage.charge(event=use.event, now=self.now))

    def _component(self) -> dict[str, str]:
        """Return the component that is used."""
        return {name: str(getattr(self.prices[0], name)) for name in ("category", "provider", "model", "unit")}

    def _used(self) -> list[Account]:
        return [account for account in self.accounts if account.model.rows]

    def _payer(self, account: Account) -> Account:
        """Return the user's account, or the tenant's if the user's wallet is closed."""
        if account.model.status != "closed":
            return account
        return self._tenants(account)

    def _tenants(self, account: Account) -> Account:
        """Return the account of the tenant itself, the first of its tenant."""
        return next(each for each in self.accounts if each.tenant_id == account.tenant_id)

    def _move(self, account: Account, status: WalletStatus) -> None:
        model = account.model
        refusal = ""
        if status.value != model.status:
            if model.status == "closed" and not (account is self._tenants(account) and status == WalletStatus.ACTIVE):
                refusal = "wallet_closed"
            elif status == WalletStatus.CLOSED and model.available + model.reserved:
                refusal = "wallet_not_empty"
        with tenant_context(account.tenant_id):
            row = Wallet.objects.get(pk=account.wallet_id)
            self._agree(refusal, lambda: wallets.change_status(wallet=row, status=status))
        model.status = model.status if refusal else status.value

    @staticmethod
    def _agree(refusal: str, do: Callable[[], Any]) -> None:
        """Assert that the service refuses exactly what the model refuses."""
        try:
            do()
        except DomainError as error:
            assert error.code == refusal
        else:
            assert refusal == ""
