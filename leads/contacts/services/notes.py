"""Write notes and social profiles: rows that belong to one lead and stay with it."""

from typing import Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from lad import phones, writes
from lad.db.normalised import country_for
from lad.errors import Invalid, NotAllowed
from lad.types import Actor, Values
from leads.contacts.models import LeadNote, LeadSocial
from leads.contacts.services.activity import record_activity

# The key of the network whose handles are telephone numbers.
WHATSAPP: Final = "whatsapp"

LeadRow = TypeVar("LeadRow", bound=models.Model)


class NotTheAuthor(NotAllowed):
    """Only its author can change a note. Write a note of your own."""

    code = "not_the_author"


class LeadRowWriter(writes.Writer[LeadRow]):
    """Writes rows with a key to a lead. The key never changes."""

    def prepare(self, row: LeadRow | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            require_same_lead(row, values)
        return values


class NoteWriter(LeadRowWriter[LeadNote]):
    """Writes notes. A note stores its author, who alone may rewrite it, and counts as activity of the lead."""

    def prepare(self, row: LeadNote | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            _require_author(row, values, actor)
        own = {"created_by_user": actor} if row is None else {}
        return super().prepare(row, {**own, **values}, actor=actor)

    def after_save(self, change: writes.Change[LeadNote]) -> None:
        if change.created:
            record_activity([change.row.lead_id], at=timezone.now())


class SocialWriter(LeadRowWriter[LeadSocial]):
    """Writes social profiles. A WhatsApp handle that is a telephone number is stored as one."""

    def prepare(self, row: LeadSocial | None, values: Values, *, actor: Actor) -> Values:
        values = super().prepare(row, values, actor=actor)
        data = values.get("data")
        handle = data.get(WHATSAPP) if isinstance(data, dict) else None
        before = row.data.get(WHATSAPP) if row is not None else None
        if not isinstance(handle, str) or handle == before or not phones.digits_of(handle):
            return values
        try:
            # Only a number without a country code needs the tenant's country, which costs a statement.
            known = phones.is_international(handle)
            number = phones.normalise(handle, "" if known else country_for(row or LeadSocial(lead=values.get("lead"))))
        except ValidationError as error:
            raise Invalid(errors={"data": [f"{WHATSAPP}: {text}" for text in error.messages]}) from error
        return {**values, "data": {**data, WHATSAPP: number}}  # type: ignore[dict-item]


def _require_author(row: LeadNote, values: Values, actor: Actor) -> None:
    """Raise NotTheAuthor if somebody else would rewrite the note under its author's name."""
    others = actor is not None and row.created_by_user_id is not None and row.created_by_user_id != actor.pk
    if others and writes.differing(row, values):
        raise NotTheAuthor


def require_same_lead(row: models.Model, values: Values) -> None:
    """Raise Invalid if the values name another lead than the row's."""
    writes.fixed_fields(row, values, {"lead"}, "The lead cannot be changed. Create a new entry for the other lead.")


writes.register(LeadNote, NoteWriter)
writes.register(LeadSocial, SocialWriter)
