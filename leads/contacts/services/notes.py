"""Write notes and social profiles: rows that belong to one lead and stay with it."""

from typing import TypeVar

from django.db import models, transaction
from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.services.activity import record_activity

LeadRow = TypeVar("LeadRow", bound=models.Model)


class LeadRowWriter(writes.Writer[LeadRow]):
    """Writes rows with a key to a lead. The key never changes."""

    def update(self, row: LeadRow, values: Values, *, actor: Actor = None) -> LeadRow:
        require_same_lead(row, values)
        return super().update(row, values, actor=actor)


class NoteWriter(LeadRowWriter[LeadNote]):
    """Writes notes. A note stores its author and counts as activity of the lead."""

    @transaction.atomic
    def create(self, values: Values, *, actor: Actor = None) -> LeadNote:
        row = super().create({"created_by_user": actor, **values}, actor=actor)
        record_activity([row.lead_id], at=timezone.now())
        return row


def require_same_lead(row: models.Model, values: Values) -> None:
    """Raise Invalid if the values name another lead than the row's."""
    own: Lead = row.lead  # type: ignore[attr-defined]  # every such row has a key of this name
    lead: Lead | None = values.get("lead", own)
    if lead is None or lead.pk != own.pk:
        raise Invalid(errors={"lead": ["The lead cannot be changed. Create a new entry for the other lead."]})


writes.register(LeadNote, NoteWriter)
writes.register(LeadSocial, LeadRowWriter[LeadSocial])
