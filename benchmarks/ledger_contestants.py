"""Who posts debits in benchmarks/ledger.py, each a process of its own: LAD, plain psycopg, textbook ORM.

``python ledger_contestants.py NAME PLAN`` answers each line ``WORKLOAD CALLERS SECONDS`` on its input with what it
did, as JSON. benchmarks/ledger_hordak.py does the same in an environment of its own.
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
MOST_CALLERS = 16

# Makes one posting of a workload, under a number that is new.
Post = Callable[[str, int], None]


def serve(post: Post, statements: list[str]) -> None:
    """Post for as long as each line of the input says; answers say how many, and what it cost this process.

    Callers are threads, each with a connection that it keeps.
    """
    numbers = itertools.count(1)
    threads = ThreadPoolExecutor(MOST_CALLERS)
    print(json.dumps({"statements": statements}), flush=True)
    for line in sys.stdin:
        workload, callers, seconds = line.split()
        began, cpu = time.perf_counter(), time.process_time()
        repeat = partial(_repeat, post, workload, numbers, began + float(seconds))
        done = [thread.result() for thread in [threads.submit(repeat) for _caller in range(int(callers))]]
        answer = {"posts": sum(done), "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        print(json.dumps(answer), flush=True)


def _repeat(post: Post, workload: str, numbers: Iterator[int], ends: float) -> int:
    posts = 0
    while time.perf_counter() < ends:
        post(workload, next(numbers))
        posts += 1
    return posts


class Wallets:
    """The wallets of each workload: ``hot`` is one of them, ``many`` are all."""

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
    """What the product does: the tenant's scope and one debit of the ledger."""
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


def lane(wallets: Wallets) -> None:
    """What the product does when many ask at once: callers that come at the same moment share a commit."""
    from billing.ledger.services.ledger import Operation, Outcome, Posting, post_many
    from billing.usage.services.group_commit import Lane

    shared: Lane[Posting, Any] = Lane("bench", post_many)

    def post(workload: str, number: int) -> None:
        tenant_id, wallet_id = wallets.draw(workload)
        posting = Posting(Operation.DEBIT, wallet_id, AMOUNT, wallets.key(number), description=DESCRIPTION)
        verdict = shared.run(posting, tenant_id=tenant_id)
        if verdict.outcome != Outcome.POSTED:
            raise RuntimeError(verdict)

    post("many", 0)
    serve(post, [])


def raw(wallets: Wallets) -> None:
    """The same SQL in the same transaction, with nothing of Django in between."""
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
            [answer] = cursor.fetchall()
        own.database.commit()
        if answer[2] != "posted":
            raise RuntimeError(answer)

    serve(post, ["BEGIN", scope, POST, "COMMIT"])


def textbook(wallets: Wallets) -> None:
    """What a Django tutorial does: lock the wallet, look for the key, write the row, save the balance."""
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
    {"lad": lad, "lane": lane, "raw": raw, "textbook": textbook}[sys.argv[1]](Wallets(Path(sys.argv[2])))
