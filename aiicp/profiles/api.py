"""The API of customer profiles."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.features import ICP_ASSISTANT
from aiicp.ownership import visible_profiles
from aiicp.profiles import services
from aiicp.profiles.content import compare, content_of
from aiicp.profiles.models import IcpProfile, IcpProfileVersion
from lad import writes
from lad.api import router
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import ResourceViewSet

SET_BY_LAD: Final = ("user",)


class SaveProfileSerializer(InputSerializer):
    """The name and description of a profile to save from a conversation."""

    name = serializers.CharField(max_length=255)
    description = serializers.CharField(max_length=5_000, required=False, allow_blank=True, default="")
    is_shared = serializers.BooleanField(
        required=False, default=True, help_text="Whether everybody in the tenant sees and uses it."
    )


class DuplicateProfileSerializer(InputSerializer):
    """The name of a copy, and who sees it. Without them it is called a copy, and shared as the original is."""

    name = serializers.CharField(max_length=255, required=False)
    is_shared = serializers.BooleanField(required=False)


class RestoreVersionSerializer(InputSerializer):
    """The number of the version to restore."""

    number = serializers.IntegerField(min_value=1)


class ComparisonQuerySerializer(InputSerializer):
    """What to compare a profile with: another profile, an earlier version of it, or an earlier version of its own."""

    profile = serializers.UUIDField(required=False, help_text="The other profile. By default the same one.")
    version = serializers.IntegerField(min_value=1, required=False, help_text="By default the present version.")


class DifferenceResponse(serializers.Serializer):
    """One part in which two profiles differ."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the field's own label
    left = serializers.ListField(child=serializers.CharField())
    right = serializers.ListField(child=serializers.CharField())
    only_left = serializers.ListField(child=serializers.CharField())
    only_right = serializers.ListField(child=serializers.CharField())


class ComparisonResponse(serializers.Serializer):
    """The parts in which two profiles differ. None means that they say the same."""

    differences = DifferenceResponse(many=True)


class ProfileViewSet(ResourceViewSet):
    """Customer profiles: the tenant's shared ones, and the caller's own."""

    rights = {
        "use": "assistant.update",
        "share": "assistant.update",
        "make_private": "assistant.update",
        "duplicate": "assistant.create",
        "restore_version": "assistant.update",
        "compare": "assistant.view",
    }
    queries = {"compare": ComparisonQuerySerializer}

    def narrow(self, rows: QuerySet[IcpProfile]) -> QuerySet[IcpProfile]:
        return visible_profiles(self.access, rows)

    @extend_schema(summary="Count one more search with the profile", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def use(self, request: Request, pk: str) -> Response:
        return self.row_response(services.use(profile=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Share the caller's own profile with the tenant", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def share(self, request: Request, pk: str) -> Response:
        row = self.locked_object()
        return self.row_response(writes.update(row, {"is_shared": True}, actor=self.access.user))

    @extend_schema(summary="Take the caller's own profile back from the tenant", request=None)
    @action(detail=True, methods=["post"], url_path="make-private")
    @transaction.atomic
    def make_private(self, request: Request, pk: str) -> Response:
        row = self.locked_object()
        return self.row_response(writes.update(row, {"is_shared": False}, actor=self.access.user))

    @extend_schema(
        summary="Copy the profile",
        request=DuplicateProfileSerializer,
        responses={201: make_serializer(IcpProfile, read_only=SET_BY_LAD)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def duplicate(self, request: Request, pk: str) -> Response:
        values = DuplicateProfileSerializer.read(request.data)
        copied = services.duplicate(profile=self.get_object(), actor=self.access.user, **values)
        address = f"{router.resource_of(IcpProfile).url}{copied.pk}/"
        return self.row_response(copied, status.HTTP_201_CREATED, Location=address)

    @extend_schema(summary="Let the profile say again what an earlier version said", request=RestoreVersionSerializer)
    @action(detail=True, methods=["post"], url_path="restore-version")
    @transaction.atomic
    def restore_version(self, request: Request, pk: str) -> Response:
        values = RestoreVersionSerializer.read(request.data)
        profile = services.restore_version(profile=self.locked_object(), actor=self.access.user, **values)
        return self.row_response(profile)

    @extend_schema(
        summary="What differs between the profile and another one, or a version of it",
        parameters=[ComparisonQuerySerializer],
        responses={200: ComparisonResponse},
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def compare(self, request: Request, pk: UUID) -> Response:
        asked: dict[str, Any] = self.query()
        left = self.get_object()
        other = self.narrow(IcpProfile.objects.all()).filter(pk=asked["profile"]) if "profile" in asked else None
        right = left if other is None else other.first()
        if right is None:
            raise services.NoSuchProfile
        version = services.version_of(right, asked.get("version", right.version))
        differences = compare(content_of(left), content_of(version))
        return Response(ComparisonResponse({"differences": differences}).data)


class ProfileVersionViewSet(ResourceViewSet):
    """What profiles said before they were changed."""

    def narrow(self, rows: QuerySet[IcpProfileVersion]) -> QuerySet[IcpProfileVersion]:
        return visible_profiles(self.access, rows.filter(profile__deleted_at__isnull=True), path="profile__")


router.register(
    IcpProfile,
    area="assistant",
    feature=ICP_ASSISTANT,
    filters=["user", "is_active", "is_shared", "scores_leads", "source_conversation", "created_at"],
    order=["-created_at", "-usage_count"],
    read_only=SET_BY_LAD,
    viewset=ProfileViewSet,
)

router.register(
    IcpProfileVersion,
    area="assistant",
    feature=ICP_ASSISTANT,
    methods=router.READ,
    filters=["profile", "number", "created_at"],
    viewset=ProfileVersionViewSet,
)
router.include(IcpProfile, "versions", IcpProfileVersion)
