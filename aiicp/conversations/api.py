"""The API of conversations and messages."""

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.conversations import services
from aiicp.conversations.models import Conversation, Message
from aiicp.features import ICP_ASSISTANT
from aiicp.ownership import visible_conversations
from aiicp.profiles.api import SaveProfileSerializer
from aiicp.profiles.models import IcpProfile
from aiicp.profiles.services import save_from_conversation
from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet


class ConversationViewSet(ResourceViewSet):
    """The caller's own conversations, or everybody's for members who may oversee the assistant."""

    rights = {
        "archive": "assistant.update",
        "complete": "assistant.update",
        "reopen": "assistant.update",
        "save_profile": "assistant.create",
    }

    def narrow(self, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        return visible_conversations(self.access, rows)

    @extend_schema(summary="Archive a conversation", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def archive(self, request: Request, pk: str) -> Response:
        return self.row_response(services.archive(conversation=self.locked_object(), actor=self.access.user))

    @extend_schema(summary="Complete a conversation", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def complete(self, request: Request, pk: str) -> Response:
        return self.row_response(services.complete(conversation=self.locked_object(), actor=self.access.user))

    @extend_schema(summary="Reopen an archived or completed conversation", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def reopen(self, request: Request, pk: str) -> Response:
        return self.row_response(services.reopen(conversation=self.locked_object(), actor=self.access.user))

    @extend_schema(
        summary="Save the customer profile that the conversation has found",
        request=SaveProfileSerializer,
        responses={201: make_serializer(IcpProfile, read_only=["user"])},
    )
    @action(detail=True, methods=["post"], url_path="save-profile")
    @transaction.atomic
    def save_profile(self, request: Request, pk: str) -> Response:
        values = SaveProfileSerializer.read(request.data)
        profile = save_from_conversation(conversation=self.locked_object(), actor=self.access.user, **values)
        resource = router.resource_of(IcpProfile)
        body = resource.serializer(profile, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": f"{resource.url}{profile.pk}/"})


class MessageViewSet(ResourceViewSet):
    """Messages of the conversations that the caller may see. Callers write only in their own."""

    def narrow(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        return visible_conversations(
            self.access, rows.filter(conversation__deleted_at__isnull=True), path="conversation__"
        )


router.register(
    Conversation,
    area="assistant",
    feature=ICP_ASSISTANT,
    filters=["user", "status", "created_at"],
    # LAD sets the owner and the assistant's progress.
    read_only=["user", "metadata"],
    includes={"messages": Message, "profiles": IcpProfile},
    viewset=ConversationViewSet,
)


router.register(
    Message,
    area="assistant",
    feature=ICP_ASSISTANT,
    methods=["list", "retrieve", "create"],
    filters=["conversation", "role", "created_at"],
    # Oldest first, as a conversation is read.
    order=["created_at"],
    # Users cannot write messages of the assistant.
    read_only=["role", "tokens_used", "model"],
    viewset=MessageViewSet,
)
