"""Stop the campaigns of a lead through the API."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView
from leads.contacts.models import Lead

MAX_IDS = 100


class StopSerializer(InputSerializer):
    """The enrolments to stop. Without them, all open enrolments of the lead."""

    enrolments = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MAX_IDS
    )


class StoppedResponse(serializers.Serializer):
    """The enrolments that were open and are stopped now."""

    stopped = serializers.ListField(child=serializers.UUIDField())


class StopCampaigns(LadAPIView):
    """Stop the campaigns of a lead."""

    area = "campaigns"
    feature = "campaigns"
    rights: ClassVar[dict[str, str]] = {"post": "campaigns.update"}

    @extend_schema(
        summary="Stop the campaigns of a lead, one or all",
        request=StopSerializer,
        responses={200: StoppedResponse, **problems(400, 404)},
    )
    @writes.in_transaction
    def post(self, request: Request, pk: UUID) -> Response:
        chosen = StopSerializer.read(request.data).get("enrolments")
        lead = get_object_or_404(Lead.objects.all(), pk=pk)
        enrolments = CampaignLead.objects.filter(tenant=lead.tenant_id, lead=lead.pk)
        if chosen is not None:
            enrolments = enrolments.filter(pk__in=chosen)
        stopped = states.stop(enrolments, reason=EnrolmentReason.STOPPED_BY_HAND, now=timezone.now())
        return Response(StoppedResponse({"stopped": stopped}).data)


router.route("leads/<uuid:pk>/stop-campaigns/", StopCampaigns.as_view(), name="stop-campaigns")
