"""Proving the ledger: an audit of one snapshot whose result is kept, told, and anchored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection
from django.utils import timezone

from billing.audit.checks.search import MOST_SHOWN, Finding, Search, by_tenant, find
from billing.audit.checks.snapshot import snapshot
from billing.audit.models import AuditResult, LedgerAudit
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant

log = structlog.get_logger(__name__)

HEADS = "SELECT COALESCE(string_agg(ledger_hash, '' ORDER BY tenant_id, id), '') FROM billing_wallets"
HEADS_HASH = f"SELECT sha256(({HEADS}))"
MOVED = """
SELECT wallet.tenant_id, wallet.id, wallet.ledger_version, wallet.ledger_hash
FROM billing_wallets AS wallet
WHERE wallet.ledger_version > COALESCE((
    SELECT max(anchor.wallet_version) FROM billing_ledger_anchors AS anchor
    WHERE anchor.tenant_id = wallet.tenant_id AND anchor.wallet_id = wallet.id), 0)
"""
DROP_ANCHOR = """
INSERT INTO billing_ledger_anchors (tenant_id, wallet_id, anchored_on, wallet_version, entry_hash)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::bigint[], %s::bytea[])
ON CONFLICT (tenant_id, wallet_id, anchored_on) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """A finished audit, with all that it found."""

    audit: LedgerAudit
    search: Search

    @property
    def seconds(self) -> float:
        return (self.audit.finished_at - self.audit.started_at).total_seconds()

    @property
    def rows_per_second(self) -> int:
        return int(self.audit.ledger_rows / max(self.seconds, 0.001))


def prove(
    *,
    tenant: Tenant | None = None,
    with_hashes: bool = True,
    since_anchor: bool = False,
    now: datetime | None = None,
) -> Proof:
    """Audit every wallet, or those of one tenant, in one snapshot and keep the result.

    Called outside any scope. A clean audit with hashes drops today's anchors for the wallets that moved.
    For each tenant with a row that breaks a promise ``billing.ledger.audit_failed`` is emitted. ``now`` is
    the moment by which holds must have ended.
    """
    started_at = timezone.now()
    with snapshot(tenant_id=tenant.pk if tenant else None) as cursor:
        search = find(cursor, with_hashes=with_hashes, since_anchor=since_anchor, now=now)
        cursor.execute(HEADS_HASH)
        [heads_hash] = cursor.fetchone()
        cursor.execute(MOVED)
        moved = cursor.fetchall() if with_hashes and not search.violations else []
    with platform_context():
        audit = LedgerAudit.objects.create(
            started_at=started_at,
            finished_at=timezone.now(),
            scope=tenant.slug if tenant else "",
            with_hashes=with_hashes,
            since_anchor=since_anchor,
            ledger_rows=search.movements,
            wallets=search.wallets,
            violations=search.violations,
            findings=[
                {"rule": finding.rule, "title": finding.title, "table": finding.table, "row": dict(finding.row)}
                for finding in search.findings[:MOST_SHOWN]
            ],
            result=AuditResult.VIOLATED if search.violations else AuditResult.PROVED,
            heads_hash=heads_hash,
        )
        _drop_anchors(moved, started_at)
    # What was found is kept also when it cannot be told.
    if search.violations:
        log.critical("ledger audit failed", audit=str(audit.pk), violations=search.violations)
        with platform_context():
            _tell(audit, search)
    return Proof(audit, search)


def _drop_anchors(moved: list[tuple[UUID, UUID, int, bytes]], at: datetime) -> None:
    if moved:
        tenants, wallets, versions, hashes = (list(column) for column in zip(*moved, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(DROP_ANCHOR, [tenants, wallets, [at.date()] * len(moved), versions, hashes])


def _tell(audit: LedgerAudit, search: Search) -> None:
    """Emit an event for each tenant concerned; a row may name one that does not exist."""
    concerned = dict(by_tenant(search.findings))
    known = Tenant.all_objects.filter(pk__in=concerned).values_list("pk", flat=True)
    emit_many(
        NewEvent(
            "billing.ledger.audit_failed",
            payload={
                "audit_id": str(audit.pk),
                "violations": len(concerned[tenant_id]),
                "rules": _numbers(concerned[tenant_id]),
            },
            tenant_id=tenant_id,
            aggregate_type="ledger_audit",
            aggregate_id=audit.pk,
        )
        for tenant_id in known
    )


def _numbers(findings: list[Finding]) -> list[str]:
    return sorted({finding.rule for finding in findings}, key=lambda number: int(number[1:]))
