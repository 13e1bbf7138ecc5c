"""The API of customer profiles."""

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.features import ICP_ASSISTANT
from aiicp.profiles import services
from aiicp.profiles.models import IcpProfile
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet


class SaveProfileSerializer(InputSerializer):
    """The name and description of a profile to save from a conversation."""

    name = serializers.CharField(max_length=255)
    description = serializers.CharField(max_length=5_000, required=False, allow_blank=True, default="")


class ProfileViewSet(ResourceViewSet):
    """Customer profiles, shared by the whole tenant."""

    rights = {"use": "assistant.update"}

    @extend_schema(summary="Count one more search with the profile", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def use(self, request: Request, pk: str) -> Response:
        return self.row_response(services.use(profile=self.get_object(), actor=self.access.user))


router.register(
    IcpProfile,
    area="assistant",
    feature=ICP_ASSISTANT,
    filters=["user", "is_active", "source_conversation", "created_at"],
    order=["-created_at", "-usage_count"],
    read_only=["user"],
    viewset=ProfileViewSet,
)
