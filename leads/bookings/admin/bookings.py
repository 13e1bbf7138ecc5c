"""The calendar of the people who talk to leads."""

from datetime import timedelta
from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import access_of, is_deleted
from leads.bookings import services as bookings
from leads.bookings.admin.forms import CancelForm, CompleteForm, MissForm, RescheduleForm
from leads.bookings.models import HOLDING, MAX_RETRIES, BookingStatus, LeadBooking

STATUS_COLOURS: Final = {
    BookingStatus.SCHEDULED.label: "info",
    BookingStatus.CONFIRMED.label: "primary",
    BookingStatus.IN_PROGRESS.label: "warning",
    BookingStatus.COMPLETED.label: "success",
    BookingStatus.MISSED.label: "danger",
    BookingStatus.CANCELLED.label: "default",
    BookingStatus.FAILED.label: "danger",
    "Overdue": "danger",
}
OPEN: Final = Q(status__in=[status.value for status in HOLDING])
# With these the nearest come first; without, the latest.
FORWARD: Final = ("today", "week", "upcoming")


class WhenFilter(DropdownFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("today", "Today"),
            ("week", "Next seven days"),
            ("upcoming", "Upcoming"),
            ("overdue", "Overdue: open, and the time has passed"),
            ("past", "Past"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        conditions = {
            "today": Q(scheduled_at__gte=today, scheduled_at__lt=today + timedelta(days=1)),
            "week": OPEN & Q(scheduled_at__gte=now, scheduled_at__lt=now + timedelta(days=7)),
            "upcoming": OPEN & Q(scheduled_at__gte=now),
            "overdue": OPEN & Q(scheduled_at__lt=now, buffer_until__lt=now),
            "past": Q(scheduled_at__lt=now),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class AttemptsInline(ReadOnlyInline):
    model = LeadBooking
    fk_name = "parent_booking"
    area = "bookings"
    fields = ["scheduled_at", "status", "call_result", "retry_count"]
    verbose_name_plural = "next attempt"


def _open(row: Any) -> bool:
    return not is_deleted(row) and row.holds_time


def _retriable(row: Any) -> bool:
    ended = not is_deleted(row) and row.status in bookings.RETRIABLE and row.retry_count < MAX_RETRIES
    return ended and not row.retries.filter(deleted_at__isnull=True).exists()


@register(LeadBooking)
class LeadBookingAdmin(TenantModelAdmin):
    area = "bookings"
    section, icon, rank = "Leads", "calendar_month", 20
    list_display = ["when", "lasts", "lead", "held_by", "booking_type", "state", "call_result", "attempt"]
    list_filter = [WhenFilter, "status", "booking_type", "assigned_user", "scheduled_at"]
    search_fields = ["id__exact"]
    search_help_text = "The id of a booking, or of a lead to see its bookings"
    list_select_related = ["lead", "assigned_user"]
    # Any other order than its own would sort the whole table.
    sortable_by = ()
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("lead", "assigned_user"),
                    "scheduled_at",
                    "buffer_until",
                    ("booking_type", "timezone"),
                    ("status", "call_result"),
                    "notes",
                    "booking_source",
                ],
            },
        ),
        (
            "Attempts",
            {"fields": [("parent_booking", "retry_count"), "created_by_user", "metadata"], "classes": ["collapse"]},
        ),
        (
            "Automatic call",
            {
                "fields": [
                    ("task_status", "task_scheduled_at", "executed_at"),
                    ("task_name", "idempotency_key"),
                    ("execution_attempts", "last_execution_error"),
                ],
                "classes": ["collapse"],
            },
        ),
    ]
    inlines = [AttemptsInline]
    actions_detail = ["reschedule", "complete", "miss", "cancel", "retry"]

    def get_ordering(self, request: HttpRequest) -> Any:
        if access_of(request).tenant_id is None:
            return super().get_ordering(request)
        return ["scheduled_at"] if request.GET.get("when") in FORWARD else ["-scheduled_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "lead" in readonly else [*readonly, "lead"]

    @display(description="When")
    def when(self, obj: Any) -> str:
        return f"{obj.scheduled_at:%a %d %b %Y, %H:%M}".replace(" ", "\N{NO-BREAK SPACE}")

    @display(description="Lasts")
    def lasts(self, obj: Any) -> str:
        minutes = int((obj.buffer_until - obj.scheduled_at).total_seconds() // 60)
        return f"{minutes}\N{NO-BREAK SPACE}min"

    @display(description="Held by")
    def held_by(self, obj: Any) -> str | None:
        return obj.assigned_user.full_name if obj.assigned_user else None

    @display(description="Status", label=STATUS_COLOURS)
    def state(self, obj: Any) -> str:
        if obj.holds_time and obj.buffer_until < timezone.now():
            return "Overdue"
        return str(obj.get_status_display())

    @display(description="Attempt")
    def attempt(self, obj: Any) -> str:
        return f"{obj.retry_count + 1}"

    @row_action(
        "Reschedule",
        explanation="It keeps its length; the old time is free again.",
        form=RescheduleForm,
        when=_open,
        icon="event_repeat",
    )
    def reschedule(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        moved = bookings.reschedule(booking=row, actor=access_of(request).user, **values)
        return f"Moved to {moved.scheduled_at:%d %b %Y %H:%M} UTC."

    @row_action("Complete", form=CompleteForm, when=_open, icon="event_available")
    def complete(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        bookings.complete(booking=row, actor=access_of(request).user, **values)
        return "The booking is completed."

    @row_action("Missed", explanation="Nobody was reached.", form=MissForm, when=_open, icon="event_busy")
    def miss(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        bookings.miss(booking=row, actor=access_of(request).user, **values)
        return "The booking is marked as missed."

    @row_action(
        "Cancel booking",
        explanation="Its time is free again.",
        form=CancelForm,
        when=_open,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        bookings.cancel(booking=row, actor=access_of(request).user, **values)
        return "The booking is cancelled."

    @row_action(
        "Try again",
        explanation="Books another attempt of the same kind and length with the lead's owner.",
        form=RescheduleForm,
        permission="add",
        when=_retriable,
        icon="replay",
    )
    def retry(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        attempt = bookings.retry(booking=row, actor=access_of(request).user, **values)
        return f"Booked: {attempt}."
