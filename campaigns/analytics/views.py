"""The campaign's pages in the API: actions of the campaigns' resource."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.analytics.funnel import funnel
from campaigns.analytics.queue import next_sends, queue
from campaigns.analytics.serializers import (
    FunnelResponse,
    NextSendsQuerySerializer,
    NextSendsResponse,
    QueueResponse,
)


class AnalyticsActions:
    """What became of a campaign, what waits, what is next, and why something was not sent."""

    analytics_rights = dict.fromkeys(["funnel", "queue", "next_sends"], "campaigns.view")
    analytics_queries = {"next_sends": NextSendsQuerySerializer}

    @extend_schema(summary="From enrolled leads to the goal, in all and by step", responses={200: FunnelResponse})
    @action(detail=True, methods=["get"])
    def funnel(self: Any, request: Request, pk: UUID) -> Response:
        return Response(FunnelResponse(funnel(self.get_object())).data)

    @extend_schema(summary="What waits, for which reason and until when", responses={200: QueueResponse})
    @action(detail=True, methods=["get"])
    def queue(self: Any, request: Request, pk: UUID) -> Response:
        return Response(QueueResponse(queue(self.get_object())).data)

    @extend_schema(
        summary="The next messages and steps",
        parameters=[NextSendsQuerySerializer],
        responses={200: NextSendsResponse},
    )
    @action(detail=True, methods=["get"], url_path="next-sends")
    def next_sends(self: Any, request: Request, pk: UUID) -> Response:
        found = next_sends(self.get_object(), limit=self.query()["limit"])
        return Response(NextSendsResponse({"results": found}).data)
