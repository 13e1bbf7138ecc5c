"""Wallets in the API: read them, set their threshold, and find the one that pays for the caller."""

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
    """The wallet of the tenant (no user) or of one of its users. Only the threshold can be changed."""

    available_balance = MoneyField(read_only=True, help_text="The balance less what is reserved.")

    class Meta(_Wallet.Meta):  # type: ignore[name-defined]
        fields = [*_Wallet.Meta.fields, "available_balance"]


class ExpiringLotResponse(serializers.Serializer):
    """A credit lot that expires unless it is used in time."""

    id = serializers.UUIDField()
    remaining = MoneyField()
    expires_at = serializers.DateTimeField()


class PayingWalletResponse(serializers.Serializer):
    """The wallet that pays for the caller's use. Amounts are in its currency."""

    wallet_id = serializers.UUIDField(source="id")
    is_own = serializers.SerializerMethodField(help_text="Whether it is the caller's own wallet, not the tenant's.")
    status = serializers.ChoiceField(choices=WalletStatus.choices)
    currency = serializers.CharField()
    current_balance = MoneyField()
    reserved_balance = MoneyField()
    available_balance = MoneyField(help_text="The balance less what is reserved.")
    low_balance_threshold = MoneyField(allow_null=True)
    is_low = serializers.BooleanField(help_text="Whether the available balance is below the threshold.")
    next_expiring_lot = serializers.SerializerMethodField(help_text="The credit lot that expires first.")

    def get_is_own(self, wallet: Wallet) -> bool:
        return wallet.user_id is not None

    @extend_schema_field(ExpiringLotResponse(allow_null=True))
    def get_next_expiring_lot(self, wallet: Wallet) -> object:
        lot = selectors.next_to_expire(wallet, now=timezone.now())
        return ExpiringLotResponse(lot).data if lot else None


class WalletViewSet(ResourceViewSet):
    rights = {"mine": "billing.spend"}

    @extend_schema(
        summary="The wallet that pays for me",
        description="The caller's own wallet, or the tenant's if the caller has no open wallet.",
        responses={200: PayingWalletResponse, **problems(400, 403)},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def mine(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(PayingWalletResponse(wallets.paying_wallet(user_id=request.user.pk)).data)
