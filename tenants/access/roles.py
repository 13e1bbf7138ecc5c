"""The roles of members. Their rights are in ``tenants.access.rights``."""

from collections.abc import Mapping
from typing import Final

from django.db import models


class Role(models.TextChoices):
    """Roles, the strongest first."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


# A role has all rights of the role it extends, and its own.
EXTENDS: Final[Mapping[Role, Role]] = {Role.MEMBER: Role.VIEWER, Role.ADMIN: Role.MEMBER, Role.OWNER: Role.ADMIN}
# Members may change members of their own or a lower rank.
_RANKS: Final[Mapping[Role, int]] = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}
NO_ROLE_RANK: Final = -1


def rank(role: str) -> int:
    """Return the rank of a role; higher is stronger. An empty role ranks below all."""
    return _RANKS[Role(role)] if role else NO_ROLE_RANK
