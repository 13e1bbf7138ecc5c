"""Invoices, from draft to paid."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from billing.admin.tables import Column, amount, quantity, table
from billing.models import Invoice, InvoiceStatus
from billing.services import invoices
from lad.adminsite.actions import row_action
from lad.adminsite.base import TenantModelAdmin, register
from lad.adminsite.forms import ReasonForm
from lad.adminsite.permissions import access_of

PAYMENT_DAYS: Final = 14
LINES: Final = (
    Column("Description", "description"),
    Column("Feature", "feature_key"),
    Column("Quantity", "quantity", quantity),
    Column("Unit price", "unit_price", amount),
    Column("Amount", "amount", amount),
)


class IssueForm(forms.Form):
    """Asks how long the customer has."""

    days = forms.IntegerField(
        min_value=0, max_value=365, initial=PAYMENT_DAYS, label="Due in days", help_text="Counted from now."
    )


class PaymentForm(forms.Form):
    """Asks how the money came."""

    payment_method = forms.CharField(max_length=50, help_text="Such as card, bank transfer or wallet.")


def _is(*statuses: str) -> Any:
    return lambda row: row.status in statuses


@register(Invoice)
class InvoiceAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "request_quote", 60
    global_search = True
    list_display = ["number", "status", "asked", "period", "due_at", "paid_at", "created_at"]
    list_filter = ["status", "due_at", "paid_at", "created_at"]
    search_fields = ["invoice_number__exact"]
    add_fieldsets = [
        (None, {"fields": ["invoice_number", "currency", "period_start", "period_end", "due_at"]}),
        ("Lines", {"fields": ["line_items", "tax"]}),
    ]
    fieldsets = [
        (None, {"fields": ["invoice_number", "status", "currency", "period_start", "period_end", "due_at"]}),
        ("Lines", {"fields": ["lines", "line_items", "tax", "asked"]}),
        ("Payment", {"fields": ["paid_at", "payment_method"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["lines", "asked"]
    actions_detail = ["issue", "pay", "mark_overdue", "void"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What cannot be edited any more needs no editor beside the table."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        hidden = {"line_items", "line_items_json"}
        return [(name, {**rest, "fields": [f for f in rest["fields"] if f not in hidden]}) for name, rest in fieldsets]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _drafted(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _drafted(obj) and super().has_delete_permission(request, obj)

    def has_move_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request)

    @display(description="Invoice")
    def number(self, obj: Any) -> str:
        return str(obj)

    @display(description="Total")
    def asked(self, obj: Any) -> str:
        return amount(obj.total, obj.currency)

    @display(description="Period")
    def period(self, obj: Any) -> str:
        return f"{obj.period_start:%Y-%m-%d} – {obj.period_end:%Y-%m-%d}"

    @display(description="Lines")
    def lines(self, obj: Any) -> Any:
        return table(LINES, obj.line_items, ("Subtotal", amount(obj.subtotal, obj.currency)))

    @row_action(
        "Issue",
        explanation="The customer is asked to pay. From then on nothing but its status changes.",
        form=IssueForm,
        permission="move",
        when=_is(InvoiceStatus.DRAFT),
        icon="send",
    )
    def issue(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        due_at = timezone.now() + timedelta(days=values["days"])
        issued = invoices.issue(invoice=row, due_at=due_at, actor=access_of(request).user)
        return f"{issued} is issued, due on {issued.due_at:%Y-%m-%d}."

    @row_action(
        "Record payment",
        explanation="The money has come.",
        form=PaymentForm,
        permission="move",
        when=_is(InvoiceStatus.PENDING, InvoiceStatus.OVERDUE),
        icon="payments",
    )
    def pay(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        method = values["payment_method"]
        paid = invoices.pay(invoice=row, payment_method=method, paid_at=timezone.now(), actor=access_of(request).user)
        return f"{paid} is paid."

    @row_action(
        "Mark overdue",
        explanation="It is past its due date and was not paid.",
        permission="move",
        when=lambda row: row.status == InvoiceStatus.PENDING and row.due_at and row.due_at <= timezone.now(),
        icon="alarm",
    )
    def mark_overdue(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        marked = invoices.mark_overdue(invoice=row, now=timezone.now(), actor=access_of(request).user)
        return f"{marked} is overdue."

    @row_action(
        "Void",
        explanation="It is withdrawn and asks for nothing any more. It is kept, with its number.",
        form=ReasonForm,
        permission="move",
        when=_is(InvoiceStatus.DRAFT, InvoiceStatus.PENDING, InvoiceStatus.OVERDUE),
        icon="block",
        danger=True,
    )
    def void(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return f"{invoices.void(invoice=row, reason=values['reason'], actor=access_of(request).user)} is voided."


def _drafted(obj: Any) -> bool:
    return not isinstance(obj, Invoice) or obj.status == InvoiceStatus.DRAFT
