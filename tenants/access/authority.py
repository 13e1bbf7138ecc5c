"""The ceiling: nobody grants more than they hold, and nobody changes somebody above them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lad.errors import NotAllowed
from tenants.access.rights import ALL_RIGHTS, rank, role_rights
from tenants.access.selectors import memberships_with_rights, rights_in
from tenants.teams.models import Membership, Role


class AboveYourRole(NotAllowed):
    """That is above your own role; ask somebody who holds it."""

    code = "above_your_role"


@dataclass(frozen=True, slots=True)
class Authority:
    """How far somebody's word goes in a tenant. ``platform`` is LAD's own staff: all the way."""

    rank: int
    rights: frozenset[str]
    platform: bool = False

    def require_role(self, role: str) -> None:
        """Raise AboveYourRole unless the holder may give this role."""
        if not self.platform and (rank(role) > self.rank or not role_rights(role) <= self.rights):
            raise AboveYourRole(f"The role {role} is above your own; ask somebody who holds it.", role=role)

    def require_right(self, right: str) -> None:
        """Raise AboveYourRole unless the holder may give this right; a key of no LAD right is free to give."""
        if not self.platform and right in ALL_RIGHTS and right not in self.rights:
            raise AboveYourRole(f"You do not have the right {right} yourself.", right=right)

    def require_over(self, membership: Membership) -> None:
        """Raise AboveYourRole when the member stands above the holder."""
        if not self.platform and rank(membership.role) > self.rank:
            raise AboveYourRole(f"This member is {Role(membership.role).label.lower()}, which is above your own role.")


def authority_of(actor: Any, tenant_id: UUID) -> Authority:
    """The authority of ``actor`` in the tenant, read now; None stands for the platform itself."""
    if actor is None or actor.is_superuser:
        return Authority(rank(Role.OWNER), ALL_RIGHTS, platform=True)
    membership = memberships_with_rights().filter(user=actor.pk, tenant=tenant_id).first()
    if membership is None:
        return Authority(rank(""), frozenset())
    return Authority(rank(membership.role), rights_in(membership))
