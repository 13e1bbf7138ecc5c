"""Who may call from a number or with a voice.

What nobody was given a permission for is everybody's; what somebody was is theirs, and the owner's and admins'.
"""

from typing import Any

from lad.errors import NotAllowed
from lad.tenancy.context import current_scope
from tenants.teams.models import Membership, Role
from voice.agents.models import Voice, VoicePermission
from voice.numbers.models import VoiceNumber


class NotPermitted(NotAllowed):
    """This number or voice is others' to use: ask an admin for a permission."""

    code = "voice_not_permitted"


def require_use(*, actor: Any, number: VoiceNumber | None, voice: Voice | None) -> None:
    """Raise NotPermitted when the person may not call from the number or with the voice."""
    if actor is None or (number is None and voice is None) or _is_above(actor):
        return
    for name, target in (("number", number), ("voice", voice)):
        if target is None:
            continue
        holders = set(
            VoicePermission.objects.filter(**{name: target}, is_active=True).values_list("user_id", flat=True)
        )
        if holders and actor.pk not in holders:
            raise NotPermitted(f"{target} is others' to use: ask an admin for a permission.")


def _is_above(actor: Any) -> bool:
    scope = current_scope()
    if scope is not None and scope.platform:
        return True
    return bool(Membership.objects.filter(user=actor, role__in=(Role.OWNER, Role.ADMIN)).exists())
