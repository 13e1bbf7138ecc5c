"""Decide who may call from a number or with a voice.

Anybody may use a number or voice that has no active permission. Otherwise only the users named in its
permissions, the tenant's owner and its admins may. A permission for a number and a voice together allows both only
together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from lad.errors import NotAllowed
from lad.tenancy.context import current_scope
from lad.types import Actor
from tenants.access.roles import Role
from tenants.teams.models import Membership
from voice.agents.models import Voice, VoicePermission
from voice.numbers.models import VoiceNumber

# A number and a voice, of which one may be missing.
Pair = tuple[UUID | None, UUID | None]
_UNRESTRICTED_ROLES: Final = (Role.OWNER, Role.ADMIN)


class NotPermitted(NotAllowed):
    """You may not use this number or voice. Ask an admin for a permission."""

    code = "voice_not_permitted"


@dataclass(frozen=True, slots=True)
class Permissions:
    """The active permissions of the current tenant, for some users.

    ``own`` has for each of them the numbers and voices, together, that permissions name.
    """

    numbers: frozenset[UUID]
    voices: frozenset[UUID]
    own: Mapping[UUID, frozenset[Pair]]
    unrestricted: frozenset[UUID]

    def allow(self, user_id: UUID | None, *, number_id: UUID | None = None, voice_id: UUID | None = None) -> bool:
        """Return whether the user may call from the number, with the voice, or with both. LAD itself may."""
        if user_id is None or user_id in self.unrestricted:
            return True
        own = self.own.get(user_id, frozenset())
        if number_id in self.numbers and not any(
            number == number_id and _agree(voice, voice_id) for number, voice in own
        ):
            return False
        return voice_id not in self.voices or any(
            voice == voice_id and _agree(number, number_id) for number, voice in own
        )


def permissions_for(user_ids: Iterable[UUID | None]) -> Permissions:
    """Return the current tenant's permissions for these users. Costs two queries at most."""
    users = frozenset(user_id for user_id in user_ids if user_id is not None)
    rows = list(VoicePermission.objects.filter(is_active=True).values_list("user_id", "number_id", "voice_id"))
    own: dict[UUID, set[Pair]] = {}
    for user_id, number_id, voice_id in rows:
        if user_id in users:
            own.setdefault(user_id, set()).add((number_id, voice_id))
    members = Membership.objects.filter(user__in=users, role__in=_UNRESTRICTED_ROLES) if rows and users else None
    return Permissions(
        numbers=frozenset(number_id for _user, number_id, _voice in rows if number_id is not None),
        voices=frozenset(voice_id for _user, _number, voice_id in rows if voice_id is not None),
        own={user_id: frozenset(pairs) for user_id, pairs in own.items()},
        unrestricted=frozenset(members.values_list("user_id", flat=True)) if members is not None else frozenset(),
    )


def require_use(*, actor: Actor, number: VoiceNumber | None, voice: Voice | None) -> None:
    """Raise NotPermitted if the user may not call from the number or with the voice."""
    if actor is None or (number is None and voice is None):
        return
    scope = current_scope()
    if scope is not None and scope.platform:
        return
    permissions = permissions_for([actor.pk])
    number_id, voice_id = number.pk if number else None, voice.pk if voice else None
    for target, key in ((number, {"number_id": number_id}), (voice, {"voice_id": voice_id})):
        if target is not None and not permissions.allow(actor.pk, **key):
            raise NotPermitted(f"You may not use {target}. Ask an admin for a permission.")
    if not permissions.allow(actor.pk, number_id=number_id, voice_id=voice_id):
        raise NotPermitted(f"You may not use {number} with {voice}. Ask an admin for a permission.")


def _agree(permitted: UUID | None, used: UUID | None) -> bool:
    """Return whether a permission that also names another thing fits what is used with it."""
    return permitted is None or used is None or permitted == used
