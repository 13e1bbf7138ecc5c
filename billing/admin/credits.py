"""The credits of before the wallets, to look at."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from billing.models import CreditTransaction, UserCredit
from lad.adminsite.base import ReadOnlyAdmin, register
from lad.adminsite.inlines import ReadOnlyInline


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
    search_fields = ["user__email__startswith"]
    inlines = [CreditTransactionsInline]


@register(CreditTransaction)
class CreditTransactionAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "history", 90
    list_display: Any = [
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
