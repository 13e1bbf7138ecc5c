"""What the hand-written endpoints of the domain take and answer."""

from rest_framework import serializers

from lad.api.serializers import InputSerializer, KeyField
from leads.contacts.services.leads import MOST_AT_ONCE
from leads.pipeline.serializers import LONGEST_KEY
from tenants.accounts.models import User


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
