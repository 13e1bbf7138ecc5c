"""Run all checks of the audit in one transaction and collect the rows that break a rule."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from billing.audit.checks import folding, guards, invoices, legacy, lots, quotas, rules
from billing.audit.checks.rules import Rule
from billing.audit.checks.snapshot import Cursor

MAX_ROWS_SHOWN: Final = 200
# Several parts per process balance the load, and parts of limited size fit into memory.
PARTS_PER_PROCESS: Final = 4
MAX_BLOCKS_PER_PART: Final = 32_768


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks a rule. ``row`` holds its id and the columns that show why, with amounts as text."""

    rule: str
    title: str
    table: str
    row: Mapping[str, Any]

    @property
    def tenant_id(self) -> UUID | None:
        """Return the tenant of the row, or None for a missing guard of the database."""
        return UUID(self.row["tenant_id"]) if self.row.get("tenant_id") else None


@dataclass(slots=True)
class CheckResults:
    """The rows that the checks read, the number of violations, and the first findings of each rule."""

    transactions: int = 0
    wallets: int = 0
    violations: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, rule: str, title: str, table: str, rows: list[dict[str, Any]], count: int | None = None) -> None:
        """Add findings. ``count`` is the total number if ``rows`` are only the first."""
        self.violations += len(rows) if count is None else count
        self.findings += [Finding(rule, title, table, row) for row in rows[:MAX_ROWS_SHOWN]]


def run_checks(
    cursor: Cursor, *, with_hashes: bool = True, since_anchor: bool = False, now: datetime | None = None
) -> CheckResults:
    """Check every rule on the rows that the cursor's transaction can see.

    ``now`` is the time by which overdue holds are judged. ``since_anchor`` skips transactions up to a
    wallet's last anchor, and the use of credit lots, which needs the whole history.
    """
    found = CheckResults()
    checked = (
        *rules.RULES,
        *invoices.RULES,
        *quotas.RULES,
        *legacy.RULES,
        *((rules.HASH,) if with_hashes else ()),
    )
    values = {"now": now or timezone.now()}
    if not _fold(cursor, found, since_anchor=since_anchor):
        checked = (rules.ROW_SUM, *checked)
    for rule in checked:
        if not (rule.guard and guards.is_in_place(cursor, rule.guard)):
            found.add(rule.number, rule.title, rule.table, *_rows(cursor, _sql(rule, since_anchor), values))
    for table, sql in guards.keys_across_tenants():
        found.add("I12", "A key refers to another tenant or to a missing row", table, *_rows(cursor, sql, {}))
    for table, row in guards.missing(cursor):
        found.add("I5", "A guard of the database is missing or disabled", table, [row])
    return found


def _sql(rule: Rule, since_anchor: bool) -> str:
    if since_anchor and not rule.historical:
        return folding.SINCE_ANCHOR + rule.sql.replace("{entries}", "entries")
    return rule.sql.replace("{entries}", "billing_ledger_transactions")


def _rows(cursor: Cursor, sql: str, values: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    cursor.execute(
        f"SELECT to_jsonb(breach)::text, count(*) OVER () FROM ({sql}) AS breach LIMIT {MAX_ROWS_SHOWN}", values or None
    )
    rows = cursor.fetchall()
    return [_read(text) for text, _count in rows], rows[0][1] if rows else 0


def _fold(cursor: Cursor, found: CheckResults, *, since_anchor: bool) -> bool:
    """Compare wallets and lots with the ledger in one pass. Return whether every transaction adds up."""
    cursor.execute("SELECT pg_relation_size('billing_ledger_transactions') / current_setting('block_size')::bigint")
    [blocks] = cursor.fetchone()
    parts = max(PARTS_PER_PROCESS * settings.BILLING_AUDIT_WORKERS, blocks // MAX_BLOCKS_PER_PART, 1)
    cursor.execute(folding.statement(blocks=blocks, parts=parts, since_anchor=since_anchor, most=MAX_ROWS_SHOWN))
    transactions, wallets, adds_up, wrong, wrong_count, uneven, uneven_count, *of_lots = cursor.fetchone()
    found.transactions, found.wallets = int(transactions), int(wallets)
    _wallets(cursor, found, _read(wrong), wrong_count)
    title = "The lot movements of a transaction do not add up to its amount"
    found.add("I9", title, rules.LEDGER, _read(uneven), uneven_count)
    if of_lots:
        _lots(cursor, found, *of_lots)
    return bool(adds_up)


def _wallets(cursor: Cursor, found: CheckResults, rows: list[dict[str, Any]], count: int) -> None:
    """Add wallets that disagree with their ledger, and the transactions where their chain is broken."""
    disagreeing = [row for row in rows if not row["agrees"]]
    if disagreeing:
        title = "A wallet does not match its ledger"
        found.add("I2", title, rules.WALLETS, disagreeing, len(disagreeing) + count - len(rows))
    for row in rows:
        if not row["whole"]:
            values = {"tenant": row["tenant_id"], "wallet": row["id"]}
            broken = _rows(cursor, folding.BREAKS, values)
            title = "A transaction does not follow the previous one"
            found.add("I3", title, rules.LEDGER, *(broken if broken[1] else ([row], 1)))


def _lots(
    cursor: Cursor, found: CheckResults, unequal: str, unequal_count: int, stale: str, stale_count: int, wallets: str
) -> None:
    """Add lots whose remaining credit, time of use or order of use is wrong."""
    found.add(
        "I9", "The remaining credit of a lot does not match its movements", rules.LOTS, _read(unequal), unequal_count
    )
    found.add("I9", "A lot was used after its expiry or removed before it", rules.LOTS, _read(stale), stale_count)
    for tenant_id, wallet_id in _read(wallets):
        rows = lots.out_of_order(cursor, UUID(tenant_id), UUID(wallet_id), MAX_ROWS_SHOWN)
        found.add("I9", "Credit lots were used in the wrong order", rules.LEDGER, *rows)


def _read(text: str) -> Any:
    return json.loads(text, parse_float=str)


def by_tenant(findings: list[Finding]) -> Iterator[tuple[UUID, list[Finding]]]:
    """Yield the findings of each tenant that has any."""
    grouped: dict[UUID, list[Finding]] = {}
    for finding in findings:
        if finding.tenant_id is not None:
            grouped.setdefault(finding.tenant_id, []).append(finding)
    yield from grouped.items()
