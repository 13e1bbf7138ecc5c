"""The API of voice agents, their versions and knowledge, voices, profiles and permissions."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView
from lad.errors import NotFound
from lad.tenancy.access import actor_of
from voice.agents.models import KnowledgeText, Voice, VoiceAgent, VoiceAgentVersion, VoicePermission, VoiceProfile
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


router.route("voice-agents/<int:pk>/draft/", BeginDraftView.as_view(), name="voice-agent-draft")
router.route("voice-agent-versions/<uuid:pk>/publish/", PublishView.as_view(), name="voice-agent-version-publish")
router.route(
    "voice-agent-versions/<uuid:pk>/publish-again/", PublishAgainView.as_view(), name="voice-agent-version-again"
)
