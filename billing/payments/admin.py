"""Card payments, credit packages, automatic top-ups and Stripe events in the admin."""

from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from billing.formatting import DASH, Column, amount, percent, table
from billing.payments.models import UNFINISHED, AutoTopup, CreditPackage, EventOutcome, Payment, StripeEvent
from billing.payments.services import payments
from lad.admin.actions import Change, Preview, dry_run, row_action
from lad.admin.base import ReadOnlyAdmin, SharedModelAdmin, TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.tenancy.access import access_of

STATUS_COLOURS: Final = {
    "Created": "default",
    "Pending": "info",
    "Succeeded": "success",
    "Failed": "danger",
    "Expired": "default",
    "Refunded": "warning",
    "Unknown": "warning",
}
OUTCOME_COLOURS: Final = {"Processed": "success", "Nothing to do": "default", "Refused": "danger", "Failed": "danger"}
LINES: Final = (Column("What", "what"), Column("Amount", "amount", amount))


class AttentionFilter(DropdownFilter):
    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("needed", "Needs attention")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.exclude(attention="") if self.value() == "needed" else queryset


def _take_back_preview(row: Payment, values: dict[str, Any]) -> Preview:
    done = dry_run(lambda: payments.reclaim(payment=row))
    facts = [("Wallet", str(row.wallet)), ("Refunded to the card", amount(row.refunded_total, row.currency))]
    before, after = (amount(each.reclaimed_amount, each.currency) for each in (row, done))
    return Preview(
        facts, [Change("Reclaimed from the wallet", before, after)], [done.attention] if done.attention else []
    )


@register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "credit_card", 40
    list_display = ["description", "state", "charged", "credited", "wallet_owner", "kind", "refunded", "created_at"]
    list_filter = ["status", "kind", AttentionFilter, "wallet", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant"]
    search_fields = ["checkout_session_id__exact", "payment_intent_id__exact"]
    fieldsets = [
        (None, {"fields": ["description", "state", "attention", "wallet", "user", "package", "kind"]}),
        ("Charged to the card", {"fields": ["lines"]}),
        ("Credited to the wallet", {"fields": [("credits", "credited"), "paid_at", "ledger_transaction"]}),
        ("Refunds", {"fields": [("refunded", "reclaimed")]}),
        (
            "At Stripe",
            {
                "fields": [
                    ("checkout_session_id", "payment_intent_id"),
                    ("customer_id", "payment_method_id"),
                    ("expires_at", "keep_card"),
                ]
            },
        ),
        ("Sending", {"fields": [("attempts", "next_attempt_at", "lease_until"), "error"]}),
    ]
    readonly_fields = ["state", "lines", "charged", "credited", "refunded", "reclaimed"]
    actions_detail = ["ask", "take_back", "settle"]

    def has_settle_permission(self, request: HttpRequest, obj: Payment | None = None) -> bool:
        return self.has_platform_permission(request)

    @display(description="Status", label=STATUS_COLOURS)
    def state(self, obj: Payment) -> str:
        return str(obj.get_status_display())

    @display(description="Card pays")
    def charged(self, obj: Payment) -> str:
        return amount(obj.total, obj.currency)

    @display(description="Wallet gets")
    def credited(self, obj: Payment) -> str:
        return amount(obj.amount, obj.currency)

    @display(description="Wallet")
    def wallet_owner(self, obj: Payment) -> str:
        return obj.wallet.owner_label

    @display(description="Refunded")
    def refunded(self, obj: Payment) -> str:
        return amount(obj.refunded_total, obj.currency) if obj.refunded_total else DASH

    @display(description="Reclaimed from the wallet")
    def reclaimed(self, obj: Payment) -> str:
        return amount(obj.reclaimed_amount, obj.currency) if obj.reclaimed_amount else DASH

    @display(description="Lines")
    def lines(self, obj: Payment) -> str:
        rows = [
            {"what": obj.description, "amount": obj.price},
            {"what": f"{obj.tax_name} {percent(obj.tax_rate)}", "amount": obj.tax},
            {"what": "Card fee", "amount": obj.fee},
        ]
        return table(LINES, [row for row in rows if row["amount"]], ("Total", amount(obj.total, obj.currency)))

    @row_action(
        "Check at Stripe",
        explanation="Checks the payment's state at Stripe within seconds.",
        permission="settle",
        when=lambda row: row.status in UNFINISHED,
        icon="sync",
    )
    def ask(self, request: HttpRequest, row: Payment, values: dict[str, Any]) -> str:
        payments.schedule_check(payment=row, now=timezone.now())
        return "The payment will be checked at Stripe within seconds."

    @row_action(
        "Reclaim credits",
        step_up=True,
        explanation="Takes the refunded credits out of the wallet if the balance covers them now.",
        permission="settle",
        when=lambda row: bool(row.refunded_total and row.attention and row.ledger_transaction_id),
        icon="undo",
        danger=True,
        preview=_take_back_preview,
    )
    def take_back(self, request: HttpRequest, row: Payment, values: dict[str, Any]) -> str:
        left = payments.reclaim(payment=row, actor=access_of(request).user)
        return left.attention or f"{amount(left.reclaimed_amount, left.currency)} was reclaimed."

    @row_action(
        "Mark as resolved",
        explanation="Clears the flag after a review, with your reason.",
        form=ReasonForm,
        permission="settle",
        when=lambda row: bool(row.attention),
        icon="task_alt",
    )
    def settle(self, request: HttpRequest, row: Payment, values: dict[str, Any]) -> str:
        payments.resolve_attention(payment=row, reason=values["reason"], actor=access_of(request).user)
        return f"{row.description} was marked as resolved."


@register(CreditPackage)
class CreditPackageAdmin(SharedModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "inventory_2", 42
    list_display = ["name", "key", "credits", "costs", "each", "popular", "is_active", "position"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["key", "name"]
    fieldsets = [
        (None, {"fields": ["name", "key", ("credits", "price", "currency"), "each"]}),
        ("Display", {"fields": [("position", "popular", "is_active")]}),
    ]
    readonly_fields = ["each"]

    @display(description="Price")
    def costs(self, obj: CreditPackage) -> str:
        return amount(obj.price, obj.currency)

    @display(description="Per credit")
    def each(self, obj: CreditPackage) -> str:
        return amount(obj.price_per_credit, obj.currency)


@register(AutoTopup)
class AutoTopupAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "autorenew", 41
    list_display = ["wallet_owner", "is_enabled", "below", "buys", "card", "paused_until", "created_at"]
    list_filter = ["is_enabled", "wallet", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant", "package"]
    search_fields = ["customer_id__exact"]
    add_fieldsets = [
        (None, {"fields": ["wallet", "threshold", "package", "amount", ("most_per_day", "minutes_between")]})
    ]
    fieldsets = [
        (None, {"fields": ["wallet", "is_enabled", "threshold", "package", "amount"]}),
        ("Limits", {"fields": [("most_per_day", "minutes_between"), "paused_until"]}),
        ("The card, at Stripe", {"fields": ["card", ("customer_id", "payment_method_id")]}),
    ]
    readonly_fields = ["card"]

    def get_readonly_fields(self, request: HttpRequest, obj: AutoTopup | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None else [*readonly, *({"wallet"} - {*readonly})]

    def has_add_permission(self, request: HttpRequest, obj: AutoTopup | None = None) -> bool:
        return super().has_add_permission(request, obj) or self.allows(request, "update")

    def has_delete_permission(self, request: HttpRequest, obj: AutoTopup | None = None) -> bool:
        return super().has_delete_permission(request, obj) or self.allows(request, "update")

    @display(description="Wallet")
    def wallet_owner(self, obj: AutoTopup) -> str:
        return obj.wallet.owner_label

    @display(description="Below")
    def below(self, obj: AutoTopup) -> str:
        return amount(obj.threshold, obj.wallet.currency)

    @display(description="Buys")
    def buys(self, obj: AutoTopup) -> str:
        return str(obj.package) if obj.package_id else amount(obj.amount, obj.wallet.currency)

    @display(description="Card", label={"saved": "success", "none": "default"})
    def card(self, obj: AutoTopup) -> str:
        return "saved" if obj.payment_method_id else "none"


@register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    area = "billing"
    platform_only = True
    section, icon, rank = "Operations", "webhook", 20
    list_display = ["type", "state", "object_id", "deliveries", "tenant", "received_at", "detail"]
    list_filter = ["outcome", "created_at"]
    search_fields = ["event_id__exact", "object_id__exact"]
    fieldsets = [
        (None, {"fields": ["type", "state", "detail"]}),
        ("At Stripe", {"fields": [("event_id", "object_id"), ("received_at", "deliveries")]}),
        ("Here", {"fields": ["tenant", "payment"]}),
    ]
    readonly_fields = ["state", "payment"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        tenant_id = access_of(request).tenant_id
        return rows.filter(tenant=tenant_id) if tenant_id else rows

    @display(description="Outcome", label=OUTCOME_COLOURS)
    def state(self, obj: StripeEvent) -> str:
        return str(EventOutcome(obj.outcome).label)

    @display(description="Payment")
    def payment(self, obj: StripeEvent) -> str:
        if obj.payment_id is None:
            return DASH
        address = reverse("admin:billing_payment_change", args=(obj.payment_id,))
        return format_html('<a href="{}">{}</a>', address, obj.payment_id)
