"""Write to a lead through the API."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import EmailAccount
from campaigns.messages.models import Message
from campaigns.messages.templated import write_with_template
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, KeyField
from lad.api.views import LadAPIView
from leads.contacts.models import Lead


class WriteSerializer(InputSerializer):
    """What to write to a lead. A template gives what is left empty; without an account the caller's own is taken."""

    email_account = KeyField(model=EmailAccount, required=False, allow_null=True)
    template = KeyField(model=CommunicationTemplate, required=False, allow_null=True)
    subject = serializers.CharField(max_length=500, required=False, allow_blank=True)
    body = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class WrittenResponse(serializers.Serializer):
    """The message that waits to be sent."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    subject = serializers.CharField()
    email_account = serializers.UUIDField(source="email_account_id")
    next_attempt_at = serializers.DateTimeField(help_text="When it is sent at the earliest.")


class LeadMessages(LadAPIView):
    """Write to a lead."""

    area = "campaigns"
    feature = "campaigns"
    rights: ClassVar[dict[str, str]] = {"post": "campaigns.update"}

    @extend_schema(
        summary="Write an e-mail to a lead",
        request=WriteSerializer,
        responses={201: WrittenResponse, **problems(400, 404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, pk: UUID) -> Response:
        form = WriteSerializer.read(request.data)
        message: Message = write_with_template(
            lead=get_object_or_404(Lead.objects.all(), pk=pk),
            actor=self.access.user,
            subject=form.get("subject", ""),
            body=form.get("body", ""),
            account=form.get("email_account"),
            template=form.get("template"),
        )
        return Response(WrittenResponse(message).data, status=status.HTTP_201_CREATED)


router.route("leads/<uuid:pk>/messages/", LeadMessages.as_view(), name="lead-messages")
