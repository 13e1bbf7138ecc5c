"""Messages and what happened to them in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import EmailAccount
from campaigns.messages import services
from campaigns.messages.models import MAX_BODY_LENGTH, Message, MessageEvent
from campaigns.messages.templated import write_with_template
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.api import router
from lad.api.serializers import InputSerializer, KeyField, make_serializer
from lad.api.times import TimeField
from lad.api.views import ResourceViewSet, require_tenant
from leads.contacts.models import Lead

FEATURE = "campaigns"


class WriteSerializer(InputSerializer):
    """An e-mail to a lead. Without an account the caller's own one sends it; a template gives what is left out."""

    lead = KeyField(model=Lead)
    subject = serializers.CharField(max_length=500, required=False, allow_blank=True)
    body = serializers.CharField(max_length=MAX_BODY_LENGTH, required=False, allow_blank=True)
    html = serializers.CharField(max_length=MAX_BODY_LENGTH, required=False, allow_blank=True)
    email_account = KeyField(model=EmailAccount, required=False)
    template = KeyField(
        model=CommunicationTemplate, required=False, help_text="It gives the subject and text left out."
    )
    answers = KeyField(model=Message, required=False, help_text="The received message that it answers.")
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=services.MAX_ATTACHMENTS
    )
    due_at = TimeField(required=False)


class MessageViewSet(ResourceViewSet):
    """Messages to leads and from them. Users write to leads, and decide about messages whose sending is in doubt."""

    rights = dict.fromkeys(["write", "resend", "confirm_sent", "cancel"], "campaigns.update")

    @extend_schema(summary="Write an e-mail to a lead", request=WriteSerializer)
    @action(detail=False, methods=["post"])
    @writes.in_transaction
    def write(self, request: Request) -> Response:
        require_tenant(Message)
        values = WriteSerializer.read(request.data)
        message = write_with_template(
            lead=values["lead"],
            subject=values.get("subject", ""),
            body=values.get("body", ""),
            html=values.get("html", ""),
            account=values.get("email_account"),
            template=values.get("template"),
            answers=values.get("answers"),
            attachment_ids=values.get("attachments", ()),
            due_at=values.get("due_at"),
            actor=self.access.user,
        )
        return self.row_response(message, status.HTTP_201_CREATED)

    @extend_schema(summary="Send a message again that failed, was cancelled or is unknown", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resend(self, request: Request, pk: UUID) -> Response:
        return self.row_response(services.resend(message=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Record that an unknown message was sent", request=None)
    @action(detail=True, methods=["post"], url_path="confirm-sent")
    @writes.in_transaction
    def confirm_sent(self, request: Request, pk: UUID) -> Response:
        return self.row_response(services.confirm_sent(message=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Cancel a message that waits to be sent", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def cancel(self, request: Request, pk: UUID) -> Response:
        message = self.get_object()
        services.cancel(reason=services.CANCELLED_BY_USER, message_ids=[message.pk])
        message.refresh_from_db()
        return self.row_response(message)


# The assistant has messages of its own.
_Serializer = extend_schema_serializer(component_name="LeadMessage")(make_serializer(Message))

router.register(
    Message,
    serializer=_Serializer,
    viewset=MessageViewSet,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["lead", "campaign", "campaign_lead", "channel", "direction", "kind", "state", "occurred_at", "created_at"],
)
router.register(
    MessageEvent,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["message", "kind", "is_machine", "occurred_at", "created_at"],
)
