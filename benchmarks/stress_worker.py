"""One worker of the ledger's stress run: asks for movements until it has its share, and notes every answer it gets.

What is asked under a key follows from the key alone, so that any worker can ask for it again, or for
something else under the same key. A key is ``<lane>.<worker>-<number>``: lanes ``b0``, ``b1`` … are asked
for in batches, each in one tenant, and lane ``s`` one by one, in blocks that reserve, extend, capture,
release and reverse.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")
django.setup()

from django.db import InterfaceError, OperationalError, connection  # noqa: E402

from billing.ledger.models import LedgerTransaction  # noqa: E402
from billing.ledger.services import ledger  # noqa: E402
from billing.ledger.services.ledger import Operation, Posted, Posting  # noqa: E402
from lad.errors import DomainError  # noqa: E402
from lad.tenancy.context import tenant_context  # noqa: E402

REPEATED: Final = 0.30
CONFLICTING: Final = 0.05
BATCHES: Final = (50, 200)
# Repetitions reach so far back, and a little ahead of whoever owns the key.
BACK, AHEAD = 200, 10
STEPS: Final = (
    "debit", "reserve", "extend", "capture", "reserve", "release", "debit", "reverse", "reserve", "topup", "adjust",
)  # fmt: skip
# Which earlier step of the block a step is about.
ABOUT: Final = {2: 1, 3: 1, 5: 4, 7: 6}
SECONDS_DOWN: Final = 120


@dataclass(frozen=True, slots=True)
class Stage:
    """What every worker of a run knows: its wallets with their tenants, how many workers there are, when it began."""

    wallets: tuple[tuple[UUID, UUID], ...]
    workers: int
    began: datetime

    @property
    def tenants(self) -> list[UUID]:
        return sorted({tenant_id for tenant_id, _wallet in self.wallets})

    def wallets_of(self, tenant_id: UUID) -> list[UUID]:
        return [wallet for owner, wallet in self.wallets if owner == tenant_id]


def digest(row: Any) -> str:
    """Everything a result says, in 32 characters; of a ``Posted`` or a row of the ledger."""
    said = [row.id, row.wallet_id, row.wallet_version, row.transaction_type, row.amount, row.balance_before,
            row.balance_after, row.reserved_after, row.idempotency_key, row.created_at.astimezone(UTC).isoformat(),
            row.hold_id, row.reverses_id]  # fmt: skip
    return blake2b("|".join(map(str, said)).encode(), digest_size=16).hexdigest()


class Worker:
    """Asks, and writes ``key, variant, outcome, digest`` for each answer, in the order in which they came."""

    def __init__(self, stage: Stage, number: int, share: int, log: Path, batched: float) -> None:
        self.stage = stage
        self.batched = batched
        self.number = number
        self.share = share
        self.done, self.next = _progress(log, number)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(self.log, b"\n")

    def run(self) -> None:
        """Work off the share."""
        asked = in_batches = 0
        while self.done < self.share:
            if in_batches <= self.batched * asked:
                place = random.randrange(len(self.stage.tenants))
                keys = [self._choose(f"b{place}") for _ in range(random.randint(*BATCHES))]
                in_batches += len(keys)
                asked += len(keys)
                self._insist(partial(self._post, self.stage.tenants[place], keys))
            else:
                asked += 1
                self._insist(partial(self._ask, *self._choose("s")))

    def _choose(self, lane: str) -> tuple[str, int]:
        """A key and which of two things to ask under it: mostly a fresh one, else one that somebody may have used."""
        chance = random.random()
        reached = self.next.get(lane, 0)
        if chance < REPEATED + CONFLICTING:
            near = max(reached + random.randint(-BACK, AHEAD), 0)
            return f"{lane}.{random.randrange(self.stage.workers)}-{near}", int(chance < CONFLICTING)
        self.next[lane] = reached + 1
        return f"{lane}.{self.number}-{reached + 1}", 0

    def _insist(self, ask: Callable[[], list[str]]) -> None:
        """Ask until there is an answer, as a client does whose server went away; then note it."""
        deadline = time.monotonic() + SECONDS_DOWN
        while True:
            try:
                lines = ask()
                break
            except (OperationalError, InterfaceError):
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.05, 0.3))
        if lines:
            os.write(self.log, "".join(lines).encode())
            self.done += len(lines)

    def _post(self, tenant_id: UUID, keys: list[tuple[str, int]]) -> list[str]:
        """One batch, in one tenant; keys may repeat in it."""
        batch = [_posting(key, variant, self.stage, tenant_id) for key, variant in keys]
        with tenant_context(tenant_id):
            verdicts = ledger.post_many(batch)
        return [
            _line(posting.key, variant, verdict.outcome.value, verdict.posted)
            for (_key, variant), posting, verdict in zip(keys, batch, verdicts, strict=True)
        ]

    def _ask(self, key: str, variant: int) -> list[str]:
        """One step of a block; none when what it is about never came to be."""
        lane, _, number = key.partition("-")
        block, step = divmod(int(number), len(STEPS))
        chance = random.Random(f"{lane}-{block}")
        tenant_id, wallet = self.stage.wallets[chance.randrange(len(self.stage.wallets))]
        earlier = f"{lane}-{block * len(STEPS) + ABOUT[step]}" if step in ABOUT else ""
        with tenant_context(tenant_id):
            [about] = LedgerTransaction.objects.filter(tenant=tenant_id, idempotency_key=earlier)[:1] or [None]
            if earlier and about is None:
                return []
            amount = Decimal(random.Random(key).randrange(1, 2_000_000)).scaleb(-6) + Decimal(variant).scaleb(-6)
            try:
                posted = _STEPS[STEPS[step]](wallet, key, amount, about, variant)
                outcome = "replayed" if posted.replayed else "posted"
            except DomainError as error:
                posted, outcome = None, error.code
        return [_line(key, variant, outcome, posted)]


def _line(key: str, variant: int, outcome: str, posted: Posted | None) -> str:
    known = posted is not None and outcome in ("posted", "replayed")
    return f"{key}\t{variant}\t{outcome}\t{digest(posted) if known else '-'}\n"


def _posting(key: str, variant: int, stage: Stage, tenant_id: UUID) -> Posting:
    """What the key asks for of one of its tenant's wallets."""
    chance = random.Random(key)
    kind = chance.random()
    wallet = chance.choice(stage.wallets_of(tenant_id))
    operation, most, terms = Operation.DEBIT, 2_000_000, {}
    if kind > 0.85:
        operation, most = (Operation.TOPUP, Operation.CREDIT, Operation.ADJUSTMENT)[int((kind - 0.85) * 20)], 10_000_000
    amount = Decimal(chance.randrange(1, most) + variant).scaleb(-6)
    if operation == Operation.CREDIT:
        terms = {"priority": 20, "expires_at": (stage.began + timedelta(seconds=chance.randrange(1800))).isoformat()}
    if operation == Operation.ADJUSTMENT and chance.random() < 0.5:
        amount = -amount
    return Posting(operation, wallet, amount, key, terms=terms, description="Stress")


_STEPS: Final[dict[str, Callable[[UUID, str, Decimal, Any, int], Posted]]] = {
    "debit": lambda wallet, key, amount, about, variant: ledger.debit(wallet=wallet, amount=amount, key=key),
    "topup": lambda wallet, key, amount, about, variant: ledger.topup(wallet=wallet, amount=amount * 4, key=key),
    "adjust": lambda wallet, key, amount, about, variant: ledger.adjust(
        wallet=wallet, amount=-amount, key=key, reason="Stress"
    ),
    "reserve": lambda wallet, key, amount, about, variant: ledger.reserve(
        wallet=wallet, amount=amount, key=key, ttl=timedelta(seconds=60)
    ),
    "extend": lambda wallet, key, amount, about, variant: _extend(key, amount, about),
    "capture": lambda wallet, key, amount, about, variant: ledger.capture(
        hold=about.hold_id, amount=min(amount, -about.amount), key=key, description=f"Variant {variant}"
    ),
    "release": lambda wallet, key, amount, about, variant: ledger.release(
        hold=about.hold_id, key=key, description=f"Variant {variant}"
    ),
    "reverse": lambda wallet, key, amount, about, variant: ledger.reverse(
        transaction=about, key=key, reason=f"Variant {variant}"
    ),
}


def _extend(key: str, amount: Decimal, about: Any) -> Posted:
    posted = ledger.extend(hold=about.hold_id, key=key, amount=amount, until=about.created_at + timedelta(seconds=90))
    if posted is None:
        raise RuntimeError("An extension with an amount posts a reservation.")
    return posted


def _progress(log: Path, number: int) -> tuple[int, dict[str, int]]:
    """How many answers an earlier life of the worker noted, and how far its keys went."""
    reached: dict[str, int] = {}
    done = 0
    for key, _variant, _outcome, _digest in answers(log):
        done += 1
        stripe, _, place = key.partition("-")
        lane, _, worker = stripe.partition(".")
        if worker == str(number):
            reached[lane] = max(reached.get(lane, 0), int(place))
    return done, reached


def answers(log: Path) -> Iterator[tuple[str, int, str, str]]:
    """What a log notes; a line that its writer did not live to end is left out."""
    if not log.exists():
        return
    with log.open() as lines:
        for line in lines:
            parts = line.rstrip("\n").split("\t")
            if len(parts) == 4 and line.endswith("\n") and (parts[3] == "-" or len(parts[3]) == 32):
                yield parts[0], int(parts[1]), parts[2], parts[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--share", type=int, required=True)
    parser.add_argument("--batched", type=float, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--began", type=datetime.fromisoformat, required=True)
    parser.add_argument("wallets", nargs="+", help="tenant:wallet")
    options = parser.parse_args()
    pairs = tuple((UUID(tenant), UUID(wallet)) for tenant, wallet in (each.split(":") for each in options.wallets))
    stage = Stage(pairs, options.workers, options.began)
    Worker(stage, options.number, options.share, options.log, options.batched).run()


if __name__ == "__main__":
    main()
