"""Admin pages of dialling: a tenant's rules on one page, and the calls on their way for LAD's staff."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display

from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from leads.pipeline.selectors import stage_choices
from voice.dialer.delays_form import DelaysField, in_words
from voice.dialer.models import CallPlacement, CarrierReport, DialingPolicy
from voice.dialer.stage_rules_form import LABEL, StageRulesField
from voice.dialer.stage_rules_form import in_words as stages_in_words

DEFAULTS_HOLD: Final = (
    "There are no rules of dialling yet, so the defaults hold. They are shown here; save them to change them."
)


@display(description="Another attempt after")
def _delays(obj: DialingPolicy) -> str:
    return in_words(obj.retry_delays)


@display(description=LABEL)
def _stages(obj: DialingPolicy) -> str:
    return stages_in_words(obj.stage_rules)


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
        ("After a call", {"fields": ["stage_rules"]}),
        ("Recordings", {"fields": ["record_calls", "recording_days"]}),
        ("When calls fail", {"fields": [("breaker_percent", "breaker_calls", "breaker_minutes")]}),
    ]

    def __init__(self, model: type[DialingPolicy], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        # For those who may only see them.
        self.retry_delays_json = _delays
        self.stage_rules_json = _stages

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "retry_delays":
            return DelaysField()
        tenant_id = access_of(request).tenant_id
        # Without a tenant there are no stages to choose from.
        if db_field.name == "stage_rules" and tenant_id is not None:
            return StageRulesField(stage_choices(tenant_id))
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


add_view("dialling/", own_rules, "dialling-rules")
add_page(SidebarPage("Our rules of dialling", "admin:dialling-rules", "Voice", "rule", 59, _may_see))
