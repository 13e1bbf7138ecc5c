"""Holds and credit lots: looked at here, moved by the ledger."""

from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import amount, holder_of, signed
from billing.ledger.admin.forms import WhyForm, ledger_key, posting_look
from billing.ledger.admin.transactions import LedgerTransactionAdmin
from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction
from billing.ledger.services import ledger
from lad.admin.actions import Look, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import access_of

HOLD_COLOURS = {"Held": "info", "Due": "warning", "Captured": "success", "Released": "default", "Expired": "warning"}


class HoldRowsInline(ReadOnlyInline):
    model = LedgerTransaction
    fk_name = "hold"
    area = "billing"
    fields = ["created_at", "transaction_type", "moved", "after", "description"]
    verbose_name_plural = "ledger"

    @display(description="Amount")
    def moved(self, obj: Any) -> str:
        return signed(obj.amount)

    @display(description="Available after")
    def after(self, obj: Any) -> str:
        return amount(obj.balance_after)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by("-wallet_version")


def _release(row: Hold, values: dict[str, Any], actor: Any) -> ledger.Posted:
    return ledger.release(hold=row, key=ledger_key(values), description=values["reason"], actor=actor)


def _release_look(row: Hold, values: dict[str, Any]) -> Look | None:
    warning = "Work that relies on this hold can no longer be charged to it."
    return posting_look(row.wallet, values, lambda: _release(row, values, None), warning)


class HoldingAdmin(ReadOnlyAdmin):
    """What hangs on a wallet."""

    area = "billing"
    section = "Billing"
    list_select_related = ["wallet__user", "wallet__tenant"]

    @display(description="Wallet")
    def holder(self, obj: Any) -> str:
        return holder_of(obj.wallet)


@register(Hold)
class HoldAdmin(HoldingAdmin):
    icon, rank = "lock_clock", 21
    list_display = ["held", "state", "holder", "taken", "cause", "expires_at", "created_at"]
    list_filter = ["status", "wallet", "expires_at", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["wallet", "state", "description"]}),
        ("Amounts", {"fields": [("held", "taken")]}),
        ("Time", {"fields": [("expires_at", "resolved_at")]}),
        ("Cause", {"fields": ["cause", "reference_type", "reference_id"]}),
    ]
    readonly_fields = ["held", "taken", "cause", "state"]
    inlines = [HoldRowsInline]
    actions_detail = ["release"]

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "update")

    @display(description="Held")
    def held(self, obj: Any) -> str:
        return amount(obj.amount, obj.wallet.currency)

    @display(description="Captured")
    def taken(self, obj: Any) -> str:
        return amount(obj.captured_amount, obj.wallet.currency)

    @display(description="Status", label=HOLD_COLOURS)
    def state(self, obj: Any) -> str:
        due = obj.status == HoldStatus.HELD and obj.expires_at <= timezone.now()
        return "Due" if due else str(obj.get_status_display())

    cause = LedgerTransactionAdmin.cause

    @row_action(
        "Release",
        explanation="All of it goes back to the wallet, to the very credit it was taken from.",
        form=WhyForm,
        permission="release",
        when=lambda row: row.status == HoldStatus.HELD,
        icon="lock_open",
        look=_release_look,
    )
    def release(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        posted = _release(row, values, access_of(request).user)
        return f"{row} is released: {amount(posted.balance_after, row.wallet.currency)} are available."


class LotStateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("open", "Usable"), ("used", "Used up"), ("expiring", "Expires")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "expiring":
            return queryset.filter(is_open=True, expires_at__isnull=False)
        return queryset.filter(is_open=self.value() == "open") if self.value() else queryset


@register(CreditLot)
class CreditLotAdmin(HoldingAdmin):
    icon, rank = "layers", 22
    list_display = ["came_in", "left_over", "holder", "priority", "expires_at", "created_at"]
    list_filter = [LotStateFilter, "wallet", "expires_at", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["wallet", "priority", "expires_at"]}),
        ("Amounts", {"fields": [("came_in", "left_over")]}),
    ]
    readonly_fields = ["came_in", "left_over"]

    @display(description="Came in")
    def came_in(self, obj: Any) -> str:
        return amount(obj.amount, obj.wallet.currency)

    @display(description="Left")
    def left_over(self, obj: Any) -> str:
        return amount(obj.remaining, obj.wallet.currency)
