"""Looking for rows that break a promise, in whatever one transaction sees."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from billing.audit.checks import folding, guards, lots, quotas, rules
from billing.audit.checks.rules import Rule

MOST_SHOWN: Final = 200
# The pass over the ledger reads several parts in each process, so that none waits long for the last part of another,
# and none so big that what is folded of it would not fit into memory.
PARTS_A_PROCESS: Final = 4
BLOCKS_A_PART: Final = 32_768


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks a promise. ``row`` holds its key and what of it shows the breach, amounts as text."""

    rule: str
    title: str
    table: str
    row: Mapping[str, Any]

    @property
    def tenant_id(self) -> UUID | None:
        """Whose row it is; None for a guard of the database."""
        return UUID(self.row["tenant_id"]) if self.row.get("tenant_id") else None


@dataclass(slots=True)
class Search:
    """What a search read and found: how many rows break a promise, and the first of them for each."""

    movements: int = 0
    wallets: int = 0
    violations: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, rule: str, title: str, table: str, rows: list[dict[str, Any]], count: int | None = None) -> None:
        """Note the rows; ``count`` is how many there are where these are only the first."""
        self.violations += len(rows) if count is None else count
        self.findings += [Finding(rule, title, table, row) for row in rows[:MOST_SHOWN]]


def find(cursor: Any, *, with_hashes: bool = True, since_anchor: bool = False, now: datetime | None = None) -> Search:
    """Hold every rule against the rows the cursor's transaction may see, in the current scope.

    ``now`` is the moment by which holds must have ended. With ``since_anchor`` movements up to a wallet's
    last anchor are taken as proved, and the use of lots, which only the whole history shows, is left out.
    """
    found = Search()
    every = (*rules.RULES, *quotas.RULES, *((rules.HASH,) if with_hashes else ()))
    values = {"now": now or timezone.now()}
    if not _fold(cursor, found, since_anchor=since_anchor):
        every = (rules.ROW_SUM, *every)
    for rule in every:
        if not (rule.guard and guards.stands(cursor, rule.guard)):
            found.add(rule.number, rule.title, rule.table, *_rows(cursor, _sql(rule, since_anchor), values))
    for table, sql in guards.keys_across_tenants():
        found.add("I12", "A key leads to another tenant, or to nothing", table, *_rows(cursor, sql, {}))
    for table, row in guards.fallen(cursor):
        found.add("I5", "A guard of the database is missing or switched off", table, [row])
    return found


def _sql(rule: Rule, since_anchor: bool) -> str:
    if since_anchor and not rule.historical:
        return folding.SINCE_ANCHOR + rule.sql.replace("{entries}", "entries")
    return rule.sql.replace("{entries}", "billing_ledger_transactions")


def _rows(cursor: Any, sql: str, values: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    cursor.execute(
        f"SELECT to_jsonb(breach)::text, count(*) OVER () FROM ({sql}) AS breach LIMIT {MOST_SHOWN}", values or None
    )
    rows = cursor.fetchall()
    return [_read(text) for text, _count in rows], rows[0][1] if rows else 0


def _fold(cursor: Any, found: Search, *, since_anchor: bool) -> bool:
    """Wallets and lots against the ledger, in one pass over it; whether every movement adds up in itself."""
    cursor.execute("SELECT pg_relation_size('billing_ledger_transactions') / current_setting('block_size')::bigint")
    [blocks] = cursor.fetchone()
    parts = max(PARTS_A_PROCESS * settings.BILLING_AUDIT_WORKERS, blocks // BLOCKS_A_PART, 1)
    cursor.execute(folding.statement(blocks=blocks, parts=parts, since_anchor=since_anchor, most=MOST_SHOWN))
    movements, wallets, adds_up, wrong, how_wrong, uneven, how_uneven, *of_lots = cursor.fetchone()
    found.movements, found.wallets = int(movements), int(wallets)
    _wallets(cursor, found, _read(wrong), how_wrong)
    title = "What a movement took from lots or gave to them is not its amount"
    found.add("I9", title, rules.LEDGER, _read(uneven), how_uneven)
    if of_lots:
        _lots(cursor, found, *of_lots)
    return bool(adds_up)


def _wallets(cursor: Any, found: Search, rows: list[dict[str, Any]], count: int) -> None:
    """Wallets that disagree with their ledger, and the places where the chain of such a wallet is broken."""
    disagreeing = [row for row in rows if not row["agrees"]]
    if disagreeing:
        title = "A wallet is not the fold of its ledger"
        found.add("I2", title, rules.WALLETS, disagreeing, len(disagreeing) + count - len(rows))
    for row in rows:
        if not row["whole"]:
            values = {"tenant": row["tenant_id"], "wallet": row["id"]}
            broken = _rows(cursor, folding.BREAKS, values)
            title = "A movement does not follow the one before it"
            found.add("I3", title, rules.LEDGER, *(broken if broken[1] else ([row], 1)))


def _lots(cursor: Any, found: Search, unequal: str, how_unequal: int, stale: str, how_stale: int, wallets: str) -> None:
    """Lots against their movements: what is left of them, when they were used, and in which order."""
    found.add("I9", "What is left of a lot is not what its movements left", rules.LOTS, _read(unequal), how_unequal)
    found.add("I9", "A lot was used after it expired, or taken out before", rules.LOTS, _read(stale), how_stale)
    for tenant_id, wallet_id in _read(wallets):
        rows = lots.out_of_order(cursor, UUID(tenant_id), UUID(wallet_id), MOST_SHOWN)
        found.add("I9", "Lots were used in another order than they should", rules.LEDGER, *rows)


def _read(text: str) -> Any:
    return json.loads(text, parse_float=str)


def by_tenant(findings: list[Finding]) -> Iterator[tuple[UUID, list[Finding]]]:
    """The findings of each tenant that has any."""
    grouped: dict[UUID, list[Finding]] = {}
    for finding in findings:
        if finding.tenant_id is not None:
            grouped.setdefault(finding.tenant_id, []).append(finding)
    yield from grouped.items()
