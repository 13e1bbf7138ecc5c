"""All campaigns of a tenant side by side, and together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from campaigns.analytics.measuring import Numbers, by_channel
from campaigns.analytics.rates import Rate
from campaigns.analytics.report import ChannelNumbers
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.figures.models import Face, Milestone
from campaigns.figures.reading import Figure, Figures, tenant_figures
from leads.channels import Channel
from tenants.teams.models import Tenant

FACES: Final = (Face.STEP, Face.PEOPLE)
PEOPLE: Final = (
    Milestone.ENROLLED,
    Milestone.CONTACTED,
    Milestone.CONNECTED,
    Milestone.REPLIED,
    Milestone.INTERESTED,
    Milestone.BOOKED,
    Milestone.GOAL,
)


@dataclass(frozen=True, slots=True)
class CampaignStats:
    """One campaign's numbers: of people by milestone, and of what was sent."""

    campaign: Campaign
    people: dict[str, int]
    sent: Numbers

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Return the rates of people, each with what it is of."""
        contacted = self.people[Milestone.CONTACTED]
        return tuple(
            Rate(each.value, str(each.label), self.people[each], contacted, "contacted")
            for each in (Milestone.REPLIED, Milestone.INTERESTED, Milestone.BOOKED, Milestone.GOAL)
        )


@dataclass(frozen=True, slots=True)
class TenantStats:
    """The numbers of all campaigns together, of each channel, and of each campaign, the newest first."""

    campaigns: tuple[CampaignStats, ...]
    active: int
    people: dict[str, int]
    sent: Numbers
    channels: tuple[ChannelNumbers, ...]
    rates: tuple[Rate, ...]
    is_behind: bool

    @property
    def total(self) -> int:
        """Return the number of campaigns."""
        return len(self.campaigns)


def stats(tenant: Tenant) -> TenantStats:
    """Return the numbers of the tenant's campaigns. Runs three statements, whatever their number and size."""
    found = tenant_figures(tenant, FACES)
    campaigns = Campaign.objects.filter(tenant=tenant.pk).order_by("-created_at").defer("description", "config")
    parts = _by_campaign(found)
    rows = tuple(_stats(campaign, parts.get(campaign.pk, NOTHING)) for campaign in campaigns)
    known = {row.campaign.pk for row in rows}
    # Deleted campaigns do not count.
    together = Figures(tuple(each for each in found.counts if each.campaign_id in known))
    channels = by_channel(together)
    people = _people(together)
    sent = _sum(channels.values())
    contacted = people[Milestone.CONTACTED]
    return TenantStats(
        campaigns=rows,
        active=sum(row.campaign.status == CampaignStatus.RUNNING for row in rows),
        people=people,
        sent=sent,
        channels=tuple(ChannelNumbers(key, str(Channel(key).label), numbers) for key, numbers in channels.items()),
        rates=(
            Rate("connected", "Connected", sent.connected, sent.invited, "invitations"),
            Rate("replied", "Answered", people[Milestone.REPLIED], contacted, "contacted"),
            Rate("interested", "Interested", people[Milestone.INTERESTED], contacted, "contacted"),
            Rate("booked", "Booked", people[Milestone.BOOKED], contacted, "contacted"),
        ),
        is_behind=found.is_behind or found.is_recounted,
    )


NOTHING: Final = Figures(())


def _by_campaign(found: Figures) -> dict[UUID, Figures]:
    groups: dict[UUID, list[Figure]] = {}
    for each in found.counts:
        groups.setdefault(each.campaign_id, []).append(each)
    return {key: Figures(tuple(counts)) for key, counts in groups.items()}


def _stats(campaign: Campaign, found: Figures) -> CampaignStats:
    return CampaignStats(campaign, _people(found), _sum(by_channel(found).values()))


def _people(found: Figures) -> dict[str, int]:
    return {each.value: found.number(Face.PEOPLE, each) for each in PEOPLE}


def _sum(parts: Iterable[Numbers]) -> Numbers:
    total = Numbers()
    for each in parts:
        total.add(each)
    return total
