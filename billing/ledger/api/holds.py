"""Holds in the API: reserve before work begins, extend while it lasts, then capture its cost or release.

Every write needs an Idempotency-Key, which the ledger keeps forever. Repeating a request, even years
later, returns the same bytes and changes nothing.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger.errors import IdempotencyConflict
from billing.ledger.keys import permanent_key
from billing.ledger.models import Hold, LedgerTransaction, TransactionType, Wallet
from billing.ledger.serializers import (
    HoldCreatedResponse,
    HoldExtendedResponse,
    HoldResponse,
    MoneyField,
    hold_data,
)
from billing.ledger.services import ledger, wallets
from billing.money import MICRO
from lad.api.authentication import require_user
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.serializers import InputSerializer, KeyField
from lad.api.times import TimeField
from lad.api.views import ResourceViewSet, require_tenant
from lad.errors import Invalid

DEFAULT_TTL: Final = timedelta(minutes=15)
MAX_TTL: Final = timedelta(hours=24)
# Callers with this right may use any wallet and any hold of the tenant.
VIEW_RIGHT: Final = "billing.view"


class ReserveSerializer(InputSerializer):
    """How much to reserve, for how long and for what."""

    amount = MoneyField(min_value=MICRO)
    ttl_seconds = serializers.IntegerField(
        min_value=1,
        max_value=int(MAX_TTL.total_seconds()),
        default=int(DEFAULT_TTL.total_seconds()),
        help_text="The hold expires after this many seconds.",
    )
    wallet = KeyField(
        model=Wallet, required=False, allow_null=True, help_text="The wallet that pays for the caller if left out."
    )
    reference_type = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    reference_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ExtendSerializer(InputSerializer):
    """Until when the hold should last, and how much more to reserve."""

    expires_at = TimeField(help_text="At most 24 hours ahead. An earlier time changes nothing.")
    amount = MoneyField(min_value=Decimal(0), default=Decimal(0), help_text="Reserved in addition to the hold.")


class CaptureSerializer(InputSerializer):
    """The cost of the work. The rest of the hold is released."""

    amount = MoneyField(min_value=Decimal(0))
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReleaseSerializer(InputSerializer):
    """Why nothing is charged."""

    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class HoldViewSet(ResourceViewSet):
    # A hold reserves money for metered work, so it belongs to the meter.
    rights = dict.fromkeys(("create", "extend", "capture", "release"), "usage.record")
    idempotency_required = True

    def narrow(self, rows: QuerySet[Hold]) -> QuerySet[Hold]:
        """Limit meters to the holds that they made themselves, unless they may see all."""
        if self.access.allows(VIEW_RIGHT):
            return rows
        own_reservations = LedgerTransaction.objects.filter(
            tenant=OuterRef("tenant"),
            hold=OuterRef("pk"),
            transaction_type=TransactionType.RESERVATION,
            created_by=self.request.user.pk,
        )
        return rows.filter(Exists(own_reservations))

    @extend_schema(
        summary="Reserve: create a hold for work that begins",
        request=ReserveSerializer,
        responses={201: HoldCreatedResponse, **problems(400, 402, 403, 409)},
    )
    @transaction.atomic
    def create(self, request: Request) -> Response:
        require_tenant(self.model)
        data = ReserveSerializer.read(request.data)
        chosen, ttl = data.pop("wallet", None), timedelta(seconds=data.pop("ttl_seconds"))
        key = permanent_key(request)
        posting = {
            "amount": data["amount"],
            "key": key,
            "ttl": ttl,
            "reference": ledger.Reference(data["reference_type"], data["reference_id"]),
            "description": data["description"],
            "actor": request.user,
        }
        try:
            posted = ledger.reserve(wallet=self._wallet(chosen), **posting)
        except IdempotencyConflict as conflict:
            earlier = self._earlier_wallet(key)
            if chosen is not None or conflict.extra["field"] != "wallet" or earlier is None:
                raise
            posted = ledger.reserve(wallet=earlier, **posting)
        response = HoldCreatedResponse({**hold_data(posted), "expires_at": posted.created_at + ttl})
        headers = {"Location": f"{request.path}{posted.hold_id}/"}
        return Response(response.data, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(
        summary="Extend a hold and, if asked, reserve more for it",
        request=ExtendSerializer,
        responses={200: HoldExtendedResponse, **problems(400, 402, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def extend(self, request: Request, pk: str) -> Response:
        data = ExtendSerializer.read(request.data)
        until = data["expires_at"]
        if until > timezone.now() + MAX_TTL:
            raise Invalid(
                errors={"expires_at": ["A hold can be extended by at most 24 hours from now. Extend it again later."]}
            )
        hold = self.get_object()
        posted = ledger.extend(hold=hold, key=permanent_key(request), until=until, amount=data["amount"])
        response = HoldExtendedResponse({"hold": hold.pk, "lasts_until": until, "transaction": posted})
        return Response(response.data)

    @extend_schema(
        summary="Capture: charge what the work cost and release the rest",
        request=CaptureSerializer,
        responses={200: HoldResponse, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def capture(self, request: Request, pk: str) -> Response:
        data = CaptureSerializer.read(request.data)
        key, hold = permanent_key(request), self.get_object()
        posted = ledger.capture(hold=hold, key=key, actor=require_user(request), **data)
        return Response(HoldResponse(hold_data(posted)).data)

    @extend_schema(
        summary="Release the whole hold",
        request=ReleaseSerializer,
        responses={200: HoldResponse, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def release(self, request: Request, pk: str) -> Response:
        data = ReleaseSerializer.read(request.data)
        key, hold = permanent_key(request), self.get_object()
        posted = ledger.release(hold=hold, key=key, actor=require_user(request), **data)
        return Response(HoldResponse(hold_data(posted)).data)

    def _wallet(self, chosen: Wallet | None) -> Wallet:
        """Return the requested wallet. Callers who may not see wallets get the one that pays for them."""
        paying = wallets.paying_wallet(user_id=self.request.user.pk)
        if chosen is None or chosen.pk == paying.pk:
            return paying
        if not self.access.allows(VIEW_RIGHT):
            raise MissingRight(right=VIEW_RIGHT)
        return chosen

    def _earlier_wallet(self, key: str) -> UUID | None:
        """Return the wallet of the caller's first request with this key. Another wallet may pay by now."""
        rows = LedgerTransaction.objects.filter(idempotency_key=key, created_by=self.request.user.pk)
        found: UUID | None = rows.values_list("wallet_id", flat=True).first()
        return found
