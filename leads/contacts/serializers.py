"""Bodies and responses of the leads' own endpoints."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from lad.jobs.api import BulkSerializer
from leads.contacts.services.leads import MAX_LEADS
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
