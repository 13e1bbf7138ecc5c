"""The tenant's remaining quotas, and the resources of entitlements and their use."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.entitlements.models import EntitlementUse, FeatureEntitlement
from billing.entitlements.services import quotas
from billing.ledger.serializers import MoneyField
from lad.api import router
from lad.api.views import LadAPIView, require_tenant


class QuotaWindowResponse(serializers.Serializer):
    """A day or month in the tenant's time zone. ``quota`` and ``left`` are null without a limit."""

    begins = serializers.DateField()
    resets_at = serializers.DateTimeField()
    quota = MoneyField(allow_null=True)
    used = MoneyField()
    left = MoneyField(allow_null=True)


class RemainingQuotaResponse(serializers.Serializer):
    """The remaining quotas of a feature. ``overage_rate`` is null if use beyond them is refused."""

    feature_key = serializers.CharField()
    enabled = serializers.BooleanField()
    unit = serializers.CharField()
    overage_rate = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    today = QuotaWindowResponse(source="day")
    this_month = QuotaWindowResponse(source="month")


class RemainingQuotasResponse(serializers.Serializer):
    features = RemainingQuotaResponse(many=True)


class RemainingQuotasView(LadAPIView):
    area = "usage"

    @extend_schema(summary="Remaining quotas of every feature", responses={200: RemainingQuotasResponse})
    def get(self, request: Request) -> Response:
        require_tenant(FeatureEntitlement)
        remaining = quotas.remaining_by_feature(now=timezone.now())
        return Response(
            RemainingQuotasResponse({"features": [_feature(key, state) for key, state in remaining.items()]}).data
        )


def _feature(key: str, state: quotas.RemainingQuota) -> dict[str, Any]:
    names = ("enabled", "unit", "overage_rate", "day", "month")
    return {"feature_key": key, **{name: getattr(state, name) for name in names}}


router.route("billing-feature-entitlements/left/", RemainingQuotasView.as_view(), name="quotas-left")


router.register(
    FeatureEntitlement,
    area="usage",
    methods=router.READ,
    filters=["feature_key", "enabled", "created_at"],
)


router.register(
    EntitlementUse,
    area="usage",
    methods=router.READ,
    filters=["entitlement", "window", "window_start", "created_at"],
)
