"""The page that drafts a calendar month after a preview."""

from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.formatting import amount
from billing.invoicing.services import invoices
from lad import moments
from lad.admin.actions import EDIT, PREVIEW_DIGEST, dry_run
from lad.admin.widgets import apply_widgets
from lad.tenancy.access import access_of

EARLIEST_YEAR: Final = 2000


class MonthInput(forms.DateInput):
    input_type = "month"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m")


class MonthForm(forms.Form):
    """Asks for the month to draft."""

    month = forms.DateField(
        input_formats=["%Y-%m"],
        widget=MonthInput,
        validators=[moments.validate],
        help_text="In each tenant's time zone.",
    )

    def clean_month(self) -> date:
        month: date = self.cleaned_data["month"]
        if month.year < EARLIEST_YEAR or month >= timezone.now().date().replace(day=1):
            raise forms.ValidationError("Choose a month that has ended.")
        return month


def month_page(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Preview the month's invoices of the current tenant, or of all tenants, and draft them once confirmed."""
    now = timezone.now()
    form: Any = apply_widgets(MonthForm(request.POST if request.method == "POST" else None))
    found: list[invoices.MonthDraft] = []
    if request.method == "POST" and EDIT not in request.POST and form.is_valid():
        month, actor = form.cleaned_data["month"], access_of(request).user
        found = dry_run(lambda: invoices.draft_month(month=month, now=now, actor=actor))
        if request.POST.get(PREVIEW_DIGEST) == _digest(found):
            made = [each for each in invoices.draft_month(month=month, now=now, actor=actor) if each.invoice]
            messages.success(request, f"{len(made)} invoices were drafted for {month:%B %Y}.")
            return HttpResponseRedirect(reverse("admin:billing_invoice_changelist") + "?desk=drafts")
        if not found:
            form.add_error("month", "Nothing was charged in this month.")
    return _page(model_admin, request, form, found, now)


def _page(
    model_admin: ModelAdmin, request: HttpRequest, form: forms.Form, found: list[invoices.MonthDraft], now: datetime
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Draft a month",
        "opts": model_admin.opts,
        "form": form,
        "found": [_shown(each) for each in found],
        "makes": any(each.invoice for each in found),
        "digest": _digest(found),
        "outdated": PREVIEW_DIGEST in request.POST,
        "digest_name": PREVIEW_DIGEST,
        "edit_name": EDIT,
        "back": reverse("admin:billing_invoice_changelist"),
    }
    return TemplateResponse(request, "billing/invoicing/draft_month.html", context)


def _shown(each: invoices.MonthDraft) -> dict[str, Any]:
    row = each.invoice
    if row is None:
        return {"tenant": each.tenant, "reason": each.reason}
    return {"tenant": each.tenant, "lines": len(row.line_items), "total": amount(row.total, row.currency)}


def _digest(found: list[invoices.MonthDraft]) -> str:
    """Return a digest of what would be drafted, to notice changes since the preview."""
    drafts = [(str(each.tenant.pk), str(each.invoice.total) if each.invoice else each.reason) for each in found]
    return sha256(repr(drafts).encode()).hexdigest()
