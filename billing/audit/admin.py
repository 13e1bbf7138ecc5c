"""Proofs of the ledger, to look at."""

from typing import Any

from unfold.decorators import display

from billing.audit.models import AuditResult, LedgerAnchor, LedgerAudit
from billing.formatting import Column, quantity, table
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.json_view import json_view

FINDINGS = (Column("Rule", "rule"), Column("What is wrong", "title"), Column("Table", "table"), Column("Row", "row"))
LABELS = {AuditResult.PROVED: "success", AuditResult.VIOLATED: "danger"}


@register(LedgerAudit)
class LedgerAuditAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Billing", "verified", 100
    list_display = ["started_at", "verdict", "violations", "movements", "wallets", "seconds", "with_hashes", "scope"]
    list_filter = ["result", "created_at"]
    search_fields = ["scope__startswith"]
    fieldsets = [
        (None, {"fields": ["verdict", "violations", ("movements", "wallets"), "scope"]}),
        ("Findings", {"fields": ["found"]}),
        ("Run", {"fields": [("started_at", "finished_at", "seconds"), ("with_hashes", "since_anchor"), "heads_hash"]}),
    ]
    readonly_fields = ["verdict", "movements", "seconds", "found"]

    @display(description="Result", label=LABELS)
    def verdict(self, obj: Any) -> tuple[str, str]:
        return obj.result, obj.get_result_display()

    @display(description="Movements")
    def movements(self, obj: Any) -> str:
        return quantity(obj.ledger_rows)

    @display(description="Seconds")
    def seconds(self, obj: Any) -> str:
        return f"{(obj.finished_at - obj.started_at).total_seconds():.1f}"

    @display(description="Rows that break a promise")
    def found(self, obj: Any) -> Any:
        return table(FINDINGS, [{**finding, "row": json_view(finding["row"])} for finding in obj.findings])


@register(LedgerAnchor)
class LedgerAnchorAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "anchor", 101
    list_display = ["wallet", "anchored_on", "wallet_version", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant"]
    list_filter = ["wallet", "anchored_on"]
    search_fields = ["id__exact"]
    fields = ["wallet", "anchored_on", "wallet_version", "entry_hash", "created_at"]
