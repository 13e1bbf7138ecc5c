"""Write students and counsellors."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from lad import writes
from lad.tenancy.access import Access
from lad.types import Actor, Values
from leads.contacts.services.notes import LeadRowWriter
from leads.education.models import EducationCounsellor, EducationStudent
from tenants.accounts.models import User
from tenants.teams.extensions import Holding, add_holding, on_access_ended


class StudentWriter(LeadRowWriter[EducationStudent]):
    """Writes students. A student's lead never changes; an empty intake month is stored as null."""

    def prepare(self, row: EducationStudent | None, values: Values, *, actor: Actor) -> Values:
        return super().prepare(row, _with_null_month(values), actor=actor)


class CounsellorWriter(writes.Writer[EducationCounsellor]):
    """Writes counsellors. A counsellor's user never changes."""

    def prepare(self, row: EducationCounsellor | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            message = "The member cannot be changed. Create a new counsellor for the other one."
            writes.fixed_fields(row, values, {"user"}, message)
        return values


def _counsellors(user_id: UUID) -> QuerySet[EducationCounsellor]:
    return EducationCounsellor.objects.filter(user=user_id)


def _hand_over(user_id: UUID, to: User, access: Access) -> list[str]:
    """Give the user's hours to another member, unless that one has hours already."""
    if _counsellors(to.pk).exists():
        return [f"The hours stay: {to.full_name or to.email} has hours of their own."]
    for row in _counsellors(user_id):
        row.user = to
        row.save(update_fields=["user"])
    return []


def _stop_bookings(user_id: UUID, tenant_id: UUID, now: datetime) -> None:
    """Let nobody book the hours of a former member."""
    _counsellors(user_id).filter(tenant=tenant_id, is_active=True).update(is_active=False)


def _with_null_month(values: Values) -> dict[str, Any]:
    return {name: value if name != "intake_month" else value or None for name, value in values.items()}


writes.register(EducationStudent, StudentWriter)
writes.register(EducationCounsellor, CounsellorWriter)
add_holding(Holding("calendar", "counsellors.update", lambda user_id: _counsellors(user_id).count(), _hand_over))
on_access_ended(_stop_bookings)
