"""Message templates in the API."""

from typing import TypedDict, TypeVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import EmailAccount
from campaigns.templates.links import check_links, links_of
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.previews import Preview, preview
from campaigns.templates.services import COLUMNS
from campaigns.templates.trials import trial_message
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet
from lad.errors import Invalid
from lad.tenancy.middleware import outside_scope
from leads.contacts.models import Lead
from tenants.accounts.models import User

FEATURE = "campaigns"

Row = TypeVar("Row", Lead, EmailAccount)


class PreviewRequest(InputSerializer):
    """Whom a preview is for. Without a lead, samples are filled in."""

    lead = serializers.UUIDField(required=False)
    account = serializers.UUIDField(required=False, help_text="The e-mail account that would send it.")
    variant = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000, default=1)


class TemplatePreviewRequest(PreviewRequest):
    """Whom a preview is for, and texts that are not saved yet."""

    subject = serializers.CharField(required=False, allow_blank=True, max_length=500, trim_whitespace=False)
    body = serializers.CharField(required=False, allow_blank=True, max_length=50_000, trim_whitespace=False)
    html_content = serializers.CharField(required=False, allow_blank=True, max_length=200_000, trim_whitespace=False)


class TestRequest(PreviewRequest):
    """What is sent to my own address, and from which account."""

    account = serializers.UUIDField(help_text="The e-mail account that sends it.")


class TestResponse(serializers.Serializer):
    """Where the test message went."""

    sent_to = serializers.CharField()


class ProblemResponse(serializers.Serializer):
    """Something to correct in a text."""

    field = serializers.CharField()
    line = serializers.IntegerField(help_text="From 1. 0 means the whole field.")
    message = serializers.CharField()
    hint = serializers.BooleanField(help_text="Advice: the template can be used as it is.")


class LinkResponse(serializers.Serializer):
    """One link. The problem is empty if it works."""

    url = serializers.CharField()
    problem = serializers.CharField()


class LinksResponse(serializers.Serializer):
    """The links of a message, at most 20."""

    links = LinkResponse(many=True)


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

    rights = {"preview": "templates.view", "test": "templates.update", "links": "templates.update"}

    @extend_schema(methods=["GET"], summary="Preview a template with samples", responses={200: PreviewResponse})
    @extend_schema(
        methods=["POST"],
        summary="Preview a template for a lead, or before it is saved",
        request=TemplatePreviewRequest,
        responses={200: PreviewResponse},
    )
    @action(detail=True, methods=["get", "post"])
    def preview(self, request: Request, pk: UUID) -> Response:
        template = self.get_object()
        given = TemplatePreviewRequest.read(request.data if request.method == "POST" else {})
        for name in COLUMNS.values():
            setattr(template, name, given.pop(name, getattr(template, name)))
        return Response(PreviewResponse(preview(template, **preview_choice(given))).data)

    @extend_schema(summary="Send the message to my own address", request=TestRequest, responses={200: TestResponse})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        shown = preview(self.get_object(), **preview_choice(request.data))
        return test_response(shown, request, self.access.user)

    @extend_schema(
        summary="Check where the links of the filled message lead",
        request=PreviewRequest,
        responses={200: LinksResponse},
    )
    @action(detail=True, methods=["post"])
    def links(self, request: Request, pk: UUID) -> Response:
        shown = preview(self.get_object(), **preview_choice(request.data))
        with outside_scope(request._request):
            found = check_links(links_of(shown.body, shown.html))
        return Response(LinksResponse({"links": found}).data)


def test_response(shown: Preview, request: Request, user: User) -> Response:
    """Send the previewed message to the user from the account that the request names. See trial_message."""
    account = _row(EmailAccount, "account", TestRequest.read(request.data)["account"])
    assert account is not None  # the request must name one
    message = trial_message(shown=shown, account=account, user=user, now=timezone.now())
    with outside_scope(request._request):
        message.send()
    return Response(TestResponse({"sent_to": user.email}).data)


class PreviewChoice(TypedDict):
    """Whom a preview is for."""

    lead: Lead | None
    account: EmailAccount | None
    variant: int


def preview_choice(data: object) -> PreviewChoice:
    """Return the lead, account and variant that a request names. Raises Invalid for rows that are not visible."""
    given = PreviewRequest.read(data)
    lead = _row(Lead, "lead", given.get("lead"))
    account = _row(EmailAccount, "account", given.get("account"))
    return {"lead": lead, "account": account, "variant": given["variant"]}


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
