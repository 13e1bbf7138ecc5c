"""The pages of bookings."""

from collections.abc import Sequence
from datetime import timedelta
from types import MethodType
from typing import Any, Final

from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from lad import writes
from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.cells import zoned
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from lad.times import NO_BREAK, here, written
from leads.bookings import extensions, services
from leads.bookings.admin.forms import CancelForm, CompleteForm, MissForm, NewBookingForm, RescheduleForm
from leads.bookings.models import MAX_RETRIES, OPEN_STATUSES, BookingStatus, LeadBooking
from leads.contacts.admin.by_lead import SearchedByLead

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
OPEN: Final = Q(status__in=[status.value for status in OPEN_STATUSES])
# These list the earliest booking first, all others the latest.
EARLIEST_FIRST: Final = ("today", "week", "upcoming")


class WhenFilter(DropdownFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("today", "Today"),
            ("week", "Next seven days"),
            ("upcoming", "Upcoming"),
            ("overdue", "Overdue: still open after its end"),
            ("past", "Past"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LeadBooking]) -> QuerySet[LeadBooking]:
        now = timezone.now()
        today = here(now).replace(hour=0, minute=0, second=0, microsecond=0)
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


def _is_open(row: LeadBooking) -> bool:
    return not is_deleted(row) and row.is_open


def _is_retriable(row: LeadBooking) -> bool:
    ended = not is_deleted(row) and row.status in services.RETRIABLE and row.retry_count < MAX_RETRIES
    return ended and not row.retries.filter(deleted_at__isnull=True).exists()


@register(LeadBooking)
class LeadBookingAdmin(SearchedByLead, TenantModelAdmin):
    area = "bookings"
    section, icon, rank = "Leads", "calendar_month", 20
    empty_hint = "Book a call or a meeting with a lead, here or on the page of the lead."
    list_display = ["when", "duration", "lead", "assigned_to", "booking_type", "state", "call_result", "attempt"]
    list_filter = [WhenFilter, "status", "booking_type", "assigned_user", "scheduled_at"]
    list_select_related = ["lead", "assigned_user"]
    # Any other order would sort the whole table.
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
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    ("lead", "assigned_user"),
                    services.REASSIGN_LEAD,
                    "scheduled_at",
                    "buffer_until",
                    ("booking_type", "timezone"),
                    ("status", "call_result"),
                    "notes",
                    "booking_source",
                    "metadata",
                ],
            },
        ),
    ]
    inlines = [AttemptsInline]
    actions_detail = ["reschedule", "complete", "miss", "cancel", "retry"]

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, those of registered actions included. By now every app has registered its own."""
        for action in extensions.actions():
            if not hasattr(self, action.name):
                self._add_action(action)
                # "Restore" stays last.
                self.actions_detail = [*self.actions_detail[:-1], action.name, *self.actions_detail[-1:]]
        return super().get_urls()

    def _add_action(self, action: extensions.BookingAction) -> None:
        def is_allowed(request: HttpRequest, obj: LeadBooking | None = None) -> bool:
            return action.visibility.allows(access_of(request))

        setattr(self, action.name, MethodType(action.view, self))
        setattr(self, f"has_{action.name}_permission", is_allowed)

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        if access_of(request).tenant_id is None:
            return super().get_ordering(request)
        return ["scheduled_at"] if request.GET.get("when") in EARLIEST_FIRST else ["-scheduled_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: LeadBooking | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        if obj is None:
            return [name for name in readonly if name != services.REASSIGN_LEAD]
        return readonly if "lead" in readonly else [*readonly, "lead"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs = {"form": NewBookingForm, **kwargs}
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        values = {**form.values(), **self.tenant_value(request, form)}
        with self.row_scope(request, LeadBooking(**values)):
            values[services.REASSIGN_LEAD] = form.cleaned_data[services.REASSIGN_LEAD]
            saved = writes.create(LeadBooking, values, actor=access_of(request).user)
        vars(obj).update(vars(saved))

    @zoned
    @display(description="When")
    def when(self, obj: LeadBooking) -> str:
        return f"{here(obj.scheduled_at):%a %-d %b %Y, %H:%M}".replace(" ", NO_BREAK)

    @display(description="Duration")
    def duration(self, obj: LeadBooking) -> str:
        minutes = int((obj.buffer_until - obj.scheduled_at).total_seconds() // 60)
        return f"{minutes}{NO_BREAK}min"

    @display(description="Assigned to")
    def assigned_to(self, obj: LeadBooking) -> str | None:
        return obj.assigned_user.full_name if obj.assigned_user else None

    @display(description="Status", label=STATUS_COLOURS)
    def state(self, obj: LeadBooking) -> str:
        if obj.is_open and obj.buffer_until < timezone.now():
            return "Overdue"
        return str(obj.get_status_display())

    @display(description="Attempt")
    def attempt(self, obj: LeadBooking) -> str:
        return f"{obj.retry_count + 1}"

    @row_action(
        "Reschedule",
        explanation="The booking keeps its duration. Its old time becomes free.",
        form=RescheduleForm,
        when=_is_open,
        icon="event_repeat",
    )
    def reschedule(self, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
        moved = services.reschedule(booking=row, actor=access_of(request).user, **values)
        return f"The booking was moved to {written(moved.scheduled_at)}."

    @row_action("Complete", form=CompleteForm, when=_is_open, icon="event_available")
    def complete(self, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
        services.complete(booking=row, actor=access_of(request).user, **values)
        return "The booking was completed."

    @row_action("Missed", explanation="The lead was not reached.", form=MissForm, when=_is_open, icon="event_busy")
    def miss(self, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
        services.miss(booking=row, actor=access_of(request).user, **values)
        return "The booking was marked as missed."

    @row_action(
        "Cancel booking",
        explanation="Its time becomes free.",
        form=CancelForm,
        when=_is_open,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
        services.cancel(booking=row, actor=access_of(request).user, **values)
        return "The booking was cancelled."

    @row_action(
        "Try again",
        explanation="Books another attempt of the same type and duration with the user the lead is assigned to.",
        form=RescheduleForm,
        permission="add",
        when=_is_retriable,
        icon="replay",
    )
    def retry(self, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
        attempt = services.retry(booking=row, actor=access_of(request).user, **values)
        return f"Booked: {attempt}."
