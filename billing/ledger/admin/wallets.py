"""Wallets: the page finance lives in. Money is moved by the ledger's services, never by hand."""

from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import amount, holder_of
from billing.ledger import selectors
from billing.ledger.admin.forms import (
    BY_HAND,
    AdjustForm,
    IncomingForm,
    ThresholdForm,
    end_of,
    in_currency,
    ledger_key,
    posting_look,
)
from billing.ledger.admin.wallet_page import page_for
from billing.ledger.models import Hold, HoldStatus, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from lad.admin.actions import Look, Move, in_status, rehearse, row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.permissions import access_of


class BalanceFilter(DropdownFilter):
    title = "balance"
    parameter_name = "balance"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("low", "Below its threshold"), ("held", "Partly reserved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "low":
            return queryset.filter(selectors.below_threshold())
        return queryset.filter(reserved_balance__gt=0) if self.value() == "held" else queryset


OPEN = in_status(WalletStatus.ACTIVE, WalletStatus.SUSPENDED)


def _topup(row: Wallet, values: dict[str, Any], actor: Any) -> ledger.Posted:
    return ledger.topup(**_incoming(row, values, actor))


def _credit(row: Wallet, values: dict[str, Any], actor: Any) -> ledger.Posted:
    return ledger.credit(**_incoming(row, values, actor))


def _incoming(row: Wallet, values: dict[str, Any], actor: Any) -> dict[str, Any]:
    return {
        "wallet": row,
        "amount": values["amount"],
        "key": ledger_key(values),
        "expires_at": end_of(values),
        "description": values["reason"],
        "reference": BY_HAND,
        "actor": actor,
    }


def _adjust(row: Wallet, values: dict[str, Any], actor: Any) -> ledger.Posted:
    key, reason = ledger_key(values), values["reason"]
    return ledger.adjust(wallet=row, amount=values["amount"], key=key, reason=reason, reference=BY_HAND, actor=actor)


def _incoming_look(post: Any) -> Any:
    def look(row: Wallet, values: dict[str, Any]) -> Look | None:
        day = values.get("last_day")
        facts = [("Usable", f"until {day:%Y-%m-%d}, end of the day, UTC" if day else "without an end")]
        return posting_look(row, values, lambda: post(row, values, None), facts=facts)

    return look


def _adjust_look(row: Wallet, values: dict[str, Any]) -> Look | None:
    return posting_look(row, values, lambda: _adjust(row, values, None))


def _status_look(status: WalletStatus, warning: str = "") -> Any:
    def look(row: Wallet, values: dict[str, Any]) -> Look:
        moved = rehearse(lambda: wallets.move(wallet=Wallet.objects.get(pk=row.pk), status=status))
        facts = [("Wallet", str(row)), ("Available", amount(row.available_balance, row.currency))]
        warnings = [warning] if warning else []
        held = Hold.objects.filter(tenant=row.tenant_id, wallet=row, status=HoldStatus.HELD).count()
        if held and status == WalletStatus.SUSPENDED:
            warnings.append(f"{held} open holds stay: they can still be captured and released.")
        change = Move("Status", str(row.get_status_display()), str(moved.get_status_display()))
        return Look([*facts, ("Reason", values["reason"])], [change], warnings)

    return look


def _threshold_look(row: Wallet, values: dict[str, Any]) -> Look | None:
    wanted = values["amount"]
    if wanted == row.low_balance_threshold:
        return None
    facts = [("Wallet", str(row)), ("Available", amount(row.available_balance, row.currency))]
    below = wanted is not None and row.available_balance < wanted
    warnings = ["Less than that is available now: the next use tells the tenant."] if below else []
    change = Move("Told below", _threshold(row.low_balance_threshold, row), _threshold(wanted, row))
    return Look([*facts, ("Reason", values["reason"])], [change], warnings)


def _threshold(value: Any, row: Wallet) -> str:
    return "never" if value is None else amount(value, row.currency)


@register(Wallet)
class WalletAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "account_balance_wallet", 10
    list_display = ["holder", "status", "available", "reserved", "balance", "state", "created_at"]
    list_filter = ["status", BalanceFilter, "user", "created_at"]
    list_select_related = ["user", "tenant"]
    search_fields = ["user__email__startswith"]
    add_fieldsets = [(None, {"fields": ["user", "currency", "low_balance_threshold"]})]
    notes = ["billing/admin/wallet.html"]
    fieldsets = [
        ("Wallet", {"fields": [("user", "currency"), ("ledger_version", "low_balance_notified_at"), "ledger_hash"]})
    ]
    actions_detail = [
        "topup",
        "credit",
        "adjust",
        {"title": "More", "icon": "more_horiz", "items": ["threshold", "suspend", "reactivate", "close"]},
    ]
    warn_unsaved_form = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everything that may change about a wallet is an action that says why."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_threshold_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "update")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            before = request.GET.get("before", "")
            place = int(before) if before.isdecimal() and len(before) < len(str(2**63)) else None
            page = page_for(row, access_of(request), before=place, now=timezone.now())
            context = {**context, "page": page}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Wallet")
    def holder(self, obj: Any) -> str:
        return holder_of(obj)

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
        return "low" if obj.is_low else "fine"

    @row_action(
        "Top up",
        explanation="Money came in by another way than the card: what was bought is credited.",
        form=in_currency(IncomingForm),
        permission="platform",
        when=OPEN,
        icon="add_card",
        look=_incoming_look(_topup),
    )
    def topup(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return _says(row, _topup(row, values, access_of(request).user))

    @row_action(
        "Grant credit",
        explanation="Nobody paid for it, and it is used before what was bought.",
        form=in_currency(IncomingForm),
        permission="platform",
        when=OPEN,
        icon="redeem",
        look=_incoming_look(_credit),
    )
    def credit(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return _says(row, _credit(row, values, access_of(request).user))

    @row_action(
        "Adjust",
        explanation="A correction in either direction. To take back one row of the ledger, reverse that row instead.",
        form=in_currency(AdjustForm),
        permission="platform",
        when=OPEN,
        icon="balance",
        look=_adjust_look,
    )
    def adjust(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return _says(row, _adjust(row, values, access_of(request).user))

    @row_action(
        "Set threshold",
        explanation="The tenant is told once each time less than this can be spent.",
        form=in_currency(ThresholdForm),
        permission="threshold",
        when=OPEN,
        icon="notifications",
        look=_threshold_look,
    )
    def threshold(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        said = {"reason": values["reason"], "actor": access_of(request).user}
        wallets.set_threshold(wallet=row, threshold=values["amount"], **said)
        return f"The tenant is told below: {_threshold(values['amount'], row)}."

    @row_action(
        "Suspend",
        explanation="Nothing can be spent from it until it is reactivated. What it holds stays in it.",
        form=ReasonForm,
        permission="platform",
        when=in_status(WalletStatus.ACTIVE),
        icon="pause_circle",
        danger=True,
        look=_status_look(WalletStatus.SUSPENDED, "Whatever this wallet pays for stops until it is reactivated."),
    )
    def suspend(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.SUSPENDED, values)

    @row_action(
        "Reactivate",
        explanation="It can be spent from again.",
        form=ReasonForm,
        permission="platform",
        when=in_status(WalletStatus.SUSPENDED),
        icon="play_circle",
        look=_status_look(WalletStatus.ACTIVE),
    )
    def reactivate(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.ACTIVE, values)

    @row_action(
        "Close for good",
        explanation="Only a wallet that holds nothing can be closed; its ledger is kept.",
        form=ReasonForm,
        permission="platform",
        when=OPEN,
        icon="cancel",
        danger=True,
        look=_status_look(WalletStatus.CLOSED, "A closed wallet stays closed."),
    )
    def close(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return self._move(request, row, WalletStatus.CLOSED, values)

    def _move(self, request: HttpRequest, row: Any, status: WalletStatus, values: dict[str, Any]) -> str:
        moved = wallets.move(wallet=row, status=status, reason=values["reason"], actor=access_of(request).user)
        return f"{moved} is {moved.get_status_display().lower()}."


def _says(row: Wallet, posted: ledger.Posted) -> str:
    return f"Posted as row {posted.wallet_version}: {amount(posted.balance_after, row.currency)} are available."
