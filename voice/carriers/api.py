"""Carrier accounts in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet, require_writable
from voice.carriers import services
from voice.carriers.callback_addresses import callback_url
from voice.carriers.models import CarrierAccount
from voice.features import VOICE_AGENT

AREA = "carriers"


class CarrierTestResponse(serializers.Serializer):
    """The result of a test: the account's new status, and what is wrong."""

    status = serializers.CharField()
    reason = serializers.CharField()


_Account = make_serializer(CarrierAccount)


class CarrierAccountSerializer(_Account):  # type: ignore[misc, valid-type]
    """An account at a carrier, and where the carrier reports; empty if it cannot reach LAD."""

    callback_url = serializers.SerializerMethodField()

    class Meta(_Account.Meta):  # type: ignore[name-defined]
        fields = [*_Account.Meta.fields, "callback_url"]

    def get_callback_url(self, row: CarrierAccount) -> str:
        return callback_url(row)


class CarrierAccountViewSet(ResourceViewSet):
    """Accounts at carriers: the tenant's own, and the platform's, which every tenant's numbers may use."""

    rights = dict.fromkeys(["test", "resume"], f"{AREA}.update")
    self_scoped_actions = frozenset({"test"})

    @extend_schema(
        summary="Ask the carrier for the account's numbers. Places no call",
        request=None,
        responses={200: CarrierTestResponse},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        # Runs outside of the request's transaction because it calls the carrier.
        with self.access.scope():
            account = require_writable(self.get_object())
        return Response(CarrierTestResponse(services.test_account(account=account)).data)

    @extend_schema(summary="Let calls be placed through a paused account again", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resume(self, request: Request, pk: UUID) -> Response:
        account = require_writable(self.get_object())
        return self.row_response(services.resume_account(account=account, actor=self.access.user))


router.register(
    CarrierAccount,
    area=AREA,
    feature=VOICE_AGENT,
    filters=["carrier", "is_active", "status", "created_at"],
    order=["-created_at", "name"],
    serializer=CarrierAccountSerializer,
    viewset=CarrierAccountViewSet,
)
