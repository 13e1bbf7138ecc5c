"""The rights of each role. A right is named ``<area>.<verb>``.

To add a role, add it to ``tenants.access.roles`` and name it here in the areas where it has more rights
than the role it extends.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tenants.access.roles import EXTENDS, Role

VIEW: Final = frozenset({"view"})
EDIT: Final = frozenset({"view", "create", "update", "delete"})

# Area → role → the verbs it has there in addition to the role it extends.
_RIGHTS: Final[Mapping[str, Mapping[Role, frozenset[str]]]] = {
    "tenant": {Role.VIEWER: VIEW, Role.ADMIN: frozenset({"update"}), Role.OWNER: frozenset({"delete"})},
    "team": {Role.VIEWER: VIEW, Role.ADMIN: EDIT, Role.OWNER: frozenset({"transfer"})},
    "invitations": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "capabilities": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
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
    "usage": {Role.VIEWER: VIEW, Role.MEMBER: frozenset({"record"})},
    "leads": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "pipeline": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "bookings": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "students": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "counsellors": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "companies": {Role.VIEWER: VIEW},
    "campaigns": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "templates": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    "sending-accounts": {Role.MEMBER: VIEW, Role.ADMIN: EDIT},
    "voice": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "calls": {Role.VIEWER: VIEW, Role.MEMBER: EDIT},
    # Conversations are private to the user who started them, except for those who may oversee.
    "assistant": {Role.VIEWER: VIEW, Role.MEMBER: EDIT, Role.ADMIN: frozenset({"oversee"})},
}


def _rights(role: Role) -> frozenset[str]:
    own = frozenset(f"{area}.{verb}" for area, by_role in _RIGHTS.items() for verb in by_role.get(role, ()))
    return own | _rights(EXTENDS[role]) if role in EXTENDS else own


_BY_ROLE: Final = {role: _rights(role) for role in Role}

ALL_RIGHTS: Final = _BY_ROLE[Role.OWNER]


def role_rights(role: str) -> frozenset[str]:
    """Return the rights of a role; none for an empty role."""
    return _BY_ROLE[Role(role)] if role else frozenset()


def effective_rights(role: str, capabilities: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """Return the role's rights with single rights added (True) or removed (False)."""
    rights = set(role_rights(role))
    for right, enabled in capabilities:
        if enabled:
            rights.add(right)
        else:
            rights.discard(right)
    return frozenset(rights)
