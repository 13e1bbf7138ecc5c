"""Audit the ledger: check one snapshot, store the result, emit violations and anchor the chains."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection
from django.utils import timezone

from billing.audit.checks.search import MAX_ROWS_SHOWN, CheckResults, Finding, by_tenant, run_checks
from billing.audit.checks.snapshot import snapshot
from billing.audit.models import AuditResult, LedgerAudit
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant

log = structlog.get_logger(__name__)

HEADS = "SELECT COALESCE(string_agg(ledger_hash, '' ORDER BY tenant_id, id), '') FROM billing_wallets"
HEADS_HASH = f"SELECT sha256(({HEADS}))"
UNANCHORED_WALLETS = """
SELECT wallet.tenant_id, wallet.id, wallet.ledger_version, wallet.ledger_hash
FROM billing_wallets AS wallet
WHERE wallet.ledger_version > COALESCE((
    SELECT max(anchor.wallet_version) FROM billing_ledger_anchors AS anchor
    WHERE anchor.tenant_id = wallet.tenant_id AND anchor.wallet_id = wallet.id), 0)
"""
INSERT_ANCHORS = """
INSERT INTO billing_ledger_anchors (tenant_id, wallet_id, anchored_on, wallet_version, entry_hash)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::bigint[], %s::bytea[])
ON CONFLICT (tenant_id, wallet_id, anchored_on) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class CompletedAudit:
    """A finished audit and everything it found."""

    audit: LedgerAudit
    results: CheckResults

    @property
    def seconds(self) -> float:
        return (self.audit.finished_at - self.audit.started_at).total_seconds()

    @property
    def rows_per_second(self) -> int:
        return int(self.audit.ledger_rows / max(self.seconds, 0.001))


def audit_ledger(
    *,
    tenant: Tenant | None = None,
    with_hashes: bool = True,
    since_anchor: bool = False,
    now: datetime | None = None,
) -> CompletedAudit:
    """Audit every wallet, or those of one tenant, in one snapshot and store the result.

    Call it outside of any tenant context. An audit with hashes and without violations anchors the wallets
    that have new transactions. Emits ``billing.ledger.audit_failed`` for each tenant with a violation.
    ``now`` is the time by which overdue holds are judged.
    """
    started_at = timezone.now()
    with snapshot(tenant_id=tenant.pk if tenant else None) as cursor:
        results = run_checks(cursor, with_hashes=with_hashes, since_anchor=since_anchor, now=now)
        cursor.execute(HEADS_HASH)
        [heads_hash] = cursor.fetchone()
        cursor.execute(UNANCHORED_WALLETS)
        unanchored = cursor.fetchall() if with_hashes and not results.violations else []
    with platform_context():
        audit = _store(results, tenant, started_at, heads_hash, with_hashes=with_hashes, since_anchor=since_anchor)
        _insert_anchors(unanchored, started_at)
    # Separate transaction: the result is kept even if emitting the event fails.
    if results.violations:
        log.critical("ledger audit failed", audit=str(audit.pk), violations=results.violations)
        with platform_context():
            _emit_failure(audit, results)
    return CompletedAudit(audit, results)


def _store(
    results: CheckResults,
    tenant: Tenant | None,
    started_at: datetime,
    heads_hash: bytes,
    *,
    with_hashes: bool,
    since_anchor: bool,
) -> LedgerAudit:
    audit: LedgerAudit = LedgerAudit.objects.create(
        started_at=started_at,
        finished_at=timezone.now(),
        scope=tenant.slug if tenant else "",
        with_hashes=with_hashes,
        since_anchor=since_anchor,
        ledger_rows=results.transactions,
        wallets=results.wallets,
        violations=results.violations,
        findings=[
            {"rule": finding.rule, "title": finding.title, "table": finding.table, "row": dict(finding.row)}
            for finding in results.findings[:MAX_ROWS_SHOWN]
        ],
        result=AuditResult.VIOLATED if results.violations else AuditResult.PROVED,
        heads_hash=heads_hash,
    )
    return audit


def _insert_anchors(heads: list[tuple[UUID, UUID, int, bytes]], now: datetime) -> None:
    if heads:
        tenants, wallets, versions, hashes = (list(column) for column in zip(*heads, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(INSERT_ANCHORS, [tenants, wallets, [now.date()] * len(heads), versions, hashes])


def _emit_failure(audit: LedgerAudit, results: CheckResults) -> None:
    """Emit an event for each tenant concerned. A tampered row may name a tenant that does not exist."""
    concerned = dict(by_tenant(results.findings))
    known = Tenant.all_objects.filter(pk__in=concerned).values_list("pk", flat=True)
    emit_many(
        NewEvent(
            "billing.ledger.audit_failed",
            payload={
                "audit_id": str(audit.pk),
                "violations": len(concerned[tenant_id]),
                "rules": _rule_numbers(concerned[tenant_id]),
            },
            tenant_id=tenant_id,
            aggregate_type="ledger_audit",
            aggregate_id=audit.pk,
        )
        for tenant_id in known
    )


def _rule_numbers(findings: list[Finding]) -> list[str]:
    return sorted({finding.rule for finding in findings}, key=lambda number: int(number[1:]))
