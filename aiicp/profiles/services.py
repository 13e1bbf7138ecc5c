"""Saving customer profiles and searching with them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from aiicp.conversations.models import Conversation
from aiicp.ownership import OwnedWriter
from aiicp.profiles.models import IcpProfile
from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit


class ProfileInactive(Conflict):
    """This profile is not offered for searches any more; make it active first."""

    code = "profile_inactive"


class NothingFound(Conflict):
    """The conversation has found no customer profile yet; go on with it first."""

    code = "nothing_found"


@transaction.atomic
def use(*, profile: IcpProfile, actor: Any, now: datetime | None = None) -> IcpProfile:
    """Count one more search with the profile; two at once both count.

    Emits ``aiicp.icp_profile.used``; raises ProfileInactive.
    """
    now = now or timezone.now()
    used = IcpProfile.objects.filter(pk=profile.pk, is_active=True).update(
        usage_count=F("usage_count") + 1, last_used_at=now
    )
    if not used:
        raise ProfileInactive
    profile.refresh_from_db(from_queryset=IcpProfile.objects.all())
    emit("aiicp.icp_profile.used", aggregate=profile, payload={"usage_count": profile.usage_count}, actor=actor)
    return profile


@transaction.atomic
def save_from_conversation(*, conversation: Conversation, name: str, description: str = "", actor: Any) -> IcpProfile:
    """Keep what a conversation has found as a profile of its own, for the team to search with.

    Emits ``aiicp.icp_profile.saved``; raises NothingFound when the conversation has found nothing,
    Invalid for a profile that does not hold what it should.
    """
    if not conversation.icp_data:
        raise NothingFound
    values = {
        "tenant_id": conversation.tenant_id,
        "name": name,
        "description": description,
        "icp_data": conversation.icp_data,
        "search_params": conversation.search_params,
        "source_conversation": conversation,
    }
    profile: IcpProfile = writes.create(IcpProfile, values, actor=actor)
    payload = {"conversation_id": str(conversation.pk)}
    emit("aiicp.icp_profile.saved", aggregate=profile, payload=payload, actor=actor)
    return profile


writes.register(IcpProfile, OwnedWriter)
