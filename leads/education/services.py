"""Write students and counsellors."""

from typing import Any

from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values
from leads.contacts.services.notes import LeadRowWriter
from leads.education.models import EducationCounsellor, EducationStudent


class StudentWriter(LeadRowWriter[EducationStudent]):
    """Writes students. A student's lead never changes; an empty intake month is stored as null."""

    def create(self, values: Values, *, actor: Actor = None) -> EducationStudent:
        return super().create(_with_null_month(values), actor=actor)

    def update(self, row: EducationStudent, values: Values, *, actor: Actor = None) -> EducationStudent:
        return super().update(row, _with_null_month(values), actor=actor)


class CounsellorWriter(writes.Writer[EducationCounsellor]):
    """Writes counsellors. A counsellor's user never changes."""

    def update(self, row: EducationCounsellor, values: Values, *, actor: Actor = None) -> EducationCounsellor:
        user = values.get("user", row.user)
        if user is None or user.pk != row.user_id:
            raise Invalid(errors={"user": ["The member cannot be changed. Create a new counsellor for the other one."]})
        return super().update(row, values, actor=actor)


def _with_null_month(values: Values) -> dict[str, Any]:
    return {name: value if name != "intake_month" else value or None for name, value in values.items()}


writes.register(EducationStudent, StudentWriter)
writes.register(EducationCounsellor, CounsellorWriter)
