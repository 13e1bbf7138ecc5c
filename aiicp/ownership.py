"""Whose conversations and profiles are, and who may look at a conversation that is not theirs."""

from collections.abc import Mapping
from typing import Any, Final

from lad.errors import Invalid
from lad.tenancy.access import Access
from lad.writes import Writer
from tenants.teams.models import Membership

# The right to see conversations of others; see tenants/access/rights.py.
OVERSEE: Final = "assistant.oversee"


class OwnedWriter(Writer):
    """A new row belongs to whoever makes it, unless staff say whose it is; either must be a member of the tenant."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        values = {"user": actor, **values}
        owner = values["user"]
        if owner is not None and not Membership.objects.filter(user=owner.pk).exists():
            raise Invalid(errors={"user": ["It must belong to a member of the tenant."]})
        return super().create(values, actor=actor)


def conversations_seen_by(access: Access, rows: Any, *, path: str = "") -> Any:
    """Those of the rows that belong to the caller's own conversations; all of them for who may oversee.

    ``path`` leads from the rows to their conversation, such as ``conversation__``.
    """
    if access.allows(OVERSEE):
        return rows
    return rows.filter(**{f"{path}user": access.user})
