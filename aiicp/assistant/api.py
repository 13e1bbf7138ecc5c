"""The assistant in the API: answers, undo, confirmation, and where a conversation stands."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.assistant import parts, services, turns
from aiicp.assistant.facets import FACETS
from aiicp.assistant.turns import Turn
from aiicp.conversations.models import Conversation
from aiicp.conversations.services import MAX_MESSAGE_LENGTH
from aiicp.features import ICP_ASSISTANT
from aiicp.ownership import visible_conversations
from lad.api import router
from lad.api.renderers import to_json
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView


class MessageToAnswerSerializer(InputSerializer):
    """What the user says."""

    content = serializers.CharField(max_length=MAX_MESSAGE_LENGTH)


class UndoSerializer(InputSerializer):
    """What to take back: a slot or facet, such as `locations`. Empty takes back what the last message changed."""

    slot = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")


class ValueReasonResponse(serializers.Serializer):
    """Why a slot holds a value: the words, how sure LAD is, the message, and whether a model read it."""

    words = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)
    source = serializers.ChoiceField(choices=["text", "choice", "model", "command"])  # type: ignore[assignment]
    message = serializers.UUIDField()


class FactValueResponse(serializers.Serializer):
    """One value of a facet. `why` is empty where somebody entered it elsewhere."""

    slot = serializers.CharField()
    text = serializers.CharField()
    excluded = serializers.BooleanField()
    why = ValueReasonResponse(allow_null=True)


class FactResponse(serializers.Serializer):
    """What is known of one facet of the ideal customer."""

    facet = serializers.ChoiceField(choices=list(FACETS))
    label = serializers.CharField()  # type: ignore[assignment]
    values = FactValueResponse(many=True)


class AnswerUsageResponse(serializers.Serializer):
    """The model that answered, or `embedded`, and the tokens that were charged."""

    model = serializers.CharField()
    tokens = serializers.IntegerField()


class AnswerResponse(serializers.Serializer):
    """The assistant's answer, and all that is known after it. Nothing that is `proposed` has been started."""

    message_id = serializers.UUIDField()
    content = serializers.CharField()
    intent = serializers.CharField()
    stage = serializers.CharField()
    progress = serializers.CharField()
    asking = serializers.CharField(help_text="What the answer asks for; empty when nothing is left to ask.")
    missing = serializers.ListField(child=serializers.CharField())
    completeness = serializers.FloatField(min_value=0, max_value=1)
    icp_data = serializers.DictField()
    search_params = serializers.DictField(allow_null=True)
    facts = FactResponse(many=True)
    suggestions = serializers.ListField(child=serializers.CharField())
    options = serializers.ListField(child=serializers.CharField())
    proposed = serializers.ListField(child=serializers.DictField())
    usage = AnswerUsageResponse()
    note = serializers.CharField()


class ConversationView(LadAPIView):
    """Base of the views on one conversation that the caller may see."""

    area = "assistant"
    feature = ICP_ASSISTANT
    rights: ClassVar[dict[str, str]] = {"post": "assistant.update"}

    def conversation(self, pk: UUID) -> Conversation:
        row: Conversation = get_object_or_404(visible_conversations(self.access, Conversation.objects.all()), pk=pk)
        return row


class UnderWayResponse(serializers.Serializer):
    """A message that was sent before. Its answer, once it is finished, is at `answer_url`."""

    user_message_id = serializers.UUIDField()
    answer_url = serializers.CharField()


class AnswersView(ConversationView):
    """Messages that the assistant answers."""

    rights: ClassVar[dict[str, str]] = {"post": "assistant.create"}

    @extend_schema(
        operation_id="ai_conversations_answer",
        summary="Say something to the assistant and get its answer",
        request=MessageToAnswerSerializer,
        responses={200: AnswerResponse, 202: UnderWayResponse},
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        """With `Accept: text/event-stream` the answer comes in server-sent events: `understood` with what is known
        once the message was read, `piece` with each piece of the text, and `answer` with the whole answer.

        An answer is finished and stored also if the connection is lost. Read it at `answers/{user_message_id}/` then;
        the id is in `understood`. Or send the message again with the same `Idempotency-Key`: the response is 202 with
        the address, and nothing is said twice.
        """
        content = MessageToAnswerSerializer.read(request.data)["content"]
        turn = turns.begin(conversation=self.conversation(pk), content=content, actor=self.access.user)
        if parts.wants_events(request.headers.get("Accept", "")):
            return parts.streamed(turn, _under_way(turn))
        return _answered(turn.answer) if turn.answer is not None else parts.awaited(turn, _under_way(turn))


class AnswerToMessageView(ConversationView):
    """The answer to one message, for whoever lost the connection before it came."""

    rights: ClassVar[dict[str, str]] = {}

    @extend_schema(
        operation_id="ai_conversations_answer_to",
        summary="The answer to a message. 409 still_answering until it is finished",
        responses={200: AnswerResponse},
    )
    def get(self, request: Request, pk: UUID, message_id: UUID) -> Response:
        return _answered(services.answer_to(conversation=self.conversation(pk), message_id=message_id))


class UndoView(ConversationView):
    """Taking back what was understood."""

    @extend_schema(
        operation_id="ai_conversations_undo",
        summary="Take back the last change of a slot",
        request=UndoSerializer,
        responses={200: AnswerResponse},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        slot = UndoSerializer.read(request.data)["slot"]
        return _answered(services.undo(conversation=self.conversation(pk), slot=slot, actor=self.access.user))


class ConfirmView(ConversationView):
    """The confirmation of a profile."""

    @extend_schema(
        operation_id="ai_conversations_confirm",
        summary="Confirm the profile. No search is started.",
        request=None,
        responses={200: AnswerResponse},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        return _answered(services.confirm(conversation=self.conversation(pk), actor=self.access.user))


class ResumeView(ConversationView):
    """Conversations that go on."""

    @extend_schema(
        operation_id="ai_conversations_resume",
        summary="Continue a conversation, reopened if need be, and see where it stands",
        request=None,
        responses={200: AnswerResponse},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        return _answered(services.resume(conversation=self.conversation(pk), actor=self.access.user))


class SearchStartedView(ConversationView):
    """The search of a confirmed profile, started by its owner."""

    @extend_schema(
        operation_id="ai_conversations_search_started",
        summary="Keep that the search of the confirmed profile was started",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        services.search_started(conversation=self.conversation(pk), actor=self.access.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _answered(answer: Any) -> Response:
    return Response(answer.as_json())


def _under_way(turn: Turn) -> HttpResponse:
    """Return what a request gets that says the same again."""
    names = {"pk": turn.conversation.pk, "message_id": turn.message.pk}
    address = reverse("ai-conversation-answer", kwargs=names)
    content = to_json({"user_message_id": turn.message.pk, "answer_url": address})
    return HttpResponse(content, status=202, content_type=parts.JSON, headers={"Location": address})


_BASE = "ai-conversations/<uuid:pk>/"
router.route(f"{_BASE}answers/", AnswersView.as_view(), name="ai-conversation-answers")
router.route(f"{_BASE}answers/<uuid:message_id>/", AnswerToMessageView.as_view(), name="ai-conversation-answer")
router.route(f"{_BASE}undo/", UndoView.as_view(), name="ai-conversation-undo")
router.route(f"{_BASE}confirm/", ConfirmView.as_view(), name="ai-conversation-confirm")
router.route(f"{_BASE}search-started/", SearchStartedView.as_view(), name="ai-conversation-search-started")
router.route(f"{_BASE}resume/", ResumeView.as_view(), name="ai-conversation-resume")
