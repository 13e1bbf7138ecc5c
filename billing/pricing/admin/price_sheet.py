"""The price list as a file: downloaded, and uploaded with a look at what it would do."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminFileFieldWidget

from billing.pricing.services import price_sheet
from billing.pricing.services.price_sheet import Outcome, Verdict
from lad.admin.permissions import access_of
from lad.admin.site import add_view
from lad.errors import Invalid

FILE_NAME: Final = "lad-prices-{:%Y-%m-%d}.csv"
LABELS: Final = {Verdict.ADDED: "success", Verdict.CHANGED: "info", Verdict.UNCHANGED: "", Verdict.REFUSED: "danger"}


class UploadForm(forms.Form):
    """Asks for the sheet."""

    file = forms.FileField(label="CSV file", widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}))

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        if upload.size > price_sheet.LARGEST:
            raise forms.ValidationError(f"A sheet has at most {price_sheet.LARGEST:,} bytes.")
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not UTF-8: save it as “CSV UTF-8”.") from error


def export(request: HttpRequest) -> HttpResponse:
    """Every price in force and to come that the caller may see."""
    access = access_of(request)
    if not (access.signed_in and access.allows("usage.view")):
        raise PermissionDenied
    now = timezone.now()
    response = HttpResponse(price_sheet.write(price_sheet.listed(now)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME.format(now)}"'
    return response


def upload(request: HttpRequest) -> HttpResponse:
    """Take a sheet, show what it does line by line, and do it when that was confirmed."""
    if not may_import(request):
        raise PermissionDenied
    text = request.POST.get("sheet", "")
    form: forms.Form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or (not text and not form.is_valid()):
        return _page(request, form, None, "")
    text = text or form.cleaned_data["file"]
    try:
        outcome = price_sheet.read(text, confirmed="confirmed" in request.POST, actor=access_of(request).user)
    except Invalid as error:
        form = UploadForm()
        messages.error(request, " ".join(says for texts in error.errors.values() for says in texts))
        return _page(request, form, None, "")
    if outcome.done:
        added, changed = outcome.count(Verdict.ADDED), outcome.count(Verdict.CHANGED)
        messages.success(request, f"{added} prices were added and {changed} changed.")
        return HttpResponseRedirect(reverse("admin:price_list"))
    return _page(request, form, outcome, text)


def may_import(request: HttpRequest) -> bool:
    """Prices are the platform's to say."""
    access = access_of(request)
    return access.signed_in and access.platform and access.allows("usage.update")


def _page(request: HttpRequest, form: forms.Form, outcome: Outcome | None, text: str) -> TemplateResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Import prices",
        "form": form,
        "outcome": outcome,
        "sheet": text,
        "columns": price_sheet.COLUMNS,
        "counts": [(verdict, outcome.count(verdict), LABELS[verdict]) for verdict in Verdict] if outcome else [],
        "lines": [(line, LABELS[line.verdict]) for line in outcome.lines] if outcome else [],
        "back": reverse("admin:price_list"),
    }
    return TemplateResponse(request, "billing/admin/price_import.html", context)


add_view("price-list/export/", export, "price_export")
add_view("price-list/import/", upload, "price_import")
