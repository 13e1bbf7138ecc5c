"""The API of call analyses: what they say, what they said before, and analysing again."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.serializers import InputSerializer, TimeField, make_serializer
from lad.api.views import LadAPIView, TenantRequired
from lad.errors import NotFound
from lad.jobs import services as jobs
from lad.jobs.api import JOBS
from lad.tenancy.context import tenant_context
from voice.analysis import services
from voice.analysis.jobs import ANALYSE, RIGHT
from voice.analysis.models import CallAnalysis, CallAnalysisVersion
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT

MAX_CALLS: int = 10_000

router.register(
    CallAnalysis,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=[
        "call_log",
        "lead",
        "sentiment",
        "lead_category",
        "outcome",
        "answered_by",
        "do_not_call",
        "follow_up_at",
        "created_at",
    ],
)
router.register(
    CallAnalysisVersion,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=["analysis", "number", "created_at"],
)
router.include(CallLog, "analysis", CallAnalysis)
router.include(CallAnalysis, "versions", CallAnalysisVersion)

_Analysis = make_serializer(CallAnalysis)


class NoSuchCall(NotFound):
    """There is no such call."""

    code = "no_such_call"


class AnalyseView(LadAPIView):
    """Analyse one call, for the first time or again."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": RIGHT}
    # It may ask a model, which takes long.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="voice_call_logs_analyse",
        summary="Analyse the call, and keep what an earlier analysis said",
        request=None,
        responses={200: _Analysis},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        tenant_id = self.access.tenant_id
        if tenant_id is None:
            raise TenantRequired
        with tenant_context(tenant_id, user_id=self.access.user.pk):
            call = CallLog.objects.filter(pk=pk).first()
        if call is None:
            raise NoSuchCall
        row = services.analyse(call, actor=self.access.user)
        with tenant_context(tenant_id, user_id=self.access.user.pk):
            shown = _Analysis(row, context={"request": request}).data
        return Response(shown)


class AnalyseManySerializer(InputSerializer):
    """Which calls to analyse again: those named, or all that have ended between two times."""

    calls = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_CALLS, required=False)
    ended_after = TimeField(required=False)
    ended_before = TimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("calls") and not ("ended_after" in attrs or "ended_before" in attrs):
            raise serializers.ValidationError("Send the ids of calls, or a time after or before which they ended.")
        return attrs


class AnalyseManyView(LadAPIView):
    """Analyse many calls again, by a job."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": RIGHT}

    @extend_schema(
        operation_id="voice_call_logs_analyse_many",
        summary="Analyse many calls again, by a job",
        request=AnalyseManySerializer,
        responses={202: JOBS.serializer},
    )
    def post(self, request: Request) -> Response:
        asked = AnalyseManySerializer.read(request.data)
        rows = CallLog.objects.filter(tenant=self.access.tenant_id, ended_at__isnull=False)
        if asked.get("calls"):
            rows = rows.filter(pk__in=asked["calls"])
        bounds = {"ended_after": "ended_at__gte", "ended_before": "ended_at__lt"}
        rows = rows.filter(**{lookup: asked[name] for name, lookup in bounds.items() if name in asked})
        job = jobs.start(kind=ANALYSE, rows=rows, parameters={}, access=self.access)
        shown = JOBS.serializer(job, context={"request": request}).data
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers={"Location": f"{JOBS.url}{job.pk}/"})


router.route("voice-call-logs/<uuid:pk>/analyse/", AnalyseView.as_view(), name="voice-call-log-analyse")
router.route("voice-call-logs/analyse/", AnalyseManyView.as_view(), name="voice-call-logs-analyse")
