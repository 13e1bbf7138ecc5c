"""Message templates in the API."""

from typing import TypeVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import EmailAccount
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.previews import preview
from campaigns.templates.services import COLUMNS
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet
from lad.errors import Invalid
from leads.contacts.models import Lead

FEATURE = "campaigns"

Row = TypeVar("Row", Lead, EmailAccount)


class PreviewRequest(InputSerializer):
    """Whom a preview is for, and texts that are not saved yet. Without a lead, samples are filled in."""

    lead = serializers.UUIDField(required=False)
    account = serializers.UUIDField(required=False, help_text="The e-mail account that would send it.")
    variant = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000, default=1)
    subject = serializers.CharField(required=False, allow_blank=True, max_length=500, trim_whitespace=False)
    body = serializers.CharField(required=False, allow_blank=True, max_length=50_000, trim_whitespace=False)
    html_content = serializers.CharField(required=False, allow_blank=True, max_length=200_000, trim_whitespace=False)


class ProblemResponse(serializers.Serializer):
    """Something to correct in a text."""

    field = serializers.CharField()
    line = serializers.IntegerField(help_text="From 1. 0 means the whole field.")
    message = serializers.CharField()
    hint = serializers.BooleanField(help_text="Advice: the template can be used as it is.")


class PreviewResponse(serializers.Serializer):
    """A filled template."""

    subject = serializers.CharField()
    body = serializers.CharField()
    html = serializers.CharField(help_text="Show it in a frame with an empty sandbox attribute.")
    unknown = serializers.ListField(child=serializers.CharField(), help_text="Variables that nothing fills.")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Variables for which this lead has no value."
    )
    variants = serializers.IntegerField(help_text="How many texts the choices allow, up to a million.")
    variant = serializers.IntegerField()
    choices = serializers.ListField(
        child=serializers.IntegerField(), help_text="The option taken at each choice, from 1."
    )
    language = serializers.CharField()
    snippets = serializers.DictField(child=serializers.CharField(), help_text="The language of each snippet used.")
    problems = ProblemResponse(many=True)


class TemplateViewSet(ResourceViewSet):
    """Message templates, the tenant's own and the shared ones."""

    rights = {"preview": "templates.view"}

    @extend_schema(methods=["GET"], summary="Preview a template with samples", responses={200: PreviewResponse})
    @extend_schema(
        methods=["POST"],
        summary="Preview a template for a lead, or before it is saved",
        request=PreviewRequest,
        responses={200: PreviewResponse},
    )
    @action(detail=True, methods=["get", "post"])
    def preview(self, request: Request, pk: UUID) -> Response:
        template = self.get_object()
        given = PreviewRequest.read(request.data if request.method == "POST" else {})
        for name in COLUMNS.values():
            setattr(template, name, given.get(name, getattr(template, name)))
        lead = _row(Lead, "lead", given.get("lead"))
        account = _row(EmailAccount, "account", given.get("account"))
        shown = preview(template, lead=lead, account=account, variant=given["variant"])
        return Response(PreviewResponse(shown).data)


def _row(model: type[Row], name: str, key: UUID | None) -> Row | None:
    if key is None:
        return None
    found = model.objects.filter(pk=key).first()
    if found is None:
        raise Invalid(errors={name: ["This does not exist, or you cannot see it."]})
    return found


router.register(
    CommunicationTemplate,
    area="templates",
    feature=FEATURE,
    filters=["channel", "template_key", "language", "category", "is_active", "agent_id", "created_at"],
    order=["-created_at", "name"],
    search=["name", "template_key"],
    viewset=TemplateViewSet,
)
