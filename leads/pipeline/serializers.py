"""Bodies and responses of the pipeline's own endpoints."""

from typing import Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from leads.pipeline.models import LeadStage, LeadStatus, Outcome

MAX_KEY_LENGTH: Final = 50
MAX_STAGES: Final = 200


class StageCountResponse(serializers.Serializer):
    """One stage: the number of its leads that are not archived, and their estimated value by currency."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the response has a field of the base's name
    color = serializers.CharField()
    outcome = serializers.ChoiceField(Outcome.choices)
    leads = serializers.IntegerField()
    values = serializers.DictField(child=serializers.DecimalField(max_digits=20, decimal_places=2))


class BoardResponse(serializers.Serializer):
    """The tenant's stages, in order."""

    stages = StageCountResponse(many=True)


class ReorderSerializer(InputSerializer):
    """Every stage of the pipeline exactly once, from left to right."""

    stages = serializers.ListField(child=KeyField(model=LeadStage), max_length=MAX_STAGES)


class RetireStageSerializer(InputSerializer):
    """``move_leads_to`` is the stage that the leads move to. It is required if the stage has leads."""

    move_leads_to = KeyField(model=LeadStage, allow_null=True, default=None)


class RetireStatusSerializer(InputSerializer):
    """``move_leads_to`` is the status that the leads get. It is required if leads have this one."""

    move_leads_to = KeyField(model=LeadStatus, allow_null=True, default=None)


class RetiredResponse(serializers.Serializer):
    """How many leads were moved."""

    moved = serializers.IntegerField()
