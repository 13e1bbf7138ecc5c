"""Save customer profiles, keep their versions, copy and share them, and count their use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from aiicp.conversations.models import Conversation
from aiicp.ownership import NotTheOwner, OwnedRowWriter, may_change
from aiicp.profiles.content import CONTENT, CRITERIA, content_of
from aiicp.profiles.models import IcpProfile, IcpProfileVersion
from lad import writes
from lad.errors import Conflict, NotFound
from lad.outbox.emission import emit
from lad.types import Actor, Values
from lad.writes import Change
from tenants.teams.models import Membership

COPY: Final = "Copy of {name}"
MAX_NAME_LENGTH: Final = 255


class ProfileInactive(Conflict):
    """This profile is not active. Activate it before you search with it."""

    code = "profile_inactive"


class NoProfileFound(Conflict):
    """The conversation has not found a customer profile yet. Continue it first."""

    code = "nothing_found"


class NoSuchVersion(NotFound):
    """The profile has no earlier version of this number."""

    code = "no_such_version"


class NoSuchProfile(NotFound):
    """There is no such profile."""

    code = "not_found"


class ProfileIsPrivate(NotTheOwner):
    """This profile is private: only the person whose it is can change or share it."""

    code = "profile_private"


class ProfileWriter(OwnedRowWriter[IcpProfile]):
    """Writes profiles and keeps what they said before.

    Everybody who may change profiles changes a shared one. Its owner alone changes a private one, and decides which of
    the two it is.
    """

    def prepare(self, row: IcpProfile | None, values: Values, *, actor: Actor) -> Values:
        values = super().prepare(row, values, actor=actor)
        if row is None:
            return values
        changed = set(writes.differing(row, values))
        if (changed and not row.is_shared) or "is_shared" in changed:
            _require_owner(row, actor)
        if changed.isdisjoint(CONTENT):
            return values
        version = row.version + 1
        values = {**values, "version": version}
        return {**values, "criteria_version": version} if changed & CRITERIA else values

    def announced(self, change: Change[IcpProfile]) -> Sequence[str] | None:
        # The activity feed is everybody's.
        return super().announced(change) if change.row.is_shared else None

    def before_delete(self, row: IcpProfile, *, actor: Actor) -> None:
        if not row.is_shared:
            _require_owner(row, actor)

    def before_restore(self, row: IcpProfile, *, actor: Actor) -> None:
        if not row.is_shared:
            _require_owner(row, actor)
        if row.scores_leads and IcpProfile.objects.filter(tenant=row.tenant_id, scores_leads=True).exists():
            # Another one scores the leads meanwhile.
            IcpProfile.all_objects.filter(pk=row.pk).update(scores_leads=False)
            row.scores_leads = False

    def after_save(self, change: Change[IcpProfile]) -> None:
        if "version" in change.before:
            _keep(change)


@transaction.atomic
def use(*, profile: IcpProfile, actor: Actor, now: datetime | None = None) -> IcpProfile:
    """Count one more search with the profile. Concurrent searches are all counted.

    Emits ``aiicp.icp_profile.used`` if it is shared. Raises ProfileInactive.
    """
    now = now or timezone.now()
    used = IcpProfile.objects.filter(pk=profile.pk, is_active=True).update(
        usage_count=F("usage_count") + 1, last_used_at=now
    )
    if not used:
        raise ProfileInactive
    profile.refresh_from_db(from_queryset=IcpProfile.objects.all())
    _emit("used", profile, {"usage_count": profile.usage_count}, actor)
    return profile


@transaction.atomic
def save_from_conversation(
    *, conversation: Conversation, name: str, description: str = "", is_shared: bool = True, actor: Actor
) -> IcpProfile:
    """Save what a conversation has found as a customer profile, and return the profile.

    Emits ``aiicp.icp_profile.saved``. Raises NoProfileFound if the conversation has found nothing, Invalid if
    the profile is not valid.
    """
    if not conversation.icp_data:
        raise NoProfileFound
    values = {
        "tenant_id": conversation.tenant_id,
        "name": name,
        "description": description,
        "is_shared": is_shared,
        "icp_data": conversation.icp_data,
        "search_params": conversation.search_params,
        "source_conversation": conversation,
    }
    profile: IcpProfile = writes.create(IcpProfile, values, actor=actor)
    _emit("saved", profile, {"conversation_id": str(conversation.pk)}, actor)
    return profile


@transaction.atomic
def duplicate(*, profile: IcpProfile, name: str = "", is_shared: bool | None = None, actor: Actor) -> IcpProfile:
    """Copy a profile, for the actor, without its versions and its use. Return the copy.

    Without a name it is called a copy. It is shared as the original is, unless ``is_shared`` says otherwise.
    """
    values = {
        **content_of(profile).values(),
        "tenant_id": profile.tenant_id,
        "name": name or COPY.format(name=profile.name)[:MAX_NAME_LENGTH],
        "is_shared": profile.is_shared if is_shared is None else is_shared,
    }
    if actor is None or not Membership.objects.filter(user=actor.pk).exists():
        # LAD's staff copy a profile for the person whose it is.
        values["user"] = profile.user
    copied: IcpProfile = writes.create(IcpProfile, values, actor=actor)
    return copied


@transaction.atomic
def restore_version(*, profile: IcpProfile, number: int, actor: Actor) -> IcpProfile:
    """Let a profile say again what an earlier version said. What it said until now becomes a version of its own.

    Emits ``aiicp.icp_profile.version_restored``. Raises NoSuchVersion, or ProfileIsPrivate.
    """
    row = IcpProfile.objects.select_for_update(of=("self",)).get(pk=profile.pk)
    values: Mapping[str, Any] = content_of(version_of(row, number)).values()
    restored = writes.update(row, values, actor=actor)
    _emit("version_restored", restored, {"number": number}, actor)
    return restored


def version_of(profile: IcpProfile, number: int) -> IcpProfile | IcpProfileVersion:
    """Return one version of a profile: an earlier one, or the profile itself. Raises NoSuchVersion."""
    if number == profile.version:
        return profile
    earlier = IcpProfileVersion.objects.filter(tenant=profile.tenant_id, profile=profile.pk, number=number).first()
    if earlier is None:
        raise NoSuchVersion
    return earlier


def _emit(verb: str, profile: IcpProfile, payload: Values, actor: Actor) -> None:
    """Emit an event of a shared profile. The activity feed is everybody's, so there is none of a private one."""
    if profile.is_shared:
        emit(f"aiicp.icp_profile.{verb}", aggregate=profile, payload=dict(payload), actor=actor)


def _require_owner(row: IcpProfile, actor: Actor) -> None:
    if not may_change(row.user_id, actor):
        raise ProfileIsPrivate


def _keep(change: Change[IcpProfile]) -> None:
    """Write what the profile said before a change as an earlier version."""
    row = change.row
    said = {name: change.before.get(name, getattr(row, name)) for name in CONTENT}
    values = {"tenant_id": row.tenant_id, "profile": row, "number": change.before["version"], **said}
    writes.create(IcpProfileVersion, {**values, "replaced_by_user": change.actor}, actor=change.actor)


writes.register(IcpProfile, ProfileWriter)
