"""Bodies of the reveals' endpoints."""

from typing import Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer
from leads.companies.reveals.models import RevealKind
from leads.companies.reveals.services import MAX_PEOPLE

MAX_ID: Final = 255


class WantedSerializer(InputSerializer):
    """The people, by the directory's ids as a search returns them, and what to reveal of each."""

    people = serializers.ListField(
        child=serializers.CharField(max_length=MAX_ID), allow_empty=False, max_length=MAX_PEOPLE
    )
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=RevealKind.choices), allow_empty=False)


class EstimateResponse(serializers.Serializer):
    """What it costs at most. ``cached`` things are known already and free; of the ``paid`` ones, those that the
    directory does not have are free too."""

    credits = serializers.DecimalField(max_digits=18, decimal_places=6)
    available = serializers.DecimalField(max_digits=18, decimal_places=6)
    cached = serializers.IntegerField()
    paid = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="How many of the paid ones are beyond what the plan allows.")
    is_affordable = serializers.BooleanField()


class RevealProgressResponse(serializers.Serializer):
    """How many things were asked for, and what became of them."""

    total = serializers.IntegerField()
    open = serializers.IntegerField()
    found = serializers.IntegerField()
    empty = serializers.IntegerField()
    failed = serializers.IntegerField()
    unknown = serializers.IntegerField()
    percent = serializers.IntegerField()
    is_finished = serializers.BooleanField()


class RevealedResponse(serializers.Serializer):
    """What became of one thing that was asked for. ``error`` says why it failed or waits."""

    id = serializers.UUIDField()
    person_id = serializers.CharField()
    person_name = serializers.CharField()
    company_name = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.CharField()
    value = serializers.CharField()
    confidence = serializers.IntegerField(allow_null=True)
    credits = serializers.DecimalField(max_digits=18, decimal_places=6)
    error = serializers.CharField()


class ResultsResponse(serializers.Serializer):
    """How far a request has come, and its results in the order of its people."""

    progress = RevealProgressResponse()
    results = RevealedResponse(many=True)


class CancelledResponse(serializers.Serializer):
    """How many things are not asked for any more."""

    cancelled = serializers.IntegerField()
