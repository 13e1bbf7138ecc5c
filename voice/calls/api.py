"""Calls and numbers as the API shows them."""

from typing import Any

from rest_framework import serializers

from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from voice.analysis.models import CallAnalysis
from voice.calls.models import CallLog

# A page of a hundred conversations is nobody's list.
NOT_LISTED = ("transcripts", "cost_breakdown")


_Call = make_serializer(CallLog)


_ListedCall = make_serializer(CallLog, exclude=NOT_LISTED)


class CallLogSerializer(_Call):  # type: ignore[misc, valid-type]
    """One call, made or taken."""

    to_phone = serializers.CharField(source="phone.e164", read_only=True)

    class Meta(_Call.Meta):  # type: ignore[name-defined]
        fields = [*_Call.Meta.fields, "to_phone"]


class ListedCallSerializer(_ListedCall):  # type: ignore[misc, valid-type]
    """One call as a list shows it: read it by itself for what was said and the items of its cost."""

    to_phone = serializers.CharField(source="phone.e164", read_only=True)

    class Meta(_ListedCall.Meta):  # type: ignore[name-defined]
        fields = [*_ListedCall.Meta.fields, "to_phone"]


class CallLogViewSet(ResourceViewSet):
    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.defer(*NOT_LISTED) if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        return ListedCallSerializer if self.action == "list" else CallLogSerializer


FEATURE = "voice-agent"


router.register(
    CallLog,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    serializer=CallLogSerializer,
    viewset=CallLogViewSet,
    filters=["agent", "status", "direction", "lead", "campaign", "campaign_lead", "created_at"],
    includes={"analysis": CallAnalysis},
)
