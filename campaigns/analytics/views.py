"""The campaign's pages in the API: actions of the campaigns' resource."""

from uuid import UUID

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.analytics import why_not
from campaigns.analytics.activities import activities
from campaigns.analytics.campaign_accounts import find_account
from campaigns.analytics.exports import KIND, activities_csv
from campaigns.analytics.funnel import funnel
from campaigns.analytics.queue import next_sends, queue
from campaigns.analytics.report import report
from campaigns.analytics.responses import (
    PeriodQuerySerializer,
    ReportResponse,
    StatsResponse,
    TableQuerySerializer,
    period_of,
)
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
from campaigns.analytics.stats import stats
from campaigns.analytics.tables import KIND as TABLES_KIND
from campaigns.analytics.tables import report_csv, stats_csv
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet, TenantRequired
from leads.contacts.models import Lead
from tenants.activity.exports import RIGHT
from tenants.activity.services import record_export
from tenants.teams.models import Tenant


class AnalyticsActions(ResourceViewSet):
    """The campaign's results, its queue, its next sends, and why something was not sent."""

    rights = {
        **dict.fromkeys(
            ["funnel", "queue", "next_sends", "why_not_sent", "activities", "analytics", "stats"], "campaigns.view"
        ),
        **dict.fromkeys(["export_activities", "export_analytics", "export_stats"], RIGHT),
    }
    step_up = frozenset({"export_activities", "export_analytics", "export_stats"})
    queries = {
        "next_sends": NextSendsQuerySerializer,
        "why_not_sent": WhyNotQuerySerializer,
        "activities": ActivitiesQuerySerializer,
        "analytics": PeriodQuerySerializer,
        "export_analytics": TableQuerySerializer,
        "stats": InputSerializer,
        "export_stats": InputSerializer,
        "export_activities": ActivitiesQuerySerializer,
    }

    @extend_schema(summary="From enrolled leads to the goal, in all and by step", responses={200: FunnelResponse})
    @action(detail=True, methods=["get"])
    def funnel(self, request: Request, pk: UUID) -> Response:
        return Response(FunnelResponse(funnel(self.get_object())).data)

    @extend_schema(
        summary="The analytics: funnel, rates, steps, variants, channels, accounts, days and cohorts",
        parameters=[PeriodQuerySerializer],
        responses={200: ReportResponse, **problems(400)},
    )
    @action(detail=True, methods=["get"])
    def analytics(self, request: Request, pk: UUID) -> Response:
        return Response(ReportResponse(report(self.get_object(), period_of(self.query()))).data)

    @extend_schema(
        summary="One table of the analytics as a CSV file, for those who may export",
        parameters=[TableQuerySerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR, **problems(400)},
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="analytics/export", pagination_class=None)
    def export_analytics(self, request: Request, pk: UUID) -> HttpResponseBase:
        campaign, asked = self.get_object(), self.query()
        self._require_view()
        record_export(self.access, TABLES_KIND, None)
        return report_csv(campaign, report(campaign, period_of(asked)), asked["table"])

    @extend_schema(
        summary="All campaigns of the tenant, together and side by side", responses={200: StatsResponse}, filters=False
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def stats(self, request: Request) -> Response:
        return Response(StatsResponse(stats(self._tenant())).data)

    @extend_schema(
        summary="All campaigns of the tenant as a CSV file, for those who may export",
        responses={(200, "text/csv"): OpenApiTypes.STR},
        filters=False,
    )
    @action(detail=False, methods=["get"], url_path="stats/export", pagination_class=None)
    def export_stats(self, request: Request) -> HttpResponseBase:
        self._require_view()
        found = stats(self._tenant())
        record_export(self.access, TABLES_KIND, found.total)
        return stats_csv(found)

    def _require_view(self) -> None:
        """Raise MissingRight unless the caller may see campaigns; the right of the action is that to export."""
        if not self.access.allows("campaigns.view"):
            raise MissingRight(right="campaigns.view")

    def _tenant(self) -> Tenant:
        if self.access.tenant_id is None:
            raise TenantRequired
        tenant: Tenant = Tenant.objects.get(pk=self.access.tenant_id)
        return tenant

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
            account = find_account(asked["account"])
            if account is None:
                raise Http404("There is no such account.")
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
        self._require_view()
        rows = activities(campaign, self.query())
        record_export(self.access, KIND, rows.count())
        return activities_csv(rows, self.access, name=campaign.name)
