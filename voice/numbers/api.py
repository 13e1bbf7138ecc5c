"""The API of telephone numbers."""

from rest_framework import serializers

from lad.api import router
from lad.api.serializers import make_serializer
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

_Number = make_serializer(VoiceNumber)


class VoiceNumberSerializer(_Number):  # type: ignore[misc, valid-type]
    """One telephone number of the tenant, and the agent that answers it."""

    phone = serializers.CharField(source="phone.e164", read_only=True)

    class Meta(_Number.Meta):  # type: ignore[name-defined]
        fields = [*_Number.Meta.fields, "phone"]


router.register(
    VoiceNumber,
    area="voice",
    feature=VOICE_AGENT,
    serializer=VoiceNumberSerializer,
    filters=["status", "default_agent", "created_at"],
)
