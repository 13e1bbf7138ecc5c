"""Bodies and responses of contactability's own endpoints."""

from typing import Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer, TimeField
from leads.channels import Channel
from leads.contactability.decisions import ReasonCode, Verdict
from leads.contactability.models import ALL_CHANNELS, Purpose, SuppressionReason

MAX_LEADS: Final = 1_000
MAX_ADDRESSES: Final = 1_000
MAX_TEXT: Final = 500
MAX_SOURCE: Final = 200


class QuestionSerializer(InputSerializer):
    """Whether a lead may be contacted: on these channels (all by default), for this purpose, at this time (now)."""

    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), min_length=1, required=False
    )
    purpose = serializers.ChoiceField(choices=Purpose.choices, default=Purpose.OUTREACH)
    at = TimeField(required=False)


class ManyQuestionSerializer(QuestionSerializer):
    """Whether leads may be contacted."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_LEADS)


class ReasonResponse(serializers.Serializer):
    """One reason, as a code for programs and as a sentence for people."""

    code = serializers.ChoiceField(choices=[each.value for each in ReasonCode])
    detail = serializers.CharField()
    sentence = serializers.CharField()


class DecisionResponse(serializers.Serializer):
    """Whether a lead may be contacted on a channel. ``until`` is when a deferral ends by what is known now."""

    lead = serializers.UUIDField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(choices=[each.value for each in Verdict])
    until = serializers.DateTimeField(allow_null=True)
    timezone = serializers.CharField()
    reasons = ReasonResponse(many=True)
    sentence = serializers.CharField()


class DecisionsResponse(serializers.Serializer):
    """The decisions, in the order of the leads and then of the channels."""

    results = DecisionResponse(many=True)


class LiftSerializer(InputSerializer):
    """Why an entry is taken off the list."""

    reason = serializers.CharField(max_length=MAX_TEXT)


class AddressesSerializer(InputSerializer):
    """Addresses and domains to list. With ``dry_run`` nothing is written."""

    addresses = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TEXT), min_length=1, max_length=MAX_ADDRESSES
    )
    channel = serializers.ChoiceField(choices=[(ALL_CHANNELS, "All channels"), *Channel.choices], default=ALL_CHANNELS)
    reason = serializers.ChoiceField(choices=SuppressionReason.choices, default=SuppressionReason.IMPORTED)
    source = serializers.CharField(  # type: ignore[assignment]  # the name of an attribute of fields, too
        max_length=MAX_SOURCE, required=False, allow_blank=True, default=""
    )
    dry_run = serializers.BooleanField(default=False)


class ImportFileSerializer(InputSerializer):
    """A CSV file or an Excel workbook with one address in each line, and what to do with them."""

    file = serializers.FileField()
    channel = serializers.ChoiceField(choices=[(ALL_CHANNELS, "All channels"), *Channel.choices], default=ALL_CHANNELS)
    reason = serializers.ChoiceField(choices=SuppressionReason.choices, default=SuppressionReason.IMPORTED)
    source = serializers.CharField(  # type: ignore[assignment]  # the name of an attribute of fields, too
        max_length=MAX_SOURCE, required=False, allow_blank=True, default=""
    )


class AddressOutcomeResponse(serializers.Serializer):
    """What became of one address, or would become of it."""

    address = serializers.CharField()
    kind = serializers.ChoiceField(choices=["email", "phone", "linkedin", "profile", "domain", ""])
    verdict = serializers.ChoiceField(choices=["added", "listed", "repeated", "invalid"])
    problem = serializers.CharField()


class AddressOutcomesResponse(serializers.Serializer):
    """What became of each address, in the order of the request."""

    results = AddressOutcomeResponse(many=True)
