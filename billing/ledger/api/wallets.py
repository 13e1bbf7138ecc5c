"""Wallets in the API: read, warned of in time, and which of them pays for the caller."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger import selectors
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.serializers import MoneyField
from billing.ledger.services import wallets
from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet, require_tenant

_Wallet = make_serializer(
    Wallet,
    read_only=[
        "user",
        "current_balance",
        "reserved_balance",
        "currency",
        "status",
        "low_balance_notified_at",
        "metadata",
        "ledger_version",
        "ledger_hash",
    ],
)


class WalletSerializer(_Wallet):  # type: ignore[misc, valid-type]
    """One balance: the tenant's own (no user) or that of one of its users. Only its threshold is set here."""

    available_balance = MoneyField(read_only=True, help_text="What can be spent.")

    class Meta(_Wallet.Meta):  # type: ignore[name-defined]
        fields = [*_Wallet.Meta.fields, "available_balance"]


class ExpiringAnswer(serializers.Serializer):
    """Credit that is lost unless it is used in time."""

    id = serializers.UUIDField()
    remaining = MoneyField()
    expires_at = serializers.DateTimeField()


class PayingWalletAnswer(serializers.Serializer):
    """The wallet that pays for what the caller does; amounts are in its currency."""

    wallet_id = serializers.UUIDField(source="id")
    is_own = serializers.SerializerMethodField(help_text="Whether it is the caller's own or the tenant's.")
    status = serializers.ChoiceField(choices=WalletStatus.choices)
    currency = serializers.CharField()
    current_balance = MoneyField()
    reserved_balance = MoneyField()
    available_balance = MoneyField(help_text="What can be spent.")
    low_balance_threshold = MoneyField(allow_null=True)
    is_low = serializers.BooleanField(help_text="Whether less than the threshold can be spent.")
    next_expiring_lot = serializers.SerializerMethodField(help_text="The credit that is lost first.")

    def get_is_own(self, wallet: Wallet) -> bool:
        return wallet.user_id is not None

    @extend_schema_field(ExpiringAnswer(allow_null=True))
    def get_next_expiring_lot(self, wallet: Wallet) -> Any:
        lot = selectors.next_to_expire(wallet, now=timezone.now())
        return ExpiringAnswer(lot).data if lot else None


class WalletViewSet(ResourceViewSet):
    rights = {"mine": "billing.spend"}

    @extend_schema(
        summary="The wallet that pays for me",
        description="The caller's own wallet unless it is closed or there is none, else the tenant's.",
        responses={200: PayingWalletAnswer, **problems(400, 403)},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def mine(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(PayingWalletAnswer(wallets.paying_wallet(user_id=request.user.pk)).data)
