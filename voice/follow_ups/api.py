"""Let a booking call by itself, and call the unreached of a batch again, through the API."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.times import TimeField
from lad.api.views import LadAPIView
from lad.errors import Invalid
from leads.bookings.models import LeadBooking
from leads.contactability.models import Purpose
from voice.agents.models import VoiceAgent, VoiceProfile
from voice.agents.services.permissions import require_use
from voice.batches.models import CallBatch
from voice.batches.services.redial import redial
from voice.features import VOICE_AGENT
from voice.follow_ups.automatic import AutomaticCall, let_agent_call, let_nobody_call
from voice.numbers.models import VoiceNumber

NO_AGENT = "Choose an agent. Your voice profile has none."
NOT_HERE = "There is no such row here."
_Batch = make_serializer(CallBatch)


class AutomaticCallSerializer(InputSerializer):
    """Who calls at the booking's time. Without an agent and a number, those of the user's voice profile."""

    agent = serializers.IntegerField(required=False, min_value=1)
    number = serializers.UUIDField(required=False)
    purpose = serializers.ChoiceField(
        choices=Purpose.choices,
        default=Purpose.OUTREACH,
        help_text="An answer or service needs no consent and keeps to no hours: the lead asked for the call.",
    )
    context = serializers.CharField(  # type: ignore[assignment]
        max_length=20_000, required=False, allow_blank=True, default="", help_text="What the agent is told."
    )


class AutomaticCallResponse(serializers.Serializer):
    """Whether the booking calls by itself, and when."""

    booking = serializers.UUIDField()
    task_status = serializers.CharField()
    task_scheduled_at = serializers.DateTimeField(allow_null=True)


class BookingCall(LadAPIView):
    """The automatic call of a booking."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": "calls.create", "delete": "calls.update"}

    @extend_schema(
        summary="Let a voice agent call the lead at the booking's time",
        request=AutomaticCallSerializer,
        responses={200: AutomaticCallResponse, **problems(400, 403, 404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, pk: UUID) -> Response:
        given = AutomaticCallSerializer.read(request.data)
        booking = get_object_or_404(LeadBooking.objects.all(), pk=pk)
        call = self._call(given)
        return _shown(let_agent_call(booking=booking, call=call, actor=self.access.user))

    @extend_schema(
        summary="Let nobody call at the booking's time",
        responses={200: AutomaticCallResponse, **problems(404)},
    )
    @writes.in_transaction
    def delete(self, request: Request, pk: UUID) -> Response:
        booking = get_object_or_404(LeadBooking.objects.all(), pk=pk)
        return _shown(let_nobody_call(booking=booking, actor=self.access.user))

    def _call(self, given: dict[str, object]) -> AutomaticCall:
        """Return the call with its agent and number, which the user may use."""
        profile = VoiceProfile.objects.filter(user=self.access.user.pk).first()
        agent_id = given.get("agent") or (profile.default_agent_id if profile else None)
        number_id = given.get("number") or (profile.default_number_id if profile else None)
        agent = VoiceAgent.objects.filter(pk=agent_id).select_related("voice").first() if agent_id else None
        number = VoiceNumber.objects.filter(pk=number_id).first() if number_id else None
        if agent is None:
            raise Invalid(errors={"agent": [NOT_HERE if given.get("agent") else NO_AGENT]})
        if number is None and given.get("number"):
            raise Invalid(errors={"number": [NOT_HERE]})
        require_use(actor=self.access.user, number=number, voice=agent.voice if agent.voice_id else None)
        return AutomaticCall(
            agent_id=agent.pk,
            number_id=str(number.pk) if number else None,
            purpose=str(given["purpose"]),
            context=str(given["context"]),
        )


def _shown(row: LeadBooking) -> Response:
    values = {"booking": row.pk, "task_status": row.task_status, "task_scheduled_at": row.task_scheduled_at}
    return Response(AutomaticCallResponse(values).data)


class RedialSerializer(InputSerializer):
    """The new batch's name and time. Without a time it begins at once."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    scheduled_at = TimeField(required=False, allow_null=True, default=None)


class Redial(LadAPIView):
    """Call the unreached of a batch again."""

    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": "calls.create"}

    @extend_schema(
        summary="Call those again whom a batch did not reach, in a new batch",
        request=RedialSerializer,
        responses={201: _Batch, **problems(400, 403, 404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, pk: UUID) -> Response:
        given = RedialSerializer.read(request.data)
        batch = get_object_or_404(CallBatch.objects.all(), pk=pk)
        child = redial(batch=batch, actor=self.access.user, **given)
        return Response(_Batch(child).data, status.HTTP_201_CREATED)


router.route("lead-bookings/<uuid:pk>/automatic-call/", BookingCall.as_view(), name="booking-automatic-call")
router.route("voice-call-batches/<uuid:pk>/redial/", Redial.as_view(), name="voice-call-batch-redial")
