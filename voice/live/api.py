"""The board of calls in the API."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import LadAPIView, require_tenant
from lad.tenancy.context import current_tenant_id
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT
from voice.live.board import board
from voice.live.states import STATES


class RoomResponse(serializers.Serializer[Any]):
    """Calls at once."""

    limit = serializers.IntegerField(help_text="How many calls the tenant may have at once, in both directions.")
    reserve = serializers.IntegerField(help_text="How many of them are kept for inbound calls.")
    outbound = serializers.IntegerField()
    inbound = serializers.IntegerField()
    free = serializers.IntegerField(help_text="How many more may be placed now.")


class UseResponse(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="agent, number or carrier account")
    name = serializers.CharField()
    calls = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)


class LiveCallResponse(serializers.Serializer[Any]):
    call = serializers.UUIDField(source="call.pk")
    state = serializers.ChoiceField(choices=list(STATES), source="state.key")
    since = serializers.DateTimeField(source="state.since")
    direction = serializers.CharField(source="call.direction")
    lead = serializers.UUIDField(source="call.lead_id", allow_null=True)
    name = serializers.CharField(source="who")
    to_phone = serializers.CharField(source="call.phone.e164")
    number = serializers.CharField(help_text="The tenant's number.")
    agent = serializers.UUIDField(source="call.agent_id", allow_null=True)
    batch = serializers.UUIDField(source="batch.pk", default=None, allow_null=True)


class LiveBatchResponse(serializers.Serializer[Any]):
    batch = serializers.UUIDField(source="batch.pk")
    name = serializers.CharField(source="title")
    status = serializers.CharField(source="batch.status")
    paused = serializers.SerializerMethodField()
    pause_reason = serializers.CharField(source="batch.pause_reason")
    total = serializers.IntegerField(source="batch.total_calls")
    reached = serializers.IntegerField(source="batch.completed_calls")
    not_reached = serializers.IntegerField(source="batch.failed_calls")
    calling = serializers.IntegerField()
    waiting = serializers.IntegerField()

    def get_paused(self, row: Any) -> bool:
        return row.batch.paused_at is not None


class EndedCallResponse(serializers.Serializer[Any]):
    call = serializers.UUIDField(source="call.pk")
    name = serializers.CharField(source="who")
    status = serializers.CharField(source="call.status")
    outcome = serializers.CharField(source="call.outcome")
    ended_at = serializers.DateTimeField(source="call.ended_at")
    duration_seconds = serializers.IntegerField(source="call.duration_seconds")


class ObstacleResponse(serializers.Serializer[Any]):
    title = serializers.CharField()
    reason = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class CallsTodayResponse(serializers.Serializer[Any]):
    placed = serializers.IntegerField()
    answered = serializers.IntegerField()
    voicemails = serializers.IntegerField()
    unanswered = serializers.IntegerField()
    failed = serializers.IntegerField()
    talk_seconds = serializers.IntegerField()


class LiveCallsResponse(serializers.Serializer[Any]):
    """The calls of a tenant at one moment. The channel `calls` of the streams tells when to read them again."""

    at = serializers.DateTimeField()
    room = RoomResponse()
    uses = UseResponse(many=True)
    calls = LiveCallResponse(many=True, help_text="The oldest 200.")
    hidden = serializers.IntegerField(help_text="How many more are under way.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="The calls shown, by state.")
    waiting = serializers.IntegerField(help_text="Calls that wait for their turn or their time, at most 10,000.")
    batches = LiveBatchResponse(many=True)
    today = CallsTodayResponse()
    ended = EndedCallResponse(many=True)
    obstacles = ObstacleResponse(many=True)


class LiveCallsView(LadAPIView):
    """Calls that are under way, the room for more, and what waits."""

    area = "calls"
    rights: ClassVar[dict[str, str]] = {"get": "calls.view"}
    feature = VOICE_AGENT

    @extend_schema(
        operation_id="voice_live_calls",
        summary="Calls under way, the room for more, and what waits",
        responses={200: LiveCallsResponse},
    )
    def get(self, request: Request) -> Response:
        require_tenant(CallLog)
        return Response(LiveCallsResponse(board(current_tenant_id(), now=timezone.now())).data)


router.route("live-calls/", LiveCallsView.as_view(), name="live-calls")
