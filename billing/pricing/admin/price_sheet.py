"""Export the price list as CSV, and import it after a preview."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.pricing.services import price_sheet
from billing.pricing.services.price_sheet import LineOutcome, SheetResult
from lad.admin.site import add_view
from lad.admin.uploads import UploadField
from lad.errors import Invalid
from lad.spreadsheets import CONTENT_TYPE, named_download
from lad.tenancy.access import access_of
from tenants.activity.exports import begin_export

FILE_NAME: Final = "lad-prices-{:%Y-%m-%d}.csv"
LABELS: Final = {
    LineOutcome.ADDED: "success",
    LineOutcome.CHANGED: "info",
    LineOutcome.UNCHANGED: "",
    LineOutcome.REFUSED: "danger",
}


class UploadForm(forms.Form):
    """Asks for the CSV file."""

    file = UploadField(label="CSV file", extensions=["csv"], max_bytes=price_sheet.MAX_CHARACTERS)

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not UTF-8. Save it as “CSV UTF-8”.") from error


def export(request: HttpRequest) -> HttpResponse:
    """Download the current and future prices that the caller may see."""
    access = access_of(request)
    if not (access.signed_in and access.allows("usage.view")):
        raise PermissionDenied
    if again := begin_export(request, kind="prices"):
        return again
    now = timezone.now()
    response = HttpResponse(price_sheet.to_csv(price_sheet.prices_to_export(now)), content_type=CONTENT_TYPE)
    named_download(response, FILE_NAME.format(now))
    return response


def upload(request: HttpRequest) -> HttpResponse:
    """Preview an uploaded sheet line by line, and apply it once confirmed."""
    if not may_import(request):
        raise PermissionDenied
    text = request.POST.get("sheet", "")
    form: forms.Form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or (not text and not form.is_valid()):
        return _page(request, form, None, "")
    text = text or form.cleaned_data["file"]
    try:
        result = price_sheet.import_csv(text, confirmed="confirmed" in request.POST, actor=access_of(request).user)
    except Invalid as error:
        form = UploadForm()
        messages.error(request, " ".join(text for texts in error.errors.values() for text in texts))
        return _page(request, form, None, "")
    if result.done:
        added, changed = result.count(LineOutcome.ADDED), result.count(LineOutcome.CHANGED)
        messages.success(request, f"{added} prices were added and {changed} changed.")
        return HttpResponseRedirect(reverse("admin:price_list"))
    return _page(request, form, result, text)


def may_import(request: HttpRequest) -> bool:
    """Return whether the caller may import prices, which only the platform does."""
    access = access_of(request)
    return access.signed_in and access.platform and access.allows("usage.update")


def _page(request: HttpRequest, form: forms.Form, result: SheetResult | None, text: str) -> TemplateResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Import prices",
        "form": form,
        "result": result,
        "sheet": text,
        "columns": price_sheet.COLUMNS,
        "counts": [(outcome, result.count(outcome), LABELS[outcome]) for outcome in LineOutcome] if result else [],
        "lines": [(line, LABELS[line.outcome]) for line in result.lines] if result else [],
        "back": reverse("admin:price_list"),
    }
    return TemplateResponse(request, "billing/pricing/price_import.html", context)


add_view("price-list/export/", export, "price_export")
add_view("price-list/import/", upload, "price_import")
