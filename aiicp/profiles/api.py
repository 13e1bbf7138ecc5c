"""What the assistant's resources can do beyond being rows, and who sees them."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.profiles import services as profiles
from aiicp.profiles.models import IcpProfile
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet


class SaveProfileForm(InputSerializer):
    """What a profile saved from a conversation is to be called."""

    name = serializers.CharField(max_length=255)
    description = serializers.CharField(max_length=5_000, required=False, allow_blank=True, default="")


class ProfileViewSet(ResourceViewSet):
    """Customer profiles, which the whole team searches with."""

    rights = {"use": "assistant.update"}

    @extend_schema(summary="Count one more search with the profile", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def use(self, request: Request, pk: Any) -> Response:
        return self.answer(profiles.use(profile=self.get_object(), actor=request.user))


FEATURE = "ai-icp-assistant"


router.register(
    IcpProfile,
    area="assistant",
    feature=FEATURE,
    filters=["user", "is_active", "source_conversation", "created_at"],
    order=["-created_at", "-usage_count"],
    read_only=["user"],
    viewset=ProfileViewSet,
)
