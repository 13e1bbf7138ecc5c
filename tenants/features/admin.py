"""Admin pages of features, flags and kill switches."""

from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.base import GlobalModelAdmin, TenantModelAdmin, register
from lad.labels import in_words
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.features.selectors import evaluate
from tenants.teams.models import Tenant

# As Django's ModelAdmin declares them.
Fieldsets = Any


def explain(feature_key: str, tenant: Tenant, user_id: UUID | None = None) -> SafeString:
    """Return the resulting state of a feature and the setting that decided it, as HTML."""
    state = evaluate(feature_key, tenant=tenant, user_id=user_id)
    return format_html(
        '<span class="lad-strong">{}</span> <span class="lad-hint">{} (decided by: {})</span>',
        "Open" if state.open else "Closed",
        state.reason,
        in_words(state.source).lower(),
    )


@register(TenantFeature)
class TenantFeatureAdmin(TenantModelAdmin):
    area = "features"
    section, icon, rank = "Features", "toggle_on", 10
    list_display = ["feature_key", "enabled", "created_at", "updated_at"]
    list_filter = ["enabled", "created_at"]
    readonly_fields = ["effect"]

    def get_fieldsets(self, request: HttpRequest, obj: TenantFeature | None = None) -> Fieldsets:
        return _with_effect(super().get_fieldsets(request, obj), obj)

    @display(description="In effect")
    def effect(self, obj: TenantFeature) -> SafeString:
        return explain(obj.feature_key, obj.tenant)


@register(FeatureFlag)
class FeatureFlagAdmin(TenantModelAdmin):
    area = "features"
    section, icon, rank = "Features", "flag", 20
    list_display = ["feature_key", "user", "is_enabled", "expires_at", "state", "created_at"]
    list_filter = ["is_enabled", "expires_at", "created_at"]
    search_fields = ["feature_key__startswith", "user__email"]
    readonly_fields = ["effect"]

    def get_fieldsets(self, request: HttpRequest, obj: FeatureFlag | None = None) -> Fieldsets:
        return _with_effect(super().get_fieldsets(request, obj), obj)

    @display(description="State", label={"in force": "success", "expired": "warning"})
    def state(self, obj: FeatureFlag) -> str:
        expired = obj.expires_at is not None and obj.expires_at <= timezone.now()
        return "expired" if expired else "in force"

    @display(description="In effect")
    def effect(self, obj: FeatureFlag) -> SafeString:
        return explain(obj.feature_key, obj.tenant, obj.user_id)


@register(FeatureKillSwitch)
class FeatureKillSwitchAdmin(GlobalModelAdmin):
    area = "features"
    section, icon, rank = "Features", "power_settings_new", 30
    list_display = ["feature_key", "is_active", "reason", "updated_at"]
    list_filter = ["is_active"]


def _with_effect(fieldsets: Fieldsets, obj: Model | None) -> Fieldsets:
    """Add the field ``effect`` to the first fieldset of an existing row."""
    if obj is None:
        return fieldsets
    (name, options), *others = fieldsets
    return [(name, {**options, "fields": [*options["fields"], "effect"]}), *others]
