"""Leads, notes and social profiles in the API."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from lad import moments, writes
from lad.api import router
from lad.api.filters import RANGE_LOOKUPS, MomentFilter
from lad.api.views import ResourceViewSet, require_tenant
from lad.db.phone_search import PhoneFilter
from lad.jobs.api import JOBS, BulkSerializer, start_job
from lad.jobs.deletion import DELETE, deletion_of
from lad.jobs.restoring import RESTORE
from lad.tenancy.context import current_tenant_id
from leads.contacts import jobs
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.selectors import find_leads, of_found_leads, ordered_by_day
from leads.contacts.serializers import (
    AssignSerializer,
    BulkAssignSerializer,
    BulkMoveSerializer,
    LeadOutcomesResponse,
    MoveSerializer,
    TimelineQuerySerializer,
    TimelineResponse,
)
from leads.contacts.services.leads import assign_many, move_many
from leads.contacts.timeline import Place, TimelineFilter, timeline
from leads.pipeline.selectors import board
from leads.pipeline.serializers import BoardResponse


class ActivityFilter(MomentFilter):
    """Leads whose last activity was before or after a time. Bounds the day too, which has an index."""

    def filter(self, qs: QuerySet[Lead], value: date | datetime) -> QuerySet[Lead]:
        rows: QuerySet[Lead] = super().filter(qs, value)
        lookup, moment = moments.bound(self.lookup_expr, value)
        return rows.filter(**{f"last_activity_on__{lookup[0]}te": moment.astimezone(UTC).date()})


class LeadViewSet(ResourceViewSet):
    rights = {
        "assign": "leads.update",
        "move": "leads.update",
        "board": "leads.view",
        "timeline": "leads.view",
        "bulk_assign": "leads.update",
        "bulk_move": "leads.update",
        "bulk_archive": "leads.update",
        "bulk_delete": "leads.delete",
        "bulk_restore": "leads.delete",
    }
    queries = {"timeline": TimelineQuerySerializer}
    extra_filters = {
        "phone": PhoneFilter(field_name="phone", national_field="base_number"),
        **{
            f"last_activity_at__{lookup}": ActivityFilter(field_name="last_activity_at", lookup_expr=lookup)
            for lookup in RANGE_LOOKUPS
        },
    }

    def filter_queryset(self, queryset: QuerySet) -> Any:
        return ordered_by_day(super().filter_queryset(queryset))

    @extend_schema(
        summary="Assign many leads to a member, or to nobody",
        request=AssignSerializer,
        responses={200: LeadOutcomesResponse},
    )
    @action(detail=False, methods=["post"])
    @writes.in_transaction
    def assign(self, request: Request) -> Response:
        require_tenant(self.model)
        form = AssignSerializer.read(request.data)
        outcomes = assign_many(ids=form["ids"], user=form["assigned_user"], actor=self.access.user)
        return Response(LeadOutcomesResponse({"results": outcomes}).data)

    @extend_schema(summary="Move many leads to a stage", request=MoveSerializer, responses={200: LeadOutcomesResponse})
    @action(detail=False, methods=["post"])
    @writes.in_transaction
    def move(self, request: Request) -> Response:
        require_tenant(self.model)
        form = MoveSerializer.read(request.data)
        outcomes = move_many(ids=form["ids"], stage=form["stage"], actor=self.access.user)
        return Response(LeadOutcomesResponse({"results": outcomes}).data)

    @extend_schema(
        summary="Start a job that assigns leads to a member, or to nobody",
        request=BulkAssignSerializer,
        responses={202: JOBS.serializer},
    )
    @action(detail=False, methods=["post"], url_path="bulk/assign")
    @writes.in_transaction
    def bulk_assign(self, request: Request) -> Response:
        form = BulkAssignSerializer.read(request.data)
        user = form["assigned_user"]
        return start_job(self, jobs.ASSIGN, form, {"assigned_user": str(user.pk) if user else ""})

    @extend_schema(
        summary="Start a job that moves leads to a stage",
        request=BulkMoveSerializer,
        responses={202: JOBS.serializer},
    )
    @action(detail=False, methods=["post"], url_path="bulk/move")
    @writes.in_transaction
    def bulk_move(self, request: Request) -> Response:
        form = BulkMoveSerializer.read(request.data)
        return start_job(self, jobs.MOVE, form, {"stage": form["stage"]})

    @extend_schema(summary="Start a job that archives leads", request=BulkSerializer, responses={202: JOBS.serializer})
    @action(detail=False, methods=["post"], url_path="bulk/archive")
    @writes.in_transaction
    def bulk_archive(self, request: Request) -> Response:
        return start_job(self, jobs.ARCHIVE, BulkSerializer.read(request.data), {})

    @extend_schema(summary="Start a job that deletes leads", request=BulkSerializer, responses={202: JOBS.serializer})
    @action(detail=False, methods=["post"], url_path="bulk/delete")
    @writes.in_transaction
    def bulk_delete(self, request: Request) -> Response:
        return start_job(self, DELETE, BulkSerializer.read(request.data), deletion_of(Lead))

    @extend_schema(
        summary="Start a job that restores deleted leads", request=BulkSerializer, responses={202: JOBS.serializer}
    )
    @action(detail=False, methods=["post"], url_path="bulk/restore")
    @writes.in_transaction
    def bulk_restore(self, request: Request) -> Response:
        form = BulkSerializer.read(request.data)
        return start_job(self, RESTORE, form, deletion_of(Lead), among=Lead.all_objects.deleted())

    @extend_schema(
        summary="The stages, each with the number of its leads and their value",
        responses={200: BoardResponse},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def board(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(BoardResponse({"stages": board(current_tenant_id())}).data)

    @extend_schema(
        summary="What was said and done with a lead, newest first",
        parameters=[TimelineQuerySerializer],
        responses={200: TimelineResponse},
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def timeline(self, request: Request, pk: UUID) -> Response:
        asked = self.query()
        page = timeline(
            self.get_object(),
            self.access,
            wanted=TimelineFilter(asked.get("kind", frozenset()), asked.get("user")),
            before=Place.decode(asked["before"]) if "before" in asked else None,
            limit=asked["limit"],
        )
        here = request.build_absolute_uri()
        older = replace_query_param(here, "before", page.older.encode()) if page.older else None
        return Response(TimelineResponse({"next": older, "results": page.rows}).data)


router.register(
    Lead,
    area="leads",
    feature=jobs.FEATURE,
    # Stored for the search and the order only.
    exclude=["search_text", "last_activity_on"],
    filters=[
        "stage",
        "status",
        "assigned_user",
        "source",
        "source_id",
        "email",
        "phone",
        "company_domain",
        "priority",
        "is_archived",
        "created_at",
        "last_activity_at",
        "next_follow_up_at",
    ],
    order=["-created_at", "last_activity_at", "next_follow_up_at"],
    viewset=LeadViewSet,
    search=find_leads,
    includes={"notes": LeadNote, "social": LeadSocial},
)


router.register(
    LeadNote,
    area="leads",
    feature=jobs.FEATURE,
    filters=["lead", "created_by_user", "created_at"],
    search=of_found_leads,
)


router.register(LeadSocial, area="leads", feature=jobs.FEATURE, filters=["lead"])
