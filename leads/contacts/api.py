"""Leads, notes and social profiles in the API."""

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import ResourceViewSet, require_tenant
from lad.tenancy.context import current_tenant_id
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.selectors import find_leads
from leads.contacts.serializers import AssignSerializer, LeadOutcomesResponse, MoveSerializer
from leads.contacts.services.leads import assign_many, move_many
from leads.pipeline.selectors import board
from leads.pipeline.serializers import BoardResponse


class LeadSearch(django_filters.CharFilter):
    """Leads whose name, company, e-mail address, phone number or domain begins with the text."""

    def filter(self, qs: QuerySet[Lead], value: str) -> QuerySet[Lead]:
        return find_leads(qs, value) if value else qs


class LeadViewSet(ResourceViewSet):
    rights = {"assign": "leads.update", "move": "leads.update", "board": "leads.view"}
    extra_filters = {"search": LeadSearch()}

    @extend_schema(
        summary="Assign many leads to a member, or to nobody",
        request=AssignSerializer,
        responses={200: LeadOutcomesResponse},
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def assign(self, request: Request) -> Response:
        require_tenant(self.model)
        form = AssignSerializer.read(request.data)
        outcomes = assign_many(ids=form["ids"], user=form["assigned_user"], actor=self.access.user)
        return Response(LeadOutcomesResponse({"results": outcomes}).data)

    @extend_schema(summary="Move many leads to a stage", request=MoveSerializer, responses={200: LeadOutcomesResponse})
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def move(self, request: Request) -> Response:
        require_tenant(self.model)
        form = MoveSerializer.read(request.data)
        outcomes = move_many(ids=form["ids"], stage=form["stage"], actor=self.access.user)
        return Response(LeadOutcomesResponse({"results": outcomes}).data)

    @extend_schema(
        summary="The stages, each with the number of its leads and their value",
        responses={200: BoardResponse},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def board(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(BoardResponse({"stages": board(current_tenant_id())}).data)


FEATURE = "deals-pipeline"


router.register(
    Lead,
    area="leads",
    feature=FEATURE,
    # Stored for the search only.
    exclude=["name_key", "last_name_key", "company_key"],
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
    includes={"notes": LeadNote, "social": LeadSocial},
)


router.register(LeadNote, area="leads", feature=FEATURE, filters=["lead", "created_by_user", "created_at"])


router.register(LeadSocial, area="leads", feature=FEATURE, filters=["lead"])
