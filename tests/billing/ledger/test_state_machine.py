"""Any order of operations at all: the ledger does what the model does, and every invariant holds after each.

LEDGER_MACHINE_EXAMPLES=2000 looks for as long as it takes.
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

from billing.audit.checks.search import find
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, Outcome, Posted, Posting, Reference
from lad.db.identifiers import uuid7
from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tests.billing.ledger.invariants import Account, check
from tests.billing.ledger.model import LARGEST, NOTHING, Purse, Refused
from tests.billing.ledger.requests import NOTHING_SAID, OUTCOMES, difference, said
from tests.billing.usage.metered_rules import MeteredRules
from tests.factories.billing import WalletFactory
from tests.factories.tenants import MemberFactory, TenantFactory

EXAMPLES = int(os.environ.get("LEDGER_MACHINE_EXAMPLES", "25"))
STEPS = 50
NEVER = datetime.max.replace(tzinfo=UTC)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = Decimal("0.000001")

money = st.integers(1, 40_000_000).map(lambda micros: micros * MICRO)
amounts = money | st.sampled_from([MICRO, Decimal(1), Decimal(25), LARGEST - MICRO])
share = st.sampled_from(["some", "all", "more", "none"])
hours = st.none() | st.integers(1, 48)
which = st.integers(0, 2)
place = st.integers(0, 1000)


@dataclass
class Call:
    """An operation that succeeded, to be asked for again."""

    account: int
    operation: str
    arguments: dict[str, Any]
    key: str
    posted: Posted


class LedgerMachine(MeteredRules):
    """Three wallets, two of them of one tenant; both tenants use the same keys."""

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
        self.said: dict[tuple[UUID, str], dict[str, Any]] = {}
        self.free_keys: list[str] = []
        self.number = 0

    @rule(at=which, kind=st.sampled_from(["topup", "credit"]), amount=amounts, priority=st.integers(0, 3), lasts=hours)
    def come_in(self, at: int, kind: str, amount: Decimal, priority: int, lasts: int | None) -> None:
        self._tick()
        # No two lots expire at the same moment, so that the order in which they do is certain.
        expires_at = self.now + timedelta(hours=lasts) if lasts else None
        self._do(
            at,
            kind,
            lambda purse: purse.take_in(kind, amount, priority, expires_at or NEVER, self.now),
            amount=amount,
            priority=priority,
            expires_at=expires_at,
        )

    @rule(at=which, part=share, amount=money)
    def debit(self, at: int, part: str, amount: Decimal) -> None:
        amount = self._share(at, part, amount)
        self._do(at, "debit", lambda purse: purse.take_out("debit", amount, self.now), amount=amount)

    @rule(at=which, amount=money, takes=st.booleans())
    def adjust(self, at: int, amount: Decimal, takes: bool) -> None:
        def expect(purse: Purse) -> None:
            if takes:
                purse.take_out("adjustment", amount, self.now)
            else:
                purse.take_in("adjustment", amount, 50, NEVER, self.now)

        self._do(at, "adjust", expect, amount=-amount if takes else amount, reason="Corrected")

    @rule(at=which, part=share, amount=money, lasts=st.integers(1, 30))
    def reserve(self, at: int, part: str, amount: Decimal, lasts: int) -> None:
        amount, ttl = self._share(at, part, amount) or MICRO, timedelta(hours=lasts)
        self._do(at, "reserve", lambda purse: purse.reserve(amount, self.now + ttl, self.now), amount=amount, ttl=ttl)

    @precondition(lambda self: self._open_to("holds"))
    @rule(hold=place, amount=money | st.just(NOTHING), lasts=st.integers(-5, 40))
    def extend(self, hold: int, amount: Decimal, lasts: int) -> None:
        at, number = self._pick("holds", hold)
        self._tick()
        until = self.now + timedelta(hours=lasts)
        self._do(
            at,
            "extend",
            lambda purse: purse.extend(purse.holds[number], amount, until, self.now),
            hold=self.accounts[at].holds[number],
            amount=amount,
            until=until,
        )

    @precondition(lambda self: self._open_to("holds"))
    @rule(hold=place, part=share)
    def capture(self, hold: int, part: str) -> None:
        at, number = self._pick("holds", hold)
        held = self.accounts[at].purse.holds[number].amount
        amount = {"none": NOTHING, "some": (held / 2).quantize(MICRO), "all": held, "more": held + MICRO}[part]
        self._do(
            at,
            "capture",
            lambda purse: purse.settle(purse.holds[number], "captured", self.now, amount),
            hold=self.accounts[at].holds[number],
            amount=amount,
        )

    @precondition(lambda self: self._open_to("holds"))
    @rule(hold=place)
    def release(self, hold: int) -> None:
        at, number = self._pick("holds", hold)
        self._do(
            at,
            "release",
            lambda purse: purse.settle(purse.holds[number], "released", self.now),
            hold=self.accounts[at].holds[number],
        )

    @precondition(lambda self: self._open_to("holds"))
    @rule(hold=place)
    def expire(self, hold: int) -> None:
        at, number = self._pick("holds", hold)
        if self.accounts[at].purse.holds[number].status == "expired":
            return  # Expiring again answers the first expiry.
        self._do(
            at,
            "expire",
            lambda purse: purse.settle(purse.holds[number], "expired", self.now),
            keyed=False,
            hold=self.accounts[at].holds[number],
        )

    @rule(at=which)
    def expire_lots(self, at: int) -> None:
        account = self.accounts[at]
        self._do(at, "expire_lots", lambda purse: purse.begin(self.now), keyed=False, wallet=account.wallet_id)

    @precondition(lambda self: self._open_to("rows"))
    @rule(row=place)
    def reverse(self, row: int) -> None:
        at, number = self._pick("rows", row)
        if self.pays_for_use(self.accounts[at], number):
            return
        self._do(
            at,
            "reverse",
            lambda purse: purse.reverse(number, self.now),
            transaction=self.accounts[at].rows[number]["id"],
            reason="A mistake",
        )

    @rule(passing=st.integers(1, 30))
    def time_passes(self, passing: int) -> None:
        self.now += timedelta(hours=passing)

    @precondition(lambda self: self.calls)
    @rule(call=place)
    def ask_again(self, call: int) -> None:
        """The same request gets the first answer, whatever has happened since."""
        self._tick()
        first = self.calls[call % len(self.calls)]
        account = self.accounts[first.account]
        with tenant_context(account.tenant_id):
            again = getattr(ledger, first.operation)(**first.arguments, key=first.key, now=self.now)
        assert again == first.posted
        assert again.replayed
        if first.operation in {"topup", "credit", "debit", "adjust"}:
            self._lapse(account)

    @precondition(lambda self: self.calls)
    @rule(call=place, data=st.data())
    def ask_for_something_else(self, call: int, data: st.DataObject) -> None:
        """Another request under the same key is refused, naming what differs."""
        self._tick()
        first = self.calls[call % len(self.calls)]
        account = self.accounts[first.account]
        name, value, told = data.draw(st.sampled_from(self._changes(first)))
        with pytest.raises(ledger.IdempotencyConflict) as refused, tenant_context(account.tenant_id):
            getattr(ledger, first.operation)(**{**first.arguments, name: value}, key=first.key, now=self.now)
        assert refused.value.extra["field"] == told

    @rule(at=which, items=st.lists(st.tuples(which, st.sampled_from(list(Operation)), money, share, place), max_size=8))
    def batch(self, at: int, items: list[tuple[int, Operation, Decimal, str, int]]) -> None:
        """Postings of one tenant in one commit: each has a verdict, and those of the same key one effect."""
        self._tick()
        tenant_id = self.accounts[at].tenant_id
        mine = [account for account in self.accounts if account.tenant_id == tenant_id]
        postings = [
            self._posting(mine[number % len(mine)], order, kind, amount, part, key)
            for order, (number, kind, amount, part, key) in enumerate(items)
        ]
        expected = self._expected(tenant_id, postings)
        with tenant_context(tenant_id):
            verdicts = ledger.post_many(postings, now=self.now)
        assert [(verdict.outcome, verdict.field) for verdict in verdicts] == expected
        for posting, verdict in zip(postings, verdicts, strict=True):
            if verdict.posted is not None:
                assert verdict.posted.idempotency_key == posting.key
                self._of(posting).answers += [verdict.posted] if verdict.outcome == Outcome.POSTED else []

    @invariant()
    def everything_holds(self) -> None:
        for account in self.accounts:
            check(account)

    def teardown(self) -> None:
        """The audit has nothing to say of what is left; holds need not have ended by the beginning."""
        with platform_context(), connection.cursor() as cursor:
            assert find(cursor, now=START).findings == []

    def _do(
        self, at: int, operation: str, expect: Callable[[Purse], None], *, keyed: bool = True, **arguments: Any
    ) -> None:
        """Have the model and the ledger do the same, and agree on whether it is allowed."""
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
        account.answers.append(posted)
        if key:
            self.calls.append(Call(at, operation, arguments, key["key"], posted))
            self.said[account.tenant_id, key["key"]] = said(account, operation, arguments, posted)

    def _model(self, account: Account, expect: Callable[[Purse], None]) -> str:
        before = deepcopy(account.purse)
        try:
            expect(account.purse)
        except Refused as refused:
            account.purse = before
            return str(refused)
        return ""

    def _lapse(self, account: Account) -> None:
        self._model(account, lambda purse: purse.begin(self.now))

    def _key(self) -> str:
        """A new key, or one whose request failed and which is free for another."""
        self.number += 1
        return self.free_keys.pop() if self.free_keys and self.number % 2 else f"key-{self.number}"

    def _tick(self) -> None:
        self.now += timedelta(milliseconds=1)

    def _share(self, at: int, part: str, amount: Decimal) -> Decimal:
        available = self.accounts[at].purse.available
        return {"some": amount, "all": available, "more": min(available + MICRO, LARGEST - MICRO), "none": NOTHING}[
            part
        ]

    def _open_to(self, what: str) -> bool:
        return any(getattr(account.purse, what) for account in self.accounts)

    def _pick(self, what: str, number: int) -> tuple[int, int]:
        """An account and one of its holds or rows, of all there are."""
        every = [(at, n) for at, each in enumerate(self.accounts) for n in range(len(getattr(each.purse, what)))]
        return every[number % len(every)]

    def _changes(self, call: Call) -> list[tuple[str, Any, str]]:
        """What else could be asked for under the key of the call, and what is told then."""
        reason = "reason" if "reason" in call.arguments else "description"
        changes: list[tuple[str, Any, str]] = []
        if call.operation != "extend":
            changes.append((reason, "Something else", "description"))
            changes.append(("metadata", {"other": True}, "metadata"))
            changes.append(("reference", Reference("manual", uuid7()), "reference_type"))
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
        """A posting whose key is mostly new, but sometimes that of another of the batch or of long ago."""
        if kind in {Operation.DEBIT, Operation.ADJUSTMENT} and part in {"all", "more"}:
            amount = min(account.purse.available + (MICRO if part == "more" else 0), LARGEST - MICRO) or MICRO
        if kind == Operation.ADJUSTMENT and part != "none":
            amount = -amount
        old = [known for tenant_id, known in self.said if tenant_id == account.tenant_id]
        name = old[key % len(old)] if old and key < 200 else f"batch-{self.now.isoformat()}-{key % 5}"
        incoming = kind in {Operation.TOPUP, Operation.CREDIT} or (kind == Operation.ADJUSTMENT and amount > 0)
        # Lots of one moment and one priority have no order that the model could know.
        return Posting(kind, account.wallet_id, amount, name, terms={"priority": order} if incoming else {})

    def _expected(self, tenant_id: UUID, postings: list[Posting]) -> list[tuple[Outcome, str]]:
        """The verdicts: first those whose key comes first, wallet by wallet, then those that repeat one."""
        verdicts: dict[int, tuple[Outcome, str]] = {}
        while len(verdicts) < len(postings):
            round_keys: set[str] = set()
            touched: set[UUID] = set()
            for index, posting in enumerate(postings):
                if index in verdicts or posting.key in round_keys:
                    continue
                round_keys.add(posting.key)
                account = self._of(posting)
                if posting.wallet_id not in touched:
                    self._lapse(account)
                    touched.add(posting.wallet_id)
                verdicts[index] = self._verdict(account, posting)
        return [verdicts[index] for index in range(len(postings))]

    def _verdict(self, account: Account, posting: Posting) -> tuple[Outcome, str]:
        outgoing = posting.operation == Operation.DEBIT or posting.amount < 0
        amount, kind = abs(posting.amount), posting.operation.value
        asked = {**NOTHING_SAID, "wallet": posting.wallet_id, "transaction_type": kind, "terms": dict(posting.terms)}
        asked["amount"] = -amount if outgoing else amount
        earlier = self.said.get((account.tenant_id, posting.key))
        if earlier is not None:
            different = difference(earlier, asked)
            return (Outcome.CONFLICT, different) if different else (Outcome.REPLAYED, "")

        def expect(purse: Purse) -> None:
            if outgoing:
                purse.take_out(kind, amount, self.now)
            else:
                purse.take_in(kind, amount, posting.terms["priority"], NEVER, self.now)

        refusal = self._model(account, expect)
        if refusal:
            return OUTCOMES[refusal], ""
        self.said[account.tenant_id, posting.key] = asked
        return Outcome.POSTED, ""

    def _of(self, posting: Posting) -> Account:
        return next(account for account in self.accounts if account.wallet_id == posting.wallet_id)


def _account(tenant_id: UUID, user: User | None) -> Account:
    with platform_context(tenant_id=tenant_id):
        return Account(tenant_id, WalletFactory.create(user=user, low_balance_threshold=Decimal(5)).pk)


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_the_ledger_does_what_the_model_does(transactional_db: None) -> None:
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(LedgerMachine, settings=profile)
