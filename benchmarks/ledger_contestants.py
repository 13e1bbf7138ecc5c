"""The processes that post debits in benchmarks/ledger.py: LAD, plain psycopg and a textbook ORM service.

``python ledger_contestants.py NAME PLAN`` reads lines ``WORKLOAD CALLERS SECONDS`` and answers each with its
results as JSON. benchmarks/ledger_hordak.py does the same in its own virtual environment.
"""

import itertools
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
AMOUNT = Decimal("0.013")
DESCRIPTION = "Use of voice-agent"
MAX_CALLERS = 16

# Posts one debit of a workload, with a number that makes its key unique.
Post = Callable[[str, int], None]


def serve(post: Post, statements: list[str]) -> None:
    """Post as each input line says. Print the number of postings, the seconds and this process's CPU time.

    Callers are threads, each with its own persistent connection.
    """
    numbers = itertools.count(1)
    threads = ThreadPoolExecutor(MAX_CALLERS)
    print(json.dumps({"statements": statements}), flush=True)
    for line in sys.stdin:
        workload, callers, seconds = line.split()
        began, cpu = time.perf_counter(), time.process_time()
        repeat = partial(_repeat, post, workload, numbers, began + float(seconds))
        done = [thread.result() for thread in [threads.submit(repeat) for _caller in range(int(callers))]]
        results = {"posts": sum(done), "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        print(json.dumps(results), flush=True)


def _repeat(post: Post, workload: str, numbers: Iterator[int], ends: float) -> int:
    posts = 0
    while time.perf_counter() < ends:
        post(workload, next(numbers))
        posts += 1
    return posts


class Wallets:
    """The wallets of each workload. ``hot`` has one wallet, ``many`` has all."""

    def __init__(self, plan: Path) -> None:
        self.chance = random.Random(os.getpid())
        self.run = os.urandom(6).hex()
        listed = json.loads(plan.read_text())
        self._of = {name: [(UUID(tenant), UUID(wallet)) for tenant, wallet in rows] for name, rows in listed.items()}

    def draw(self, workload: str) -> tuple[UUID, UUID]:
        return self.chance.choice(self._of[workload])

    def key(self, number: int) -> str:
        return f"charge-{self.run}-{number}"


def lad(wallets: Wallets) -> None:
    """Post through LAD's service: enter the tenant's context and debit the wallet."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from billing.ledger.services import ledger
    from lad.tenancy.context import tenant_context

    def post(workload: str, number: int) -> None:
        tenant_id, wallet_id = wallets.draw(workload)
        with tenant_context(tenant_id):
            ledger.debit(wallet=wallet_id, amount=AMOUNT, key=wallets.key(number), description=DESCRIPTION)

    with CaptureQueriesContext(connection) as captured:
        post("many", 0)
    serve(post, [query["sql"] for query in captured])


def group_commit(wallets: Wallets) -> None:
    """Post through LAD's group commit, where concurrent callers share a commit."""
    from billing.ledger.services.ledger import Operation, Posting, PostingOutcome, post_many
    from billing.usage.services.group_commit import GroupCommit

    shared: GroupCommit[Posting, Any] = GroupCommit("bench", post_many)

    def post(workload: str, number: int) -> None:
        tenant_id, wallet_id = wallets.draw(workload)
        posting = Posting(Operation.DEBIT, wallet_id, AMOUNT, wallets.key(number), description=DESCRIPTION)
        result = shared.run(posting, tenant_id=tenant_id)
        if result.outcome != PostingOutcome.POSTED:
            raise RuntimeError(result)

    post("many", 0)
    serve(post, [])


def raw(wallets: Wallets) -> None:
    """Post with LAD's SQL through psycopg, without Django."""
    import psycopg
    from django.db import connection

    from billing.ledger.services.client import POST
    from lad.db.identifiers import uuid7

    connection.ensure_connection()
    where = {**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}
    own = threading.local()
    scope = (
        "SELECT set_config('role', 'lad_app', true), set_config('lad.tenant_id', %s, true),"
        " set_config('lad.user_id', '', true), set_config('lad.request_id', '', true),"
        " set_config('lad.source', 'command', true)"
    )

    def post(workload: str, number: int) -> None:
        if not hasattr(own, "database"):
            own.database = psycopg.connect(**where)
        tenant_id, wallet_id = wallets.draw(workload)
        row: dict[str, Any] = {
            "id": str(uuid7()),
            "transaction_type": "debit",
            "amount": f"-{AMOUNT}",
            "idempotency_key": wallets.key(number),
            "reference_type": "",
            "reference_id": None,
            "created_by": None,
            "description": DESCRIPTION,
            "metadata": {},
            "terms": {},
        }
        with own.database.cursor() as cursor:
            cursor.execute(scope, [str(tenant_id)])
            cursor.execute(POST, [json.dumps({str(wallet_id): [row]}), None])
            [reply] = cursor.fetchall()
        own.database.commit()
        if reply[2] != "posted":
            raise RuntimeError(reply)

    serve(post, ["BEGIN", scope, POST, "COMMIT"])


def textbook(wallets: Wallets) -> None:
    """Post as a Django tutorial would: lock the wallet, look up the key, write the row, save the balance."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from benchmarks.ledger_textbook import TextbookTransaction, TextbookWallet

    def post(workload: str, number: int) -> None:
        tenant_id, wallet_id = wallets.draw(workload)
        key = wallets.key(number)
        with transaction.atomic():
            wallet = TextbookWallet.objects.select_for_update().get(tenant_id=tenant_id, pk=wallet_id)
            if TextbookTransaction.objects.filter(tenant_id=tenant_id, idempotency_key=key).exists():
                return
            available = wallet.current_balance - wallet.reserved_balance
            if wallet.status != "active" or available < AMOUNT:
                raise RuntimeError("insufficient")
            TextbookTransaction.objects.create(
                tenant_id=tenant_id,
                wallet=wallet,
                transaction_type="debit",
                amount=-AMOUNT,
                balance_before=available,
                balance_after=available - AMOUNT,
                idempotency_key=key,
                description=DESCRIPTION,
            )
            wallet.current_balance -= AMOUNT
            wallet.save()

    with CaptureQueriesContext(connection) as captured:
        post("many", 0)
    serve(post, [query["sql"] for query in captured])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    {"lad": lad, "group-commit": group_commit, "raw": raw, "textbook": textbook}[sys.argv[1]](
        Wallets(Path(sys.argv[2]))
    )
