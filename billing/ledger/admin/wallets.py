"""Admin pages of wallets. Every change of a balance goes through the ledger's services."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import amount
from billing.ledger import selectors
from billing.ledger.admin.forms import (
    MANUAL,
    AdjustForm,
    IncomingForm,
    ThresholdForm,
    expiry,
    in_currency,
    ledger_key,
    posting_preview,
)
from billing.ledger.admin.wallet_page import page_for
from billing.ledger.models import Hold, HoldStatus, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from lad.admin.actions import Change, Preview, dry_run, in_status, row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.tenancy.access import access_of
from lad.times import DATE, zone_title
from lad.types import Actor, Values

WalletPreview = Callable[[Wallet, Values], Preview | None]


class BalanceFilter(DropdownFilter):
    title = "balance"
    parameter_name = "balance"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("low", "Below threshold"), ("held", "Partly reserved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "low":
            return queryset.filter(selectors.below_threshold())
        return queryset.filter(reserved_balance__gt=0) if self.value() == "held" else queryset


NOT_CLOSED = in_status(WalletStatus.ACTIVE, WalletStatus.SUSPENDED)


def _can_be_reactivated(row: Wallet) -> bool:
    return row.status == WalletStatus.SUSPENDED or (row.status == WalletStatus.CLOSED and row.user_id is None)


def _topup(row: Wallet, values: Values, actor: Actor) -> ledger.PostedTransaction:
    return ledger.topup(**_incoming(row, values, actor))


def _credit(row: Wallet, values: Values, actor: Actor) -> ledger.PostedTransaction:
    return ledger.credit(**_incoming(row, values, actor))


def _incoming(row: Wallet, values: Values, actor: Actor) -> dict[str, Any]:
    return {
        "wallet": row,
        "amount": values["amount"],
        "key": ledger_key(values),
        "expires_at": expiry(values),
        "description": values["reason"],
        "reference": MANUAL,
        "actor": actor,
    }


def _adjust(row: Wallet, values: Values, actor: Actor) -> ledger.PostedTransaction:
    key, reason = ledger_key(values), values["reason"]
    return ledger.adjust(wallet=row, amount=values["amount"], key=key, reason=reason, reference=MANUAL, actor=actor)


def _incoming_preview(post: Callable[[Wallet, Values, Actor], ledger.PostedTransaction]) -> WalletPreview:
    def preview(row: Wallet, values: Values) -> Preview | None:
        day = values.get("last_day")
        facts = [("Expires", f"at the end of {day:{DATE}}, {zone_title()}" if day else "never")]
        return posting_preview(row, values, lambda: post(row, values, None), facts=facts)

    return preview


def _adjust_preview(row: Wallet, values: Values) -> Preview | None:
    return posting_preview(row, values, lambda: _adjust(row, values, None))


def _status_preview(status: WalletStatus, warning: str = "") -> WalletPreview:
    def preview(row: Wallet, values: Values) -> Preview:
        moved = dry_run(lambda: wallets.change_status(wallet=Wallet.objects.get(pk=row.pk), status=status))
        facts = [("Wallet", str(row)), ("Available", amount(row.available_balance, row.currency))]
        warnings = [warning] if warning else []
        held = Hold.objects.filter(tenant=row.tenant_id, wallet=row, status=HoldStatus.HELD).count()
        if held and status == WalletStatus.SUSPENDED:
            warnings.append(f"{held} open holds remain. They can still be captured or released.")
        change = Change("Status", str(row.get_status_display()), str(moved.get_status_display()))
        return Preview([*facts, ("Reason", values["reason"])], [change], warnings)

    return preview


def _threshold_preview(row: Wallet, values: Values) -> Preview | None:
    wanted = values["amount"]
    if wanted == row.low_balance_threshold:
        return None
    facts = [("Wallet", str(row)), ("Available", amount(row.available_balance, row.currency))]
    below = wanted is not None and row.available_balance < wanted
    warnings = ["The available balance is already lower. The next use notifies the tenant."] if below else []
    change = Change("Notify below", _threshold(row.low_balance_threshold, row), _threshold(wanted, row))
    return Preview([*facts, ("Reason", values["reason"])], [change], warnings)


def _threshold(value: Decimal | None, row: Wallet) -> str:
    return "never" if value is None else amount(value, row.currency)


@register(Wallet)
class WalletAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "account_balance_wallet", 10
    list_display = ["owner", "status", "available", "reserved", "balance", "state", "created_at"]
    list_filter = ["status", BalanceFilter, "user", "created_at"]
    list_select_related = ["user", "tenant"]
    search_fields = ["user__email"]
    add_fieldsets = [(None, {"fields": ["user", "currency", "low_balance_threshold"]})]
    notes = ["billing/ledger/wallet.html"]
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

    def has_change_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        """Refuse the plain form. Every change of a wallet is an action that asks for a reason."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return False

    def has_threshold_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return self.allows(request, "update")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            before = request.GET.get("before", "")
            version = int(before) if before.isdecimal() and len(before) < len(str(2**63)) else None
            page = page_for(row, access_of(request), before=version, now=timezone.now())
            context = {**context, "page": page}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Wallet")
    def owner(self, obj: Wallet) -> str:
        return obj.owner_label

    @display(description="Available")
    def available(self, obj: Wallet) -> str:
        return amount(obj.available_balance, obj.currency)

    @display(description="Reserved")
    def reserved(self, obj: Wallet) -> str:
        return amount(obj.reserved_balance, obj.currency)

    @display(description="Balance")
    def balance(self, obj: Wallet) -> str:
        return amount(obj.current_balance, obj.currency)

    @display(description="Threshold", label={"low": "warning", "fine": "success"})
    def state(self, obj: Wallet) -> str | None:
        if obj.low_balance_threshold is None or obj.status != WalletStatus.ACTIVE:
            return None
        return "low" if obj.is_low else "fine"

    @row_action(
        "Top up",
        step_up=True,
        explanation="Credit a purchase that was not paid by card, such as a bank transfer.",
        form=in_currency(IncomingForm, paid=True),
        permission="platform",
        when=NOT_CLOSED,
        icon="add_card",
        preview=_incoming_preview(_topup),
    )
    def topup(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return _posted_message(row, _topup(row, values, access_of(request).user))

    @row_action(
        "Grant credit",
        step_up=True,
        explanation="Grant free credit. It is used before purchased credit.",
        form=in_currency(IncomingForm),
        permission="platform",
        when=NOT_CLOSED,
        icon="redeem",
        preview=_incoming_preview(_credit),
    )
    def credit(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return _posted_message(row, _credit(row, values, access_of(request).user))

    @row_action(
        "Adjust",
        step_up=True,
        explanation="Correct the balance up or down. To undo one transaction, open it and reverse it instead.",
        form=in_currency(AdjustForm),
        permission="platform",
        when=NOT_CLOSED,
        icon="balance",
        preview=_adjust_preview,
    )
    def adjust(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return _posted_message(row, _adjust(row, values, access_of(request).user))

    @row_action(
        "Set threshold",
        explanation="Notify the tenant each time the available balance falls below this amount.",
        form=in_currency(ThresholdForm),
        permission="threshold",
        when=NOT_CLOSED,
        icon="notifications",
        preview=_threshold_preview,
    )
    def threshold(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        threshold, actor = values["amount"], access_of(request).user
        wallets.set_threshold(wallet=row, threshold=threshold, reason=values["reason"], actor=actor)
        if threshold is None:
            return "The tenant is no longer notified of a low balance."
        return f"The tenant is notified when less than {_threshold(threshold, row)} is available."

    @row_action(
        "Suspend",
        explanation="Nothing can be spent until the wallet is reactivated. The balance stays.",
        form=ReasonForm,
        permission="platform",
        when=in_status(WalletStatus.ACTIVE),
        icon="pause_circle",
        danger=True,
        preview=_status_preview(
            WalletStatus.SUSPENDED, "Everything this wallet pays for stops until it is reactivated."
        ),
    )
    def suspend(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return self._change_status(request, row, WalletStatus.SUSPENDED, values)

    @row_action(
        "Reactivate",
        explanation="Allow spending from the wallet again.",
        form=ReasonForm,
        permission="platform",
        when=_can_be_reactivated,
        icon="play_circle",
        preview=_status_preview(WalletStatus.ACTIVE),
    )
    def reactivate(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return self._change_status(request, row, WalletStatus.ACTIVE, values)

    @row_action(
        "Close",
        explanation="Close an empty wallet. Its ledger is kept.",
        form=ReasonForm,
        permission="platform",
        when=NOT_CLOSED,
        icon="cancel",
        danger=True,
        preview=_status_preview(
            WalletStatus.CLOSED, "Only the tenant's own wallet can be reactivated later, not the wallet of a user."
        ),
    )
    def close(self, request: HttpRequest, row: Wallet, values: Values) -> str:
        return self._change_status(request, row, WalletStatus.CLOSED, values)

    def _change_status(self, request: HttpRequest, row: Wallet, status: WalletStatus, values: Values) -> str:
        changed = wallets.change_status(
            wallet=row, status=status, reason=values["reason"], actor=access_of(request).user
        )
        return f"{changed} is {changed.get_status_display().lower()}."


def _posted_message(row: Wallet, posted: ledger.PostedTransaction) -> str:
    return (
        f"Posted as transaction {posted.wallet_version}. "
        f"The available balance is now {amount(posted.balance_after, row.currency)}."
    )
