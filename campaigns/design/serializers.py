"""Bodies and answers of what campaigns and templates can do beyond being rows."""

from typing import Any

from rest_framework import serializers

from campaigns.design import step_types as vocabulary
from campaigns.design.models import Campaign, CampaignStep, StepType
from campaigns.enrolment.models import ActivityStatus, EnrolmentStatus
from campaigns.enrolment.services.enrolment import LeadChoice
from lad.api.serializers import InputSerializer, make_serializer

MOST_IDS = 1_000


KEY_LENGTH = 50


class StepTypeField(serializers.ChoiceField):
    """A type of step, in our word or in another for the same."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(vocabulary.step_type(data))


CampaignSerializer = make_serializer(Campaign)


_Step = make_serializer(CampaignStep)


class CampaignStepSerializer(_Step):  # type: ignore[misc, valid-type]
    """One step of a campaign. What `config` must hold follows from `type`."""

    type = StepTypeField(choices=StepType.choices)

    class Meta(_Step.Meta):  # type: ignore[name-defined]
        pass


class EnrolForm(InputSerializer):
    """Which leads: by id, or by what they are."""

    leads = serializers.ListField(child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MOST_IDS)
    stages = serializers.ListField(child=serializers.CharField(max_length=KEY_LENGTH), required=False, max_length=50)
    statuses = serializers.ListField(child=serializers.CharField(max_length=KEY_LENGTH), required=False, max_length=50)
    tag = serializers.CharField(max_length=100, required=False)
    assigned_user = serializers.UUIDField(required=False)

    def validate(self, attrs: Any) -> Any:
        if "leads" in attrs and len(attrs) > 1:
            raise serializers.ValidationError("Name leads by id or by what they are, not both.")
        return attrs

    def choice(self) -> Any:
        """Ids, or the choice by stage, status, tag and owner."""
        given = self.validated_data
        return given.get("leads") or LeadChoice(
            stages=given.get("stages", ()),
            statuses=given.get("statuses", ()),
            tag=given.get("tag", ""),
            assigned_user_id=given.get("assigned_user"),
        )


class EnrolledAnswer(serializers.Serializer):
    """What became of the leads."""

    enrolled = serializers.IntegerField()
    already = serializers.IntegerField(help_text="Were enrolled before.")
    archived = serializers.IntegerField(help_text="Left out because they are archived.")
    without_address = serializers.IntegerField(help_text="Left out: no channel of the campaign reaches them.")
    unknown = serializers.IntegerField(help_text="Ids that are no lead here.")


class StepOrderForm(InputSerializer):
    """Every step of the campaign, in the order wanted."""

    steps = serializers.ListField(child=serializers.UUIDField(), max_length=1_000)


class StepsAnswer(serializers.Serializer):
    """The steps in their order."""

    steps = CampaignStepSerializer(many=True)


class DuplicateForm(InputSerializer):
    """What to call the copy."""

    name = serializers.CharField(max_length=255, required=False)


class ProgressAnswer(serializers.Serializer):
    """How many enrolments and activities are in each status."""

    leads = serializers.IntegerField()
    enrolments = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(EnrolmentStatus.values))
    activities = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(ActivityStatus.values))
