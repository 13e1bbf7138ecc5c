"""Who may do what: one table of roles, areas and verbs. A right is named ``<area>.<verb>``."""

from collections.abc import Iterable, Mapping
from typing import Final

from tenants.teams.models import Role

VIEW: Final = frozenset({"view"})
EDIT: Final = frozenset({"view", "create", "update", "delete"})

# Area → what each role adds there to what the roles below it have.
_TABLE: Final[Mapping[str, Mapping[Role, frozenset[str]]]] = {
    "tenant": {Role.VIEWER: VIEW, Role.ADMIN: frozenset({"update"}), Role.OWNER: frozenset({"delete"})},
    "team": {Role.VIEWER: VIEW, Role.ADMIN: EDIT, Role.OWNER: frozenset({"transfer"})},
    "invitations": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "capabilities": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "features": {Role.VIEWER: VIEW, Role.ADMIN: EDIT},
    "activity": {Role.VIEWER: VIEW},
    # Row-level security shows everybody their own outside accounts only.
    "identities": {Role.VIEWER: frozenset({"view", "delete"})},
    "events": {Role.ADMIN: VIEW},
    "audit": {Role.ADMIN: VIEW},
    "mail": {Role.ADMIN: VIEW},
    # What use costs is everybody's to see, what there is the admins'; members spend, and owners pay for more.
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
    # A conversation is its owner's; overseeing is seeing those of everybody.
    "assistant": {Role.VIEWER: VIEW, Role.MEMBER: EDIT, Role.ADMIN: frozenset({"oversee"})},
}

WEAKEST_FIRST: Final = (Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER)


def rank(role: str) -> int:
    """How strong a role is; a stranger's is below all."""
    return WEAKEST_FIRST.index(Role(role)) if role else -1


def _rights(role: Role) -> frozenset[str]:
    included = WEAKEST_FIRST[: rank(role) + 1]
    return frozenset(
        f"{area}.{verb}" for area, added in _TABLE.items() for step in included for verb in added.get(step, ())
    )


_BY_ROLE: Final = {role: _rights(role) for role in Role}

ALL_RIGHTS: Final = _BY_ROLE[Role.OWNER]


def role_rights(role: str) -> frozenset[str]:
    """What the role allows by itself; nothing for no role."""
    return _BY_ROLE[Role(role)] if role else frozenset()


def effective_rights(role: str, capabilities: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """The role's rights with single ones added (True) or taken away (False)."""
    rights = set(role_rights(role))
    for right, enabled in capabilities:
        if enabled:
            rights.add(right)
        else:
            rights.discard(right)
    return frozenset(rights)
