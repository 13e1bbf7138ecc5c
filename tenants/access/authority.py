"""Limit what people may grant: no role or right they lack, and no change to a member above them."""

from dataclasses import dataclass
from uuid import UUID

from lad.types import Actor
from tenants.access.errors import AboveYourRole
from tenants.access.rights import ALL_RIGHTS, role_rights
from tenants.access.roles import NO_ROLE_RANK, Role, rank
from tenants.access.selectors import memberships_with_rights, rights_in
from tenants.teams.models import Membership


@dataclass(frozen=True, slots=True)
class Authority:
    """What a user may grant in a tenant. ``platform`` marks LAD's own staff, who may grant everything."""

    rank: int
    rights: frozenset[str]
    platform: bool = False

    def require_role(self, role: str) -> None:
        """Raise AboveYourRole unless the user may give this role."""
        if not self.platform and (rank(role) > self.rank or not role_rights(role) <= self.rights):
            raise AboveYourRole(f"The role {role} is above your own; ask somebody who holds it.", role=role)

    def require_right(self, right: str) -> None:
        """Raise AboveYourRole unless the user may give this right. Keys unknown to LAD may always be given."""
        if not self.platform and right in ALL_RIGHTS and right not in self.rights:
            raise AboveYourRole(f"You do not have the right {right} yourself.", right=right)

    def require_over(self, membership: Membership) -> None:
        """Raise AboveYourRole if the member ranks above the user."""
        if not self.platform and rank(membership.role) > self.rank:
            raise AboveYourRole(f"This member is {Role(membership.role).label.lower()}, which is above your own role.")


def is_platform(actor: Actor) -> bool:
    """Return whether the actor is LAD itself (None) or one of its superusers."""
    return actor is None or bool(getattr(actor, "is_superuser", False))


def authority_of(actor: Actor, tenant_id: UUID) -> Authority:
    """Return the current authority of ``actor`` in the tenant."""
    if actor is None or is_platform(actor):
        return Authority(rank(Role.OWNER), ALL_RIGHTS, platform=True)
    membership = memberships_with_rights().filter(user=actor.pk, tenant=tenant_id).first()
    if membership is None:
        return Authority(NO_ROLE_RANK, frozenset())
    return Authority(rank(membership.role), rights_in(membership))
