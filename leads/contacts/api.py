"""What leads, stages, statuses and bookings can do in the API beyond being rows."""

from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.input import validated
from lad.api.views import ResourceViewSet, require_tenant
from lad.tenancy.context import current_tenant_id
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.selectors import find_leads
from leads.contacts.serializers import AssignForm, MoveForm, OutcomesAnswer
from leads.contacts.services.leads import assign_many, move_many
from leads.education.models import EducationStudent
from leads.files.models import LeadAttachment
from leads.pipeline.selectors import board
from leads.pipeline.serializers import BoardAnswer


class LeadSearch(django_filters.CharFilter):
    """Leads whose name, company, address, number or domain begins with the text."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return find_leads(qs, value) if value else qs


class LeadViewSet(ResourceViewSet):
    rights = {"assign": "leads.update", "move": "leads.update", "board": "leads.view"}
    extra_filters = {"search": LeadSearch()}

    @extend_schema(
        summary="Give many leads to a member, or to nobody",
        request=AssignForm,
        responses={200: OutcomesAnswer},
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def assign(self, request: Request) -> Response:
        require_tenant(self.model)
        form = validated(AssignForm, request)
        outcomes = assign_many(ids=form["ids"], user=form["assigned_user"], actor=request.user)
        return Response(OutcomesAnswer({"results": outcomes}).data)

    @extend_schema(summary="Move many leads to a stage", request=MoveForm, responses={200: OutcomesAnswer})
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def move(self, request: Request) -> Response:
        require_tenant(self.model)
        form = validated(MoveForm, request)
        outcomes = move_many(ids=form["ids"], stage=form["stage"], actor=request.user)
        return Response(OutcomesAnswer({"results": outcomes}).data)

    @extend_schema(
        summary="The stages with how many leads stand in each and what they are worth",
        responses={200: BoardAnswer},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def board(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(BoardAnswer({"stages": board(current_tenant_id())}).data)


FEATURE = "deals-pipeline"


router.register(
    Lead,
    area="leads",
    feature=FEATURE,
    # What searches read is no column of its own to those who read leads.
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
    includes={
        "notes": LeadNote,
        "attachments": LeadAttachment,
        "bookings": LeadBooking,
        "social": LeadSocial,
        "student": EducationStudent,
    },
)


router.register(LeadNote, area="leads", feature=FEATURE, filters=["lead", "created_by_user", "created_at"])


router.register(LeadSocial, area="leads", feature=FEATURE, filters=["lead"])
