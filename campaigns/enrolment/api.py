"""Enrolments and activities in the API."""

from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity, DailyCount
from campaigns.enrolment.services.tasks import settle_task
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet
from leads.contacts.models import Lead
from leads.contacts.selectors import of_found_leads

FEATURE = "campaigns"


class TaskNoteSerializer(InputSerializer):
    """What came of the task."""

    note = serializers.CharField(max_length=5_000, required=False)


class ActivityViewSet(ResourceViewSet):
    """What was done for enrolled leads, and the tasks that wait for a person."""

    rights = dict.fromkeys(["complete", "skip"], "campaigns.update")

    @extend_schema(summary="Mark a task as done; its enrolment goes on", request=TaskNoteSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:
        return self._settle(request, done=True)

    @extend_schema(summary="Skip a task; its enrolment goes on", request=TaskNoteSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: UUID) -> Response:
        return self._settle(request, done=False)

    @transaction.atomic
    def _settle(self, request: Request, *, done: bool) -> Response:
        note = TaskNoteSerializer.read(request.data).get("note", "")
        row = settle_task(activity=self.get_object(), done=done, actor=self.access.user, note=note)
        return self.row_response(row)


router.register(
    CampaignLead,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "lead", "status", "email", "created_at"],
    search=of_found_leads,
    includes={"activities": CampaignLeadActivity},
)
router.include(Lead, "enrolments", CampaignLead)


router.register(
    CampaignLeadActivity,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    viewset=ActivityViewSet,
    filters=["campaign", "campaign_lead", "step", "step_type", "status", "created_at"],
)


router.register(
    DailyCount,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["campaign", "day", "kind", "created_at"],
)
