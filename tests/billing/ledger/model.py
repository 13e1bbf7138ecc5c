"""What a wallet has to do, as plainly as it can be said: the ledger is held against it row by row."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Parts = dict[int, Decimal]  # what each lot, by its number, gains or loses
NOTHING, LARGEST = Decimal(0), Decimal(10) ** 12


class Refused(Exception):
    """The ledger has to refuse with this code, and nothing may change."""


@dataclass
class Lot:
    priority: int
    expires_at: datetime
    remaining: Decimal = NOTHING


@dataclass
class Hold:
    amount: Decimal
    expires_at: datetime
    parts: Parts
    status: str = "held"


@dataclass
class Row:
    kind: str
    amount: Decimal
    parts: Parts
    available: Decimal
    reserved: Decimal
    reverses: int | None


@dataclass
class Purse:
    status: str = "active"
    lots: list[Lot] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def available(self) -> Decimal:
        return sum((lot.remaining for lot in self.lots), NOTHING)

    @property
    def reserved(self) -> Decimal:
        return sum((hold.amount for hold in self.holds if hold.status == "held"), NOTHING)

    def write(self, kind: str, parts: Parts, reverses: int | None = None) -> None:
        for number, part in parts.items():
            self.lots[number].remaining += part
        self.rows.append(Row(kind, sum(parts.values(), NOTHING), parts, self.available, self.reserved, reverses))

    def begin(self, now: datetime, takes: Decimal = NOTHING) -> None:
        """Credit that expired goes first, the soonest to expire before the others."""
        self.unless("wallet_closed", self.status != "closed")
        lapsed = [(lot.expires_at, n) for n, lot in enumerate(self.lots) if lot.remaining and lot.expires_at <= now]
        for _, number in sorted(lapsed):
            self.write("expiry", {number: -self.lots[number].remaining})
        self.unless("wallet_suspended", not takes or self.status == "active")
        self.unless("insufficient_balance", takes <= self.available)

    def burn(self, amount: Decimal, usable: Parts | None = None) -> Parts:
        """Lower priority first, then sooner to expire, then older."""
        left, taken = usable or {number: lot.remaining for number, lot in enumerate(self.lots)}, {}
        for number in sorted(left, key=lambda n: (self.lots[n].priority, self.lots[n].expires_at, n)):
            taken[number] = -min(left[number], amount)
            amount += taken[number]
        return {number: part for number, part in taken.items() if part}

    def take_in(self, kind: str, amount: Decimal, priority: int, expires_at: datetime, now: datetime) -> None:
        self.begin(now)
        self.unless("amount_too_large", self.available + self.reserved + amount < LARGEST)
        self.lots.append(Lot(priority, expires_at))
        self.write(kind, {len(self.lots) - 1: amount})

    def take_out(self, kind: str, amount: Decimal, now: datetime) -> None:
        self.begin(now, amount)
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
        hold.parts = {n: hold.parts.get(n, NOTHING) + more.get(n, NOTHING) for n in {*hold.parts, *more}}
        if amount:
            self.write("reservation", more)

    def settle(self, hold: Hold, status: str, now: datetime, captured: Decimal | None = None) -> None:
        """Give back all of a hold; a capture then takes from the very lots that were set aside."""
        self.unless("amount_too_large", (captured or NOTHING) < LARGEST)
        self.open(hold, now if status == "captured" else None)
        self.unless("capture_too_large", (captured or NOTHING) <= hold.amount)
        self.unless("hold_not_due", status != "expired" or hold.expires_at <= now)
        self.begin(now)
        hold.status, back = status, {number: -part for number, part in hold.parts.items()}
        self.write("release", back)
        if captured is not None:
            self.write("debit", self.burn(captured, back))
        self.begin(now)

    def open(self, hold: Hold, now: datetime | None) -> None:
        self.unless("wallet_closed", self.status != "closed")
        self.unless("hold_resolved", hold.status == "held")
        self.unless("hold_expired", now is None or now < hold.expires_at)

    def reverse(self, number: int, now: datetime) -> None:
        self.begin(now)
        row = self.rows[number]
        self.unless("not_reversible", row.kind in {"topup", "credit", "debit", "adjustment"} and row.reverses is None)
        self.unless("already_reversed", all(other.reverses != number for other in self.rows))
        self.unless("credit_spent", all(self.lots[n].remaining >= part for n, part in row.parts.items()))
        back = sum(row.parts.values(), NOTHING)
        self.unless("amount_too_large", self.available + self.reserved - back < LARGEST)
        self.write("adjustment", {n: -part for n, part in row.parts.items()}, reverses=number)
        self.begin(now)

    @staticmethod
    def unless(code: str, allowed: bool) -> None:
        if not allowed:
            raise Refused(code)
