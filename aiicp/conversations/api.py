"""What the assistant's resources can do beyond being rows, and who sees them."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.conversations import services as conversations
from aiicp.conversations.models import Conversation, Message
from aiicp.ownership import conversations_seen_by
from aiicp.profiles import services as profiles
from aiicp.profiles.api import SaveProfileForm
from aiicp.profiles.models import IcpProfile
from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet


class ConversationViewSet(ResourceViewSet):
    """Conversations with the assistant: one's own, and everybody's for who may oversee it."""

    rights = {
        "archive": "assistant.update",
        "complete": "assistant.update",
        "reopen": "assistant.update",
        "save_profile": "assistant.create",
    }

    def narrow(self, rows: Any) -> Any:
        return conversations_seen_by(self.access, rows)

    @extend_schema(summary="Put a conversation away", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def archive(self, request: Request, pk: Any) -> Response:
        return self.answer(conversations.archive(conversation=self.locked_object(), actor=request.user))

    @extend_schema(summary="Mark a conversation as having come to its end", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def complete(self, request: Request, pk: Any) -> Response:
        return self.answer(conversations.complete(conversation=self.locked_object(), actor=request.user))

    @extend_schema(summary="Go on with a conversation that was archived or completed", request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def reopen(self, request: Request, pk: Any) -> Response:
        return self.answer(conversations.reopen(conversation=self.locked_object(), actor=request.user))

    @extend_schema(
        summary="Keep what the conversation has found as a customer profile",
        request=SaveProfileForm,
        responses={201: make_serializer(IcpProfile, read_only=["user"])},
    )
    @action(detail=True, methods=["post"], url_path="save-profile")
    @transaction.atomic
    def save_profile(self, request: Request, pk: Any) -> Response:
        form = SaveProfileForm(data=request.data)
        form.is_valid(raise_exception=True)
        profile = profiles.save_from_conversation(
            conversation=self.locked_object(), actor=request.user, **form.validated_data
        )
        resource = router.resource_of(IcpProfile)
        shown = resource.serializer(profile, context=self.get_serializer_context()).data
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Location": f"{resource.url}{profile.pk}/"})


class MessageViewSet(ResourceViewSet):
    """What was said in conversations that the caller may see; they write in their own only."""

    def narrow(self, rows: Any) -> Any:
        return conversations_seen_by(
            self.access, rows.filter(conversation__deleted_at__isnull=True), path="conversation__"
        )


FEATURE = "ai-icp-assistant"


router.register(
    Conversation,
    area="assistant",
    feature=FEATURE,
    filters=["user", "status", "created_at"],
    # Whose it is and how far the assistant has come is not the caller's to say.
    read_only=["user", "metadata"],
    includes={"messages": Message, "profiles": IcpProfile},
    viewset=ConversationViewSet,
)


router.register(
    Message,
    area="assistant",
    feature=FEATURE,
    methods=["list", "retrieve", "create"],
    filters=["conversation", "role", "created_at"],
    # A conversation is read as it was held.
    order=["created_at"],
    # People speak for themselves; what the assistant says it says itself.
    read_only=["role", "tokens_used", "model"],
    viewset=MessageViewSet,
)
