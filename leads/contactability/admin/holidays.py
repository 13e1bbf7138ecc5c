"""Holidays, one by one or several at once."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action

from lad import countries
from lad.admin.base import TenantModelAdmin, register
from lad.admin.widgets import apply_widgets
from lad.errors import DomainError, Invalid
from lad.tenancy.access import access_of
from leads.contactability import services
from leads.contactability.models import Holiday

EXAMPLE: Final = "2026-12-25 Christmas\n2027-01-01 New Year"
ONE_TENANT_ONLY: Final = "Choose a tenant first: its holidays are its own."


class HolidaysForm(forms.Form):
    """Asks for several holidays of one country, or of all."""

    country = forms.ChoiceField(required=False, choices=[("", "Everywhere"), *countries.choices()])
    days = forms.CharField(
        label="Holidays",
        max_length=40_000,
        help_text="One in each line: the day and its name. Lists from a calendar can be pasted.",
        widget=forms.Textarea(attrs={"rows": 12, "placeholder": EXAMPLE}),
    )


@register(Holiday)
class HolidayAdmin(TenantModelAdmin):
    area = "contact-policy"
    section, icon, rank = "Leads", "event_busy", 85
    empty_hint = "Days without outreach appear here. Add the public holidays of the countries your leads live in."
    list_display = ["day", "name", "country"]
    list_filter = ["day", "country"]
    actions_list = ["add_several"]

    @action(description="Add several", url_path="add-several", icon="playlist_add", permissions=["add"])
    def add_several(self, request: HttpRequest) -> HttpResponse:
        back = reverse("admin:leads_holiday_changelist")
        if access_of(request).tenant_id is None:
            messages.warning(request, ONE_TENANT_ONLY)
            return HttpResponseRedirect(back)
        form: Any = apply_widgets(HolidaysForm(request.POST if request.method == "POST" else None))
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            try:
                added = services.add_holidays(
                    text=values["days"], country=values["country"], actor=access_of(request).user
                )
            except DomainError as error:
                texts = error.errors.get("days") if isinstance(error, Invalid) else None
                form.add_error("days", texts or error.detail)
            else:
                messages.success(request, f"{len(added)} holidays were added.")
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": "Add several holidays",
            "opts": self.opts,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "leads/admin/add_holidays.html", context)
