"""Save customer profiles and count their use."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from aiicp.conversations.models import Conversation
from aiicp.ownership import OwnedRowWriter
from aiicp.profiles.models import IcpProfile
from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.types import Actor


class ProfileInactive(Conflict):
    """This profile is not active. Activate it before you search with it."""

    code = "profile_inactive"


class NoProfileFound(Conflict):
    """The conversation has not found a customer profile yet. Continue it first."""

    code = "nothing_found"


@transaction.atomic
def use(*, profile: IcpProfile, actor: Actor, now: datetime | None = None) -> IcpProfile:
    """Count one more search with the profile. Concurrent searches are all counted.

    Emits ``aiicp.icp_profile.used``. Raises ProfileInactive.
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
def save_from_conversation(*, conversation: Conversation, name: str, description: str = "", actor: Actor) -> IcpProfile:
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
        "icp_data": conversation.icp_data,
        "search_params": conversation.search_params,
        "source_conversation": conversation,
    }
    profile: IcpProfile = writes.create(IcpProfile, values, actor=actor)
    payload = {"conversation_id": str(conversation.pk)}
    emit("aiicp.icp_profile.saved", aggregate=profile, payload=payload, actor=actor)
    return profile


writes.register(IcpProfile, OwnedRowWriter[IcpProfile])
