"""Bodies and responses of campaigns and their steps."""

from typing import Any, Final
from uuid import UUID

from rest_framework import serializers

from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import canonical_key, step_types
from campaigns.enrolment.models import ActivityStatus, EnrolmentStatus
from campaigns.enrolment.selectors import OTHER_STATES
from campaigns.enrolment.services.enrolment import LeadChoice
from lad.api.serializers import InputSerializer, make_serializer
from lad.types import Values

MAX_IDS: Final = 1_000
MAX_KEY_LENGTH: Final = 50


class StepTypeField(serializers.ChoiceField):
    """The key of a registered step type. Synonyms are accepted and answered as the key."""

    def __init__(self, **kwargs: Any) -> None:
        # The framework makes the field anew for each serializer, so types registered later are choices too.
        super().__init__(choices=step_types.choices(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        key: Any = canonical_key(data)
        return super().to_internal_value(key)


CampaignSerializer = make_serializer(Campaign)


_Step = make_serializer(CampaignStep)


class CampaignStepSerializer(_Step):  # type: ignore[misc, valid-type]
    """One step of a campaign. Its `type` decides what `config` must hold."""

    type = StepTypeField()

    class Meta(_Step.Meta):  # type: ignore[name-defined]
        pass


class EnrolSerializer(InputSerializer):
    """The leads to enrol, by id or by criteria."""

    leads = serializers.ListField(child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MAX_IDS)
    stages = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY_LENGTH), required=False, allow_empty=False, max_length=50
    )
    statuses = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY_LENGTH), required=False, allow_empty=False, max_length=50
    )
    tag = serializers.CharField(max_length=100, required=False)
    assigned_user = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "leads" in attrs and len(attrs) > 1:
            raise serializers.ValidationError("Name leads by id or by criteria, not both.")
        return attrs


def chosen_leads(body: Values) -> list[UUID] | LeadChoice:
    """Return the ids of a read EnrolSerializer, or its criteria."""
    return body.get("leads") or LeadChoice(
        stages=body.get("stages", ()),
        statuses=body.get("statuses", ()),
        tag=body.get("tag", ""),
        assigned_user_id=body.get("assigned_user"),
    )


class EnrolmentOutcomeResponse(serializers.Serializer):
    """How many leads were enrolled, and how many were left out and why."""

    enrolled = serializers.IntegerField()
    already = serializers.IntegerField(help_text="Already enrolled.")
    archived = serializers.IntegerField(help_text="Left out because they are archived.")
    without_address = serializers.IntegerField(help_text="Left out because no channel of the campaign reaches them.")
    refused = serializers.DictField(
        child=serializers.IntegerField(), help_text="Left out because they may not be contacted, by reason."
    )
    unknown = serializers.IntegerField(help_text="Ids of no lead of the tenant.")


class StepOrderSerializer(InputSerializer):
    """Every step of the campaign exactly once, in the new order."""

    steps = serializers.ListField(child=serializers.UUIDField(), max_length=1_000)


class StepsResponse(serializers.Serializer):
    """The steps, in order."""

    steps = CampaignStepSerializer(many=True)


class DuplicateSerializer(InputSerializer):
    """The name of the copy."""

    name = serializers.CharField(max_length=255, required=False)


class ProgressResponse(serializers.Serializer):
    """The number of enrolments and activities in each status."""

    leads = serializers.IntegerField()
    enrolments = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(EnrolmentStatus.values))
    activities = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Towards the leads: {', '.join(ActivityStatus.values)}"
    )
    other_steps = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Waits, searches and the like: {', '.join(OTHER_STATES)}"
    )
