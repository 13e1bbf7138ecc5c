"""A tenant's contact policy on one page: hours, days, consent and limits."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
)

from lad import countries
from lad.admin.base import TenantModelAdmin, register
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.moments import WEEKDAYS
from lad.tenancy.access import access_of
from leads.channels import Channel
from leads.contactability.calendar import HORIZON
from leads.contactability.models import MAX_TOUCHES, ContactPolicy
from leads.contactability.public_holidays import COUNTRIES, public_holidays
from leads.contactability.selectors import public_countries

DEFAULTS_HOLD: Final = "There is no contact policy yet, so the defaults hold: 08:00 to 20:00 of the lead's day, not on"
DAYS_SHOWN: Final = 8
CAP_NAMES: Final = (("per_day", "a day"), ("per_week", "in seven days"))


class CapsWidget(forms.MultiWidget):
    """Two numbers for each channel."""

    template_name = "leads/admin/availability.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        numbers = [UnfoldAdminIntegerFieldWidget(attrs={"min": 1, "placeholder": "no limit"}) for _each in _caps()]
        super().__init__(numbers, attrs)

    def decompress(self, value: object) -> list[Any]:
        caps = value if isinstance(value, dict) else {}
        return [caps.get(channel, {}).get(name) for channel, name, _label in _caps()]

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        labels = [label for _channel, _name, label in _caps()]
        context["lines"] = list(zip(labels, context["widget"]["subwidgets"], strict=True))
        return context


class CapsField(forms.MultiValueField):
    """The limits of each channel."""

    widget = CapsWidget

    def __init__(self, **options: Any) -> None:
        bounds = [MinValueValidator(1), MaxValueValidator(MAX_TOUCHES)]
        numbers = [forms.IntegerField(required=False, validators=bounds) for _each in _caps()]
        super().__init__(fields=numbers, required=False, require_all_fields=False, **options)

    def compress(self, data_list: list[int | None]) -> dict[str, dict[str, int]]:
        caps: dict[str, dict[str, int]] = {}
        for (channel, name, _label), number in zip(_caps(), data_list or [None] * len(list(_caps())), strict=True):
            if number is not None:
                caps.setdefault(channel, {})[name] = number
        return caps


@display(description="Days")
def _days(obj: ContactPolicy) -> str:
    return ", ".join(day.capitalize() for day in obj.contact_days) or "Every day"


@display(description="Chosen countries")
def _countries(obj: ContactPolicy) -> str:
    return ", ".join(countries.NAMES[code] for code in obj.holiday_countries) or "None"


@display(description="Channels that need consent")
def _consents(obj: ContactPolicy) -> str:
    return ", ".join(Channel(each).label for each in obj.consent_required) or "None"


@display(description="Limits by channel")
def _limits(obj: ContactPolicy) -> str:
    found = ((label, obj.caps.get(channel, {}).get(name)) for channel, name, label in _caps())
    return ", ".join(f"{label}: {number}" for label, number in found if number is not None) or "None"


@register(ContactPolicy)
class ContactPolicyAdmin(TenantModelAdmin):
    area = "contact-policy"
    section, icon, rank = "Leads", "policy", 80
    empty_hint = (
        "Without a policy the defaults hold: 08:00 to 20:00 of the lead's day, not on holidays, at most 3 messages a"
        " day and 7 in seven days to one lead."
    )
    list_display = ["__str__", "days", "skips_holidays", "max_per_day", "max_per_week", "company_stop_days"]
    fieldsets = [
        (
            "When",
            {"fields": [("contact_from", "contact_until"), "contact_days"]},
        ),
        (
            "Holidays",
            {"fields": ["skips_holidays", "public_holidays", "holiday_countries", "next_public_holidays"]},
        ),
        ("How often", {"fields": [("max_per_day", "max_per_week"), "caps"]}),
        ("With whose permission", {"fields": ["consent_required", "company_stop_days"]}),
    ]

    readonly_fields = ["next_public_holidays"]

    def __init__(self, model: type[ContactPolicy], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        # For those who may only see them.
        self.contact_days_json, self.consent_required_json, self.caps_json = _days, _consents, _limits
        self.holiday_countries_json = _countries

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "contact_days":
            days = [(day, day.capitalize()) for day in WEEKDAYS]
            return _choices(days, label="Days", help_text="None chosen means every day.")
        if db_field.name == "holiday_countries":
            return forms.MultipleChoiceField(
                choices=[(code, name) for code, name in countries.choices() if code in COUNTRIES],
                required=False,
                label="Chosen countries",
                help_text="They count if “Of chosen countries” is selected above.",
                widget=UnfoldAdminSelect2MultipleWidget,
            )
        if db_field.name == "consent_required":
            return _choices(Channel.choices, label="Channels that need consent", help_text=db_field.help_text)
        if db_field.name == "caps":
            return CapsField(label="Limits by channel", help_text="To one lead. An empty field is no limit.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="Next public holidays")
    def next_public_holidays(self, obj: ContactPolicy) -> str:
        """Name the next days, so that people see what their choice means."""
        today = timezone.localdate()
        found = public_countries(obj, obj.tenant.country)
        if found is None:
            return "Those of each lead's country."
        days = sorted(
            (day, countries.NAMES[country], name)
            for country in found
            for day, name in public_holidays(country, today, today + HORIZON).items()
            if day >= today
        )
        shown = [f"{date_format(day)}: {name} ({country})" for day, country, name in days[:DAYS_SHOWN]]
        return " · ".join(shown) or "None."

    @display(description="Days")
    def days(self, obj: ContactPolicy) -> str:
        return _days(obj)


def own_policy(request: HttpRequest) -> HttpResponse:
    """Open the policy of the chosen tenant: its page, or the page that adds it, which shows the defaults."""
    if not _may_see(request):
        raise PermissionDenied
    access = access_of(request)
    found = ContactPolicy.objects.first() if access.tenant_id is not None else None
    if found is not None:
        return HttpResponseRedirect(reverse("admin:leads_contactpolicy_change", args=(found.pk,)))
    if access.tenant_id is not None and access.allows("contact-policy.create"):
        messages.info(request, f"{DEFAULTS_HOLD} holidays. They are shown here; save them to change them.")
        return HttpResponseRedirect(reverse("admin:leads_contactpolicy_add"))
    return HttpResponseRedirect(reverse("admin:leads_contactpolicy_changelist"))


def _may_see(request: HttpRequest) -> bool:
    return can_view(request, ContactPolicy)


def _caps() -> Iterator[tuple[str, str, str]]:
    """Yield channel, name and label of each limit."""
    for channel in Channel:
        for name, label in CAP_NAMES:
            yield channel.value, name, f"{channel.label}, {label}"


def _choices(choices: Any, **options: Any) -> forms.MultipleChoiceField:
    widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=choices)
    return forms.MultipleChoiceField(choices=choices, required=False, widget=widget, **options)


add_view("contact-policy/", own_policy, "contact-policy")
add_page(SidebarPage("Our contact policy", "admin:contact-policy", "Leads", "policy", 79, _may_see))
