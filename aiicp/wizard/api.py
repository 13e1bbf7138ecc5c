"""The wizard in the API."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.conversations.models import Conversation
from aiicp.features import ICP_ASSISTANT
from aiicp.ownership import visible_conversations
from aiicp.wizard import asking, machine, model_reading, services
from aiicp.wizard import questions as q
from aiicp.wizard.campaigns import make_campaign
from aiicp.wizard.classifiers import Classification, classify
from aiicp.wizard.questions import Kind
from aiicp.wizard.serializers import (
    BeginWizardSerializer,
    ClassificationResponse,
    ClassifySerializer,
    FittingResponse,
    FittingSerializer,
    SavedMessagesResponse,
    SaveMessagesSerializer,
    SuggestSerializer,
    WizardAnswerSerializer,
    WizardCampaignResponse,
    WizardCatalogueResponse,
    WizardResponse,
    WizardStepSerializer,
    WizardSuggestionsResponse,
    shown_question,
)
from aiicp.wizard.suggestions import suggestions
from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView, TenantRequired, require_tenant
from lad.errors import NotFound


class WizardView(LadAPIView):
    """The base of these views."""

    area = "assistant"
    feature = ICP_ASSISTANT

    @property
    def tenant_id(self) -> UUID:
        """Return the caller's tenant. Raise TenantRequired."""
        if self.access.tenant_id is None:
            raise TenantRequired
        return self.access.tenant_id

    def conversation(self, key: UUID) -> Conversation:
        """Return a conversation that the caller may see. Raise NotFound."""
        row = visible_conversations(self.access, Conversation.objects.filter(pk=key)).first()
        if row is None:
            raise NotFound
        return row


class QuestionsView(WizardView):
    """The questions."""

    @extend_schema(
        operation_id="icp_wizard_questions",
        summary="The questions of the onboarding wizard",
        parameters=[WizardStepSerializer],
        responses={200: WizardCatalogueResponse, **problems(404)},
    )
    def get(self, request: Request) -> Response:
        step = WizardStepSerializer.read(request.query_params.dict()).get("step")
        found = [each for each in q.CATALOGUE if step in (None, each.step_index)]
        if not found:
            raise NotFound
        body = {
            "version": q.VERSION,
            "total_steps": q.TOTAL_STEPS,
            "questions": [shown_question(each) for each in found],
        }
        return Response(WizardCatalogueResponse(body).data)


class BeginView(WizardView):
    """The caller's wizard."""

    @extend_schema(
        operation_id="icp_wizard_begin",
        summary="Begin the onboarding wizard, or continue the one of the session",
        request=BeginWizardSerializer,
        responses={200: WizardResponse},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(Conversation)
        session = BeginWizardSerializer.read(request.data)["session"]
        return Response(_state(services.begin(session=session, actor=self.access.user)))


class StateView(WizardView):
    """Where a wizard stands."""

    @extend_schema(
        operation_id="icp_wizard_state",
        summary="Where the wizard of a conversation stands",
        responses={200: WizardResponse, **problems(404, 409)},
    )
    def get(self, request: Request, key: UUID) -> Response:
        return Response(_state(services.session_of(self.conversation(key))))


class AnswerView(WizardView):
    """Answers."""

    # A model may be asked.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="icp_wizard_answer",
        summary="Answer the current question, or change an earlier answer",
        description="An answer that cannot be used is no error: the question is asked again, with what to do.",
        request=WizardAnswerSerializer,
        responses={200: WizardResponse, **problems(404, 409)},
    )
    def post(self, request: Request, key: UUID) -> Response:
        form = WizardAnswerSerializer.read(request.data)
        with self.access.scope():
            row = self.conversation(key)
        found = asking.answer(
            conversation=row,
            said=form["answer"],
            intent_key=form["intent_key"],
            actor=self.access.user,
        )
        with self.access.scope():
            return Response(_answered(found))


class BackView(WizardView):
    """The question before."""

    @extend_schema(
        operation_id="icp_wizard_back",
        summary="Return to the question before",
        request=None,
        responses={200: WizardResponse, **problems(404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, key: UUID) -> Response:
        return Response(_answered(services.go_back(conversation=self.conversation(key), actor=self.access.user)))


class CampaignView(WizardView):
    """The campaign that the answers describe."""

    @extend_schema(
        operation_id="icp_wizard_campaign",
        summary="Make a draft campaign of the confirmed answers",
        description="Nothing is started or sent. The same answers make one campaign, however often this is called.",
        request=None,
        responses={200: WizardCampaignResponse, 201: WizardCampaignResponse, **problems(404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, key: UUID) -> Response:
        made = make_campaign(conversation=self.conversation(key), access=self.access, now=timezone.now())
        row = made.campaign
        body = {"campaign": row.pk, "name": row.name, "status": row.status, "is_new": made.is_new}
        code = status.HTTP_201_CREATED if made.is_new else status.HTTP_200_OK
        return Response(WizardCampaignResponse(body).data, status=code)


class MessagesView(WizardView):
    """Messages that a client has buffered."""

    @extend_schema(
        operation_id="icp_wizard_messages",
        summary="Store buffered messages, each once",
        request=SaveMessagesSerializer,
        responses={200: SavedMessagesResponse, **problems(409)},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(Conversation)
        form = SaveMessagesSerializer.read(request.data)
        named = form.get("conversation")
        found = services.save_messages(
            messages=[
                services.BufferedMessage(
                    each["role"], each["content"], each.get("step_index"), sent_at=each.get("sent_at")
                )
                for each in form["messages"]
            ],
            session=form["session"],
            conversation=self.conversation(named.pk) if named is not None else None,
            actor=self.access.user,
        )
        body = {"conversation": found.conversation.pk, "saved": found.saved, "known": found.known}
        return Response(SavedMessagesResponse(body).data)


class ClassifyView(WizardView):
    """What a text means. Nothing is stored."""

    rights: ClassVar[dict[str, str]] = {"post": "assistant.view"}
    # A model may be asked.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="icp_wizard_classify",
        summary="Classify an industry, a place or a decision maker",
        description="The tenant's model is asked where the embedded classifier is not sure.",
        request=ClassifySerializer,
        responses={200: ClassificationResponse},
    )
    def post(self, request: Request) -> Response:
        form = ClassifySerializer.read(request.data)
        found = model_reading.classified(classify(Kind(form["kind"]), form["text"]), tenant_id=self.tenant_id)
        return Response(ClassificationResponse(_classification(found)).data)


class SuggestionsView(WizardView):
    """Names to offer while somebody types."""

    @extend_schema(
        operation_id="icp_wizard_suggestions",
        summary="Suggest industries, places or decision makers",
        parameters=[SuggestSerializer],
        responses={200: WizardSuggestionsResponse},
    )
    def get(self, request: Request) -> Response:
        form = SuggestSerializer.read(request.query_params.dict())
        found = suggestions(Kind(form["kind"]), form["q"], limit=form["limit"])
        return Response(WizardSuggestionsResponse({"suggestions": found}).data)


class FittingView(WizardView):
    """Names that fit what a tenant sells. Nothing is stored."""

    rights: ClassVar[dict[str, str]] = {"post": "assistant.view"}
    # A model may be asked.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="icp_wizard_fitting",
        summary="Suggest industries, places or decision makers that fit what is sold",
        description="By the tenant's model, else what the text itself names and common names.",
        request=FittingSerializer,
        responses={200: FittingResponse},
    )
    def post(self, request: Request) -> Response:
        form = FittingSerializer.read(request.data)
        found = asking.fitting(Kind(form["kind"]), form["selling"], tenant_id=self.tenant_id)
        names = [{"value": each.name, "words": each.words} for each in found.names]
        return Response(FittingResponse({"suggestions": names, "source": found.source, "note": found.note}).data)


def _state(session: services.Session) -> Any:
    turn = machine.Turn(session.progress, session.question)
    return _wizard(session.conversation, turn, session.campaign_id)


def _answered(found: services.Answered) -> Any:
    session = services.Session(found.conversation, found.turn.progress, found.turn.question)
    return _wizard(found.conversation, found.turn, session.campaign_id)


def _wizard(row: Conversation, turn: machine.Turn, campaign: str) -> Any:
    answers = turn.progress.answers
    body = {
        "conversation": row.pk,
        "version": q.VERSION,
        "total_steps": q.TOTAL_STEPS,
        "question": shown_question(turn.question) if turn.question else None,
        "clarification_needed": turn.clarification_needed,
        "completed": turn.completed,
        "message": turn.message,
        "classification": _classification(turn.found) if turn.found else None,
        "answers": answers,
        "summary": [{"title": title, "answer": words} for title, words in machine.summary(answers)],
        "campaign": campaign,
    }
    return WizardResponse(body).data


def _classification(found: Classification) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "text": found.text,
        "value": found.value,
        "values": found.values,
        "excluded": found.excluded,
        "confidence": found.confidence,
        "reasoning": found.reasoning,
        "alternatives": found.alternatives,
        "evidence": [{"value": value, "words": words} for value, words in found.words.items()],
        "source": found.source,
        "note": found.note,
    }


router.route("icp-wizard/", BeginView.as_view(), name="icp-wizard")
router.route("icp-wizard/questions/", QuestionsView.as_view(), name="icp-wizard-questions")
router.route("icp-wizard/messages/", MessagesView.as_view(), name="icp-wizard-messages")
router.route("icp-wizard/classify/", ClassifyView.as_view(), name="icp-wizard-classify")
router.route("icp-wizard/suggestions/", SuggestionsView.as_view(), name="icp-wizard-suggestions")
router.route("icp-wizard/fitting/", FittingView.as_view(), name="icp-wizard-fitting")
router.route("icp-wizard/<uuid:key>/", StateView.as_view(), name="icp-wizard-state")
router.route("icp-wizard/<uuid:key>/answer/", AnswerView.as_view(), name="icp-wizard-answer")
router.route("icp-wizard/<uuid:key>/back/", BackView.as_view(), name="icp-wizard-back")
router.route("icp-wizard/<uuid:key>/campaign/", CampaignView.as_view(), name="icp-wizard-campaign")
