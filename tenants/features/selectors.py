"""List the features and their plans, and decide whether a feature is open to a user.

The first of these that is set decides: the platform's kill switch, the user's flag, the tenant's flag,
the tenant's feature, the plan. Otherwise the feature is closed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone

from lad.tenancy.access import Access
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams.models import PlanTier, Tenant

JsonObject = dict[str, Any]

EVERYBODY: Final = frozenset(PlanTier)
PAYING: Final = EVERYBODY - {PlanTier.FREE}
PROFESSIONAL: Final = frozenset({PlanTier.PROFESSIONAL, PlanTier.ENTERPRISE})
# In no plan; LAD grants it to single tenants.
GRANTED_ONLY: Final[frozenset[PlanTier]] = frozenset()

PLANS_BY_FEATURE: Final[Mapping[str, frozenset[PlanTier]]] = {
    "ai-icp-assistant": PROFESSIONAL,
    "apollo-leads": PROFESSIONAL,
    "campaigns": PROFESSIONAL,
    "dashboard": EVERYBODY,
    "deals-pipeline": PROFESSIONAL,
    "education-counsellors": GRANTED_ONLY,
    "education-students": GRANTED_ONLY,
    "lead-enrichment": PROFESSIONAL,
    "social-integration": PAYING,
    "voice-agent": PAYING,
}

_CACHE_KEY: Final = "feature_states"


@dataclass(frozen=True, slots=True)
class FeatureState:
    """Whether a feature is open, which setting decided it (``source``), why in words, and its configuration."""

    open: bool
    reason: str
    source: str
    config: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A row that switches a feature on or off."""

    enabled: bool
    config: JsonObject
    reason: str


_NOT_IN_PLAN: Final = FeatureState(False, "This feature is not part of the plan.", "default")
_REASONS: Final = {
    "user_flag": ("Switched on for you.", "Switched off for you."),
    "tenant_flag": ("Switched on for your tenant.", "Switched off for your tenant."),
    "tenant_feature": ("Switched on by your tenant.", "Switched off by your tenant."),
}
_PRECEDENCE: Final = ("kill_switch", *_REASONS)


def evaluate(
    feature_key: str, *, tenant: Tenant, user_id: UUID | None = None, now: datetime | None = None
) -> FeatureState:
    """Return the state of a feature for the user, or for the tenant as a whole."""
    return evaluate_all([feature_key], tenant=tenant, user_id=user_id, now=now)[feature_key]


def evaluate_all(
    feature_keys: Iterable[str] | None = None,
    *,
    tenant: Tenant,
    user_id: UUID | None = None,
    now: datetime | None = None,
) -> dict[str, FeatureState]:
    """Return the state of each feature, in two queries; of all known features if no keys are given.

    Runs in any scope that sees the tenant. Flags that expired by ``now`` are ignored.
    """
    settings = _settings(tenant.pk, user_id, now or timezone.now())
    keys = feature_keys if feature_keys is not None else sorted({*PLANS_BY_FEATURE, *settings})
    return {key: _evaluate(key, settings.get(key, {}), tenant.plan_tier) for key in keys}


def states_for(access: Access) -> dict[str, FeatureState]:
    """Return the state of every feature for the caller, evaluated once per request."""
    states: dict[str, FeatureState] | None = access.details.get(_CACHE_KEY)
    if states is None:
        states = evaluate_all(tenant=access.details["tenant"], user_id=access.user.pk)
        access.details[_CACHE_KEY] = states
    return states


def gate(access: Access, feature_key: str) -> tuple[bool, str]:
    """Return whether the feature is open to the caller, and why. LAD's staff pass without a tenant."""
    if access.details.get("tenant") is None:
        return access.platform, "" if access.platform else "Features belong to a tenant; choose one."
    state = states_for(access).get(feature_key, _NOT_IN_PLAN)
    return state.open, state.reason


def is_available(feature_key: str, *, tenant: Tenant) -> bool:
    """Return whether the tenant may switch the feature on: its plan includes it, or LAD granted it."""
    if tenant.plan_tier in PLANS_BY_FEATURE.get(feature_key, GRANTED_ONLY):
        return True
    return TenantFeature.objects.filter(tenant=tenant.pk, feature_key=feature_key, granted=True).exists()


def _settings(tenant_id: UUID, user_id: UUID | None, now: datetime) -> dict[str, dict[str, _Setting]]:
    """Return all settings that apply, by feature and source."""
    found: dict[str, dict[str, _Setting]] = {}
    for key, reason in FeatureKillSwitch.objects.filter(is_active=True).values_list("feature_key", "reason"):
        found.setdefault(key, {})["kill_switch"] = _Setting(False, {}, reason)
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    for_user = Q(user__isnull=True) | Q(user=user_id) if user_id else Q(user__isnull=True)
    flags = FeatureFlag.objects.filter(unexpired, for_user, tenant=tenant_id).annotate(
        on=F("is_enabled"), whose=Cast("user", CharField())
    )
    features = TenantFeature.objects.filter(tenant=tenant_id).annotate(
        on=F("enabled"), whose=Value("feature", CharField())
    )
    columns = ("feature_key", "on", "config", "whose")
    for key, enabled, config, whose in flags.values_list(*columns).union(features.values_list(*columns), all=True):
        source = "tenant_feature" if whose == "feature" else "user_flag" if whose else "tenant_flag"
        found.setdefault(key, {})[source] = _Setting(enabled, config, _REASONS[source][not enabled])
    return found


def _evaluate(feature_key: str, settings: Mapping[str, _Setting], plan_tier: str) -> FeatureState:
    for source in _PRECEDENCE:
        if setting := settings.get(source):
            return FeatureState(setting.enabled, setting.reason, source, setting.config)
    if plan_tier in PLANS_BY_FEATURE.get(feature_key, GRANTED_ONLY):
        return FeatureState(True, f"Part of the {PlanTier(plan_tier).label} plan.", "plan")
    return _NOT_IN_PLAN
