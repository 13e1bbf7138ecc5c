"""Admin pages of legacy credits and their move into wallets."""

from decimal import Decimal
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from billing.formatting import Column, amount, table
from billing.legacy.models import CreditTransaction, LegacyMove, UserCredit
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline

RECONCILIATION: Final = (
    Column("User", "user"),
    Column("Credits", "credits", amount),
    Column("Value", "worth", amount),
    Column("Moved", "moved", amount),
    Column("Difference", "difference", amount),
    Column("Transactions", "transactions", str),
    Column("Opening", "opening", amount),
    Column("Closing", "closing", amount),
    Column("Note", "note"),
)


class CreditTransactionsInline(ReadOnlyInline):
    model = CreditTransaction
    fk_name = "user_credit"
    area = "billing"
    fields = ["created_at", "transaction_type", "amount", "balance_before", "balance_after", "description"]
    verbose_name_plural = "transactions"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by("-created_at", "-pk")


@register(UserCredit)
class UserCreditAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "toll", 80
    list_display = ["user", "balance", "monthly_usage", "last_usage_reset", "created_at"]
    list_filter = ["user", "created_at"]
    search_fields = ["user__email"]
    inlines = [CreditTransactionsInline]


@register(CreditTransaction)
class CreditTransactionAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "history", 90
    list_display = [
        "transaction_type",
        "user",
        "amount",
        "balance_after",
        "reference_type",
        "description",
        "created_at",
    ]
    list_filter = ["transaction_type", "user", "created_at"]
    search_fields = ["id__exact"]


@register(LegacyMove)
class LegacyMoveAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "move_down", 95
    list_display = ["tenant", "moved_at", "frozen_at", "users", "difference", "created_at"]
    fieldsets = [
        (None, {"fields": ["moved_at", "frozen_at", "difference"]}),
        ("Users", {"fields": ["lines"]}),
    ]
    readonly_fields = ["difference", "lines"]

    @display(description="Users")
    def users(self, obj: LegacyMove) -> int:
        return len(obj.report)

    @display(description="Difference", label={"none": "success"})
    def difference(self, obj: LegacyMove) -> str:
        total = sum((abs(Decimal(line["difference"])) for line in obj.report), Decimal(0))
        return amount(total) if total else "none"

    @display(description="Reconciliation")
    def lines(self, obj: LegacyMove) -> str:
        return table(RECONCILIATION, obj.report)
