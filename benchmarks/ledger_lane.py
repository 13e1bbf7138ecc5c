"""Debits that arrive at the batch lane whether or not it keeps up, in a process of their own.

``python ledger_lane.py PLAN`` answers each line ``WORKLOAD RATE SECONDS`` on its input with what came of it, as
JSON. A debit's time counts from the moment it was due to arrive, so that a lane which falls behind cannot
look fast; every one is counted: posted, refused because the wallet lacks the money, or dropped by a full queue.
"""

import gc
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.ledger_contestants import AMOUNT, DESCRIPTION, Wallets  # noqa: E402  (run as a script)

# One in fifty asks for more than any wallet holds, and has to be refused alone.
TOO_MUCH = Decimal(900_000_000_000)
REFUSED_EVERY = 50
PATIENCE_SECONDS = 60


class Load:
    """One run of arrivals at one rate."""

    def __init__(self, lane: Any, wallets: Wallets) -> None:
        self.lane, self.wallets = lane, wallets
        self.number = 0

    def run(self, workload: str, rate: float, seconds: float) -> dict[str, Any]:
        from billing.usage.services.group_commit import LaneBusy

        self.took: list[float] = []
        self.outcomes: Counter[str] = Counter()
        cpu, began = time.process_time(), time.perf_counter()
        due, ends, offered = began, began + seconds, 0
        while (due := due + random.expovariate(rate)) < ends:
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            offered += 1
            try:
                self._arrive(workload, offered, due)
            except LaneBusy:
                self.outcomes["dropped"] += 1
        while self.outcomes.total() < offered and time.perf_counter() < ends + PATIENCE_SECONDS:
            time.sleep(0.001)
        last = time.perf_counter()
        return {
            "offered": offered,
            "seconds": last - began,
            "cpu": time.process_time() - cpu,
            "outcomes": self.outcomes,
            "asked_too_much": offered // REFUSED_EVERY,
            "milliseconds": {name: self._percentile(part) for name, part in PERCENTILES.items()},
        }

    def _arrive(self, workload: str, offered: int, due: float) -> None:
        from billing.ledger.services.ledger import Operation, Posting

        self.number += 1
        tenant_id, wallet_id = self.wallets.draw(workload)
        amount = AMOUNT if offered % REFUSED_EVERY else TOO_MUCH
        posting = Posting(Operation.DEBIT, wallet_id, amount, self.wallets.key(self.number), description=DESCRIPTION)
        future: Future[Any] = self.lane.submit(posting, tenant_id=tenant_id)

        def note(done: "Future[Any]") -> None:
            self.took.append(time.perf_counter() - due)
            error = done.exception()
            self.outcomes[type(error).__name__ if error else str(done.result().outcome)] += 1

        future.add_done_callback(note)

    def _percentile(self, part: float) -> float:
        ordered = sorted(self.took)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000 if ordered else 0.0


PERCENTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}


def main(plan: Path) -> None:
    import django

    django.setup()
    from billing.ledger.services.ledger import post_many
    from billing.usage.services.group_commit import Lane

    load = Load(Lane("bench", post_many), Wallets(plan))
    load.run("many", 50, 0.5)
    load.run("hot", 50, 0.5)
    # What Django is made of stays: looking through it for garbage would stop everything for a tenth of a second.
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        workload, rate, seconds = line.split()
        print(json.dumps(load.run(workload, float(rate), float(seconds))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
