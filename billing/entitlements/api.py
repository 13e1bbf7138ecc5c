"""What a tenant's quotas leave, for the app to show before it is refused."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.entitlements.models import EntitlementUse, FeatureEntitlement
from billing.entitlements.services import quotas as entitlements
from billing.ledger.serializers import MoneyField
from lad.api import router
from lad.api.views import LadAPIView, require_tenant


class WindowAnswer(serializers.Serializer):
    """One window of a quota, from local midnight to local midnight; null where there is no limit."""

    begins = serializers.DateField()
    resets_at = serializers.DateTimeField()
    quota = MoneyField(allow_null=True)
    used = MoneyField()
    left = MoneyField(allow_null=True)


class LeftAnswer(serializers.Serializer):
    """One feature: what its quotas count, what is left of them, and what a unit beyond costs (null: refused)."""

    feature_key = serializers.CharField()
    enabled = serializers.BooleanField()
    unit = serializers.CharField()
    overage_rate = serializers.DecimalField(max_digits=18, decimal_places=10, allow_null=True)
    today = WindowAnswer(source="day")
    this_month = WindowAnswer(source="month")


class AllLeftAnswer(serializers.Serializer):
    features = LeftAnswer(many=True)


class QuotasLeft(LadAPIView):
    area = "usage"

    @extend_schema(summary="What the quotas of every feature leave now", responses={200: AllLeftAnswer})
    def get(self, request: Request) -> Response:
        require_tenant(FeatureEntitlement)
        left = entitlements.all_left(now=timezone.now())
        return Response(AllLeftAnswer({"features": [_feature(key, state) for key, state in left.items()]}).data)


def _feature(key: str, state: entitlements.Left) -> dict[str, Any]:
    names = ("enabled", "unit", "overage_rate", "day", "month")
    return {"feature_key": key, **{name: getattr(state, name) for name in names}}


router.route("billing-feature-entitlements/left/", QuotasLeft.as_view(), name="quotas-left")


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
