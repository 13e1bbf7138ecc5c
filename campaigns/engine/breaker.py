"""Pause a campaign whose messages bounce, are complained about, or fail."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.schedule import Breaker, schedule_of
from campaigns.design.services import lifecycle
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageState
from leads.contactability.models import ContactDirection

TEXTS: Final = {
    "bounce_rate": "{share} of {sent:,} messages bounced. Check where the addresses come from, then resume.",
    "complaint_rate": "{share} of {sent:,} messages were reported as spam. Check whom you write to, then resume.",
    "error_rate": "{share} of {sent:,} messages could not be sent. Check the e-mail accounts, then resume.",
}


def check_health(campaign_ids: Iterable[UUID | None]) -> None:
    """Pause those of the campaigns whose results since they were started or resumed are too bad."""
    wanted = {key for key in campaign_ids if key is not None}
    for campaign in Campaign.objects.filter(pk__in=wanted, status=CampaignStatus.RUNNING).order_by("pk"):
        reason = trouble(campaign, schedule_of(campaign).breaker)
        if reason:
            lifecycle.halt(campaign=campaign, reason=reason)


def trouble(campaign: Campaign, limits: Breaker) -> str:
    """Return why the campaign should be paused, or an empty text."""
    messages = Message.objects.filter(campaign=campaign, direction=ContactDirection.OUTBOUND)
    if campaign.health_since is not None:
        messages = messages.filter(created_at__gte=campaign.health_since)
    counts = messages.aggregate(
        sent=Count("pk", filter=Q(state=MessageState.SENT)), failed=Count("pk", filter=Q(state=MessageState.FAILED))
    )
    tried = counts["sent"] + counts["failed"]
    if tried < limits.minimum:
        return ""
    events = MessageEvent.objects.filter(message__in=messages, is_machine=False)
    happened = events.aggregate(
        bounced=Count("message", distinct=True, filter=Q(kind=MessageEventKind.BOUNCED)),
        complained=Count("message", distinct=True, filter=Q(kind=MessageEventKind.COMPLAINED)),
    )
    numbers = {
        "bounce_rate": happened["bounced"],
        "complaint_rate": happened["complained"],
        "error_rate": counts["failed"],
    }
    for name, number in numbers.items():
        share = number / tried
        if number and share > getattr(limits, name):
            return TEXTS[name].format(share=f"{share:.1%}", sent=tried)
    return ""
