"""Drafting a calendar month: asked for, looked at, done."""

from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.formatting import amount
from billing.invoicing import services as invoices
from lad.admin.actions import EDIT, SEEN, rehearse
from lad.admin.permissions import access_of
from lad.admin.widgets import dress

EARLIEST: Final = 2000


class MonthInput(forms.DateInput):
    input_type = "month"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m")


class MonthForm(forms.Form):
    """Asks for the month."""

    month = forms.DateField(input_formats=["%Y-%m"], widget=MonthInput, help_text="In each tenant's time zone.")

    def clean_month(self) -> date:
        month: date = self.cleaned_data["month"]
        if month.year < EARLIEST or month >= timezone.now().date().replace(day=1):
            raise forms.ValidationError("Choose a month that is over.")
        return month


def month_page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Draft the month's invoice of the chosen tenant, or of all: first shown, then, once confirmed, made."""
    now = timezone.now()
    form: Any = dress(MonthForm(request.POST if request.method == "POST" else None))
    found: list[invoices.MonthDraft] = []
    if request.method == "POST" and EDIT not in request.POST and form.is_valid():
        month, actor = form.cleaned_data["month"], access_of(request).user
        found = rehearse(lambda: invoices.draft_month(month=month, now=now, actor=actor))
        if request.POST.get(SEEN) == _digest(found):
            made = [each for each in invoices.draft_month(month=month, now=now, actor=actor) if each.invoice]
            messages.success(request, f"{len(made)} drafted for {month:%B %Y}.")
            return HttpResponseRedirect(reverse("admin:billing_invoice_changelist") + "?desk=drafts")
        if not found:
            form.add_error("month", "Nothing was charged in this month.")
    return _page(model_admin, request, form, found, now)


def _page(
    model_admin: Any, request: HttpRequest, form: forms.Form, found: list[invoices.MonthDraft], now: datetime
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Draft a month",
        "opts": model_admin.opts,
        "form": form,
        "found": [_shown(each) for each in found],
        "makes": any(each.invoice for each in found),
        "digest": _digest(found),
        "overtaken": SEEN in request.POST,
        "seen_name": SEEN,
        "edit_name": EDIT,
        "back": reverse("admin:billing_invoice_changelist"),
    }
    return TemplateResponse(request, "billing/admin/draft_month.html", context)


def _shown(each: invoices.MonthDraft) -> dict[str, Any]:
    row = each.invoice
    if row is None:
        return {"tenant": each.tenant, "refusal": each.refusal}
    return {"tenant": each.tenant, "lines": len(row.line_items), "total": amount(row.total, row.currency)}


def _digest(found: list[invoices.MonthDraft]) -> str:
    """The same while the same would be drafted."""
    told = [(str(each.tenant.pk), str(each.invoice.total) if each.invoice else each.refusal) for each in found]
    return sha256(repr(told).encode()).hexdigest()
