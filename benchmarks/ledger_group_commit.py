"""Send debits to the group commit at a fixed rate, whether or not it keeps up.

``python ledger_group_commit.py PLAN`` reads lines ``WORKLOAD RATE SECONDS`` and answers each with its results as
JSON. A debit's latency counts from its scheduled arrival, so a group commit that falls behind cannot look fast.
Every debit is counted as posted, refused for lack of balance, or dropped by a full queue.
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

from benchmarks.ledger_contestants import AMOUNT, DESCRIPTION, Wallets  # noqa: E402  (importable only after sys.path is set)

# One debit in fifty exceeds every balance and must be refused without affecting the others.
ABOVE_BALANCE = Decimal(900_000_000_000)
REFUSED_EVERY = 50
TIMEOUT_SECONDS = 60


class Load:
    """Send debits at one rate and measure them."""

    def __init__(self, group_commit: Any, wallets: Wallets) -> None:
        self.group_commit, self.wallets = group_commit, wallets
        self.number = 0

    def run(self, workload: str, rate: float, seconds: float) -> dict[str, Any]:
        from billing.usage.services.group_commit import GroupCommitBusy

        self.latencies: list[float] = []
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
            except GroupCommitBusy:
                self.outcomes["dropped"] += 1
        while self.outcomes.total() < offered and time.perf_counter() < ends + TIMEOUT_SECONDS:
            time.sleep(0.001)
        last = time.perf_counter()
        return {
            "offered": offered,
            "seconds": last - began,
            "cpu": time.process_time() - cpu,
            "outcomes": self.outcomes,
            "above_balance": offered // REFUSED_EVERY,
            "milliseconds": {name: self._percentile(part) for name, part in PERCENTILES.items()},
        }

    def _arrive(self, workload: str, offered: int, due: float) -> None:
        from billing.ledger.services.ledger import Operation, Posting

        self.number += 1
        tenant_id, wallet_id = self.wallets.draw(workload)
        amount = AMOUNT if offered % REFUSED_EVERY else ABOVE_BALANCE
        posting = Posting(Operation.DEBIT, wallet_id, amount, self.wallets.key(self.number), description=DESCRIPTION)
        future: Future[Any] = self.group_commit.submit(posting, tenant_id=tenant_id)

        def record(done: "Future[Any]") -> None:
            self.latencies.append(time.perf_counter() - due)
            error = done.exception()
            self.outcomes[type(error).__name__ if error else str(done.result().outcome)] += 1

        future.add_done_callback(record)

    def _percentile(self, part: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000 if ordered else 0.0


PERCENTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}


def main(plan: Path) -> None:
    import django

    django.setup()
    from billing.ledger.services.ledger import post_many
    from billing.usage.services.group_commit import GroupCommit

    load = Load(GroupCommit("bench", post_many), Wallets(plan))
    load.run("many", 50, 0.5)
    load.run("hot", 50, 0.5)
    # Freeze Django's objects: collecting garbage among them would pause everything for a tenth of a second.
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        workload, rate, seconds = line.split()
        print(json.dumps(load.run(workload, float(rate), float(seconds))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
