"""The API of telephone numbers."""

from typing import Any, Final

from rest_framework import serializers

from lad import phones
from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from lad.db.phone_search import PhoneColumnsFilter
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

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


class VoiceNumberViewSet(ResourceViewSet):
    """One telephone number of the tenant, and the agent that answers it."""

    extra_filters = {"phone": PhoneColumnsFilter()}


router.register(
    VoiceNumber,
    viewset=VoiceNumberViewSet,
    area="voice",
    feature=VOICE_AGENT,
    serializer=VoiceNumberSerializer,
    filters=["status", "default_agent", "carrier_account", "created_at"],
)
