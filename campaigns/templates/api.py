"""Message templates in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.templates import rendering
from campaigns.templates.models import CommunicationTemplate
from lad.api import router
from lad.api.views import ResourceViewSet


class PreviewResponse(serializers.Serializer):
    """A template filled with sample values."""

    subject = serializers.CharField()
    body = serializers.CharField()
    html = serializers.CharField()
    unknown = serializers.ListField(child=serializers.CharField(), help_text="Placeholders that nothing fills.")


class TemplateViewSet(ResourceViewSet):
    """Message templates, the tenant's own and the shared ones."""

    rights = {"preview": "templates.view"}

    @extend_schema(summary="Preview a template with sample values", responses={200: PreviewResponse})
    @action(detail=True, methods=["get"])
    def preview(self, request: Request, pk: UUID) -> Response:
        return Response(PreviewResponse(rendering.preview(self.get_object())).data)


FEATURE = "campaigns"


router.register(
    CommunicationTemplate,
    area="templates",
    feature=FEATURE,
    filters=["channel", "template_key", "language", "category", "is_active", "agent_id", "created_at"],
    order=["-created_at", "name"],
    search=["name", "template_key"],
    viewset=TemplateViewSet,
)
