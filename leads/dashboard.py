"""Leads on the dashboard."""

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.admin.dashboard import Card, Contribution, Panel, PanelLine, contributes_to_dashboard
from lad.admin.permissions import can_view
from lad.tenancy.access import access_of
from leads.bookings.models import IS_OPEN, LeadBooking
from leads.contacts.models import Lead

# Larger numbers are shown as “more than”.
MAX_COUNTED: Final = 999
MAX_LINES: Final = 6


@contributes_to_dashboard
def work(request: HttpRequest) -> Contribution:
    """Show overdue and upcoming work of one tenant; nothing while no tenant is chosen."""
    contribution, access = Contribution(), access_of(request)
    if access.tenant_id is None:
        return contribution
    now = timezone.now()
    if can_view(request, LeadBooking):
        open_bookings = LeadBooking.objects.filter(IS_OPEN, tenant=access.tenant_id)
        overdue = _counted(open_bookings.filter(scheduled_at__lt=now, buffer_until__lt=now))
        contribution.cards.append(
            _card("Bookings overdue", overdue, "event_busy", "still open after their end", _bookings("overdue"))
        )
        contribution.panels.append(_next_bookings(open_bookings.filter(scheduled_at__gte=now)))
    if can_view(request, Lead):
        due = Lead.objects.filter(tenant=access.tenant_id, next_follow_up_at__lte=now)
        url = f"{reverse('admin:leads_lead_changelist')}?follow_up=overdue"
        contribution.cards.append(_card("Follow-ups overdue", _counted(due), "person_alert", "leads to contact", url))
    return contribution


def _next_bookings(rows: QuerySet[LeadBooking]) -> Panel:
    soon = rows.select_related("lead", "assigned_user").order_by("scheduled_at")[:MAX_LINES]
    tomorrow = timezone.now() + timedelta(days=1)
    lines = [
        PanelLine(
            text=str(row.lead),
            detail=", ".join(filter(None, (row.get_booking_type_display(), _name(row)))),
            url=reverse("admin:leads_leadbooking_change", args=(row.pk,)),
            at=row.scheduled_at,
            tone="info" if row.scheduled_at < tomorrow else "",
        )
        for row in soon
    ]
    return Panel("Next bookings", lines, "There are no bookings.", _bookings("upcoming"), "calendar_month")


def _name(booking: LeadBooking) -> str:
    return booking.assigned_user.full_name if booking.assigned_user else ""


def _card(title: str, number: int, icon: str, detail: str, url: str) -> Card:
    shown = f"more than {MAX_COUNTED}" if number > MAX_COUNTED else str(number)
    return Card(title, shown, icon, detail if number else "nothing is overdue", url, "warning" if number else "")


def _counted(rows: QuerySet[LeadBooking] | QuerySet[Lead]) -> int:
    return int(rows.order_by()[: MAX_COUNTED + 1].count())


def _bookings(when: str) -> str:
    return f"{reverse('admin:leads_leadbooking_changelist')}?when={when}"
