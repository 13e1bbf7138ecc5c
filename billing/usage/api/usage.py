"""Quote, record, charge, retry and void usage in the API.

Recording and charging open the caller's scope themselves, so that their work is committed even when the
response is an error: an event whose charge was refused stays recorded as failed.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger.keys import permanent_key
from billing.ledger.serializers import MoneyField
from billing.pricing.models import PriceScheme
from billing.pricing.services import quoting
from billing.usage.models import UsageEvent
from billing.usage.services import charging, group_commit, usage
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.times import TimeField
from lad.api.views import ResourceViewSet, require_tenant
from lad.idempotency.middleware import REPLAYED

# Only for meters: LAD's own engines call the services, and no role of a tenant has these rights.
RECORD: Final = "usage.record"
VOID: Final = "usage.void"
# Only LAD's own engines report what happened earlier.
MAX_DELAY: Final = timedelta(minutes=15)
# A quote shows what the caller's paying wallet holds.
SPEND: Final = "billing.spend"

UsageEventSerializer = make_serializer(UsageEvent, exclude=["intent"])


class UsageItemSerializer(InputSerializer):
    """How many units of a component were used. Units may be singular or plural."""

    category = serializers.CharField(max_length=50)
    provider = serializers.CharField(max_length=50)
    model = serializers.CharField(max_length=255)
    unit = serializers.CharField(max_length=30)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6, min_value=0)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class UsageItemsSerializer(InputSerializer):
    items = serializers.ListField(child=UsageItemSerializer(), min_length=1, max_length=quoting.MAX_ITEMS)


class UsageQuoteSerializer(UsageItemsSerializer):
    """The usage to quote. With a ``feature_key`` the quote includes the feature's quotas."""

    feature_key = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class RecordUsageSerializer(UsageItemsSerializer):
    """The usage to record. With ``charge`` it is charged at once, otherwise on request or automatically later."""

    feature_key = serializers.CharField(max_length=100)
    occurred_at = TimeField(
        required=False,
        allow_null=True,
        help_text="When it was used, at most 15 minutes ago. Default: now. Prices of that time apply; quotas count "
        "usage when it is recorded.",
    )
    external_reference_id = serializers.CharField(
        max_length=255,
        required=False,
        allow_blank=True,
        help_text="The call, campaign or request that caused the usage.",
    )
    metadata = serializers.DictField(required=False)
    charge = serializers.BooleanField(default=False)


class VoidUsageSerializer(InputSerializer):
    """The reason for voiding the usage."""

    reason = serializers.CharField(max_length=2000)


class PricedItemResponse(serializers.Serializer):
    """One item with its price. Units beyond a quota are an item of the category ``overage``."""

    category = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    unit = serializers.CharField()
    quantity = MoneyField()
    unit_price = serializers.DecimalField(max_digits=18, decimal_places=10)
    cost = MoneyField()
    scheme = serializers.ChoiceField(choices=PriceScheme.choices)
    price_id = serializers.UUIDField(allow_null=True)
    price_version = serializers.IntegerField(allow_null=True)


class QuotaResponse(serializers.Serializer):
    """The feature's remaining quotas before this usage. Null: no limit."""

    unit = serializers.CharField()
    left_today = MoneyField(allow_null=True)
    left_this_month = MoneyField(allow_null=True)
    day_resets_at = serializers.DateTimeField(allow_null=True)
    month_resets_at = serializers.DateTimeField(allow_null=True)
    overage_rate = serializers.DecimalField(
        max_digits=18, decimal_places=10, allow_null=True, help_text="Price of a unit beyond the quotas. Null: refused."
    )


class UsageQuoteResponse(serializers.Serializer):
    """What the usage would cost now, and whether the wallet and the quotas allow it."""

    items = PricedItemResponse(many=True)
    total = MoneyField()
    currency = serializers.CharField()
    available = MoneyField(help_text="What the paying wallet can spend.")
    affordable = serializers.BooleanField(
        help_text="Whether the wallet would pay: it is active, and what it can spend covers the total."
    )
    allowed = serializers.BooleanField(help_text="Whether the feature's quotas allow the usage.")
    quota = QuotaResponse(source="left", allow_null=True)


class UsageEventViewSet(ResourceViewSet):
    rights = {
        "create": RECORD,
        "quote": SPEND,
        "charge": RECORD,
        "retry": RECORD,
        "void": VOID,
    }
    idempotency_required = ("create", "charge", "retry", "void")
    self_scoped_actions = frozenset({"create", "charge", "retry"})

    @extend_schema(
        summary="Record usage",
        description="An Idempotency-Key records one usage event, for ever: a repeated request returns the existing "
        "event, and a different request under the same key gets a 409 that names the fields that differ. With "
        "`charge`, usage that cannot be paid is kept as failed and answered with 402, which states the required and "
        "the available amount. Repeating the request retries the charge.",
        request=RecordUsageSerializer,
        responses={201: UsageEventSerializer, **problems(400, 402, 403, 409, 422, 503)},
    )
    def create(self, request: Request) -> Response:
        form = RecordUsageSerializer.read(request.data)
        pay = form.pop("charge")
        key = permanent_key(request)
        with self.access.scope():
            require_tenant(self.model)
            event = usage.record(key=key, user=self.access.user, max_delay=MAX_DELAY, **form)
        # A repeated request may find that the event was charged or voided since.
        if pay and event.status in charging.UNPAID:
            self._charge(event)
        headers = {"Location": f"{request.path}{event.pk}/", **({REPLAYED: "true"} if event.replayed else {})}
        return self._current(event.pk, status.HTTP_201_CREATED, **headers)

    @extend_schema(
        summary="Quote usage",
        request=UsageQuoteSerializer,
        responses={200: UsageQuoteResponse, **problems(400, 403, 422)},
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def quote(self, request: Request) -> Response:
        """Return what the usage would cost now. Nothing is recorded or reserved."""
        require_tenant(self.model)
        found = quoting.quote(user_id=request.user.pk, at=timezone.now(), **UsageQuoteSerializer.read(request.data))
        return Response(UsageQuoteResponse(found).data)

    @extend_schema(
        summary="Charge a use",
        description="Debits the cost from the paying wallet, once. Usage that cannot be paid is kept as failed.",
        request=None,
        responses={200: UsageEventSerializer, **problems(402, 403, 404, 409, 503)},
    )
    @action(detail=True, methods=["post"])
    def charge(self, request: Request, pk: object) -> Response:
        with self.access.scope():
            require_tenant(self.model)
            event = self.get_object()
        self._charge(event)
        return self._current(event.pk)

    @extend_schema(
        summary="Retry a failed charge",
        description="A retry that succeeded may be repeated; it changes nothing.",
        request=None,
        responses={200: UsageEventSerializer, **problems(402, 403, 404, 409, 503)},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: object) -> Response:
        with self.access.scope():
            require_tenant(self.model)
            event = self.get_object()
            charging.require_retryable(event)
        self._charge(event)
        return self._current(event.pk)

    @extend_schema(
        summary="Void usage",
        description="Reverses the charge and returns the quota.",
        request=VoidUsageSerializer,
        responses={200: UsageEventSerializer, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def void(self, request: Request, pk: object) -> Response:
        require_tenant(self.model)
        form = VoidUsageSerializer.read(request.data)
        event = usage.void(event=self.get_object(), reason=form["reason"], actor=self.access.user)
        return self.row_response(event)

    def _charge(self, event: UsageEvent) -> None:
        """Charge the event in a group commit. The result is committed before an error is raised."""
        result = group_commit.charge(event_id=event.pk, tenant_id=event.tenant_id)
        if result.error is not None:
            result.error.extra["usage_event"] = str(event.pk)
            raise result.error

    def _current(self, event_id: UUID, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
        with self.access.scope():
            return self.row_response(self.get_queryset().get(pk=event_id), status_code, **headers)
