"""The default roles of members. Their rights are in ``tenants.access.rights``."""

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
