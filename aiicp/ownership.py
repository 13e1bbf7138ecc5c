"""Owners of conversations and profiles, and who may see other people's conversations."""

from typing import Final, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from lad.errors import Invalid, NotAllowed
from lad.tenancy.access import Access
from lad.types import Actor, Values
from lad.writes import Writer
from tenants.access.authority import is_platform
from tenants.teams.models import Membership

# Declared in tenants/access/rights.py.
OVERSEE: Final = "assistant.oversee"

Row = TypeVar("Row", bound=Model)


class OwnedRowWriter(Writer[Row]):
    """Give a new row to the user who creates it, or to the user staff choose. Only members may own rows."""

    def prepare(self, row: Row | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            return values
        owner = values.get("user", actor)
        if owner is not None and not Membership.objects.filter(user=owner.pk).exists():
            raise Invalid(errors={"user": ["Choose a member of the tenant."]})
        return {**values, "user": owner}


class NotTheOwner(NotAllowed):
    """This conversation is private: only the person whose it is can change it."""

    code = "not_the_owner"


def may_change(owner_id: UUID, actor: Actor) -> bool:
    """Return whether the actor may change what is private to a person: that person, LAD itself or a superuser."""
    return actor is None or actor.pk == owner_id or is_platform(actor)


def visible_conversations(access: Access, rows: QuerySet[Row], *, path: str = "") -> QuerySet[Row]:
    """Return the rows of the caller's own conversations, or all rows if the caller may oversee the assistant.

    ``path`` leads from a row to its conversation, such as ``conversation__``.
    """
    if access.allows(OVERSEE):
        return rows
    return rows.filter(**{f"{path}user": access.user})


def visible_profiles(access: Access, rows: QuerySet[Row], *, path: str = "") -> QuerySet[Row]:
    """Return the rows of shared profiles and of the caller's own, or all rows if the caller may oversee the assistant.

    ``path`` leads from a row to its profile, such as ``profile__``.
    """
    if access.allows(OVERSEE):
        return rows
    return rows.filter(Q(**{f"{path}is_shared": True}) | Q(**{f"{path}user": access.user}))
