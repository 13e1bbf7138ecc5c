"""Who posts debits in benchmarks/ledger.py, each a process of its own: LAD's service, plain psycopg, textbook ORM.

``python ledger_contestants.py NAME PLAN`` answers each line ``WORKLOAD SECONDS`` on its input with what it did,
as JSON. benchmarks/ledger_hordak.py does the same in an environment of its own.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
AMOUNT = Decimal("0.013")
DESCRIPTION = "Use of voice-agent"

# Makes one posting of a workload, under a number that is new.
Post = Callable[[str, int], None]


def serve(post: Post, backend: int, statements: list[str]) -> None:
    """Post for as long as each line of the input says; answers say how many, and what it cost this process."""
    number = 0
    print(json.dumps({"backend": backend, "statements": statements}), flush=True)
    for line in sys.stdin:
        workload, seconds = line.split()
        began, cpu, first = time.perf_counter(), time.process_time(), number
        ends = began + float(seconds)
        while time.perf_counter() < ends:
            number += 1
            post(workload, number)
        took = time.perf_counter() - began
        done = {"posts": number - first, "seconds": took, "cpu": time.process_time() - cpu}
        print(json.dumps(done), flush=True)


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

    from billing.services import ledger
    from lad.tenancy.context import tenant_context

    def post(workload: str, number: int) -> None:
        tenant_id, wallet_id = wallets.draw(workload)
        with tenant_context(tenant_id):
            ledger.debit(wallet=wallet_id, amount=AMOUNT, key=wallets.key(number), description=DESCRIPTION)

    with CaptureQueriesContext(connection) as captured:
        post("many", 0)
    serve(post, _backend(connection.connection), [query["sql"] for query in captured])


def raw(wallets: Wallets) -> None:
    """The same SQL in the same transaction, with nothing of Django in between."""
    import psycopg
    from django.db import connection

    from billing.services.postings import POST
    from lad.db.identifiers import uuid7

    connection.ensure_connection()
    database = psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor})
    scope = (
        "SELECT set_config('role', 'lad_app', true), set_config('lad.tenant_id', %s, true),"
        " set_config('lad.user_id', '', true), set_config('lad.request_id', '', true),"
        " set_config('lad.source', 'command', true)"
    )
    sent: list[str] = []

    def post(workload: str, number: int) -> None:
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
        with database.cursor() as cursor:
            cursor.execute(scope, [str(tenant_id)])
            cursor.execute(POST, [json.dumps({str(wallet_id): [row]}), None])
            [answer] = cursor.fetchall()
        database.commit()
        if answer[2] != "posted":
            raise RuntimeError(answer)

    sent += ["BEGIN", scope, POST, "COMMIT"]
    serve(post, _backend(database), sent)


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
    serve(post, _backend(connection.connection), [query["sql"] for query in captured])


def _backend(database: Any) -> int:
    return int(database.info.backend_pid)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    {"lad": lad, "raw": raw, "textbook": textbook}[sys.argv[1]](Wallets(Path(sys.argv[2])))
