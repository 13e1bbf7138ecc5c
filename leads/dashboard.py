"""What the people who work with leads need to see first."""

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.admin.dashboard import Card, Contribution, Line, Panel, contributes
from lad.admin.permissions import access_of
from leads.bookings.models import HOLDS, LeadBooking
from leads.contacts.models import Lead

# Beyond so many the number says no more.
MOST_COUNTED: Final = 999
LINES: Final = 6


@contributes
def work(request: HttpRequest) -> Contribution:
    """What was forgotten and what comes next, in one tenant; across tenants it is nobody's work."""
    contribution, access = Contribution(), access_of(request)
    if access.tenant_id is None:
        return contribution
    now = timezone.now()
    if access.allows("bookings.view"):
        open_ones = LeadBooking.objects.filter(HOLDS, tenant=access.tenant_id)
        forgotten = _counted(open_ones.filter(scheduled_at__lt=now, buffer_until__lt=now))
        contribution.cards.append(
            _card("Bookings overdue", forgotten, "event_busy", "their time has passed", _bookings("overdue"))
        )
        contribution.panels.append(_next_bookings(open_ones.filter(scheduled_at__gte=now)))
    if access.allows("leads.view"):
        due = Lead.objects.filter(tenant=access.tenant_id, next_follow_up_at__lte=now)
        url = f"{reverse('admin:leads_lead_changelist')}?follow_up=overdue"
        contribution.cards.append(
            _card("Follow-ups overdue", _counted(due), "person_alert", "leads that wait for somebody", url)
        )
    return contribution


def _next_bookings(rows: QuerySet) -> Panel:
    soon = rows.select_related("lead", "assigned_user").order_by("scheduled_at")[:LINES]
    today = timezone.now() + timedelta(days=1)
    lines = [
        Line(
            text=str(row.lead),
            detail=f"{row.get_booking_type_display()}, {row.assigned_user.full_name}",
            url=reverse("admin:leads_leadbooking_change", args=(row.pk,)),
            at=row.scheduled_at,
            tone="info" if row.scheduled_at < today else "",
        )
        for row in soon
    ]
    return Panel("Next bookings", lines, "Nothing is booked.", _bookings("upcoming"), "calendar_month")


def _card(title: str, number: int, icon: str, detail: str, url: str) -> Card:
    shown = f"more than {MOST_COUNTED}" if number > MOST_COUNTED else str(number)
    return Card(title, shown, icon, detail if number else "nothing was forgotten", url, "warning" if number else "")


def _counted(rows: QuerySet) -> int:
    return int(rows.order_by()[: MOST_COUNTED + 1].count())


def _bookings(when: str) -> str:
    return f"{reverse('admin:leads_leadbooking_changelist')}?when={when}"
