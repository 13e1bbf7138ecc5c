"""Decide who may call from a number or with a voice.

Anybody may use a number or voice that has no active permission. Otherwise only the users named in its
permissions, the tenant's owner and its admins may.
"""

from typing import Final

from lad.errors import NotAllowed
from lad.tenancy.context import current_scope
from lad.types import Actor
from tenants.access.roles import Role
from tenants.teams.models import Membership
from voice.agents.models import Voice, VoicePermission
from voice.numbers.models import VoiceNumber

_UNRESTRICTED_ROLES: Final = (Role.OWNER, Role.ADMIN)


class NotPermitted(NotAllowed):
    """You may not use this number or voice. Ask an admin for a permission."""

    code = "voice_not_permitted"


def require_use(*, actor: Actor, number: VoiceNumber | None, voice: Voice | None) -> None:
    """Raise NotPermitted if the user may not call from the number or with the voice."""
    if actor is None or (number is None and voice is None) or _is_unrestricted(actor):
        return
    for name, target in (("number", number), ("voice", voice)):
        if target is None:
            continue
        permissions = VoicePermission.objects.filter(**{name: target}, is_active=True)
        permitted = set(permissions.values_list("user_id", flat=True))
        if permitted and actor.pk not in permitted:
            raise NotPermitted(f"You may not use {target}. Ask an admin for a permission.")


def _is_unrestricted(actor: Actor) -> bool:
    scope = current_scope()
    if scope is not None and scope.platform:
        return True
    return Membership.objects.filter(user=actor, role__in=_UNRESTRICTED_ROLES).exists()
