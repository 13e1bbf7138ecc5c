"""Admin pages of holds and credit lots."""

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import amount, signed
from billing.ledger.admin.forms import ReasonOnceForm, ledger_key, posting_preview
from billing.ledger.admin.transactions import LedgerTransactionAdmin
from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction
from billing.ledger.services import ledger
from lad.admin.actions import Preview, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.tenancy.access import access_of
from lad.types import Actor, Values

HOLD_COLOURS = {"Held": "info", "Due": "warning", "Captured": "success", "Released": "default", "Expired": "warning"}


class HoldRowsInline(ReadOnlyInline):
    model = LedgerTransaction
    fk_name = "hold"
    area = "billing"
    fields = ["created_at", "transaction_type", "signed_amount", "after", "description"]
    verbose_name_plural = "ledger"

    @display(description="Amount")
    def signed_amount(self, obj: LedgerTransaction) -> str:
        return signed(obj.amount)

    @display(description="Available after")
    def after(self, obj: LedgerTransaction) -> str:
        return amount(obj.balance_after)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by("-wallet_version")


def _release(row: Hold, values: Values, actor: Actor) -> ledger.PostedTransaction:
    return ledger.release(hold=row, key=ledger_key(values), description=values["reason"], actor=actor)


def _release_preview(row: Hold, values: Values) -> Preview | None:
    warning = "Work that relies on this hold can no longer be charged to it."
    return posting_preview(row.wallet, values, lambda: _release(row, values, None), warning)


class WalletRowAdmin(ReadOnlyAdmin):
    """Base of the pages for rows that belong to a wallet."""

    area = "billing"
    section = "Billing"
    list_select_related = ["wallet__user", "wallet__tenant"]

    @display(description="Wallet")
    def owner(self, obj: Hold | CreditLot) -> str:
        return obj.wallet.owner_label


@register(Hold)
class HoldAdmin(WalletRowAdmin):
    icon, rank = "lock_clock", 21
    list_display = ["held", "state", "owner", "captured", "cause", "expires_at", "created_at"]
    list_filter = ["status", "wallet", "expires_at", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["wallet", "state", "description"]}),
        ("Amounts", {"fields": [("held", "captured")]}),
        ("Time", {"fields": [("expires_at", "resolved_at")]}),
        ("Cause", {"fields": ["cause", "reference_type", "reference_id"]}),
    ]
    readonly_fields = ["held", "captured", "cause", "state"]
    inlines = [HoldRowsInline]
    actions_detail = ["release"]

    @display(description="Held")
    def held(self, obj: Hold) -> str:
        return amount(obj.amount, obj.wallet.currency)

    @display(description="Captured")
    def captured(self, obj: Hold) -> str:
        return amount(obj.captured_amount, obj.wallet.currency)

    @display(description="Status", label=HOLD_COLOURS)
    def state(self, obj: Hold) -> str:
        due = obj.status == HoldStatus.HELD and obj.expires_at <= timezone.now()
        return "Due" if due else str(obj.get_status_display())

    cause = LedgerTransactionAdmin.cause

    @row_action(
        "Release",
        explanation="Return the whole hold to the wallet, to the same credit lots.",
        form=ReasonOnceForm,
        permission="platform",
        when=lambda row: row.status == HoldStatus.HELD,
        icon="lock_open",
        preview=_release_preview,
    )
    def release(self, request: HttpRequest, row: Hold, values: Values) -> str:
        posted = _release(row, values, access_of(request).user)
        return f"{row} is released. The available balance is now {amount(posted.balance_after, row.wallet.currency)}."


class LotStateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("open", "Usable"), ("used", "Used up"), ("expiring", "Usable, expires")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "expiring":
            return queryset.filter(is_open=True, expires_at__isnull=False)
        return queryset.filter(is_open=self.value() == "open") if self.value() else queryset


@register(CreditLot)
class CreditLotAdmin(WalletRowAdmin):
    icon, rank = "layers", 22
    list_display = ["total", "left", "owner", "priority", "expires_at", "created_at"]
    list_filter = [LotStateFilter, "wallet", "expires_at", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["wallet", "priority", "expires_at"]}),
        ("Amounts", {"fields": [("total", "left")]}),
    ]
    readonly_fields = ["total", "left"]

    @display(description="Amount")
    def total(self, obj: CreditLot) -> str:
        return amount(obj.amount, obj.wallet.currency)

    @display(description="Remaining")
    def left(self, obj: CreditLot) -> str:
        return amount(obj.remaining, obj.wallet.currency)
