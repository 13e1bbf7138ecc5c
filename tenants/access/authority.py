"""Limit what people may grant: no right they lack, and no change to a member above them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from lad.types import Actor
from tenants.access.errors import AboveYourRole
from tenants.access.keys import rights_of
from tenants.access.rights import ALL_RIGHTS, is_right, role_rights
from tenants.access.selectors import grantable_rights, held_rights, memberships_with_rights, rights_by_role
from tenants.teams.models import Membership, TenantInvitation

INVITE = "invitations.create"


@dataclass(frozen=True, slots=True)
class Authority:
    """A user's authority over others in a tenant.

    ``grantable`` are the rights they may give, ``held`` those they have, ``by_role`` those of their role alone.
    ``platform`` marks LAD's superusers, who may grant everything.
    """

    grantable: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    by_role: frozenset[str] = frozenset()
    platform: bool = False

    def require(self, rights: Iterable[str]) -> None:
        """Raise AboveYourRole unless the user may give all of these rights. Keys unknown to LAD may always be given.

        Every grant asks this: of a role, a membership, a single right, an invitation and the ownership.
        """
        missing = self._missing(rights)
        if missing:
            raise AboveYourRole(
                f"You cannot give {', '.join(missing)}, because you do not have it yourself. Ask somebody who does.",
                rights=missing,
            )

    def covers(self, rights: Iterable[str]) -> bool:
        """Return whether the user may give all of these rights."""
        return not self._missing(rights)

    def require_over(self, membership: Membership) -> None:
        """Raise AboveYourRole if the member's role has a right that the user lacks."""
        if not self.platform and rights_by_role(membership) - self.by_role - self.held:
            raise AboveYourRole("This member has rights that you do not have. Ask somebody who does.")

    def _missing(self, rights: Iterable[str]) -> list[str]:
        if self.platform:
            return []
        wanted = {each for right in rights if is_right(right) for each in rights_of(right)}
        return sorted(wanted - self.grantable)


def is_platform(actor: Actor) -> bool:
    """Return whether the actor is LAD itself (None) or one of its superusers."""
    return actor is None or bool(getattr(actor, "is_superuser", False))


def authority_of(actor: Actor, tenant_id: UUID) -> Authority:
    """Return the current authority of ``actor`` in the tenant. Former members and closed accounts have none."""
    if actor is None or (is_platform(actor) and actor.is_active):
        return Authority(ALL_RIGHTS, ALL_RIGHTS, ALL_RIGHTS, platform=True)
    membership = memberships_with_rights().filter(user=actor.pk, tenant=tenant_id, user__is_active=True).first()
    if membership is None:
        return Authority()
    return Authority(grantable_rights(membership), held_rights(membership), rights_by_role(membership))


def is_backed(invitation: TenantInvitation) -> bool:
    """Return whether whoever sent the invitation may still invite, and may still give the rights it promises."""
    role = invitation.tenant_role
    if role is not None and role.deleted_at is not None:
        return False
    inviter = authority_of(invitation.invited_by, invitation.tenant_id)
    may_invite = inviter.platform or INVITE in inviter.held
    return may_invite and inviter.covers(role_rights(invitation.role, role.rights if role else None))
