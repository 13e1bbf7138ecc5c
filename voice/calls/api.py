"""The API of calls."""

from typing import Any, Final

from django.db.models import QuerySet
from rest_framework import serializers

from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from lad.db.phone_search import PhoneColumnsFilter
from leads.contacts.models import Lead
from voice.calls.models import CallLog
from voice.calls.selectors import find_calls
from voice.calls.start_api import CallLeadView, StartCallView
from voice.features import VOICE_AGENT

# Transcripts and cost items would make a page of a hundred calls too large.
FIELDS_NOT_LISTED: Final = ("transcripts", "cost_breakdown")

_Call = make_serializer(CallLog)
_ListedCall = make_serializer(CallLog, exclude=FIELDS_NOT_LISTED)


class CallLogSerializer(_Call):  # type: ignore[misc, valid-type]
    """One outbound or inbound call."""

    to_phone = serializers.CharField(source="phone.e164", read_only=True)

    class Meta(_Call.Meta):  # type: ignore[name-defined]
        fields = [*_Call.Meta.fields, "to_phone"]


class ListedCallSerializer(_ListedCall):  # type: ignore[misc, valid-type]
    """One call in a list. Read the call itself for its transcript and cost items."""

    to_phone = serializers.CharField(source="phone.e164", read_only=True)

    class Meta(_ListedCall.Meta):  # type: ignore[name-defined]
        fields = [*_ListedCall.Meta.fields, "to_phone"]


class CallLogViewSet(ResourceViewSet):
    extra_filters = {"to_phone": PhoneColumnsFilter(prefix="to_")}

    def get_queryset(self) -> QuerySet[CallLog]:
        rows: QuerySet[CallLog] = super().get_queryset()
        return rows.defer(*FIELDS_NOT_LISTED) if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        return ListedCallSerializer if self.action == "list" else CallLogSerializer


router.register(
    CallLog,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    serializer=CallLogSerializer,
    viewset=CallLogViewSet,
    search=find_calls,
    filters=["agent", "status", "direction", "lead", "campaign", "campaign_lead", "created_at"],
)
router.include(Lead, "calls", CallLog)
router.route("voice-call-logs/start/", StartCallView.as_view(), name="start-call")
router.route("leads/<uuid:pk>/call/", CallLeadView.as_view(), name="call-lead")
