"""Find campaigns that send their leads to each other in a circle."""

from uuid import UUID

from campaigns.design.models import Campaign, CampaignStep


def targets(campaign_ids: set[UUID]) -> set[UUID]:
    """Return the campaigns to which these send leads directly."""
    configs = CampaignStep.objects.filter(campaign__in=campaign_ids, type="send_to_campaign")
    return {UUID(config["campaign"]) for config in configs.values_list("config", flat=True) if config.get("campaign")}


def leads_back(campaign: Campaign, *, to: UUID) -> bool:
    """Return whether the campaign sends its leads to that one, directly or through others."""
    seen: set[UUID] = set()
    waiting = {campaign.pk}
    while waiting:
        seen |= waiting
        waiting = targets(waiting) - seen
        if to in waiting:
            return True
    return False
