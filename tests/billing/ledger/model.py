"""A simple model of a wallet. Tests compare the ledger with it row by row."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Parts = dict[int, Decimal]  # the change of each lot, by the lot's number
ZERO, AMOUNT_LIMIT = Decimal(0), Decimal(10) ** 12


class Refused(Exception):
    """The ledger must refuse with this error code and change nothing."""


@dataclass
class Lot:
    priority: int
    expires_at: datetime
    remaining: Decimal = ZERO


@dataclass
class Hold:
    amount: Decimal
    expires_at: datetime
    parts: Parts
    status: str = "held"


@dataclass
class ExpectedTransaction:
    kind: str
    amount: Decimal
    parts: Parts
    available: Decimal
    reserved: Decimal
    reverses: int | None


@dataclass
class WalletModel:
    status: str = "active"
    lots: list[Lot] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    rows: list[ExpectedTransaction] = field(default_factory=list)

    @property
    def available(self) -> Decimal:
        return sum((lot.remaining for lot in self.lots), ZERO)

    @property
    def reserved(self) -> Decimal:
        return sum((hold.amount for hold in self.holds if hold.status == "held"), ZERO)

    def write(self, kind: str, parts: Parts, reverses: int | None = None) -> None:
        for number, part in parts.items():
            self.lots[number].remaining += part
        self.rows.append(
            ExpectedTransaction(kind, sum(parts.values(), ZERO), parts, self.available, self.reserved, reverses)
        )

    def begin(self, now: datetime, takes: Decimal = ZERO, *, spends: bool = True) -> None:
        """Remove expired lots, earliest expiry first, then check that ``takes`` is allowed."""
        self.require(self.status != "closed", "wallet_closed")
        self.lapse(now)
        self.require(not (takes and spends) or self.status == "active", "wallet_suspended")
        self.require(takes <= self.available, "insufficient_balance")

    def lapse(self, now: datetime) -> None:
        """Remove expired lots, earliest expiry first."""
        lapsed = [(lot.expires_at, n) for n, lot in enumerate(self.lots) if lot.remaining and lot.expires_at <= now]
        for _, number in sorted(lapsed):
            self.write("expiry", {number: -self.lots[number].remaining})

    def burn(self, amount: Decimal, usable: Parts | None = None) -> Parts:
        """Take the amount from lots: lower priority first, then earlier expiry, then age."""
        left, taken = usable or {number: lot.remaining for number, lot in enumerate(self.lots)}, {}
        for number in sorted(left, key=lambda n: (self.lots[n].priority, self.lots[n].expires_at, n)):
            taken[number] = -min(left[number], amount)
            amount += taken[number]
        return {number: part for number, part in taken.items() if part}

    def take_in(self, kind: str, amount: Decimal, priority: int, expires_at: datetime, now: datetime) -> None:
        self.begin(now)
        self.require(self.available + self.reserved + amount < AMOUNT_LIMIT, "amount_too_large")
        self.lots.append(Lot(priority, expires_at))
        self.write(kind, {len(self.lots) - 1: amount})

    def take_out(self, kind: str, amount: Decimal, now: datetime) -> None:
        self.begin(now, amount, spends=kind == "debit")
        self.write(kind, self.burn(amount))

    def reserve(self, amount: Decimal, expires_at: datetime, now: datetime) -> None:
        self.begin(now, amount)
        self.holds.append(Hold(amount, expires_at, self.burn(amount)))
        self.write("reservation", dict(self.holds[-1].parts))

    def extend(self, hold: Hold, amount: Decimal, until: datetime, now: datetime) -> None:
        self.open(hold, now)
        self.begin(now, amount)
        more = self.burn(amount)
        hold.amount, hold.expires_at = hold.amount + amount, max(hold.expires_at, until)
        hold.parts = {n: hold.parts.get(n, ZERO) + more.get(n, ZERO) for n in {*hold.parts, *more}}
        if amount:
            self.write("reservation", more)

    def settle(self, hold: Hold, status: str, now: datetime, captured: Decimal | None = None) -> None:
        """Release the whole hold. A capture then charges the same lots."""
        self.require((captured or ZERO) < AMOUNT_LIMIT, "amount_too_large")
        self.open(hold, now if status == "captured" else None)
        self.require((captured or ZERO) <= hold.amount, "capture_too_large")
        self.require(status != "expired" or hold.expires_at <= now, "hold_not_due")
        self.begin(now)
        hold.status, back = status, {number: -part for number, part in hold.parts.items()}
        self.write("release", back)
        if captured is not None:
            self.write("debit", self.burn(captured, back))
        self.begin(now)

    def open(self, hold: Hold, now: datetime | None) -> None:
        self.require(self.status != "closed", "wallet_closed")
        self.require(hold.status == "held", "hold_resolved")
        self.require(now is None or now < hold.expires_at, "hold_expired")

    def reverse(self, number: int, now: datetime, heir: "WalletModel | None" = None) -> None:
        """Reverse a row. What comes back to a closed wallet goes on to its heir, if it has one."""
        row = self.rows[number]
        if self.status == "closed":
            self.require(heir is not None and row.amount <= 0, "wallet_closed")
        else:
            self.begin(now)
        reversible = row.kind in {"topup", "credit", "debit", "adjustment"} and row.reverses is None
        self.require(reversible, "not_reversible")
        self.require(all(other.reverses != number for other in self.rows), "already_reversed")
        self.require(all(self.lots[n].remaining >= part for n, part in row.parts.items()), "credit_spent")
        back = sum(row.parts.values(), ZERO)
        self.require(self.available + self.reserved - back < AMOUNT_LIMIT, "amount_too_large")
        self.write("adjustment", {n: -part for n, part in row.parts.items()}, reverses=number)
        self.lapse(now)
        if heir is not None and self.status == "closed":
            self.pass_on(heir, now)

    def pass_on(self, heir: "WalletModel", now: datetime) -> None:
        """Move all credit to the heir, as one lot for each priority and expiry, or change nothing there."""
        credit: dict[tuple[int, datetime], Decimal] = {}
        for lot in sorted(self.lots, key=lambda lot: (lot.priority, lot.expires_at)):
            if lot.remaining:
                terms = (lot.priority, lot.expires_at)
                credit[terms] = credit.get(terms, ZERO) + lot.remaining
        if not credit:
            return
        self.write("adjustment", {n: -lot.remaining for n, lot in enumerate(self.lots) if lot.remaining})
        after = deepcopy(heir)
        for (priority, expires_at), amount in credit.items():
            after.take_in("credit", amount, priority, expires_at, now)
        heir.__dict__.update(after.__dict__)

    @staticmethod
    def require(allowed: bool, code: str) -> None:
        if not allowed:
            raise Refused(code)
