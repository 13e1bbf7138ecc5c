"""The API of telephone numbers."""

from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import phones, writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.times import TimeField
from lad.api.views import ResourceViewSet
from lad.db.phone_search import PhoneColumnsFilter
from voice.features import VOICE_AGENT
from voice.numbers import health
from voice.numbers.models import NumberDay, VoiceNumber

MAX_NATIONAL_TEXT: Final = 50

_Number = make_serializer(VoiceNumber)


class NumberField(serializers.CharField):
    """A whole number, shown in E.164. It may be written in any form; the columns follow from it."""

    def to_representation(self, value: Any) -> str:
        return str(value.e164)


class NationalNumberField(serializers.IntegerField):
    """A national number. As text it keeps the zeros in front, which a number in JSON cannot have."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and 0 < len(data) <= MAX_NATIONAL_TEXT and phones.digits_of(data):
            return data
        return super().to_internal_value(data)


class VoiceNumberSerializer(_Number):  # type: ignore[misc, valid-type]
    """One telephone number of the tenant, and the agent that answers it."""

    phone = NumberField(max_length=50, required=False)
    country_code = serializers.CharField(max_length=10, required=False)
    base_number = NationalNumberField(
        required=False, help_text="A text is accepted as well, and keeps the zeros in front, such as “0655501234”."
    )

    class Meta(_Number.Meta):  # type: ignore[name-defined]
        fields = [*_Number.Meta.fields, "phone"]


class FiguresResponse(serializers.Serializer):
    """What a number did. Rates are shares from 0 to 1; null without a call that they could be of."""

    placed = serializers.IntegerField()
    answered = serializers.IntegerField()
    short = serializers.IntegerField(help_text="Answered calls that ended within seconds.")
    voicemails = serializers.IntegerField()
    unanswered = serializers.IntegerField()
    failed = serializers.IntegerField()
    complaints = serializers.IntegerField(help_text="People who asked not to be called again.")
    talk_seconds = serializers.IntegerField()
    connect_rate = serializers.FloatField(allow_null=True)
    short_rate = serializers.FloatField(allow_null=True)
    complaint_rate = serializers.FloatField(allow_null=True)


class NumberHealthResponse(serializers.Serializer):
    """How a number stands by its last days, and why. What was before its last rest does not count."""

    health = serializers.ChoiceField(choices=health.Label.choices, source="label")
    reasons = serializers.ListField(child=serializers.CharField())
    figures = FiguresResponse()
    placed_today = serializers.IntegerField()
    left_today = serializers.IntegerField(help_text="How many calls it may still make today, in the tenant's zone.")
    resting_until = serializers.DateTimeField(allow_null=True, help_text="Null for a number that does not rest.")
    rest_reason = serializers.CharField()


class RestSerializer(InputSerializer):
    """Until when a number calls nobody, and why."""

    until = TimeField()
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class VoiceNumberViewSet(ResourceViewSet):
    """One telephone number of the tenant, and the agent that answers it."""

    rights = {"health": "voice.view", "rest": "voice.update", "resume": "voice.update"}
    extra_filters = {"phone": PhoneColumnsFilter()}

    @extend_schema(summary="How a number stands by its last days", responses={200: NumberHealthResponse})
    @action(detail=True, methods=["get"])
    def health(self, request: Request, pk: UUID) -> Response:
        return Response(NumberHealthResponse(health.report(self.get_object(), now=timezone.now())).data)

    @extend_schema(
        summary="Let a number call nobody for a while",
        request=RestSerializer,
        responses={200: VoiceNumberSerializer, **problems(400)},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def rest(self, request: Request, pk: UUID) -> Response:
        values = RestSerializer.read(request.data)
        row = health.rest(number=self.get_object(), **values, actor=self.access.user)
        return self.row_response(row)

    @extend_schema(
        summary="Let a resting number call again", request=None, responses={200: VoiceNumberSerializer, **problems(409)}
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resume(self, request: Request, pk: UUID) -> Response:
        return self.row_response(health.end_rest(number=self.get_object(), actor=self.access.user))


router.register(
    VoiceNumber,
    viewset=VoiceNumberViewSet,
    area="voice",
    feature=VOICE_AGENT,
    serializer=VoiceNumberSerializer,
    filters=["status", "default_agent", "carrier_account", "created_at"],
)

router.register(
    NumberDay,
    area="voice",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=["number", "day"],
    order=["-day"],
)
