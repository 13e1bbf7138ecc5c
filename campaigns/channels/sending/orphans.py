"""End the waiting of messages that nobody will send: their account is gone, or their campaign has finished."""

from collections import defaultdict
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from campaigns.channels.sending.account_kinds import ACCOUNT_KINDS
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.messages.models import Message, MessageState
from campaigns.messages.services import cancel
from lad.tenancy.context import platform_context, tenant_context

BATCH_SIZE: Final = 5_000
FINISHED: Final = (CampaignStatus.COMPLETED, CampaignStatus.STOPPED, CampaignStatus.ARCHIVED)
ACCOUNT_GONE: Final = "The account was deleted. Choose another one and send the message again."
CAMPAIGN_OVER: Final = "The campaign has ended."


def cancel_orphans() -> int:
    """Cancel waiting messages without an account, and those of finished campaigns. Return how many."""
    with platform_context():
        campaigns = Campaign.all_objects.filter(tenant=OuterRef("tenant"), pk=OuterRef("campaign"))
        over = Exists(campaigns.filter(Q(status__in=FINISHED) | Q(deleted_at__isnull=False)))
        gone = Q()
        for kind in ACCOUNT_KINDS:
            gone &= ~Q(Exists(kind.model.objects.filter(tenant=OuterRef("tenant"), pk=OuterRef(kind.column))))
    return _cancel(gone, ACCOUNT_GONE) + _cancel(Q(over), CAMPAIGN_OVER)


def _cancel(condition: Q, reason: str) -> int:
    by_tenant: dict[UUID, list[UUID]] = defaultdict(list)
    with platform_context():
        waiting = Message.objects.filter(condition, state=MessageState.QUEUED)
        for tenant_id, key in waiting.values_list("tenant_id", "pk")[:BATCH_SIZE]:
            by_tenant[tenant_id].append(key)
    number = 0
    for tenant_id, keys in by_tenant.items():
        with tenant_context(tenant_id):
            number += cancel(reason=reason, message_ids=keys)
    return number
