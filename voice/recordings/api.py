"""The API of recordings: what is there, listening by a signed link with ranges, and erasing."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import LadAPIView
from lad.errors import NotFound
from leads.contacts.models import Lead
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT
from voice.recordings import links, services
from voice.recordings.files import Part, RangeRefused, part_of, read_part
from voice.recordings.models import CallRecording
from voice.recordings.services import NoSuchRecording, Playable

# Browsers only play it: no guessing of its type, no script, no frame, no referrer with the link.
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Accept-Ranges": "bytes",
}
RIGHT_TO_ERASE: Final = "calls.update"

_Recording = make_serializer(CallRecording, exclude=("file_key", "next_attempt_at", "lease_until"))


class RecordingLinkResponse(serializers.Serializer):
    """Anybody with the ``url`` can listen to the recording until ``expires_at``. It answers ranges."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField()
    media_type = serializers.CharField()
    duration_seconds = serializers.IntegerField(allow_null=True)
    checksum = serializers.CharField()


class EraseSerializer(InputSerializer):
    """Why a recording is erased. It is kept with what is left of it."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ErasedSerializer(serializers.Serializer):
    """How many recordings were erased."""

    erased = serializers.IntegerField()


class CallRecordingView(LadAPIView):
    """The recording of one call."""

    area = "calls"
    feature = VOICE_AGENT

    @extend_schema(
        operation_id="voice_call_logs_recording",
        summary="Get a link to the call's recording",
        responses={200: RecordingLinkResponse, **problems(404, 409)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """A link that anybody can listen by, for as long as it takes."""
        row = _recording_of(self, pk)
        link = services.link_to(row, now=timezone.now())
        answer = {
            "url": request.build_absolute_uri(link.path),
            "expires_at": link.expires_at,
            "media_type": row.media_type,
            "duration_seconds": row.duration_seconds,
            "checksum": row.checksum,
        }
        return Response(RecordingLinkResponse(answer).data)


class EraseRecordingView(LadAPIView):
    """Erase the recording of one call."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": RIGHT_TO_ERASE}

    @extend_schema(
        operation_id="voice_call_logs_erase_recording",
        summary="Erase the call's recording for good",
        request=EraseSerializer,
        responses={200: _Recording, **problems(404)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        row = _recording_of(self, pk)
        asked = EraseSerializer.read(request.data)
        services.erase(recording=row, reason=asked["reason"], actor=self.access.user)
        row.refresh_from_db()
        return Response(_Recording(row, context={"request": request}).data)


class EraseOfLeadView(LadAPIView):
    """Erase the recordings of all calls with a lead."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": RIGHT_TO_ERASE}

    @extend_schema(
        operation_id="leads_erase_recordings",
        summary="Erase the recordings of all calls with the lead for good",
        request=EraseSerializer,
        responses={200: ErasedSerializer, **problems(404)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        lead = Lead.objects.filter(pk=pk, tenant=self.access.tenant_id).first()
        if lead is None:
            raise NotFound
        asked = EraseSerializer.read(request.data)
        erased = services.erase_of_lead(lead=lead, reason=asked["reason"], actor=self.access.user)
        return Response(ErasedSerializer({"erased": erased}).data)


class RecordingFile(LadAPIView):
    """The address of signed links. The signature is the permission."""

    public = True

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "private, no-store"}

    @extend_schema(
        summary="Listen to a recording by its signed link",
        parameters=[OpenApiParameter("token", str, required=True, description="The signature in the link.")],
        responses={
            (200, "audio/*"): OpenApiTypes.BINARY,
            (206, "audio/*"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The storage serves the recording."),
            **problems(403, 416, 503),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The content, or the range of it that is asked for. An altered link is answered with 404, an old one 403."""
        found = services.open_link(request.query_params.get("token", ""), recording_id=pk, now=timezone.now())
        return _served(found, request.headers.get("Range", ""))


def _served(found: Playable, wanted: str) -> HttpResponseBase:
    response: HttpResponse | StreamingHttpResponse
    if found.content is None:
        response = HttpResponseRedirect(found.address)
    else:
        size = found.content.size
        try:
            part = part_of(wanted, size)
        except RangeRefused:
            found.content.close()
            raise
        whole = Part(0, size - 1, size)
        body = read_part(found.content, part or whole)
        response = StreamingHttpResponse(body, status=206 if part else 200, content_type=found.recording.media_type)
        response["Content-Length"] = str((part or whole).length)
        response["Content-Disposition"] = content_disposition_header(False, found.name) or "inline"
        if part is not None:
            response["Content-Range"] = part.header
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _recording_of(view: LadAPIView, call_id: UUID) -> CallRecording:
    call = CallLog.objects.filter(pk=call_id, tenant=view.access.tenant_id).first()
    row: Any = services.recording_of_call(call) if call is not None else None
    if row is None:
        raise NoSuchRecording
    return row


router.register(
    CallRecording,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    serializer=_Recording,
    filters=["call_log", "state", "erase_at", "created_at"],
)
router.include(CallLog, "recordings", CallRecording)
router.route("voice-call-logs/<uuid:pk>/recording/", CallRecordingView.as_view(), name="voice-call-log-recording")
router.route(
    "voice-call-logs/<uuid:pk>/recording/erase/", EraseRecordingView.as_view(), name="voice-call-log-erase-recording"
)
router.route("leads/<uuid:pk>/erase-recordings/", EraseOfLeadView.as_view(), name="lead-erase-recordings")
router.route("voice-call-recordings/<uuid:pk>/file/", RecordingFile.as_view(), name=links.ROUTE)
