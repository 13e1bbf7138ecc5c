"""Usage in the API: quoted, recorded, charged, tried again and voided.

Recording and charging keep what they did even when the answer is a refusal, so they enter the caller's
scope themselves: an event whose charge was refused stays recorded as failed.
"""

from typing import Any, Final
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
from billing.pricing.services import quoting as pricing
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import charging, usage
from billing.usage.services import group_commit as lane
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import ResourceViewSet, require_tenant
from lad.idempotency.middleware import REPLAYED

SPEND: Final = "billing.spend"
# To give money back is more than to spend it.
GIVE_BACK: Final = "billing.update"

UsageEventSerializer = make_serializer(UsageEvent, exclude=["intent"])


class ItemForm(InputSerializer):
    """How many units of a component were used. Units may be in the plural."""

    category = serializers.CharField(max_length=50)
    provider = serializers.CharField(max_length=50)
    model = serializers.CharField(max_length=255)
    unit = serializers.CharField(max_length=30)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6, min_value=0)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ItemsForm(InputSerializer):
    items = serializers.ListField(child=ItemForm(), min_length=1, max_length=pricing.MOST_ITEMS)


class QuoteForm(ItemsForm):
    """What would be used; with a ``feature_key`` its quotas are looked at too."""

    feature_key = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)


class RecordForm(ItemsForm):
    """What was used; with ``charge`` it is paid at once, otherwise by a call of its own or a while later by itself."""

    feature_key = serializers.CharField(max_length=100)
    occurred_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="When it was used; now if left out. Prices and quotas are those of then.",
    )
    external_reference_id = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="The call, campaign or request it came from."
    )
    metadata = serializers.DictField(required=False)
    charge = serializers.BooleanField(default=False)


class VoidForm(InputSerializer):
    """Why it is taken back."""

    reason = serializers.CharField(max_length=2000)


class PricedItemAnswer(serializers.Serializer):
    """One item with its price; what goes beyond a quota is an item of the category ``overage``."""

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


class QuotaAnswer(serializers.Serializer):
    """What the feature's quotas leave before this use; null is no limit."""

    unit = serializers.CharField()
    left_today = MoneyField(allow_null=True)
    left_this_month = MoneyField(allow_null=True)
    day_resets_at = serializers.DateTimeField(allow_null=True)
    month_resets_at = serializers.DateTimeField(allow_null=True)
    overage_rate = serializers.DecimalField(
        max_digits=18, decimal_places=10, allow_null=True, help_text="Of a unit beyond the quotas; null where refused."
    )


class QuoteAnswer(serializers.Serializer):
    """What it would cost now, and what there is to pay it from."""

    items = PricedItemAnswer(many=True)
    total = MoneyField()
    currency = serializers.CharField()
    available = MoneyField(source="wallet.available_balance", help_text="What the wallet that would pay can spend.")
    affordable = serializers.BooleanField(help_text="Whether that is enough.")
    allowed = serializers.BooleanField(help_text="Whether the feature's quotas let it through.")
    quota = QuotaAnswer(source="left", allow_null=True)


class UsageEventViewSet(ResourceViewSet):
    rights = {
        "create": "usage.record",
        "quote": "usage.record",
        "charge": SPEND,
        "retry": SPEND,
        "void": SPEND,
    }
    idempotency_required = ("create", "charge", "retry", "void")

    @extend_schema(
        summary="Record what was used",
        description="Once per Idempotency-Key for ever: sent again, it answers the event as it is then. The same key "
        "with another use is a 409 that names what differs. With `charge` a use that cannot be paid is kept as failed "
        "and answered 402 with what it takes and what there is; the same request again tries again.",
        request=RecordForm,
        responses={201: UsageEventSerializer, **problems(400, 402, 403, 409, 422, 503)},
    )
    def create(self, request: Request) -> Response:
        form = RecordForm.read(request.data)
        pay = form.pop("charge")
        if pay and not self.access.allows(SPEND):
            raise MissingRight(right=SPEND)
        key = permanent_key(request)
        with self.access.scope():
            require_tenant(self.model)
            event = usage.record(key=key, user=self.access.user, **form)
        if pay:
            self._charge(event)
        headers = {"Location": f"{request.path}{event.pk}/", **({REPLAYED: "true"} if event.replayed else {})}
        return self._as_now(event.pk, status.HTTP_201_CREATED, **headers)

    @extend_schema(
        summary="What a use would cost",
        request=QuoteForm,
        responses={200: QuoteAnswer, **problems(400, 403, 422)},
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def quote(self, request: Request) -> Response:
        """Nothing is recorded or set aside."""
        require_tenant(self.model)
        found = pricing.quote(user_id=request.user.pk, at=timezone.now(), **QuoteForm.read(request.data))
        return Response(QuoteAnswer(found).data)

    @extend_schema(
        summary="Charge a use",
        description="Takes its cost from the wallet that pays for it, once. What cannot be paid is kept as failed.",
        request=None,
        responses={200: UsageEventSerializer, **problems(402, 403, 404, 409, 503)},
    )
    @action(detail=True, methods=["post"])
    def charge(self, request: Request, pk: Any) -> Response:
        with self.access.scope():
            require_tenant(self.model)
            event = self.get_object()
        self._charge(event)
        return self._as_now(event.pk)

    @extend_schema(
        summary="Try a failed charge again",
        request=None,
        responses={200: UsageEventSerializer, **problems(402, 403, 404, 409, 503)},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: Any) -> Response:
        with self.access.scope():
            require_tenant(self.model)
            event = self.get_object()
            charging.require_failed(event)
        self._charge(event)
        return self._as_now(event.pk)

    @extend_schema(
        summary="Void a use",
        description="A charge is reversed, which takes the right billing.update, and the quota is given back.",
        request=VoidForm,
        responses={200: UsageEventSerializer, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def void(self, request: Request, pk: Any) -> Response:
        require_tenant(self.model)
        form = VoidForm.read(request.data)
        event = charging.locked(self.get_object())
        if event.status == UsageStatus.CHARGED and not self.access.allows(GIVE_BACK):
            raise MissingRight(right=GIVE_BACK)
        return self.answer(usage.void(event=event, reason=form["reason"], actor=request.user))

    def _charge(self, event: UsageEvent) -> None:
        """Charge the event with what others charge now; it is committed before a refusal is raised."""
        verdict = lane.charge(event_id=event.pk, tenant_id=event.tenant_id)
        if verdict.error is not None:
            verdict.error.extra["usage_event"] = str(event.pk)
            raise verdict.error

    def _as_now(self, event_id: UUID, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
        with self.access.scope():
            return self.answer(self.get_queryset().get(pk=event_id), status_code, **headers)
