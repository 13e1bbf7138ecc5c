"""What the hand-written endpoints of the domain take and answer."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from leads.pipeline.models import LeadStage, LeadStatus

LONGEST_KEY = 50


MOST_STAGES = 200


class StageCountAnswer(serializers.Serializer):
    """One stage: how many leads stand in it that are not archived, and their estimated value by currency."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    color = serializers.CharField()
    leads = serializers.IntegerField()
    values = serializers.DictField(child=serializers.DecimalField(max_digits=20, decimal_places=2))


class BoardAnswer(serializers.Serializer):
    stages = StageCountAnswer(many=True)


class ReorderForm(InputSerializer):
    """Every stage of the pipeline once, from left to right."""

    stages = serializers.ListField(child=KeyField(model=LeadStage), max_length=MOST_STAGES)


class RetireStageForm(InputSerializer):
    """``move_leads_to`` is the stage where the leads in this one go; needed when there are any."""

    move_leads_to = KeyField(model=LeadStage, allow_null=True, default=None)


class RetireStatusForm(InputSerializer):
    """``move_leads_to`` is the status that the leads with this one get; needed when there are any."""

    move_leads_to = KeyField(model=LeadStatus, allow_null=True, default=None)


class RetiredAnswer(serializers.Serializer):
    moved = serializers.IntegerField()
