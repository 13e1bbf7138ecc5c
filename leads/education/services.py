"""Write students and counsellors."""

from typing import Any

from lad import writes
from lad.types import Actor, Values
from leads.contacts.services.notes import LeadRowWriter
from leads.education.models import EducationCounsellor, EducationStudent


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


def _with_null_month(values: Values) -> dict[str, Any]:
    return {name: value if name != "intake_month" else value or None for name, value in values.items()}


writes.register(EducationStudent, StudentWriter)
writes.register(EducationCounsellor, CounsellorWriter)
