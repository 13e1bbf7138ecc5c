"""The education vertical: what holds for students and counsellors however they are written."""

from collections.abc import Mapping
from typing import Any

from lad import writes
from lad.errors import Invalid
from leads.contacts.services.notes import OfLeadWriter
from leads.education.models import EducationCounsellor, EducationStudent


class StudentWriter(OfLeadWriter):
    """A student stays with the lead they are; an empty month is one that is not known."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().create(_known(values), actor=actor)

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        return super().update(row, _known(values), actor=actor)


class CounsellorWriter(writes.Writer):
    """A counsellor stays the member they are."""

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        user = values.get("user", row.user)
        if user is None or user.pk != row.user_id:
            raise Invalid(errors={"user": ["This stays with its member: make a new one for the other."]})
        return super().update(row, values, actor=actor)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if name != "intake_month" else value or None for name, value in values.items()}


writes.register(EducationStudent, StudentWriter)
writes.register(EducationCounsellor, CounsellorWriter)
