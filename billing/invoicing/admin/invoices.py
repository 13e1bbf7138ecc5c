"""Invoices in the admin: drafts, open and paid invoices, and every action on them."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from billing.formatting import DASH, Column, amount, quantity, table
from billing.invoicing import selectors
from billing.invoicing.admin import forms, previews
from billing.invoicing.admin.months import month_page
from billing.invoicing.documents.responses import html_response, pdf_response
from billing.invoicing.mails import send_invoice
from billing.invoicing.models import (
    UNPAID,
    CreditApplication,
    Invoice,
    InvoiceKind,
    InvoiceSeries,
    InvoiceStatus,
    NumberPrefix,
)
from billing.invoicing.services import invoices
from lad.admin.actions import in_status, row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.lists import computed_once
from lad.tenancy.access import access_of
from lad.times import day, days, in_zone, iso_day

STATUSES: Final = {
    "Draft": "info",
    "Pending": "primary",
    "Paid": "success",
    "Overdue": "danger",
    "Voided": "default",
}
LINES: Final = (
    Column("Description", "description"),
    Column("Feature", "feature_key"),
    Column("Uses", "uses", quantity),
    Column("Quantity", "quantity", quantity),
    Column("Unit price", "unit_price", amount),
    Column("Amount", "amount", amount),
)
NOTES: Final = (
    Column("Credit note", "number"),
    Column("Of", "day"),
    Column("Reason", "reason"),
    Column("Settled by", "method"),
    Column("Total", "total", amount),
)
UNSENT: Final = (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED)


class ToDoFilter(DropdownFilter):
    title = "to do"
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("drafts", "Drafts"),
            ("unpaid", "Unpaid"),
            ("overdue", "Overdue"),
            ("owed", "Owed to customers"),
            ("unsent", "Not sent yet"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "drafts":
                return queryset.filter(status=InvoiceStatus.DRAFT)
            case "unpaid":
                return queryset.filter(status__in=UNPAID, credit_owed=0)
            case "owed":
                return queryset.filter(status=InvoiceStatus.PENDING, credit_owed__gt=0)
            case "overdue":
                return queryset.filter(selectors.past_due(timezone.now()))
            case "unsent":
                return queryset.exclude(status__in=UNSENT).filter(sent_at__isnull=True)
        return queryset


def _creditable(row: Invoice) -> bool:
    settled = row.status == InvoiceStatus.PAID or row.status in UNPAID
    return settled and row.kind != InvoiceKind.CREDIT_NOTE and sum(invoices.creditable(row)) > 0


@register(Invoice)
class InvoiceAdmin(TenantModelAdmin):
    area = "billing"
    section, icon, rank = "Billing", "request_quote", 60
    empty_hint = "Invoices appear here at the end of each month with usage, and after each payment."
    global_search = True
    # An invoice is written to its tenant by the platform.
    platform_writes = True
    form = forms.InvoiceForm
    list_display = [
        "number",
        "kind",
        "state",
        "total_amount",
        "still_open",
        "period",
        "due",
        "sent",
    ]
    # Period and due day are shown in the tenant's time zone, whoever looks.
    list_select_related = ["tenant"]
    list_filter = [ToDoFilter, "status", "kind", "due_at", "finalised_at", "created_at"]
    search_fields = [*selectors.SEARCHED]
    search_help_text = "Part of the number, or the customer"
    add_fieldsets = [
        (None, {"fields": ["currency", "period_start", "period_end", "due_at"]}),
        ("Lines", {"fields": ["lines_text"]}),
    ]
    fieldsets = [
        (None, {"fields": [("number", "state", "kind"), "documents", "written_to"]}),
        ("Period", {"fields": ["currency", ("period_start", "period_end")]}),
        ("Lines", {"fields": ["lines", "lines_text", "summed"]}),
        ("Payment", {"fields": ["due_at", ("finalised_at", "sent_at"), ("paid_at", "payment_method"), "still_open"]}),
        ("Credit notes", {"fields": ["credited", "corrects", "payment"]}),
        ("Data", {"fields": ["recipient", "issuer", "metadata"]}),
    ]
    readonly_fields = ["number", "state", "documents", "written_to", "lines", "summed", "still_open", "credited"]
    actions_list = ["draft_month"]
    actions_detail = ["finalise", "draft_again", "send", "pay", "refund", "credit", "mark_overdue", "void"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return super().listed(request, rows).prefetch_related("credit_notes")

    def get_fieldsets(self, request: HttpRequest, obj: Invoice | None = None) -> Any:
        """Show lines as a table, and also as text where they can be edited."""
        fieldsets = super().get_fieldsets(request, obj)
        if self._takes_lines(request, obj):
            return fieldsets
        return [
            (name, {**rest, "fields": [f for f in rest["fields"] if f != "lines_text"]}) for name, rest in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Invoice | None = None) -> list[str]:
        """Make the form's own field read-only, which leaves it out of the form."""
        readonly = super().get_readonly_fields(request, obj)
        return readonly if self._takes_lines(request, obj) else [*readonly, "lines_text"]

    def _takes_lines(self, request: HttpRequest, obj: Invoice | None) -> bool:
        return obj is None or (obj.kind == InvoiceKind.MANUAL and self.has_change_permission(request, obj))

    def get_urls(self) -> Any:
        def named(kind: str, view: Callable[..., HttpResponse]) -> Any:
            return path(f"<uuid:pk>/{kind}/", self.admin_site.admin_view(view), name=f"billing_invoice_{kind}")

        return [named("html", self.html), named("pdf", self.pdf), *super().get_urls()]

    def html(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the invoice as the tenant sees it."""
        return self._document(request, pk, html_response)

    def pdf(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Download the invoice as PDF."""
        return self._document(request, pk, pdf_response)

    def _document(self, request: HttpRequest, pk: UUID, respond: Callable[[Invoice], HttpResponse]) -> HttpResponse:
        row = self.get_row_or_404(request, str(pk))
        with self.row_scope(request, row):
            response: HttpResponse = respond(row)
            return response

    def has_change_permission(self, request: HttpRequest, obj: Invoice | None = None) -> bool:
        return _drafted(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Invoice | None = None) -> bool:
        return _drafted(obj) and super().has_delete_permission(request, obj)

    @display(description="Invoice", ordering="invoice_number")
    def number(self, obj: Invoice) -> SafeString:
        return format_html('<span class="lad-nowrap">{}</span>', str(obj))

    @display(description="Status", label=STATUSES)
    def state(self, obj: Invoice) -> str:
        return str(obj.get_status_display())

    @display(description="Total")
    def total_amount(self, obj: Invoice) -> str:
        return amount(obj.total, obj.currency)

    @display(description="Open")
    @computed_once
    def still_open(self, obj: Invoice) -> str:
        return amount(invoices.open_amount(obj), obj.currency) if obj.status in UNPAID else DASH

    @display(description="Period")
    def period(self, obj: Invoice) -> SafeString:
        with in_zone(obj.tenant.timezone):
            return format_html('<span class="lad-nowrap">{}</span>', days(obj.period_start, obj.period_end))

    @display(description="Due", ordering="due_at")
    def due(self, obj: Invoice) -> str | None:
        with in_zone(obj.tenant.timezone):
            return day(obj.due_at) if obj.due_at else None

    @display(description="Sent", ordering="sent_at")
    def sent(self, obj: Invoice) -> str | None:
        return day(obj.sent_at) if obj.sent_at else None

    @display(description="Recipient")
    def written_to(self, obj: Invoice) -> str:
        return obj.recipient.get("name") or str(obj.tenant)

    @display(description="Document")
    def documents(self, obj: Invoice) -> Any:
        kinds = (("html", "Open as a page"), ("pdf", "Download as PDF"))
        links = ((reverse(f"admin:billing_invoice_{kind}", args=(obj.pk,)), label) for kind, label in kinds)
        return format_html_join(" · ", '<a class="lad-link" href="{}">{}</a>', links)

    @display(description="Lines")
    @computed_once
    def lines(self, obj: Invoice) -> Any:
        return table(LINES, obj.line_items, ("Subtotal", amount(obj.subtotal, obj.currency)))

    @display(description="Sums")
    @computed_once
    def summed(self, obj: Invoice) -> Any:
        rows = [{"what": what, "amount": figure} for what, figure in previews.sums(obj)]
        return table((Column("", "what"), Column("Amount", "amount", str)), rows)

    @display(description="Credit notes")
    @computed_once
    def credited(self, obj: Invoice) -> Any:
        return table(NOTES, [_note(row) for row in obj.credit_notes.order_by("sequence_number")])

    @action(description="Draft a month", url_path="draft-month", icon="calendar_month", permissions=["platform"])
    def draft_month(self, request: HttpRequest) -> HttpResponse:
        return month_page(self, request)

    @row_action(
        "Finalise",
        explanation="Assigns the next number. After that the invoice cannot be changed, only credited.",
        form=forms.FinaliseForm,
        permission="platform",
        when=in_status(InvoiceStatus.DRAFT),
        icon="task_alt",
        preview=previews.finalise_preview,
    )
    def finalise(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        made = invoices.finalise(invoice=row, due_at=values["due_on"], actor=access_of(request).user)
        if made.credit_owed:
            return f"{made} was finalised. {amount(made.credit_owed, made.currency)} is owed to the customer."
        state = "is paid" if made.paid_at else f"is due on {iso_day(made.due_at)}"
        return f"{made} was finalised and {state}."

    @row_action(
        "Draft again",
        explanation="Replaces the lines with the ledger's current charges.",
        permission="platform",
        when=lambda row: row.status == InvoiceStatus.DRAFT and row.kind == InvoiceKind.USAGE,
        icon="refresh",
    )
    def draft_again(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        period = {"period_start": row.period_start, "period_end": row.period_end, "currency": row.currency}
        made = invoices.draft_for_period(**period, actor=access_of(request).user)
        return f"The new draft totals {amount(made.total, made.currency)}."

    @row_action(
        "Send",
        explanation="Sends the invoice by mail with the PDF attached.",
        permission="platform",
        when=lambda row: row.finalised_at is not None and row.status != InvoiceStatus.VOIDED,
        icon="send",
        preview=previews.send_preview,
    )
    def send(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        mail = send_invoice(invoice=row, actor=access_of(request).user)
        return f"{row} is being sent to {mail.to_address}."

    @row_action(
        "Record payment",
        step_up=True,
        explanation="Records that the invoice was paid in full.",
        form=forms.PaymentForm,
        permission="platform",
        when=lambda row: row.status in UNPAID and not row.credit_owed,
        icon="payments",
        preview=previews.payment_preview,
    )
    def pay(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        return f"{previews.pay(row, values, access_of(request).user)} was marked as paid."

    @row_action(
        "Record refund",
        explanation="Records that all that is still owed to the customer was paid back.",
        form=forms.PaidBackForm,
        permission="platform",
        when=lambda row: invoices.credit_left(row) > 0,
        icon="currency_exchange",
        preview=previews.refund_preview,
    )
    def refund(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        return f"What {previews.refund(row, values, access_of(request).user)} owed was marked as paid back."

    @row_action(
        "Credit",
        step_up=True,
        explanation="Writes a credit note, with its own number, for part or all of the invoice.",
        form=forms.CreditForm,
        permission="platform",
        when=_creditable,
        icon="undo",
        danger=True,
        preview=previews.credit_preview,
    )
    def credit(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        made = previews.credit(row, values, access_of(request).user)
        return f"{made} credits {amount(made.total, made.currency)} of {row}."

    @row_action(
        "Mark overdue",
        explanation="Marks the unpaid invoice as past its due date.",
        permission="platform",
        when=lambda row: row.status == InvoiceStatus.PENDING and row.due_at and row.due_at <= timezone.now(),
        icon="alarm",
    )
    def mark_overdue(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        marked = invoices.mark_overdue(invoice=row, now=timezone.now(), actor=access_of(request).user)
        return f"{marked} was marked as overdue."

    @row_action(
        "Void",
        explanation="Cancels the invoice. The record and its number are kept.",
        form=ReasonForm,
        permission="platform",
        when=in_status(InvoiceStatus.DRAFT, *UNPAID),
        icon="block",
        danger=True,
        preview=previews.void_preview,
    )
    def void(self, request: HttpRequest, row: Invoice, values: dict[str, Any]) -> str:
        return f"{invoices.void(invoice=row, reason=values['reason'], actor=access_of(request).user)} was voided."


@register(CreditApplication)
class CreditApplicationAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "redeem", 66
    list_display = ["source", "target", "amount", "created_at"]


@register(NumberPrefix)
class NumberPrefixAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "tag", 66
    list_display = ["prefix", "created_at"]
    search_fields = ["prefix__exact"]


@register(InvoiceSeries)
class InvoiceSeriesAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "format_list_numbered", 65
    list_display = ["series", "prefix", "last_number", "updated_at"]
    list_filter = ["series"]


def _drafted(obj: Invoice | None) -> bool:
    return not isinstance(obj, Invoice) or obj.status == InvoiceStatus.DRAFT


def _note(row: Invoice) -> dict[str, Any]:
    link = format_html('<a class="lad-link" href="{}">{}</a>', _address(row), row)
    details = {"reason": row.metadata.get("reason"), "method": row.payment_method, "total": row.total}
    return {"number": link, "day": f"{iso_day(row.finalised_at)}" if row.finalised_at else DASH, **details}


def _address(row: Invoice) -> str:
    return reverse("admin:billing_invoice_change", args=(row.pk,))
