"""The rows that settings of steps name by their key, as choices: nobody types a key."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.webhooks.models import WebhookEndpoint

Choices = list[tuple[str, str]]
# Returns the rows of a tenant that the setting can name.
Offer = Callable[[UUID], Choices]

_offers: Final[dict[str, Offer]] = {}


def offers(name: str) -> Callable[[Offer], Offer]:
    """Register the function as what the setting of this name can be. Features above register their own rows."""

    def register(offer: Offer) -> Offer:
        _offers[name] = offer
        return offer

    return register


def choices_of(name: str, tenant_id: UUID, chosen: object) -> Choices | None:
    """Return what the setting can be, with what it is already; None if it names no rows."""
    if name not in _offers:
        return None
    found = _offers[name](tenant_id)
    stored = str(chosen) if chosen not in (None, "") else ""
    known = not stored or stored in dict(found)
    return [("", "–"), *found, *([] if known else [(stored, "One that does not exist any more")])]


@offers("campaign")
def _campaigns(tenant_id: UUID) -> Choices:
    rows = Campaign.objects.filter(
        tenant=tenant_id, status__in=(CampaignStatus.DRAFT, CampaignStatus.RUNNING, CampaignStatus.PAUSED)
    )
    return [(str(row.pk), f"{row.name} · {row.get_status_display()}") for row in rows.order_by("name")]


@offers("endpoint")
def _webhooks(tenant_id: UUID) -> Choices:
    rows = WebhookEndpoint.objects.filter(tenant=tenant_id, is_active=True).order_by("name")
    return [(str(row.pk), row.name) for row in rows]
