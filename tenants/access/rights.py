"""The rights of each default role. A right is named ``<area>.<verb>``.

A role of a tenant's own, or of LAD's staff, is a row: see ``tenants.access.models``.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tenants.access.keys import BUNDLES, SCREENS, rights_of
from tenants.access.roles import EXTENDS, Role

VIEW: Final = frozenset({"view"})
EDIT: Final = frozenset({"view", "create", "update", "delete"})

# Area → role → the verbs it has there in addition to the role it extends.
_RIGHTS: Final[Mapping[str, Mapping[Role, frozenset[str]]]] = {
    "tenant": {Role.VIEWER: VIEW, Role.ADMIN: frozenset({"update"}), Role.OWNER: frozenset({"delete"})},
    "team": {Role.VIEWER: VIEW, Role.ADMIN: EDIT, Role.OWNER: frozenset({"transfer"})},
    "invitations": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "capabilities": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "roles": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "features": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "activity": {Role.VIEWER: VIEW},
    # Row-level security shows users their own external accounts only.
    "identities": {Role.VIEWER: frozenset({"view", "delete"})},
    # Everybody sees and ends their own sessions; these are about the sessions of the tenant's members.
    "sessions": {Role.ADMIN: frozenset({"view", "delete"})},
    "exports": {Role.ADMIN: frozenset({"create"})},
    "events": {Role.ADMIN: VIEW},
    "audit": {Role.ADMIN: VIEW},
    "mail": {Role.ADMIN: VIEW},
    # People see their own jobs; those who may oversee see all. Starting one needs the right to change its rows.
    "jobs": {Role.VIEWER: VIEW, Role.ADMIN: frozenset({"oversee"})},
    # Everybody sees the cost of usage and members spend; admins see balances and invoices, owners buy.
    "billing": {
        Role.MEMBER: frozenset({"spend"}),
        Role.ADMIN: frozenset({"view", "update"}),
        Role.OWNER: frozenset({"buy"}),
    },
    # The customer is not its own meter: see PLATFORM_RIGHTS.
    "usage": {Role.VIEWER: VIEW},
    "leads": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    # Who may be contacted. What the tenant's policy allows is decided by its admins.
    "contactability": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "contact-policy": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "pipeline": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "bookings": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "students": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "counsellors": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "companies": {Role.VIEWER: VIEW, Role.MEMBER: frozenset({"search", "reveal"})},
    "directories": {Role.MEMBER: VIEW, Role.ADMIN: EDIT},
    "campaigns": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    # Without the right to oversee, members see the conversations that are assigned to them.
    "inbox": {Role.VIEWER: frozenset({"view", "oversee"}), Role.MEMBER: frozenset({"update"})},
    "templates": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "sending-accounts": {Role.MEMBER: VIEW, Role.ADMIN: EDIT},
    "language-models": {Role.MEMBER: VIEW, Role.ADMIN: EDIT},
    "voice": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "carriers": {Role.MEMBER: VIEW, Role.ADMIN: EDIT},
    "calls": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    # Conversations are private to the user who started them, except for those who may oversee.
    "assistant": {Role.VIEWER: VIEW, Role.MEMBER: EDIT, Role.ADMIN: frozenset({"oversee"})},
}


def _rights(role: Role) -> frozenset[str]:
    own = frozenset(f"{area}.{verb}" for area, by_role in _RIGHTS.items() for verb in by_role.get(role, ()))
    return own | _rights(EXTENDS[role]) if role in EXTENDS else own


_BY_ROLE: Final = {role: _rights(role) for role in Role}

# No role has these, so that nobody in a tenant can give them; LAD's staff give them to single members.
PLATFORM_RIGHTS: Final = frozenset({"usage.record", "usage.void"})

ALL_RIGHTS: Final = _BY_ROLE[Role.OWNER] | PLATFORM_RIGHTS

# Only the owner holds these. They are given by a transfer of the ownership, and in no other way.
OWNERSHIP: Final = frozenset({"tenant.delete", "team.transfer"})
# The rights that a role of a tenant's own may hold.
TENANT_RIGHTS: Final = _BY_ROLE[Role.OWNER] - OWNERSHIP
# The verb of work that only LAD's staff do in an area, such as correcting a wallet.
ADMINISTER: Final = "administer"
# The rights that a role of LAD's staff may hold. They include verbs of the admin that no tenant has.
STAFF_RIGHTS: Final = (
    TENANT_RIGHTS | PLATFORM_RIGHTS | {f"{area}.{verb}" for area in _RIGHTS for verb in (*EDIT, ADMINISTER)}
)


def is_right(key: str) -> bool:
    """Return whether LAD guards the key: it is in one of LAD's areas and none of the app's screens.

    Other keys mean nothing to LAD, and anybody who gives rights may give them.
    """
    return key.partition(".")[0] in _RIGHTS and key not in SCREENS


def role_rights(role: str, own: Iterable[str] | None = None) -> frozenset[str]:
    """Return the rights of a role; none for an empty role. ``own`` are those of a tenant's role that replaces it."""
    if own is not None:
        return TENANT_RIGHTS.intersection(own)
    return _BY_ROLE[Role(role)] if role else frozenset()


def may_be_granted(role: str, right: str) -> bool:
    """Return whether the right, or all that the key stands for, may be given to a member of this role.

    Viewers may be given views only.
    """
    if role == Role.VIEWER and is_right(right):
        return all(each.endswith(".view") for each in rights_of(right))
    return right not in OWNERSHIP


def effective_rights(
    role: str, capabilities: Iterable[tuple[str, bool]], own: Iterable[str] | None = None
) -> frozenset[str]:
    """Return the role's rights with single rights added (True) or removed (False).

    ``own`` are the rights of a tenant's role that replaces the default one. A right above what the role allows
    to be granted is not added. An entry for one right counts more than one for a key that stands for several.
    """
    rights = set(role_rights(role, own))
    for right, enabled in sorted(capabilities, key=lambda entry: entry[0] not in BUNDLES):
        if not enabled:
            rights -= {right, *rights_of(right)}
        elif may_be_granted(role, right):
            rights |= {right, *rights_of(right)}
    return frozenset(rights)
