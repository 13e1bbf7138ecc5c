"""Bookings in the API."""

from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
from leads.bookings import services
from leads.bookings.models import LeadBooking
from leads.bookings.serializers import (
    CancelSerializer,
    CompleteSerializer,
    MissSerializer,
    RescheduleSerializer,
    RetrySerializer,
)
from leads.contacts.models import Lead
from leads.contacts.selectors import of_found_leads

_Booking = make_serializer(LeadBooking, exclude=["parent_retry_count"])


class BookingSerializer(_Booking):  # type: ignore[misc, valid-type]
    """One appointment of a user with a lead."""

    reassign_lead = serializers.BooleanField(
        write_only=True,
        default=True,
        help_text="For a new booking: whether a lead of somebody else is assigned to the booking's user.",
    )

    class Meta(_Booking.Meta):  # type: ignore[name-defined]
        fields = [*_Booking.Meta.fields, services.REASSIGN_LEAD]


class BookingViewSet(ResourceViewSet):
    """Bookings: appointments with leads."""

    rights = {
        "reschedule": "bookings.update",
        "cancel": "bookings.update",
        "complete": "bookings.update",
        "miss": "bookings.update",
        "retry": "bookings.create",
    }

    @extend_schema(summary="Move a booking to another time", request=RescheduleSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def reschedule(self, request: Request, pk: UUID) -> Response:
        body = RescheduleSerializer.read(request.data)
        return self.row_response(services.reschedule(booking=self.get_object(), actor=self.access.user, **body))

    @extend_schema(summary="Cancel a booking and free its time", request=CancelSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: UUID) -> Response:
        body = CancelSerializer.read(request.data)
        return self.row_response(services.cancel(booking=self.get_object(), actor=self.access.user, **body))

    @extend_schema(summary="Mark a booking as completed", request=CompleteSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def complete(self, request: Request, pk: UUID) -> Response:
        body = CompleteSerializer.read(request.data)
        return self.row_response(services.complete(booking=self.get_object(), actor=self.access.user, **body))

    @extend_schema(summary="Mark a booking as missed", request=MissSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def miss(self, request: Request, pk: UUID) -> Response:
        body = MissSerializer.read(request.data)
        return self.row_response(services.miss(booking=self.get_object(), actor=self.access.user, **body))

    @extend_schema(
        summary="Book another attempt after a missed, failed or cancelled one",
        request=RetrySerializer,
        responses={201: BookingSerializer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retry(self, request: Request, pk: UUID) -> Response:
        body = RetrySerializer.read(request.data)
        attempt = services.retry(booking=self.get_object(), actor=self.access.user, **body)
        return self.row_response(attempt, status.HTTP_201_CREATED)


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
    search=of_found_leads,
)
router.include(Lead, "bookings", LeadBooking)
