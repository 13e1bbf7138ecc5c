"""Webhooks and their calls in the API."""

from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.webhooks import services
from campaigns.webhooks.models import WebhookCall, WebhookEndpoint
from lad.api import router
from lad.api.views import ResourceViewSet

FEATURE = "campaigns"
AREA = "sending-accounts"


class SecretResponse(serializers.Serializer):
    """A new secret. It cannot be read again."""

    secret = serializers.CharField()


class WebhookEndpointViewSet(ResourceViewSet):
    """Systems that steps of campaigns call with the data of leads."""

    rights = {"new_secret": "sending-accounts.update"}

    @extend_schema(
        summary="Give a webhook a new secret and return it, once", request=None, responses={200: SecretResponse}
    )
    @action(detail=True, methods=["post"], url_path="new-secret")
    @transaction.atomic
    def new_secret(self, request: Request, pk: UUID) -> Response:
        secret = services.replace_secret(endpoint=self.get_object(), actor=self.access.user)
        return Response(SecretResponse({"secret": secret}).data)


router.register(
    WebhookEndpoint,
    area=AREA,
    feature=FEATURE,
    filters=["is_active", "created_at"],
    search=["name"],
    viewset=WebhookEndpointViewSet,
)

router.register(
    WebhookCall,
    area=AREA,
    feature=FEATURE,
    methods=router.READ,
    exclude=["attempts", "lease_until"],
    filters=["endpoint", "campaign", "campaign_lead", "step", "state", "created_at"],
)
