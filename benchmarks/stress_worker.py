"""A worker of benchmarks/ledger_stress.py: posts its share of operations and logs every result.

A request follows from its key alone, so that any worker can repeat it, or send a different request with the
same key. A key is ``<series>.<worker>-<number>``. Series ``b0``, ``b1`` and so on are posted in batches, one
tenant each. Series ``s`` is posted one by one, in blocks that reserve, extend, capture, release and reverse.
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
from billing.ledger.services.ledger import Operation, PostedTransaction, Posting  # noqa: E402
from lad.errors import DomainError  # noqa: E402
from lad.tenancy.context import tenant_context  # noqa: E402

REPEATED: Final = 0.30
CONFLICTING: Final = 0.05
BATCHES: Final = (50, 200)
# How far repeated keys reach back, and ahead of their owner.
BACK, AHEAD = 200, 10
STEPS: Final = (
    "debit", "reserve", "extend", "capture", "reserve", "release", "debit", "reverse", "reserve", "topup", "adjust",
)  # fmt: skip
# The earlier step of the block that a step refers to.
REFERS_TO: Final = {2: 1, 3: 1, 5: 4, 7: 6}
MAX_OUTAGE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class StressRun:
    """The wallets with their tenants, the number of workers, and the start time of the run."""

    wallets: tuple[tuple[UUID, UUID], ...]
    workers: int
    began: datetime

    @property
    def tenants(self) -> list[UUID]:
        return sorted({tenant_id for tenant_id, _wallet in self.wallets})

    def wallets_of(self, tenant_id: UUID) -> list[UUID]:
        return [wallet for owner, wallet in self.wallets if owner == tenant_id]


def digest(row: Any) -> str:
    """Return a digest of a PostedTransaction or a row of the ledger, in 32 characters."""
    values = [row.id, row.wallet_id, row.wallet_version, row.transaction_type, row.amount, row.balance_before,
            row.balance_after, row.reserved_after, row.idempotency_key, row.created_at.astimezone(UTC).isoformat(),
            row.hold_id, row.reverses_id]  # fmt: skip
    return blake2b("|".join(map(str, values)).encode(), digest_size=16).hexdigest()


class Worker:
    """Post operations and log ``key, variant, outcome, digest`` for each result, in order."""

    def __init__(self, run: StressRun, number: int, share: int, log: Path, batched: float) -> None:
        self.stress_run = run
        self.batched = batched
        self.number = number
        self.share = share
        self.done, self.next = _progress(log, number)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(self.log, b"\n")

    def run(self) -> None:
        """Post the worker's share of operations."""
        requested = in_batches = 0
        while self.done < self.share:
            if in_batches <= self.batched * requested:
                position = random.randrange(len(self.stress_run.tenants))
                keys = [self._choose(f"b{position}") for _ in range(random.randint(*BATCHES))]
                in_batches += len(keys)
                requested += len(keys)
                self._retry(partial(self._post, self.stress_run.tenants[position], keys))
            else:
                requested += 1
                self._retry(partial(self._post_step, *self._choose("s")))

    def _choose(self, series: str) -> tuple[str, int]:
        """Return a key and the variant of its request. Most keys are new, some may have been used."""
        chance = random.random()
        reached = self.next.get(series, 0)
        if chance < REPEATED + CONFLICTING:
            near = max(reached + random.randint(-BACK, AHEAD), 0)
            return f"{series}.{random.randrange(self.stress_run.workers)}-{near}", int(chance < CONFLICTING)
        self.next[series] = reached + 1
        return f"{series}.{self.number}-{reached + 1}", 0

    def _retry(self, request: Callable[[], list[str]]) -> None:
        """Repeat the request until there is a result, as a client does during an outage. Then log it."""
        deadline = time.monotonic() + MAX_OUTAGE_SECONDS
        while True:
            try:
                lines = request()
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
        """Post one batch in one tenant. Keys may repeat within it."""
        batch = [_posting(key, variant, self.stress_run, tenant_id) for key, variant in keys]
        with tenant_context(tenant_id):
            results = ledger.post_many(batch)
        return [
            _log_line(posting.key, variant, result.outcome.value, result.posted)
            for (_key, variant), posting, result in zip(keys, batch, results, strict=True)
        ]

    def _post_step(self, key: str, variant: int) -> list[str]:
        """Post one step of a block. Return nothing if the step it refers to was never posted."""
        series, _, number = key.partition("-")
        block, step = divmod(int(number), len(STEPS))
        chance = random.Random(f"{series}-{block}")
        tenant_id, wallet = self.stress_run.wallets[chance.randrange(len(self.stress_run.wallets))]
        earlier = f"{series}-{block * len(STEPS) + REFERS_TO[step]}" if step in REFERS_TO else ""
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
        return [_log_line(key, variant, outcome, posted)]


def _log_line(key: str, variant: int, outcome: str, posted: PostedTransaction | None) -> str:
    known = posted is not None and outcome in ("posted", "replayed")
    return f"{key}\t{variant}\t{outcome}\t{digest(posted) if known else '-'}\n"


def _posting(key: str, variant: int, run: StressRun, tenant_id: UUID) -> Posting:
    """Return the posting that follows from the key."""
    chance = random.Random(key)
    kind = chance.random()
    wallet = chance.choice(run.wallets_of(tenant_id))
    operation, most, terms = Operation.DEBIT, 2_000_000, {}
    if kind > 0.85:
        operation, most = (Operation.TOPUP, Operation.CREDIT, Operation.ADJUSTMENT)[int((kind - 0.85) * 20)], 10_000_000
    amount = Decimal(chance.randrange(1, most) + variant).scaleb(-6)
    if operation == Operation.CREDIT:
        terms = {"priority": 20, "expires_at": (run.began + timedelta(seconds=chance.randrange(1800))).isoformat()}
    if operation == Operation.ADJUSTMENT and chance.random() < 0.5:
        amount = -amount
    return Posting(operation, wallet, amount, key, terms=terms, description="Stress")


_STEPS: Final[dict[str, Callable[[UUID, str, Decimal, Any, int], PostedTransaction]]] = {
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


def _extend(key: str, amount: Decimal, about: Any) -> PostedTransaction:
    posted = ledger.extend(hold=about.hold_id, key=key, amount=amount, until=about.created_at + timedelta(seconds=90))
    if posted is None:
        raise RuntimeError("An extension with an amount must post a reservation.")
    return posted


def _progress(log: Path, number: int) -> tuple[int, dict[str, int]]:
    """Return the number of results the worker logged before a restart, and its last key of each series."""
    reached: dict[str, int] = {}
    done = 0
    for key, _variant, _outcome, _digest in answers(log):
        done += 1
        owner, _, position = key.partition("-")
        series, _, worker = owner.partition(".")
        if worker == str(number):
            reached[series] = max(reached.get(series, 0), int(position))
    return done, reached


def answers(log: Path) -> Iterator[tuple[str, int, str, str]]:
    """Yield the results in a log, without an incomplete last line."""
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
    run = StressRun(pairs, options.workers, options.began)
    Worker(run, options.number, options.share, options.log, options.batched).run()


if __name__ == "__main__":
    main()
