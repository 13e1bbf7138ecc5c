"""Which features there are, which plans include them, and whether one is open to somebody.

The first of these that says something decides: the platform's kill switch, the user's flag, the
tenant's flag, the tenant's feature, the plan; otherwise the feature is off.
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

EVERYBODY: Final = frozenset(PlanTier)
PAYING: Final = EVERYBODY - {PlanTier.FREE}
PROFESSIONAL: Final = frozenset({PlanTier.PROFESSIONAL, PlanTier.ENTERPRISE})
# In no plan: the platform grants it to single tenants.
GRANTED_ONLY: Final[frozenset[PlanTier]] = frozenset()

CATALOGUE: Final[Mapping[str, frozenset[PlanTier]]] = {
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

_DETAIL: Final = "feature_decisions"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a feature is open, what decided it (``source``), why in words, and its settings."""

    open: bool
    reason: str
    source: str
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Saying:
    source: str
    enabled: bool
    config: dict[str, Any]
    reason: str


_SILENT: Final = Decision(False, "This feature is not part of the plan.", "default")
_WORDS: Final = {
    "user_flag": ("Switched on for you.", "Switched off for you."),
    "tenant_flag": ("Switched on for your tenant.", "Switched off for your tenant."),
    "tenant_feature": ("Switched on by your tenant.", "Switched off by your tenant."),
}
_STRONGEST_FIRST: Final = ("kill_switch", *_WORDS)


def evaluate(feature_key: str, *, tenant: Tenant, user_id: UUID | None = None, now: datetime | None = None) -> Decision:
    """Whether one feature is open to the user (or to the tenant as such), and why."""
    return evaluate_all([feature_key], tenant=tenant, user_id=user_id, now=now)[feature_key]


def evaluate_all(
    feature_keys: Iterable[str] | None = None,
    *,
    tenant: Tenant,
    user_id: UUID | None = None,
    now: datetime | None = None,
) -> dict[str, Decision]:
    """The decision on each feature, in two queries; without keys on all that are known of.

    Runs in any scope that sees the tenant. Flags that expired by ``now`` count as absent.
    """
    sayings = _sayings(tenant.pk, user_id, now or timezone.now())
    keys = feature_keys if feature_keys is not None else sorted({*CATALOGUE, *sayings})
    return {key: _decide(key, sayings.get(key, {}), tenant.plan_tier) for key in keys}


def of_access(access: Access) -> dict[str, Decision]:
    """The decisions on all features for the caller of a request, made once per request."""
    decisions: dict[str, Decision] | None = access.details.get(_DETAIL)
    if decisions is None:
        decisions = evaluate_all(tenant=access.details["tenant"], user_id=access.user.pk)
        access.details[_DETAIL] = decisions
    return decisions


def gate(access: Access, feature_key: str) -> tuple[bool, str]:
    """The API's feature gate: open or not, and the reason. Staff who work for no tenant pass."""
    if access.details.get("tenant") is None:
        return access.platform, "" if access.platform else "Features belong to a tenant; choose one."
    decision = of_access(access).get(feature_key, _SILENT)
    return decision.open, decision.reason


def is_available(feature_key: str, *, tenant: Tenant) -> bool:
    """Whether the tenant's own people may switch the feature on: the plan includes it or the platform granted it."""
    if tenant.plan_tier in CATALOGUE.get(feature_key, GRANTED_ONLY):
        return True
    return TenantFeature.objects.filter(tenant=tenant.pk, feature_key=feature_key, granted=True).exists()


def _sayings(tenant_id: UUID, user_id: UUID | None, now: datetime) -> dict[str, dict[str, _Saying]]:
    """Everything any table says, by feature and source."""
    found: dict[str, dict[str, _Saying]] = {}
    for key, reason in FeatureKillSwitch.objects.filter(is_active=True).values_list("feature_key", "reason"):
        found.setdefault(key, {})["kill_switch"] = _Saying("kill_switch", False, {}, reason)
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
        found.setdefault(key, {})[source] = _Saying(source, enabled, config, _WORDS[source][not enabled])
    return found


def _decide(feature_key: str, sayings: Mapping[str, _Saying], plan_tier: str) -> Decision:
    for source in _STRONGEST_FIRST:
        if source in sayings:
            saying = sayings[source]
            return Decision(saying.enabled, saying.reason, source, saying.config)
    if plan_tier in CATALOGUE.get(feature_key, GRANTED_ONLY):
        return Decision(True, f"Part of the {PlanTier(plan_tier).label} plan.", "plan")
    return _SILENT
