"""Holds in the API: reserve before work begins, extend while it lasts, capture what it cost or release.

Every write has an Idempotency-Key that the ledger keeps for good: repeated, even years later, it
gets the same bytes and moves nothing.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger.keys import permanent_key
from billing.ledger.models import LedgerTransaction, TransactionType, Wallet
from billing.ledger.serializers import ExtendedAnswer, HoldAnswer, MoneyField, ReservedAnswer, hold_answer
from billing.ledger.services import ledger, wallets
from billing.money import MICRO
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.serializers import InputSerializer, KeyField
from lad.api.views import ResourceViewSet, require_tenant
from lad.errors import Invalid

USUAL_TTL: Final = timedelta(minutes=15)
LONGEST_TTL: Final = timedelta(hours=24)
CONCERNS_OTHERS: Final = "billing.view"


class ReserveForm(InputSerializer):
    """What is to be set aside, for how long and for what."""

    amount = MoneyField(min_value=MICRO)
    ttl_seconds = serializers.IntegerField(
        min_value=1,
        max_value=int(LONGEST_TTL.total_seconds()),
        default=int(USUAL_TTL.total_seconds()),
        help_text="After so many seconds it is given back.",
    )
    wallet = KeyField(
        model=Wallet, required=False, allow_null=True, help_text="Left out: the wallet that pays for the caller."
    )
    reference_type = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    reference_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ExtendForm(InputSerializer):
    """Until when it is to last, and how much more is to be set aside."""

    expires_at = serializers.DateTimeField(help_text="At most 24 hours ahead; an earlier moment changes nothing.")
    amount = MoneyField(min_value=Decimal(0), default=Decimal(0), help_text="Set aside besides what is held.")


class CaptureForm(InputSerializer):
    """What the work cost; the rest is given back."""

    amount = MoneyField(min_value=Decimal(0))
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReleaseForm(InputSerializer):
    """Why nothing is taken."""

    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class HoldViewSet(ResourceViewSet):
    rights = dict.fromkeys(("create", "extend", "capture", "release"), "billing.spend")
    idempotency_required = True

    def narrow(self, rows: Any) -> Any:
        """Who only spends acts on the holds they made themselves."""
        if self.access.allows(CONCERNS_OTHERS):
            return rows
        made = LedgerTransaction.objects.filter(
            tenant=OuterRef("tenant"),
            hold=OuterRef("pk"),
            transaction_type=TransactionType.RESERVATION,
            created_by=self.request.user.pk,
        )
        return rows.filter(Exists(made))

    @extend_schema(
        summary="Reserve: set money aside for work that begins",
        request=ReserveForm,
        responses={201: ReservedAnswer, **problems(400, 402, 403, 409)},
    )
    @transaction.atomic
    def create(self, request: Request) -> Response:
        require_tenant(self.model)
        form = ReserveForm.read(request.data)
        chosen, ttl = form.pop("wallet", None), timedelta(seconds=form.pop("ttl_seconds"))
        said = {
            "amount": form["amount"],
            "key": permanent_key(request),
            "ttl": ttl,
            "reference": ledger.Reference(form["reference_type"], form["reference_id"]),
            "description": form["description"],
            "actor": request.user,
        }
        try:
            posted = ledger.reserve(wallet=self._wallet(chosen), **said)
        except ledger.IdempotencyConflict as conflict:
            earlier = self._earlier_wallet(said["key"])
            if chosen is not None or conflict.extra["field"] != "wallet" or earlier is None:
                raise
            posted = ledger.reserve(wallet=earlier, **said)
        answer = ReservedAnswer(hold_answer(posted, expires_at=posted.created_at + ttl)).data
        headers = {"Location": f"{request.path}{posted.hold_id}/"}
        return Response(answer, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(
        summary="Keep a hold longer, and set more aside for it if asked",
        request=ExtendForm,
        responses={200: ExtendedAnswer, **problems(400, 402, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def extend(self, request: Request, pk: Any) -> Response:
        form = ExtendForm.read(request.data)
        until = form["expires_at"]
        if until > timezone.now() + LONGEST_TTL:
            raise Invalid(errors={"expires_at": ["A hold lasts at most 24 hours from now; extend it again later."]})
        hold = self.get_object()
        posted = ledger.extend(hold=hold, key=permanent_key(request), until=until, amount=form["amount"])
        answer = {"hold": hold.pk, "lasts_until": until, "transaction": posted}
        return Response(ExtendedAnswer(answer).data)

    @extend_schema(
        summary="Capture: take what the work cost and give the rest back",
        request=CaptureForm,
        responses={200: HoldAnswer, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def capture(self, request: Request, pk: Any) -> Response:
        form = CaptureForm.read(request.data)
        key, hold = permanent_key(request), self.get_object()
        posted = ledger.capture(hold=hold, key=key, actor=request.user, **form)
        return Response(HoldAnswer(hold_answer(posted)).data)

    @extend_schema(
        summary="Release: give all of it back",
        request=ReleaseForm,
        responses={200: HoldAnswer, **problems(400, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def release(self, request: Request, pk: Any) -> Response:
        form = ReleaseForm.read(request.data)
        key, hold = permanent_key(request), self.get_object()
        posted = ledger.release(hold=hold, key=key, actor=request.user, **form)
        return Response(HoldAnswer(hold_answer(posted)).data)

    def _wallet(self, chosen: Wallet | None) -> Wallet:
        """The wallet asked for, which for those who only spend is the one that pays for them, or that one."""
        paying = wallets.paying_wallet(user_id=self.request.user.pk)
        if chosen is None or chosen.pk == paying.pk:
            return paying
        if not self.access.allows(CONCERNS_OTHERS):
            raise MissingRight(right=CONCERNS_OTHERS)
        return chosen

    def _earlier_wallet(self, key: str) -> UUID | None:
        """The wallet that paid for the caller when they used the key first; another may do so by now."""
        rows = LedgerTransaction.objects.filter(idempotency_key=key, created_by=self.request.user.pk)
        found: UUID | None = rows.values_list("wallet_id", flat=True).first()
        return found
