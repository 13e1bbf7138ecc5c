"""The address at which WhatsApp reports, and the approved templates in the API."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import ChannelAccount, WhatsappTemplate
from campaigns.accounts.whatsapp_templates import keep_templates
from campaigns.channels.whatsapp import receiving, templates
from lad.api import router
from lad.api.callbacks import OutsideCallbackView
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet
from lad.errors import Invalid
from lad.tenancy.middleware import outside_scope


class WhatsAppReportView(OutsideCallbackView):
    """Takes reports about numbers of a business account. WhatsApp signs them with the app's secret."""

    self_scoped_actions = frozenset({"get", "post"})
    guessed = "provider-report"

    @extend_schema(exclude=True)
    def get(self, request: Request, token: str) -> HttpResponse:
        """Answer WhatsApp's question whether the address is the account's."""
        asked = request._request.GET
        with self.guesses_limited():
            receiving.verify(token, mode=asked.get("hub.mode", ""), word=asked.get("hub.verify_token", ""))
        return HttpResponse(asked.get("hub.challenge", "")[:200], content_type="text/plain")

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        body, signature = self.body(), request._request.headers.get("X-Hub-Signature-256", "")
        with self.guesses_limited():
            receiving.receive(token, body=body, signature=signature)
        return Response({})


class SynchroniseSerializer(InputSerializer):
    """The number whose templates are read."""

    channel_account = serializers.UUIDField()


class SynchronisedResponse(serializers.Serializer):
    """What reading the templates changed."""

    approved = serializers.IntegerField(help_text="How many can be sent.")
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    gone = serializers.IntegerField(help_text="How many WhatsApp does not list any more. They are disabled.")


class WhatsappTemplateViewSet(ResourceViewSet):
    """Templates as WhatsApp lists them. They are written and submitted in WhatsApp Manager."""

    rights = {"synchronise": "sending-accounts.update"}
    # It asks WhatsApp between two transactions.
    self_scoped_actions = frozenset({"synchronise"})

    @extend_schema(
        summary="Read the templates of a number from WhatsApp",
        request=SynchroniseSerializer,
        responses={200: SynchronisedResponse},
    )
    @action(detail=False, methods=["post"])
    def synchronise(self, request: Request) -> Response:
        values: dict[str, Any] = SynchroniseSerializer.read(request.data)
        with self.access.scope():
            account = ChannelAccount.objects.filter(pk=values["channel_account"]).first()
        if account is None:
            raise Invalid(errors={"channel_account": ["There is no such account."]})
        with outside_scope(request._request):
            read = templates.read_templates(account)
        with self.access.scope():
            found = keep_templates(account, read, now=timezone.now())
        return Response(SynchronisedResponse(found).data)


router.route("provider-reports/whatsapp/<str:token>/", WhatsAppReportView.as_view(), name="whatsapp-reports")
router.register(
    WhatsappTemplate,
    area="sending-accounts",
    feature="campaigns",
    methods=router.READ,
    filters=["channel_account", "name", "language", "status", "category", "created_at"],
    order=["name", "-created_at"],
    search=["name", "body"],
    viewset=WhatsappTemplateViewSet,
)
