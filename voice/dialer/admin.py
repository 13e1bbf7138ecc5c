"""Admin pages of dialling: a tenant's rules on one page, and the calls on their way for LAD's staff."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from voice.carriers.outcomes import Outcome
from voice.dialer.models import CallPlacement, CarrierReport, DialingPolicy
from voice.json_schemas import RETRIED

DEFAULTS_HOLD: Final = (
    "There are no rules of dialling yet, so the defaults hold. They are shown here; save them to change them."
)
DELAYS_HELP: Final = "Minutes before each further attempt, such as 10, 60. Empty means that there is none."
LABELS: Final = {name: f"after “{Outcome(name).label}”" for name in RETRIED}


class DelaysWidget(forms.MultiWidget):
    """A line of minutes for each outcome."""

    template_name = "leads/admin/availability.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__([UnfoldAdminTextInputWidget(attrs={"placeholder": "none"}) for _name in RETRIED], attrs)

    def decompress(self, value: object) -> list[Any]:
        delays = value if isinstance(value, dict) else {}
        return [", ".join(map(str, delays.get(name, ()))) for name in RETRIED]

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["lines"] = list(zip(LABELS.values(), context["widget"]["subwidgets"], strict=True))
        return context


class DelaysField(forms.MultiValueField):
    """The minutes before further attempts, by outcome."""

    widget = DelaysWidget

    def __init__(self, **options: Any) -> None:
        lines = [forms.CharField(required=False, max_length=100) for _name in RETRIED]
        super().__init__(fields=lines, required=False, require_all_fields=False, **options)

    def compress(self, data_list: list[str]) -> dict[str, list[int]]:
        return {name: _minutes(text) for name, text in zip(RETRIED, data_list or (), strict=False) if text}


@display(description="Another attempt after")
def _delays(obj: DialingPolicy) -> str:
    found = ((LABELS[name], obj.retry_delays.get(name)) for name in RETRIED)
    return ", ".join(f"{label}: {', '.join(map(str, minutes))} min" for label, minutes in found if minutes) or "None"


@register(DialingPolicy)
class DialingPolicyAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "rule", 60
    empty_hint = (
        "Without rules the defaults hold: 10 calls at once, one of them kept for inbound calls, and further attempts"
        " after busy lines, voicemail and calls that nobody answered."
    )
    list_display = ["__str__", "inbound_reserve", "ringing_seconds", "max_minutes", "record_calls"]
    fieldsets = [
        ("How many", {"fields": [("max_concurrent", "inbound_reserve")]}),
        ("How long", {"fields": [("ringing_seconds", "max_minutes")]}),
        ("Again", {"fields": ["retry_delays"]}),
        ("Recordings", {"fields": ["record_calls", "recording_days"]}),
        ("When calls fail", {"fields": [("breaker_percent", "breaker_calls", "breaker_minutes")]}),
    ]

    def __init__(self, model: type[DialingPolicy], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        # For those who may only see them.
        self.retry_delays_json = _delays

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "retry_delays":
            return DelaysField(label="Another attempt", help_text=DELAYS_HELP)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@register(CallPlacement)
class CallPlacementAdmin(ReadOnlyAdmin):
    area = "calls"
    platform_only = True
    section, icon, rank = "Operations", "phone_forwarded", 8
    list_display = ["call_log", "to_phone", "state", "attempts", "due_at", "lease_until", "look_at", "error"]
    list_filter = ["state", "carrier_account", "created_at"]


@register(CarrierReport)
class CarrierReportAdmin(ReadOnlyAdmin):
    area = "calls"
    platform_only = True
    section, icon, rank = "Operations", "settings_phone", 9
    list_display = ["event_id", "kind", "carrier_account", "call_log", "happened_at", "created_at"]
    list_filter = ["kind", "carrier_account", "created_at"]


def own_rules(request: HttpRequest) -> HttpResponse:
    """Open the rules of the chosen tenant: their page, or the page that adds them, which shows the defaults."""
    if not _may_see(request):
        raise PermissionDenied
    access = access_of(request)
    found = DialingPolicy.objects.first() if access.tenant_id is not None else None
    if found is not None:
        return HttpResponseRedirect(reverse("admin:voice_dialingpolicy_change", args=(found.pk,)))
    if access.tenant_id is not None and access.allows("voice.create"):
        messages.info(request, DEFAULTS_HOLD)
        return HttpResponseRedirect(reverse("admin:voice_dialingpolicy_add"))
    return HttpResponseRedirect(reverse("admin:voice_dialingpolicy_changelist"))


def _may_see(request: HttpRequest) -> bool:
    return can_view(request, DialingPolicy)


def _minutes(text: str) -> list[int]:
    words = [word for word in text.replace(",", " ").split() if word]
    if not all(word.isdecimal() for word in words):
        raise forms.ValidationError("Write whole minutes, separated by commas, such as 10, 60.")
    return [int(word) for word in words]


add_view("dialling/", own_rules, "dialling-rules")
add_page(SidebarPage("Our rules of dialling", "admin:dialling-rules", "Voice", "rule", 59, _may_see))
