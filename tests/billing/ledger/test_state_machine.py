"""Run random operations: the ledger must match the model, and every invariant must hold after each.

Set LEDGER_MACHINE_EXAMPLES=2000 for a longer search.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from billing.audit.checks.search import run_checks
from billing.ledger.errors import IdempotencyConflict
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, PostedTransaction, Posting, PostingOutcome, Reference
from lad.db.identifiers import uuid7
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tests.billing.ledger.invariants import Account, check
from tests.billing.ledger.model import AMOUNT_LIMIT, ZERO, Refused, WalletModel
from tests.billing.ledger.requests import NO_DETAILS, OUTCOMES, compared, difference
from tests.billing.usage.metered_rules import MeteredRules
from tests.factories.billing import WalletFactory
from tests.factories.tenants import MemberFactory, TenantFactory

EXAMPLES = int(os.environ.get("LEDGER_MACHINE_EXAMPLES", "25"))
STEPS = 50
NEVER = datetime.max.replace(tzinfo=UTC)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = Decimal("0.000001")

money = st.integers(1, 40_000_000).map(lambda micros: micros * MICRO)
amounts = money | st.sampled_from([MICRO, Decimal(1), Decimal(25), AMOUNT_LIMIT - MICRO])
share = st.sampled_from(["some", "all", "more", "none"])
hours = st.none() | st.integers(1, 48)
which = st.integers(0, 2)
index = st.integers(0, 1000)


@dataclass
class Call:
    """An operation that succeeded and may be repeated."""

    account: int
    operation: str
    arguments: dict[str, Any]
    key: str
    posted: PostedTransaction


class LedgerMachine(MeteredRules):
    """Operate on three wallets, two of which belong to one tenant. Both tenants use the same keys."""

    def __init__(self) -> None:
        super().__init__()
        with platform_context():
            tenants = [TenantFactory.create(), TenantFactory.create()]
        with platform_context(tenant_id=tenants[0].pk):
            self.users = [None, MemberFactory.create(), None]
        owners = [tenants[0], tenants[0], tenants[1]]
        self.accounts = [_account(tenant.pk, user) for tenant, user in zip(owners, self.users, strict=True)]
        self.now = START
        self.start_metering()
        self.calls: list[Call] = []
        self.requests: dict[tuple[UUID, str], dict[str, Any]] = {}
        self.free_keys: list[str] = []
        self.number = 0

    @rule(at=which, kind=st.sampled_from(["topup", "credit"]), amount=amounts, priority=st.integers(0, 3), lasts=hours)
    def add_credit(self, at: int, kind: str, amount: Decimal, priority: int, lasts: int | None) -> None:
        self._tick()
        # Lots never expire at the same time, so their order is certain.
        expires_at = self.now + timedelta(hours=lasts) if lasts else None
        self._do(
            at,
            kind,
            lambda model: model.take_in(kind, amount, priority, expires_at or NEVER, self.now),
            amount=amount,
            priority=priority,
            expires_at=expires_at,
        )

    @rule(at=which, part=share, amount=money)
    def debit(self, at: int, part: str, amount: Decimal) -> None:
        amount = self._portion(at, part, amount)
        self._do(at, "debit", lambda model: model.take_out("debit", amount, self.now), amount=amount)

    @rule(at=which, amount=money, takes=st.booleans())
    def adjust(self, at: int, amount: Decimal, takes: bool) -> None:
        def expect(model: WalletModel) -> None:
            if takes:
                model.take_out("adjustment", amount, self.now)
            else:
                model.take_in("adjustment", amount, 50, NEVER, self.now)

        self._do(at, "adjust", expect, amount=-amount if takes else amount, reason="Corrected")

    @rule(at=which, part=share, amount=money, lasts=st.integers(1, 30))
    def reserve(self, at: int, part: str, amount: Decimal, lasts: int) -> None:
        amount, ttl = self._portion(at, part, amount) or MICRO, timedelta(hours=lasts)
        self._do(at, "reserve", lambda model: model.reserve(amount, self.now + ttl, self.now), amount=amount, ttl=ttl)

    @precondition(lambda self: self._any("holds"))
    @rule(hold=index, amount=money | st.just(ZERO), lasts=st.integers(-5, 40))
    def extend(self, hold: int, amount: Decimal, lasts: int) -> None:
        at, number = self._pick("holds", hold)
        self._tick()
        until = self.now + timedelta(hours=lasts)
        self._do(
            at,
            "extend",
            lambda model: model.extend(model.holds[number], amount, until, self.now),
            hold=self.accounts[at].holds[number],
            amount=amount,
            until=until,
        )

    @precondition(lambda self: self._any("holds"))
    @rule(hold=index, part=share)
    def capture(self, hold: int, part: str) -> None:
        at, number = self._pick("holds", hold)
        held = self.accounts[at].model.holds[number].amount
        amount = {"none": ZERO, "some": (held / 2).quantize(MICRO), "all": held, "more": held + MICRO}[part]
        self._do(
            at,
            "capture",
            lambda model: model.settle(model.holds[number], "captured", self.now, amount),
            hold=self.accounts[at].holds[number],
            amount=amount,
        )

    @precondition(lambda self: self._any("holds"))
    @rule(hold=index)
    def release(self, hold: int) -> None:
        at, number = self._pick("holds", hold)
        self._do(
            at,
            "release",
            lambda model: model.settle(model.holds[number], "released", self.now),
            hold=self.accounts[at].holds[number],
        )

    @precondition(lambda self: self._any("holds"))
    @rule(hold=index)
    def expire(self, hold: int) -> None:
        at, number = self._pick("holds", hold)
        if self.accounts[at].model.holds[number].status == "expired":
            return  # Expiring again returns the first expiry.
        self._do(
            at,
            "expire",
            lambda model: model.settle(model.holds[number], "expired", self.now),
            keyed=False,
            hold=self.accounts[at].holds[number],
        )

    @rule(at=which)
    def expire_lots(self, at: int) -> None:
        account = self.accounts[at]
        self._do(at, "expire_lots", lambda model: model.begin(self.now), keyed=False, wallet=account.wallet_id)

    @precondition(lambda self: self._any("rows"))
    @rule(row=index)
    def reverse(self, row: int) -> None:
        at, number = self._pick("rows", row)
        if self.pays_for_use(self.accounts[at], number):
            return
        self._do(
            at,
            "reverse",
            lambda model: model.reverse(number, self.now, self._heir(self.accounts[at])),
            transaction=self.accounts[at].rows[number]["id"],
            reason="A mistake",
        )

    @rule(passing=st.integers(1, 30))
    def time_passes(self, passing: int) -> None:
        self.now += timedelta(hours=passing)

    @precondition(lambda self: self.calls)
    @rule(call=index)
    def repeat_request(self, call: int) -> None:
        """Repeating a request returns the first result, whatever has happened since."""
        self._tick()
        first = self.calls[call % len(self.calls)]
        account = self.accounts[first.account]
        with tenant_context(account.tenant_id):
            again = getattr(ledger, first.operation)(**first.arguments, key=first.key, now=self.now)
        assert again == first.posted
        assert again.replayed
        if first.operation in {"topup", "credit", "debit", "adjust"}:
            self._expire_due(account)

    @precondition(lambda self: self.calls)
    @rule(call=index, data=st.data())
    def change_request_under_same_key(self, call: int, data: st.DataObject) -> None:
        """A different request with the same key is refused and names the field that differs."""
        self._tick()
        first = self.calls[call % len(self.calls)]
        account = self.accounts[first.account]
        name, value, field = data.draw(st.sampled_from(self._changes(first)))
        with pytest.raises(IdempotencyConflict) as refused, tenant_context(account.tenant_id):
            getattr(ledger, first.operation)(**{**first.arguments, name: value}, key=first.key, now=self.now)
        assert refused.value.extra["field"] == field

    @rule(at=which, items=st.lists(st.tuples(which, st.sampled_from(list(Operation)), money, share, index), max_size=8))
    def batch(self, at: int, items: list[tuple[int, Operation, Decimal, str, int]]) -> None:
        """A batch gives each posting a result, and postings with the same key one effect."""
        self._tick()
        tenant_id = self.accounts[at].tenant_id
        mine = [account for account in self.accounts if account.tenant_id == tenant_id]
        postings = [
            self._posting(mine[number % len(mine)], order, kind, amount, part, key)
            for order, (number, kind, amount, part, key) in enumerate(items)
        ]
        expected = self._expected(tenant_id, postings)
        with tenant_context(tenant_id):
            results = ledger.post_many(postings, now=self.now)
        assert [(result.outcome, result.field) for result in results] == expected
        for posting, result in zip(postings, results, strict=True):
            if result.posted is not None:
                assert result.posted.idempotency_key == posting.key
                self._of(posting).posted += [result.posted] if result.outcome == PostingOutcome.POSTED else []

    @invariant()
    def all_invariants_hold(self) -> None:
        for account in self.accounts:
            check(account)

    def teardown(self) -> None:
        """The audit finds nothing. It is given the start time, so open holds are not overdue."""
        with platform_context(), connection.cursor() as cursor:
            assert run_checks(cursor, now=START).findings == []

    def _do(
        self, at: int, operation: str, expect: Callable[[WalletModel], None], *, keyed: bool = True, **arguments: Any
    ) -> None:
        """Run an operation on the model and on the ledger and compare what they allow."""
        self._tick()
        account = self.accounts[at]
        refusal = self._model(account, expect)
        if operation in {"topup", "credit", "debit", "adjust", "reserve"}:
            arguments = {"wallet": account.wallet_id, **arguments}
        key = {"key": self._key()} if keyed else {}
        try:
            with tenant_context(account.tenant_id):
                posted = getattr(ledger, operation)(**arguments, **key, now=self.now)
        except DomainError as error:
            assert error.code == refusal
            self.free_keys += key.values()
            return
        assert refusal == ""
        if posted is None:
            return
        account.posted.append(posted)
        if key:
            self.calls.append(Call(at, operation, arguments, key["key"], posted))
            self.requests[account.tenant_id, key["key"]] = compared(account, operation, arguments, posted)

    def _model(self, account: Account, expect: Callable[[WalletModel], None]) -> str:
        before = deepcopy(account.model)
        try:
            expect(account.model)
        except Refused as refused:
            account.model = before
            return str(refused)
        return ""

    def _expire_due(self, account: Account) -> None:
        self._model(account, lambda model: model.begin(self.now))

    def _key(self) -> str:
        """Return a new key, or one whose request failed and which is free again."""
        self.number += 1
        return self.free_keys.pop() if self.free_keys and self.number % 2 else f"key-{self.number}"

    def _tick(self) -> None:
        self.now += timedelta(milliseconds=1)

    def _portion(self, at: int, part: str, amount: Decimal) -> Decimal:
        available = self.accounts[at].model.available
        return {"some": amount, "all": available, "more": min(available + MICRO, AMOUNT_LIMIT - MICRO), "none": ZERO}[
            part
        ]

    def _any(self, what: str) -> bool:
        return any(getattr(account.model, what) for account in self.accounts)

    def _pick(self, what: str, number: int) -> tuple[int, int]:
        """Return an account and the number of one of its holds or rows."""
        every = [(at, n) for at, each in enumerate(self.accounts) for n in range(len(getattr(each.model, what)))]
        return every[number % len(every)]

    def _changes(self, call: Call) -> list[tuple[str, Any, str]]:
        """Return changed arguments for the call's key, each with the field that the conflict must name."""
        reason = "reason" if "reason" in call.arguments else "description"
        changes: list[tuple[str, Any, str]] = []
        if call.operation != "extend":
            changes.append((reason, "Something else", "description"))
            changes.append(("metadata", {"other": True}, "metadata"))
            changes.append(("reference", Reference("voice_call", uuid7()), "reference_type"))
        if "amount" in call.arguments:
            changes.append(("amount", Decimal(2) if call.arguments["amount"] == 1 else Decimal(1), "amount"))
        if call.operation in {"topup", "credit"}:
            changes.append(("priority", 99, "priority"))
            changes.append(("expires_at", START + timedelta(days=9000), "expires_at"))
        if call.operation == "reserve":
            changes.append(("ttl", timedelta(days=90), "seconds"))
        if call.operation == "extend":
            changes.append(("until", START + timedelta(days=9000), "until"))
        if "wallet" in call.arguments and call.account < 2:
            changes.append(("wallet", self.accounts[1 - call.account].wallet_id, "wallet"))
        return changes

    def _posting(self, account: Account, order: int, kind: Operation, amount: Decimal, part: str, key: int) -> Posting:
        """Return a posting whose key is usually new, sometimes repeated in the batch or from an earlier call."""
        if kind in {Operation.DEBIT, Operation.ADJUSTMENT} and part in {"all", "more"}:
            amount = min(account.model.available + (MICRO if part == "more" else 0), AMOUNT_LIMIT - MICRO) or MICRO
        if kind == Operation.ADJUSTMENT and part != "none":
            amount = -amount
        old = [known for tenant_id, known in self.requests if tenant_id == account.tenant_id]
        name = old[key % len(old)] if old and key < 200 else f"batch-{self.now.isoformat()}-{key % 5}"
        incoming = kind in {Operation.TOPUP, Operation.CREDIT} or (kind == Operation.ADJUSTMENT and amount > 0)
        # Different priorities: lots with the same time and priority have no defined order.
        return Posting(kind, account.wallet_id, amount, name, terms={"priority": order} if incoming else {})

    def _expected(self, tenant_id: UUID, postings: list[Posting]) -> list[tuple[PostingOutcome, str]]:
        """Return the expected results: first uses of keys wallet by wallet, then repetitions."""
        results: dict[int, tuple[PostingOutcome, str]] = {}
        while len(results) < len(postings):
            round_keys: set[str] = set()
            touched: set[UUID] = set()
            for position, posting in enumerate(postings):
                if position in results or posting.key in round_keys:
                    continue
                round_keys.add(posting.key)
                account = self._of(posting)
                if posting.wallet_id not in touched:
                    self._expire_due(account)
                    touched.add(posting.wallet_id)
                results[position] = self._result(account, posting)
        return [results[position] for position in range(len(postings))]

    def _result(self, account: Account, posting: Posting) -> tuple[PostingOutcome, str]:
        outgoing = posting.operation == Operation.DEBIT or posting.amount < 0
        amount, kind = abs(posting.amount), posting.operation.value
        request = {**NO_DETAILS, "wallet": posting.wallet_id, "transaction_type": kind, "terms": dict(posting.terms)}
        request["amount"] = -amount if outgoing else amount
        earlier = self.requests.get((account.tenant_id, posting.key))
        if earlier is not None:
            different = difference(earlier, request)
            return (PostingOutcome.CONFLICT, different) if different else (PostingOutcome.REPLAYED, "")

        def expect(model: WalletModel) -> None:
            if outgoing:
                model.take_out(kind, amount, self.now)
            else:
                priority = posting.terms["priority"]
                assert isinstance(priority, int)
                model.take_in(kind, amount, priority, NEVER, self.now)

        refusal = self._model(account, expect)
        if refusal:
            return OUTCOMES[refusal], ""
        self.requests[account.tenant_id, posting.key] = request
        return PostingOutcome.POSTED, ""

    def _of(self, posting: Posting) -> Account:
        return next(account for account in self.accounts if account.wallet_id == posting.wallet_id)


def _account(tenant_id: UUID, user: User | None) -> Account:
    with platform_context(tenant_id=tenant_id):
        return Account(tenant_id, WalletFactory.create(user=user, low_balance_threshold=Decimal(5)).pk)


@pytest.mark.django_db(transaction=True)
def test_the_ledger_matches_the_model_in_any_order_of_operations(transactional_db: None) -> None:
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(LedgerMachine, settings=profile)
