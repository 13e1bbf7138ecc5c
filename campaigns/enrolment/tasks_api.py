"""The list of tasks for people in the API. The activities' own actions settle them."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.enrolment.selectors import open_tasks
from lad.api import router
from lad.api.openapi import problems
from lad.api.pagination import KeysetPagination
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView

ME: Final = "me"


class TasksQuerySerializer(InputSerializer):
    """Whose tasks to return."""

    assignee = serializers.CharField(
        required=False, help_text="`me`, or the id of the user to whom the leads are assigned."
    )
    cursor = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)

    def validate_assignee(self, value: str) -> str:
        return value if value == ME else str(serializers.UUIDField().run_validation(value))


class TaskResponse(serializers.Serializer):
    """Something that somebody has to do for a lead before the campaign goes on."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    title = serializers.CharField(source="subject")
    instructions = serializers.CharField(source="message_content")
    campaign = serializers.UUIDField(source="campaign_id")
    campaign_name = serializers.CharField(source="campaign.name")
    lead = serializers.UUIDField(source="campaign_lead.lead_id")
    lead_name = serializers.CharField(source="campaign_lead")
    assignee = serializers.UUIDField(source="campaign_lead.lead.assigned_user_id", allow_null=True)
    status = serializers.CharField()


class TasksResponse(serializers.Serializer):
    """A page of tasks. ``next`` and ``previous`` are the addresses of the pages beside it."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TaskResponse(many=True)


class Tasks(LadAPIView):
    """Tasks that wait for people."""

    area = "campaigns"
    feature = "campaigns"

    @extend_schema(
        summary="List the tasks that wait for people, the oldest first",
        parameters=[TasksQuerySerializer],
        responses={200: TasksResponse, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        asked = TasksQuerySerializer.read(request.query_params.dict()).get("assignee")
        assignee: Any = self.access.user.pk if asked == ME else asked
        pages = KeysetPagination()
        page = pages.paginate_queryset(open_tasks(assignee_id=assignee), request, self)
        return pages.get_paginated_response(TaskResponse(page, many=True).data)


router.route("campaign-tasks/", Tasks.as_view(), name="campaign-tasks")
