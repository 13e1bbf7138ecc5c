"""Wallets with their ledger. Money is moved by the ledger's services, never by hand."""

from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.admin.tables import amount, signed
from billing.models import LedgerTransaction, Wallet, WalletStatus
from billing.services import wallets
from lad.adminsite.actions import row_action
from lad.adminsite.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.adminsite.forms import ReasonForm
from lad.adminsite.inlines import ReadOnlyInline
from lad.adminsite.permissions import access_of


class BalanceFilter(DropdownFilter):
    title = "balance"
    parameter_name = "balance"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("low", "Below its threshold"), ("held", "Partly reserved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "low":
            return queryset.filter(low_balance_threshold__gt=F("current_balance") - F("reserved_balance"))
        return queryset.filter(reserved_balance__gt=0) if self.value() == "held" else queryset


class LedgerInline(ReadOnlyInline):
    model = LedgerTransaction
    fk_name = "wallet"
    area = "billing"
    fields = ["created_at", "transaction_type", "moved", "before", "after", "description"]
    verbose_name_plural = "ledger"

    @display(description="Amount")
    def moved(self, obj: Any) -> str:
        return signed(obj.amount)

    @display(description="Available before")
    def before(self, obj: Any) -> str:
        return amount(obj.balance_before)

    @display(description="Available after")
    def after(self, obj: Any) -> str:
        return amount(obj.balance_after)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by("-created_at", "-pk")


def _holder(wallet: Wallet) -> str:
    return str(wallet.user) if wallet.user_id else "The tenant's own"


def _is(*statuses: str) -> Any:
    return lambda row: row.status in statuses


@register(Wallet)
class WalletAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "account_balance_wallet", 10
    list_display = ["holder", "status", "available", "reserved", "balance", "state", "created_at"]
    list_filter = ["status", BalanceFilter, "user", "created_at"]
    list_select_related = ["user", "tenant"]
    search_fields = ["user__email__startswith"]
    add_fieldsets = [(None, {"fields": ["user", "currency", "low_balance_threshold"]})]
    fieldsets = [
        (None, {"fields": ["user", "status", "currency"]}),
        ("Balance", {"fields": [("available", "reserved", "balance")]}),
        ("Notice", {"fields": ["low_balance_threshold", "low_balance_notified_at"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    # A status is changed by an action that says why, a balance by the ledger.
    readonly_fields = ["status", "available", "reserved", "balance"]
    inlines = [LedgerInline]
    actions_detail = ["suspend", "reactivate", "close"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None else [*readonly, *({"user", "currency"} - {*readonly})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Wallet")
    def holder(self, obj: Any) -> str:
        return _holder(obj)

    @display(description="Available")
    def available(self, obj: Any) -> str:
        return amount(obj.available_balance, obj.currency)

    @display(description="Reserved")
    def reserved(self, obj: Any) -> str:
        return amount(obj.reserved_balance, obj.currency)

    @display(description="Balance")
    def balance(self, obj: Any) -> str:
        return amount(obj.current_balance, obj.currency)

    @display(description="Notice", label={"low": "warning", "fine": "success"})
    def state(self, obj: Any) -> str | None:
        if obj.low_balance_threshold is None or obj.status != WalletStatus.ACTIVE:
            return None
        return "low" if obj.available_balance < obj.low_balance_threshold else "fine"

    @row_action(
        "Suspend",
        explanation="Nothing can be spent from it until it is reactivated. What it holds stays in it.",
        form=ReasonForm,
        when=_is(WalletStatus.ACTIVE),
        icon="pause_circle",
        danger=True,
    )
    def suspend(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.SUSPENDED, values)

    @row_action(
        "Reactivate",
        explanation="It can be spent from again.",
        form=ReasonForm,
        when=_is(WalletStatus.SUSPENDED),
        icon="play_circle",
    )
    def reactivate(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.ACTIVE, values)

    @row_action(
        "Close",
        explanation="For good. Only a wallet that holds nothing can be closed; its ledger is kept.",
        form=ReasonForm,
        when=_is(WalletStatus.ACTIVE, WalletStatus.SUSPENDED),
        icon="cancel",
        danger=True,
    )
    def close(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.CLOSED, values)

    def _move(self, request: HttpRequest, row: Any, status: WalletStatus, values: dict[str, Any]) -> str:
        moved = wallets.move(wallet=row, status=status, reason=values["reason"], actor=access_of(request).user)
        return f"{moved} is {moved.get_status_display().lower()}."


@register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "receipt_long", 20
    list_display = ["movement", "transaction_type", "holder", "after", "reference_type", "description", "created_at"]
    list_filter = ["transaction_type", "wallet", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant"]
    search_fields = ["idempotency_key__exact"]
    fieldsets = [
        (None, {"fields": ["wallet", "transaction_type", "description", "created_by"]}),
        ("Amounts", {"fields": [("balance_before", "amount", "balance_after")]}),
        ("Cause", {"fields": ["reference_type", "reference_id", "idempotency_key"]}),
        ("Data", {"fields": ["metadata"]}),
    ]

    @display(description="Amount")
    def movement(self, obj: Any) -> str:
        return signed(obj.amount)

    @display(description="Wallet")
    def holder(self, obj: Any) -> str:
        return _holder(obj.wallet)

    @display(description="Available after")
    def after(self, obj: Any) -> str:
        return amount(obj.balance_after)
