"""Admin pages of ledger audits and anchors."""

from unfold.decorators import display

from billing.audit.models import AuditResult, LedgerAnchor, LedgerAudit
from billing.formatting import Column, quantity, table
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.json_view import json_view

FINDINGS = (Column("Rule", "rule"), Column("Problem", "title"), Column("Table", "table"), Column("Row", "row"))
LABELS = {AuditResult.PROVED: "success", AuditResult.VIOLATED: "danger"}


@register(LedgerAudit)
class LedgerAuditAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Billing", "verified", 100
    list_display = ["started_at", "outcome", "violations", "transactions", "wallets", "seconds", "with_hashes", "scope"]
    list_filter = ["result", "created_at"]
    search_fields = ["scope__startswith"]
    fieldsets = [
        (None, {"fields": ["outcome", "violations", ("transactions", "wallets"), "scope"]}),
        ("Findings", {"fields": ["found"]}),
        ("Run", {"fields": [("started_at", "finished_at", "seconds"), ("with_hashes", "since_anchor"), "heads_hash"]}),
    ]
    readonly_fields = ["outcome", "transactions", "seconds", "found"]

    @display(description="Result", label=LABELS)
    def outcome(self, obj: LedgerAudit) -> tuple[str, str]:
        return obj.result, obj.get_result_display()

    @display(description="Transactions")
    def transactions(self, obj: LedgerAudit) -> str:
        return quantity(obj.ledger_rows)

    @display(description="Seconds")
    def seconds(self, obj: LedgerAudit) -> str:
        return f"{(obj.finished_at - obj.started_at).total_seconds():.1f}"

    @display(description="Rows that break a rule")
    def found(self, obj: LedgerAudit) -> str:
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
