"""Notes and social profiles: what hangs on a lead and stays with it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from lad import writes
from lad.errors import Invalid
from leads.contacts.models import Lead, LeadNote, LeadSocial
from leads.contacts.services import leads


class OfLeadWriter(writes.Writer):
    """A row that belongs to a lead does not change to another."""

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        stays_with_lead(row, values)
        return super().update(row, values, actor=actor)


class NoteWriter(OfLeadWriter):
    """A note carries its author, and counts as activity of the lead."""

    @transaction.atomic
    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> LeadNote:
        row: LeadNote = super().create({"created_by_user": actor, **values}, actor=actor)
        leads.touch(lead_ids=[row.lead_id])
        return row


def stays_with_lead(row: Any, values: Mapping[str, Any]) -> None:
    """Raise Invalid when the values name another lead than the row's."""
    lead: Lead | None = values.get("lead", row.lead)
    if lead is None or lead.pk != row.lead_id:
        raise Invalid(errors={"lead": ["This stays with its lead: make a new one for the other."]})


writes.register(LeadNote, NoteWriter)
writes.register(LeadSocial, OfLeadWriter)
