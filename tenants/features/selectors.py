"""List the features and their plans, and decide whether a feature is open to a user.

The first of these that is set decides: the platform's kill switch, the user's flag, the tenant's flag,
the tenant's feature, the plan. Otherwise the feature is closed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from lad.tenancy.access import Access
from tenants.features.models import TenantFeature
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

_SETTINGS: Final = "feature_settings"


@dataclass(frozen=True, slots=True)
class FeatureState:
    """Whether a feature is open, which setting decided it (``source``), why in words, and its configuration."""

    open: bool
    reason: str
    source: str
    config: JsonObject = field(default_factory=dict)


class FeatureSetting(NamedTuple):
    """A row that switches a feature on or off. ``reason`` is set for kill switches only."""

    feature_key: str
    source: str
    enabled: bool
    config: JsonObject
    reason: str


_NOT_IN_PLAN: Final = FeatureState(False, "This feature is not part of the plan.", "default")
_REASONS: Final = {
    "user_flag": ("Switched on for you.", "Switched off for you."),
    "tenant_flag": ("Switched on for your tenant.", "Switched off for your tenant."),
    "tenant_feature": ("Switched on by your tenant.", "Switched off by your tenant."),
}
_KILL_SWITCH: Final = "kill_switch"
_PRECEDENCE: Final = (_KILL_SWITCH, *_REASONS)


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
    """Return the state of each feature, in one query; of all known features if no keys are given.

    Runs in any scope that sees the tenant. Flags that expired by ``now`` are ignored.
    """
    return _evaluate_all(_read_settings(tenant.pk, user_id, now or timezone.now()), tenant.plan_tier, feature_keys)


def keep_settings(access: Access, settings: Sequence[FeatureSetting]) -> None:
    """Keep the settings that were read with the caller, so that asking for a feature needs no query."""
    access.details[_SETTINGS] = settings


def states_for(access: Access) -> dict[str, FeatureState]:
    """Return the state of every feature for the caller."""
    return _evaluate_all(_settings_of(access), access.details["tenant"].plan_tier)


def gate(access: Access, feature_key: str) -> tuple[bool, str]:
    """Return whether the feature is open to the caller, and why. LAD's staff pass without a tenant."""
    if access.details.get("tenant") is None:
        return access.platform, "" if access.platform else "Features belong to a tenant; choose one."
    state = _evaluate_all(_settings_of(access), access.details["tenant"].plan_tier, [feature_key])[feature_key]
    return state.open, state.reason


def _settings_of(access: Access) -> Sequence[FeatureSetting]:
    """Return the settings that apply to the caller, read once per request."""
    if _SETTINGS not in access.details:
        keep_settings(access, _read_settings(access.details["tenant"].pk, access.user.pk, timezone.now()))
    settings: Sequence[FeatureSetting] = access.details[_SETTINGS]
    return settings


def is_available(feature_key: str, *, tenant: Tenant) -> bool:
    """Return whether the tenant may switch the feature on: its plan includes it, or LAD granted it."""
    if tenant.plan_tier in PLANS_BY_FEATURE.get(feature_key, GRANTED_ONLY):
        return True
    return TenantFeature.objects.filter(tenant=tenant.pk, feature_key=feature_key, granted=True).exists()


def _read_settings(tenant_id: UUID, user_id: UUID | None, now: datetime) -> list[FeatureSetting]:
    """Return all settings that apply to the user, or to the tenant as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_feature_settings(%s, %s, %s)::text", [tenant_id, user_id, now])
        [text] = cursor.fetchone()
    return [FeatureSetting(*setting) for setting in orjson.loads(text)]


def _evaluate_all(
    settings: Iterable[FeatureSetting], plan_tier: str, feature_keys: Iterable[str] | None = None
) -> dict[str, FeatureState]:
    found: dict[str, dict[str, FeatureSetting]] = {}
    for setting in settings:
        found.setdefault(setting.feature_key, {})[setting.source] = setting
    keys = feature_keys if feature_keys is not None else sorted({*PLANS_BY_FEATURE, *found})
    return {key: _evaluate(key, found.get(key, {}), plan_tier) for key in keys}


def _evaluate(feature_key: str, settings: Mapping[str, FeatureSetting], plan_tier: str) -> FeatureState:
    for source in _PRECEDENCE:
        if setting := settings.get(source):
            reason = setting.reason if source == _KILL_SWITCH else _REASONS[source][not setting.enabled]
            return FeatureState(setting.enabled, reason, source, setting.config)
    if plan_tier in PLANS_BY_FEATURE.get(feature_key, GRANTED_ONLY):
        return FeatureState(True, f"Part of the {PlanTier(plan_tier).label} plan.", "plan")
    return _NOT_IN_PLAN
