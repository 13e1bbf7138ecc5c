"""What leads, stages, statuses and bookings can do in the API beyond being rows."""

from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet, require_tenant
from lad.tenancy.context import current_tenant_id
from leads import selectors
from leads.api import forms
from leads.models import LeadBooking
from leads.services import bookings, leads, pipeline

BookingSerializer = make_serializer(LeadBooking, exclude=["parent_retry_count"])


class LeadSearch(django_filters.CharFilter):
    """Leads whose name, company, address, number or domain begins with the text."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return selectors.find_leads(qs, value) if value else qs


class LeadViewSet(ResourceViewSet):
    rights = {"assign": "leads.update", "move": "leads.update", "board": "leads.view"}
    extra_filters = {"search": LeadSearch()}

    @extend_schema(
        summary="Give many leads to a member, or to nobody",
        request=forms.AssignForm,
        responses={200: forms.OutcomesAnswer},
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def assign(self, request: Request) -> Response:
        require_tenant(self.model)
        form = _form(forms.AssignForm, request)
        outcomes = leads.assign_many(ids=form["ids"], user=form["assigned_user"], actor=request.user)
        return Response(forms.OutcomesAnswer({"results": outcomes}).data)

    @extend_schema(summary="Move many leads to a stage", request=forms.MoveForm, responses={200: forms.OutcomesAnswer})
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def move(self, request: Request) -> Response:
        require_tenant(self.model)
        form = _form(forms.MoveForm, request)
        outcomes = leads.move_many(ids=form["ids"], stage=form["stage"], actor=request.user)
        return Response(forms.OutcomesAnswer({"results": outcomes}).data)

    @extend_schema(
        summary="The stages with how many leads stand in each and what they are worth",
        responses={200: forms.BoardAnswer},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def board(self, request: Request) -> Response:
        require_tenant(self.model)
        return Response(forms.BoardAnswer({"stages": selectors.board(current_tenant_id())}).data)


class PlaceViewSet(ResourceViewSet):
    """Removing a stage or status takes saying where its leads go."""

    def _retired(self, request: Request, form_class: Any) -> Response:
        form = _form(form_class, request)
        moved = pipeline.retire(row=self.get_object(), move_leads_to=form["move_leads_to"], actor=request.user)
        return Response(forms.RetiredAnswer({"moved": moved}).data)


class StageViewSet(PlaceViewSet):
    rights = {"retire": "pipeline.delete", "reorder": "pipeline.update"}

    @extend_schema(
        summary="Remove a stage and move its leads to another",
        request=forms.RetireStageForm,
        responses={200: forms.RetiredAnswer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: Any) -> Response:
        return self._retired(request, forms.RetireStageForm)

    @extend_schema(
        summary="Put the stages into another order", request=forms.ReorderForm, responses={204: None, **problems(409)}
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def reorder(self, request: Request) -> Response:
        require_tenant(self.model)
        pipeline.reorder(stages=_form(forms.ReorderForm, request)["stages"], actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatusViewSet(PlaceViewSet):
    rights = {"retire": "pipeline.delete"}

    @extend_schema(
        summary="Remove a status and give its leads another",
        request=forms.RetireStatusForm,
        responses={200: forms.RetiredAnswer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: Any) -> Response:
        return self._retired(request, forms.RetireStatusForm)


class BookingViewSet(ResourceViewSet):
    rights = {
        "reschedule": "bookings.update",
        "cancel": "bookings.update",
        "complete": "bookings.update",
        "miss": "bookings.update",
        "retry": "bookings.create",
    }

    @extend_schema(summary="Move a booking to another time", request=forms.RescheduleForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def reschedule(self, request: Request, pk: Any) -> Response:
        form = _form(forms.RescheduleForm, request)
        return self.answer(bookings.reschedule(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Cancel a booking and free its time", request=forms.CancelForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: Any) -> Response:
        form = _form(forms.CancelForm, request)
        return self.answer(bookings.cancel(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Say that a booking took place", request=forms.CompleteForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def complete(self, request: Request, pk: Any) -> Response:
        form = _form(forms.CompleteForm, request)
        return self.answer(bookings.complete(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Say that nobody was reached", request=forms.MissForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def miss(self, request: Request, pk: Any) -> Response:
        form = _form(forms.MissForm, request)
        return self.answer(bookings.miss(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(
        summary="Book another attempt after one that came to nothing",
        request=forms.RetryForm,
        responses={201: BookingSerializer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retry(self, request: Request, pk: Any) -> Response:
        form = _form(forms.RetryForm, request)
        attempt = bookings.retry(booking=self.get_object(), actor=request.user, **form)
        return self.answer(attempt, status.HTTP_201_CREATED)


def _form(form_class: Any, request: Request) -> dict[str, Any]:
    form = form_class(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)
