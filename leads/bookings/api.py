"""What leads, stages, statuses and bookings can do in the API beyond being rows."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.input import validated
from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from leads.bookings import services
from leads.bookings.models import LeadBooking
from leads.bookings.serializers import CancelForm, CompleteForm, MissForm, RescheduleForm, RetryForm

BookingSerializer = make_serializer(LeadBooking, exclude=["parent_retry_count"])


class BookingViewSet(ResourceViewSet):
    rights = {
        "reschedule": "bookings.update",
        "cancel": "bookings.update",
        "complete": "bookings.update",
        "miss": "bookings.update",
        "retry": "bookings.create",
    }

    @extend_schema(summary="Move a booking to another time", request=RescheduleForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def reschedule(self, request: Request, pk: Any) -> Response:
        form = validated(RescheduleForm, request)
        return self.answer(services.reschedule(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Cancel a booking and free its time", request=CancelForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: Any) -> Response:
        form = validated(CancelForm, request)
        return self.answer(services.cancel(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Say that a booking took place", request=CompleteForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def complete(self, request: Request, pk: Any) -> Response:
        form = validated(CompleteForm, request)
        return self.answer(services.complete(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(summary="Say that nobody was reached", request=MissForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def miss(self, request: Request, pk: Any) -> Response:
        form = validated(MissForm, request)
        return self.answer(services.miss(booking=self.get_object(), actor=request.user, **form))

    @extend_schema(
        summary="Book another attempt after one that came to nothing",
        request=RetryForm,
        responses={201: BookingSerializer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retry(self, request: Request, pk: Any) -> Response:
        form = validated(RetryForm, request)
        attempt = services.retry(booking=self.get_object(), actor=request.user, **form)
        return self.answer(attempt, status.HTTP_201_CREATED)


FEATURE = "deals-pipeline"


router.register(
    LeadBooking,
    area="bookings",
    feature=FEATURE,
    serializer=BookingSerializer,
    filters=[
        "lead",
        "assigned_user",
        "status",
        "booking_type",
        "parent_booking",
        "task_status",
        "scheduled_at",
        "created_at",
    ],
    order=["-created_at", "scheduled_at"],
    viewset=BookingViewSet,
)
