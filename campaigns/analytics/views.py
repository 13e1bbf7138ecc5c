"""The campaign's pages in the API: actions of the campaigns' resource."""

from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import EmailAccount
from campaigns.analytics import why_not
from campaigns.analytics.activities import activities
from campaigns.analytics.exports import KIND, activities_csv
from campaigns.analytics.funnel import funnel
from campaigns.analytics.queue import next_sends, queue
from campaigns.analytics.serializers import (
    ActivitiesQuerySerializer,
    ActivityResponse,
    FunnelResponse,
    NextSendsQuerySerializer,
    NextSendsResponse,
    QueueResponse,
    WhyNotQuerySerializer,
    WhyNotResponse,
)
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.views import ResourceViewSet
from leads.contacts.models import Lead
from tenants.activity.exports import RIGHT
from tenants.activity.services import record_export


class AnalyticsActions(ResourceViewSet):
    """The campaign's results, its queue, its next sends, and why something was not sent."""

    rights = {
        **dict.fromkeys(["funnel", "queue", "next_sends", "why_not_sent", "activities"], "campaigns.view"),
        "export_activities": RIGHT,
    }
    step_up = frozenset({"export_activities"})
    queries = {
        "next_sends": NextSendsQuerySerializer,
        "why_not_sent": WhyNotQuerySerializer,
        "activities": ActivitiesQuerySerializer,
        "export_activities": ActivitiesQuerySerializer,
    }

    @extend_schema(summary="From enrolled leads to the goal, in all and by step", responses={200: FunnelResponse})
    @action(detail=True, methods=["get"])
    def funnel(self, request: Request, pk: UUID) -> Response:
        return Response(FunnelResponse(funnel(self.get_object())).data)

    @extend_schema(summary="What waits, for which reason and until when", responses={200: QueueResponse})
    @action(detail=True, methods=["get"])
    def queue(self, request: Request, pk: UUID) -> Response:
        return Response(QueueResponse(queue(self.get_object())).data)

    @extend_schema(
        summary="The next messages and steps",
        parameters=[NextSendsQuerySerializer],
        responses={200: NextSendsResponse},
    )
    @action(detail=True, methods=["get"], url_path="next-sends")
    def next_sends(self, request: Request, pk: UUID) -> Response:
        found = next_sends(self.get_object(), limit=self.query()["limit"])
        return Response(NextSendsResponse({"results": found}).data)

    @extend_schema(
        summary="Why something was not sent: every check, in order, with its answer",
        parameters=[WhyNotQuerySerializer],
        responses={200: WhyNotResponse, **problems(400)},
    )
    @action(detail=True, methods=["get"], url_path="why-not-sent")
    def why_not_sent(self, request: Request, pk: UUID) -> Response:
        campaign, asked = self.get_object(), self.query()
        if "lead" in asked:
            found = why_not.about_lead(campaign, get_object_or_404(Lead.objects.all(), pk=asked["lead"]))
        elif "step" in asked:
            found = why_not.about_step(campaign, get_object_or_404(campaign.steps.all(), pk=asked["step"]))
        else:
            account = get_object_or_404(EmailAccount.objects.all(), pk=asked["account"])
            found = why_not.about_account(campaign, account)
        return Response(WhyNotResponse(found).data)

    @extend_schema(
        summary="What the campaign did, and what it did not do and why, newest first",
        parameters=[ActivitiesQuerySerializer],
        responses={200: ActivityResponse(many=True)},
    )
    @action(detail=True, methods=["get"])
    def activities(self, request: Request, pk: UUID) -> Response:
        page = self.paginate_queryset(activities(self.get_object(), self.query()))
        return self.get_paginated_response(ActivityResponse(page, many=True).data)

    @extend_schema(
        summary="The activity log as a CSV file, with the reasons, for those who may export",
        parameters=[ActivitiesQuerySerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="activities/export", pagination_class=None)
    def export_activities(self, request: Request, pk: UUID) -> HttpResponseBase:
        campaign = self.get_object()
        if not self.access.allows("campaigns.view"):
            raise MissingRight(right="campaigns.view")
        rows = activities(campaign, self.query())
        record_export(self.access, KIND, rows.count())
        return activities_csv(rows, self.access, name=campaign.name)
