"""The invoice desk: drafts, what was asked for, what is open, and every step between."""

from typing import Any, Final
from uuid import UUID

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from billing.formatting import DASH, Column, amount, quantity, table
from billing.invoicing import selectors
from billing.invoicing import services as invoices
from billing.invoicing.admin import steps
from billing.invoicing.admin.months import month_page
from billing.invoicing.documents.answers import file_of, page_of
from billing.invoicing.mails import send_invoice
from billing.invoicing.models import UNPAID, Invoice, InvoiceKind, InvoiceSeries, InvoiceStatus
from lad.admin.actions import in_status, row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.lists import once_per_row
from lad.admin.permissions import access_of

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


class DeskFilter(DropdownFilter):
    title = "to do"
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("drafts", "Drafts"), ("unpaid", "Unpaid"), ("overdue", "Overdue"), ("unsent", "Not sent yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "drafts":
                return queryset.filter(status=InvoiceStatus.DRAFT)
            case "unpaid":
                return queryset.filter(status__in=UNPAID)
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
    global_search = True
    # The tenant is who it is written to.
    platform_writes = True
    form = steps.InvoiceForm
    list_display = ["number", "kind", "state", "asked", "still_open", "period", "due_at", "sent_at", "created_at"]
    list_filter = [DeskFilter, "status", "kind", "due_at", "finalised_at", "created_at"]
    search_fields = ["invoice_number__exact"]
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
    actions_detail = ["finalise", "draft_again", "send", "pay", "credit", "mark_overdue", "void"]

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return super().listed(request, rows).prefetch_related("credit_notes")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Lines are shown as a table, and as text where they may be edited."""
        fieldsets = super().get_fieldsets(request, obj)
        if self._takes_lines(request, obj):
            return fieldsets
        return [
            (name, {**rest, "fields": [f for f in rest["fields"] if f != "lines_text"]}) for name, rest in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A form's own field is left out by being read-only."""
        readonly = super().get_readonly_fields(request, obj)
        return readonly if self._takes_lines(request, obj) else [*readonly, "lines_text"]

    def _takes_lines(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or (obj.kind == InvoiceKind.MANUAL and self.has_change_permission(request, obj))

    def get_urls(self) -> Any:
        def named(kind: str, view: Any) -> Any:
            return path(f"<uuid:pk>/{kind}/", self.admin_site.admin_view(view), name=f"billing_invoice_{kind}")

        return [named("html", self.html), named("pdf", self.pdf), *super().get_urls()]

    def html(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The invoice as the tenant sees it."""
        return self._document(request, pk, page_of)

    def pdf(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The invoice as a file."""
        return self._document(request, pk, file_of)

    def _document(self, request: HttpRequest, pk: UUID, made: Any) -> HttpResponse:
        row = self.get_row_or_404(request, str(pk))
        with self.row_scope(request, row):
            response: HttpResponse = made(row)
            return response

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _drafted(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _drafted(obj) and super().has_delete_permission(request, obj)

    @display(description="Invoice", ordering="invoice_number")
    def number(self, obj: Any) -> str:
        return str(obj)

    @display(description="Status", label=STATUSES)
    def state(self, obj: Any) -> str:
        return str(obj.get_status_display())

    @display(description="Total")
    def asked(self, obj: Any) -> str:
        return amount(obj.total, obj.currency)

    @display(description="Open")
    @once_per_row
    def still_open(self, obj: Any) -> str:
        return amount(invoices.open_amount(obj), obj.currency) if obj.status in UNPAID else DASH

    @display(description="Period")
    def period(self, obj: Any) -> str:
        return f"{obj.period_start:%Y-%m-%d} – {obj.period_end:%Y-%m-%d}"

    @display(description="Written to")
    def written_to(self, obj: Any) -> str:
        return obj.recipient.get("name") or str(obj.tenant)

    @display(description="Document")
    def documents(self, obj: Any) -> Any:
        kinds = (("html", "Open as a page"), ("pdf", "Download as PDF"))
        links = ((reverse(f"admin:billing_invoice_{kind}", args=(obj.pk,)), says) for kind, says in kinds)
        return format_html_join(" · ", '<a class="lad-link" href="{}">{}</a>', links)

    @display(description="Lines")
    @once_per_row
    def lines(self, obj: Any) -> Any:
        return table(LINES, obj.line_items, ("Subtotal", amount(obj.subtotal, obj.currency)))

    @display(description="Sums")
    @once_per_row
    def summed(self, obj: Any) -> Any:
        rows = [{"what": what, "amount": figure} for what, figure in steps.sums(obj)]
        return table((Column("", "what"), Column("Amount", "amount", str)), rows)

    @display(description="Credit notes")
    @once_per_row
    def credited(self, obj: Any) -> Any:
        return table(NOTES, [_note(row) for row in obj.credit_notes.order_by("sequence_number")])

    @action(description="Draft a month", url_path="draft-month", icon="calendar_month", permissions=["platform"])
    def draft_month(self, request: HttpRequest) -> HttpResponse:
        return month_page(self, request)

    @row_action(
        "Finalise",
        explanation="It gets the next number and stays as it is; from then on a credit note corrects a mistake.",
        form=steps.FinaliseForm,
        permission="platform",
        when=in_status(InvoiceStatus.DRAFT),
        icon="task_alt",
        look=steps.finalise_look,
    )
    def finalise(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        made = invoices.finalise(invoice=row, due_at=values["due_on"], actor=access_of(request).user)
        return f"{made} is finalised{' and paid' if made.paid_at else f', due on {made.due_at:%Y-%m-%d}'}."

    @row_action(
        "Draft again",
        explanation="Its lines are made anew from what the ledger says now.",
        permission="platform",
        when=lambda row: row.status == InvoiceStatus.DRAFT and row.kind == InvoiceKind.USAGE,
        icon="refresh",
    )
    def draft_again(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        period = {"period_start": row.period_start, "period_end": row.period_end, "currency": row.currency}
        made = invoices.draft_for_period(**period, actor=access_of(request).user)
        return f"The draft comes to {amount(made.total, made.currency)}."

    @row_action(
        "Send",
        explanation="It leaves by mail, with the PDF.",
        permission="platform",
        when=lambda row: row.finalised_at is not None and row.status != InvoiceStatus.VOIDED,
        icon="send",
        look=steps.send_look,
    )
    def send(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        mail = send_invoice(invoice=row, actor=access_of(request).user)
        return f"{row} is on its way to {mail.to_address}."

    @row_action(
        "Record payment",
        explanation="The money has come, all of it.",
        form=steps.PaymentForm,
        permission="platform",
        when=in_status(*UNPAID),
        icon="payments",
        look=steps.payment_look,
    )
    def pay(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return f"{steps.pay(row, values, access_of(request).user)} is paid."

    @row_action(
        "Credit",
        explanation="Some or all of it is given back by a credit note with a number of its own.",
        form=steps.CreditForm,
        permission="platform",
        when=_creditable,
        icon="undo",
        danger=True,
        look=steps.credit_look,
    )
    def credit(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        made = steps.credit(row, values, access_of(request).user)
        return f"{made} gives back {amount(made.total, made.currency)} of {row}."

    @row_action(
        "Mark overdue",
        explanation="It is past its due date and was not paid.",
        permission="platform",
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
        permission="platform",
        when=in_status(InvoiceStatus.DRAFT, *UNPAID),
        icon="block",
        danger=True,
        look=steps.void_look,
    )
    def void(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        return f"{invoices.void(invoice=row, reason=values['reason'], actor=access_of(request).user)} is voided."


@register(InvoiceSeries)
class InvoiceSeriesAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "format_list_numbered", 65
    list_display = ["series", "prefix", "last_number", "updated_at"]
    list_filter = ["series"]


def _drafted(obj: Any) -> bool:
    return not isinstance(obj, Invoice) or obj.status == InvoiceStatus.DRAFT


def _note(row: Invoice) -> dict[str, Any]:
    link = format_html('<a class="lad-link" href="{}">{}</a>', _address(row), row)
    told = {"reason": row.metadata.get("reason"), "method": row.payment_method, "total": row.total}
    return {"number": link, "day": f"{row.finalised_at:%Y-%m-%d}" if row.finalised_at else DASH, **told}


def _address(row: Invoice) -> str:
    return reverse("admin:billing_invoice_change", args=(row.pk,))
