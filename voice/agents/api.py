"""The API of voice agents, their versions and knowledge, voices, profiles and permissions."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView, TenantRequired
from lad.errors import NotFound
from lad.tenancy.access import actor_of
from voice.agents import samples
from voice.agents.models import KnowledgeText, Voice, VoiceAgent, VoiceAgentVersion, VoicePermission, VoiceProfile
from voice.agents.preview import MAX_TEXT, Line, Tried, answer
from voice.agents.services import versions
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

router.register(
    VoiceAgent,
    area="voice",
    feature=VOICE_AGENT,
    filters=["name", "voice", "created_at"],
    order=["-created_at", "name"],
    search=["name"],
    includes={"numbers": VoiceNumber},
)

VERSIONS = router.register(
    VoiceAgentVersion,
    area="voice",
    feature=VOICE_AGENT,
    methods=("list", "retrieve", "update", "delete"),
    filters=["agent", "state", "number", "created_at"],
)

router.register(
    KnowledgeText,
    area="voice",
    feature=VOICE_AGENT,
    filters=["agent", "name", "is_active", "created_at"],
    order=["priority", "-created_at"],
    search=["name"],
)
router.include(VoiceAgent, "knowledge", KnowledgeText)

router.register(Voice, area="voice", feature=VOICE_AGENT, filters=["provider", "language", "gender", "created_at"])

router.register(VoiceProfile, area="voice", feature=VOICE_AGENT, filters=["user", "created_at"])

router.register(
    VoicePermission,
    area="voice",
    feature=VOICE_AGENT,
    filters=["user", "number", "voice", "is_active", "created_at"],
)


class NoSuchAgent(NotFound):
    """There is no such agent."""

    code = "no_such_agent"


class NoSuchVersion(NotFound):
    """There is no such version."""

    code = "no_such_version"


class PublishSerializer(InputSerializer):
    """``forced`` publishes a draft although the agent was changed after it was begun."""

    forced = serializers.BooleanField(default=False)


class VersionView(LadAPIView):
    """Something that is done with versions of agents."""

    area = "voice"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": "voice.update"}

    def version(self, pk: UUID) -> VoiceAgentVersion:
        found = VoiceAgentVersion.objects.select_related("agent", "voice").filter(pk=pk).first()
        if found is None:
            raise NoSuchVersion
        return found

    def shown(self, row: VoiceAgentVersion) -> Response:
        return Response(VERSIONS.serializer(row, context={"request": self.request}).data)


class BeginDraftView(VersionView):
    @extend_schema(
        operation_id="voice_agents_draft",
        summary="Begin a draft of the agent, or return the one there is",
        request=None,
        responses={200: VERSIONS.serializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Calls go on using what is published."""
        agent = VoiceAgent.objects.filter(pk=pk).first()
        if agent is None:
            raise NoSuchAgent
        return self.shown(versions.begin_draft(agent, actor=actor_of(request)))


class PublishView(VersionView):
    @extend_schema(
        operation_id="voice_agent_versions_publish",
        summary="Let calls from now on use the draft",
        request=PublishSerializer,
        responses={200: VERSIONS.serializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        asked: dict[str, Any] = PublishSerializer.read(request.data)
        row = versions.publish(self.version(pk), actor=actor_of(request), forced=asked["forced"])
        return self.shown(row)


class PublishAgainView(VersionView):
    @extend_schema(
        operation_id="voice_agent_versions_publish_again",
        summary="Let calls from now on use what an earlier version says",
        request=None,
        responses={200: VERSIONS.serializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        return self.shown(versions.publish_again(self.version(pk), actor=actor_of(request)))


class PreviewLineSerializer(InputSerializer):
    """What one side says."""

    role = serializers.ChoiceField(choices=["agent", "person"])
    text = serializers.CharField(max_length=MAX_TEXT)


class PreviewSerializer(InputSerializer):
    """A conversation so far. Without ``version`` what is published is tried, without ``lead`` a made-up person."""

    messages = PreviewLineSerializer(many=True, required=False)
    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    lead = serializers.UUIDField(required=False, allow_null=True, default=None)
    inbound = serializers.BooleanField(default=False)


class AgentPreviewResponse(serializers.Serializer):
    """What the agent says next. ``reason`` says why no language model answered."""

    reply = serializers.CharField()
    embedded = serializers.BooleanField()
    reason = serializers.CharField()
    language = serializers.CharField()
    instructions = serializers.CharField(help_text="What the agent is told for this person.")


class PreviewView(LadAPIView):
    """Try an agent in writing. Nothing is kept, and nobody is called."""

    area = "voice"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": "voice.update"}
    # It may ask a model, which takes long.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="voice_agents_preview",
        summary="Return what the agent would say next",
        request=PreviewSerializer,
        responses={200: AgentPreviewResponse},
    )
    def post(self, request: Request, pk: int) -> Response:
        tenant_id = self.access.tenant_id
        if tenant_id is None:
            raise TenantRequired
        asked = PreviewSerializer.read(request.data)
        lines = [Line(each["role"], each["text"]) for each in asked.get("messages", ())]
        found = answer(tenant_id, Tried(pk, asked["version"], asked["lead"], asked["inbound"]), lines)
        told = {
            "reply": found.text,
            "embedded": found.embedded,
            "reason": found.reason,
            "language": found.language,
            "instructions": found.brief.instructions,
        }
        return Response(AgentPreviewResponse(told).data)


class SampleLinkResponse(serializers.Serializer):
    """Anybody with the ``url`` can hear the sample until ``expires_at``."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class SampleLinkView(LadAPIView):
    """Links to what a voice sounds like."""

    area = "voice"
    feature = VOICE_AGENT

    def link(self, request: Request, voice: Voice | None) -> Response:
        tenant_id = self.access.tenant_id
        if tenant_id is None:
            raise TenantRequired
        link = samples.link_to(voice, tenant_id=tenant_id, now=timezone.now())
        told = {"url": request.build_absolute_uri(link.path), "expires_at": link.expires_at}
        return Response(SampleLinkResponse(told).data)


class VoiceSampleView(SampleLinkView):
    @extend_schema(
        operation_id="voice_agent_voices_sample",
        summary="Get a link to the voice's sample",
        responses={200: SampleLinkResponse},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return self.link(request, Voice.objects.filter(pk=pk).first())


class AgentSampleView(SampleLinkView):
    @extend_schema(
        operation_id="voice_agents_sample",
        summary="Get a link to a sample of the agent's voice",
        responses={200: SampleLinkResponse},
    )
    def get(self, request: Request, pk: int) -> Response:
        agent = VoiceAgent.objects.select_related("voice").filter(pk=pk).first()
        if agent is None:
            raise NoSuchAgent
        return self.link(request, agent.voice)


class SampleView(LadAPIView):
    """The address of signed links. The signature is the permission."""

    public = True

    @extend_schema(
        operation_id="voice_samples_open",
        summary="Hear a sample by its signed link",
        parameters=[OpenApiParameter("token", str, required=True, description="The signature in the link.")],
        responses={302: OpenApiResponse(description="The sample is there."), **problems(403)},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Leads to the sample. An altered link is answered with 404, an expired one with 403."""
        address = samples.open_link(request.query_params.get("token", ""), voice_id=pk, now=timezone.now())
        response = HttpResponseRedirect(address)
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "private, no-store"
        return response


router.route("voice-agent-voices/<uuid:pk>/sample/", VoiceSampleView.as_view(), name="voice-agent-voice-sample")
router.route("voice-agents/<int:pk>/sample/", AgentSampleView.as_view(), name="voice-agent-sample")
router.route("voice-samples/<uuid:pk>/", SampleView.as_view(), name=samples.ROUTE)
router.route("voice-agents/<int:pk>/preview/", PreviewView.as_view(), name="voice-agent-preview")
router.route("voice-agents/<int:pk>/draft/", BeginDraftView.as_view(), name="voice-agent-draft")
router.route("voice-agent-versions/<uuid:pk>/publish/", PublishView.as_view(), name="voice-agent-version-publish")
router.route(
    "voice-agent-versions/<uuid:pk>/publish-again/", PublishAgainView.as_view(), name="voice-agent-version-again"
)
