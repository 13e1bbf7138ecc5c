"""Invariants of a wallet after every transaction, checked in the database and against the model."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.ledger.services.ledger import PostedTransaction
from lad.tenancy.context import tenant_context
from tests.billing.ledger.model import ZERO, WalletModel

ROWS = """
SELECT *, entry_hash = billing_entry_hash(lag(entry_hash, 1, '') OVER (ORDER BY wallet_version), entry) AS hash_follows
FROM billing_ledger_transactions AS entry WHERE wallet_id = %s ORDER BY wallet_version
"""


@dataclass
class Account:
    """A wallet, its model, and the ids of the model's lots and holds in order."""

    tenant_id: UUID
    wallet_id: UUID
    model: WalletModel = field(default_factory=WalletModel)
    lots: list[UUID] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    posted: list[PostedTransaction] = field(default_factory=list)


def check(account: Account) -> None:
    """Assert that the account matches the model and that every invariant holds."""
    with tenant_context(account.tenant_id):
        [wallet] = _read("SELECT * FROM billing_wallets WHERE id = %s", account)
        rows = _read(ROWS, account)
        lots = {row["id"]: row for row in _read("SELECT * FROM billing_credit_lots WHERE wallet_id = %s", account)}
        holds = {row["id"]: row for row in _read("SELECT * FROM billing_holds WHERE wallet_id = %s", account)}
    check_append_only(account, rows)
    check_rows(account, rows)
    account.rows = rows
    check_balances(account, wallet, rows)
    check_chain(wallet, rows)
    check_lots(account, lots)
    check_holds(account, holds, rows)
    check_posted(account)
    for row in (wallet, *rows, *lots.values(), *holds.values()):
        assert row["tenant_id"] == account.tenant_id


def check_append_only(account: Account, rows: list[dict[str, Any]]) -> None:
    assert rows[: len(account.rows)] == account.rows


def check_rows(account: Account, rows: list[dict[str, Any]]) -> None:
    assert len(rows) == len(account.model.rows)
    for row, expected in list(zip(rows, account.model.rows, strict=True))[len(account.rows) :]:
        expiry = row["transaction_type"] == "adjustment" and row["reference_type"] == "credit_lot"
        assert ("expiry" if expiry else row["transaction_type"]) == expected.kind
        assert (row["amount"], row["balance_after"]) == (expected.amount, expected.available)
        assert row["reserved_after"] == expected.reserved
        movements = {UUID(lot): Decimal(part) for lot, part in json.loads(row["lot_movements"]).items()}
        new = [lot for lot in movements if lot not in account.lots]
        assert len(new) == sum(number >= len(account.lots) for number in expected.parts)
        account.lots += new
        assert {account.lots.index(lot): part for lot, part in movements.items()} == expected.parts
        reversed_row = rows[expected.reverses]["id"] if expected.reverses is not None else None
        assert row["reverses_id"] == reversed_row
        if row["transaction_type"] == "reservation" and row["hold_id"] not in account.holds:
            account.holds.append(row["hold_id"])


def check_balances(account: Account, wallet: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    held = [row["amount"] for row in rows if row["transaction_type"] in {"reservation", "release"}]
    available = wallet["current_balance"] - wallet["reserved_balance"]
    assert available == sum((row["amount"] for row in rows), ZERO) == account.model.available >= 0
    assert wallet["reserved_balance"] == -sum(held, ZERO) == account.model.reserved >= 0
    assert wallet["status"] == account.model.status


def check_chain(wallet: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert [row["wallet_version"] for row in rows] == list(range(1, wallet["ledger_version"] + 1))
    assert [row["balance_before"] for row in rows] == [ZERO, *(row["balance_after"] for row in rows)][: len(rows)]
    assert all(row["hash_follows"] for row in rows)
    assert wallet["ledger_hash"] == (rows[-1]["entry_hash"] if rows else b"")
    keys = [row["idempotency_key"] for row in rows]
    assert len(set(keys)) == len(keys)
    reversed_ids = [row["reverses_id"] for row in rows if row["reverses_id"]]
    assert len(set(reversed_ids)) == len(reversed_ids)


def check_lots(account: Account, lots: dict[UUID, dict[str, Any]]) -> None:
    assert set(lots) == set(account.lots)
    remaining = [lots[lot]["remaining"] for lot in account.lots]
    assert remaining == [lot.remaining for lot in account.model.lots]
    assert sum(remaining, ZERO) == account.model.available


def check_holds(account: Account, holds: dict[UUID, dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    assert set(holds) == set(account.holds)
    for hold, expected in zip((holds[hold] for hold in account.holds), account.model.holds, strict=True):
        assert (hold["status"], hold["amount"]) == (expected.status, expected.amount)
        assert hold["expires_at"] == expected.expires_at
        released = [
            row["amount"] for row in rows if (row["transaction_type"], row["hold_id"]) == ("release", hold["id"])
        ]
        assert released == ([] if expected.status == "held" else [expected.amount])


def check_posted(account: Account) -> None:
    by_id = {row["id"]: row for row in account.rows}
    names = {"hold_id", "reverses_id", *PostedTransaction.__slots__} - {"replayed"}
    for posted in account.posted:
        assert {name: getattr(posted, name) for name in names} == {name: by_id[posted.id][name] for name in names}


def _read(query: str, account: Account) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [account.wallet_id])
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
