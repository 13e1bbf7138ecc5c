"""What the hand-written endpoints of the domain take and answer."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from leads.models import CallResult, LeadStage, LeadStatus
from leads.services.leads import MOST_AT_ONCE
from tenants.models import User

LONGEST_KEY = 50
LONGEST_REASON = 500
LONGEST_NOTES = 20_000
MOST_STAGES = 200


class ManyForm(InputSerializer):
    """The leads concerned."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_AT_ONCE)


class AssignForm(ManyForm):
    """``assigned_user`` is a member of the tenant, or null for nobody."""

    assigned_user = KeyField(model=User, members_only=True, allow_null=True)


class MoveForm(ManyForm):
    """``stage`` is the key of one of the tenant's stages."""

    stage = serializers.CharField(max_length=LONGEST_KEY)


class OutcomeAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=["changed", "unchanged", "not_found"])


class OutcomesAnswer(serializers.Serializer):
    """What became of each lead, in the order asked."""

    results = OutcomeAnswer(many=True)


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


class RescheduleForm(InputSerializer):
    """Without ``buffer_until`` the booking keeps its length."""

    scheduled_at = serializers.DateTimeField()
    buffer_until = serializers.DateTimeField(allow_null=True, default=None)


class CancelForm(InputSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class CompleteForm(InputSerializer):
    """``notes`` are added to those of the booking."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.ANSWERED)
    notes = serializers.CharField(max_length=LONGEST_NOTES, allow_blank=True, default="")


class MissForm(InputSerializer):
    """``notes`` are added to those of the booking."""

    call_result = serializers.ChoiceField(choices=CallResult.choices, default=CallResult.NO_ANSWER)
    notes = serializers.CharField(max_length=LONGEST_NOTES, allow_blank=True, default="")


class RetryForm(InputSerializer):
    scheduled_at = serializers.DateTimeField()
