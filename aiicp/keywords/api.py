"""The API of keyword expansions."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.features import ICP_ASSISTANT
from aiicp.keywords import services
from aiicp.keywords.models import KeywordExpansion
from aiicp.keywords.thesaurus import GENERAL
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet, TenantRequired


class ExpandSerializer(InputSerializer):
    """A keyword and the sense in which it is meant."""

    keyword = serializers.CharField(max_length=services.MAX_KEYWORD)
    context = serializers.CharField(  # type: ignore[assignment]  # a field, not the serializer's context
        max_length=services.MAX_CONTEXT, required=False, default=GENERAL
    )


class ExpansionResponse(serializers.Serializer):
    """The keywords that mean about the same. ``reason`` says why there are none."""

    id = serializers.UUIDField(allow_null=True)
    keyword = serializers.CharField()
    context = serializers.CharField()  # type: ignore[assignment]  # as above
    keywords = serializers.ListField(child=serializers.CharField())
    origin = serializers.ChoiceField(choices=[each.value for each in services.Origin])
    model = serializers.CharField(allow_blank=True)
    usage_count = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)


class KeywordExpansionViewSet(ResourceViewSet):
    """Keywords that mean about the same: the tenant's own, and those that LAD shares with all."""

    rights = {"expand": "assistant.create"}
    # It may ask a model, which takes long.
    self_scoped_actions = frozenset({"expand"})

    @extend_schema(
        summary="Find keywords that mean about the same, and keep them",
        request=ExpandSerializer,
        responses={200: ExpansionResponse},
        filters=False,
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def expand(self, request: Request) -> Response:
        asked = ExpandSerializer.read(request.data)
        if self.access.tenant_id is None:
            raise TenantRequired
        found = services.expand(**asked, tenant_id=self.access.tenant_id, actor=self.access.user)
        return Response(ExpansionResponse(found).data)


router.register(
    KeywordExpansion,
    area="assistant",
    feature=ICP_ASSISTANT,
    methods=router.READ,
    filters=["original_keyword", "context", "created_at"],
    order=["-created_at", "-usage_count"],
    viewset=KeywordExpansionViewSet,
)
