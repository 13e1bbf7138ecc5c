"""What holds of a wallet after every movement, read from the database and held against the model."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.ledger.services.ledger import Posted
from lad.tenancy.context import tenant_context
from tests.billing.ledger.model import NOTHING, Purse

ROWS = """
SELECT *, entry_hash = billing_entry_hash(lag(entry_hash, 1, '') OVER (ORDER BY wallet_version), entry) AS hash_follows
FROM billing_ledger_transactions AS entry WHERE wallet_id = %s ORDER BY wallet_version
"""


@dataclass
class Account:
    """A wallet, the model of it, and which of its rows are which of the model's."""

    tenant_id: UUID
    wallet_id: UUID
    purse: Purse = field(default_factory=Purse)
    lots: list[UUID] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Posted] = field(default_factory=list)


def check(account: Account) -> None:
    """Everything of the account is as the model says, and every invariant holds of it."""
    with tenant_context(account.tenant_id):
        [wallet] = _read("SELECT * FROM billing_wallets WHERE id = %s", account)
        rows = _read(ROWS, account)
        lots = {row["id"]: row for row in _read("SELECT * FROM billing_credit_lots WHERE wallet_id = %s", account)}
        holds = {row["id"]: row for row in _read("SELECT * FROM billing_holds WHERE wallet_id = %s", account)}
    nothing_written_changes(account, rows)
    rows_follow_the_model(account, rows)
    account.rows = rows
    balances_are_the_fold(account, wallet, rows)
    chain_is_whole(wallet, rows)
    lots_are_the_models(account, lots)
    holds_are_the_models(account, holds, rows)
    answers_are_the_rows(account)
    for row in (wallet, *rows, *lots.values(), *holds.values()):
        assert row["tenant_id"] == account.tenant_id


def nothing_written_changes(account: Account, rows: list[dict[str, Any]]) -> None:
    assert rows[: len(account.rows)] == account.rows


def rows_follow_the_model(account: Account, rows: list[dict[str, Any]]) -> None:
    assert len(rows) == len(account.purse.rows)
    for row, expected in list(zip(rows, account.purse.rows, strict=True))[len(account.rows) :]:
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


def balances_are_the_fold(account: Account, wallet: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    held = [row["amount"] for row in rows if row["transaction_type"] in {"reservation", "release"}]
    available = wallet["current_balance"] - wallet["reserved_balance"]
    assert available == sum((row["amount"] for row in rows), NOTHING) == account.purse.available >= 0
    assert wallet["reserved_balance"] == -sum(held, NOTHING) == account.purse.reserved >= 0
    assert wallet["status"] == account.purse.status


def chain_is_whole(wallet: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert [row["wallet_version"] for row in rows] == list(range(1, wallet["ledger_version"] + 1))
    assert [row["balance_before"] for row in rows] == [NOTHING, *(row["balance_after"] for row in rows)][: len(rows)]
    assert all(row["hash_follows"] for row in rows)
    assert wallet["ledger_hash"] == (rows[-1]["entry_hash"] if rows else b"")
    keys = [row["idempotency_key"] for row in rows]
    assert len(set(keys)) == len(keys)
    taken_back = [row["reverses_id"] for row in rows if row["reverses_id"]]
    assert len(set(taken_back)) == len(taken_back)


def lots_are_the_models(account: Account, lots: dict[UUID, dict[str, Any]]) -> None:
    assert set(lots) == set(account.lots)
    remaining = [lots[lot]["remaining"] for lot in account.lots]
    assert remaining == [lot.remaining for lot in account.purse.lots]
    assert sum(remaining, NOTHING) == account.purse.available


def holds_are_the_models(account: Account, holds: dict[UUID, dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    assert set(holds) == set(account.holds)
    for hold, expected in zip((holds[hold] for hold in account.holds), account.purse.holds, strict=True):
        assert (hold["status"], hold["amount"]) == (expected.status, expected.amount)
        assert hold["expires_at"] == expected.expires_at
        given_back = [
            row["amount"] for row in rows if (row["transaction_type"], row["hold_id"]) == ("release", hold["id"])
        ]
        assert given_back == ([] if expected.status == "held" else [expected.amount])


def answers_are_the_rows(account: Account) -> None:
    by_id = {row["id"]: row for row in account.rows}
    names = {"hold_id", "reverses_id", *Posted.__slots__} - {"replayed"}
    for answer in account.answers:
        assert {name: getattr(answer, name) for name in names} == {name: by_id[answer.id][name] for name in names}


def _read(query: str, account: Account) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [account.wallet_id])
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
