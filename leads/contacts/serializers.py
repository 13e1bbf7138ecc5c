"""Bodies and responses of the leads' own endpoints."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from lad.jobs.api import BulkSerializer
from leads.contacts.extensions import TimelineKind
from leads.contacts.services.leads import MAX_LEADS
from leads.contacts.timeline import MAX_PAGE_SIZE, PAGE_SIZE
from leads.pipeline.serializers import MAX_KEY_LENGTH
from tenants.accounts.models import User


class AssigneeSerializer(InputSerializer):
    """``assigned_user`` is a member of the tenant, or null for nobody."""

    assigned_user = KeyField(model=User, members_only=True, allow_null=True)


class StageSerializer(InputSerializer):
    """``stage`` is the key of one of the tenant's stages."""

    stage = serializers.CharField(max_length=MAX_KEY_LENGTH)


class LeadIdsSerializer(InputSerializer):
    """The leads to change."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_LEADS)


class AssignSerializer(LeadIdsSerializer, AssigneeSerializer):
    """Some leads, and the member they are assigned to."""


class MoveSerializer(LeadIdsSerializer, StageSerializer):
    """Some leads, and the stage they move to."""


class BulkAssignSerializer(BulkSerializer, AssigneeSerializer):
    """Any number of leads, and the member they are assigned to."""


class BulkMoveSerializer(BulkSerializer, StageSerializer):
    """Any number of leads, and the stage they move to."""


class LeadOutcomeResponse(serializers.Serializer):
    """What happened to one lead."""

    id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=["changed", "unchanged", "not_found"])


class LeadOutcomesResponse(serializers.Serializer):
    """What happened to each lead, in the order of the request."""

    results = LeadOutcomeResponse(many=True)


class TimelineQuerySerializer(InputSerializer):
    """Which entries of a timeline to return. Without parameters the newest of all kinds."""

    kind = serializers.CharField(
        required=False, help_text=f"One or more of these, separated by commas: {', '.join(TimelineKind.values)}."
    )
    user = serializers.UUIDField(required=False, help_text="Only what this user did.")
    before = serializers.CharField(required=False, max_length=200, help_text="A place taken from `next`.")
    limit = serializers.IntegerField(default=PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE)

    def validate_kind(self, value: str) -> frozenset[TimelineKind]:
        names = {name.strip() for name in value.split(",")}
        if not names <= set(TimelineKind.values):
            raise serializers.ValidationError(f"Use some of: {', '.join(TimelineKind.values)}.")
        return frozenset(TimelineKind(name) for name in names)


class TimelineEntryResponse(serializers.Serializer):
    """One event in the history of a lead. ``text`` is a sentence, ``marks`` are short facts beside it."""

    id = serializers.UUIDField(source="place.row_id", help_text="The id of the row that the entry shows.")
    source = serializers.CharField(source="place.source", help_text="Tells apart entries that show the same row.")  # type: ignore[assignment]  # a field of this name
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=TimelineKind.choices)
    icon = serializers.CharField(source="entry.icon", help_text="The name of a Material symbol.")
    text = serializers.CharField(source="entry.text")
    detail = serializers.CharField(source="entry.detail")
    marks = serializers.ListField(child=serializers.CharField(), source="entry.marks")
    warns = serializers.BooleanField(source="entry.warns", help_text="Somebody may have to act on it.")
    user = serializers.UUIDField(source="entry.user_id", allow_null=True, help_text="The user who did it.")
    user_name = serializers.CharField(source="user")


class TimelineResponse(serializers.Serializer):
    """A page of a timeline, newest first. ``next`` is the address of older entries, or null."""

    next = serializers.URLField(allow_null=True)
    results = TimelineEntryResponse(many=True)
