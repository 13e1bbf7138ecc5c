"""Links between the demo's steps, and what a campaign sent on a day."""

from datetime import timedelta

from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.enrolment.models import DailyCount
from demo.demo_tenant import DemoTenant


def load(demo: DemoTenant) -> None:
    """Let conditions end enrolments that are not written to again, and count what running campaigns sent."""
    conditions = CampaignStep.objects.filter(type="condition", links__isnull=True).select_related("campaign")
    StepLink.objects.bulk_create(
        StepLink(
            **demo.created(step.campaign.created_at),
            tenant=demo.tenant,
            campaign=step.campaign,
            step=step,
            # Who opened or clicked is not asked again.
            outcome="yes" if step.config["condition"] in ("opened", "clicked") else "no",
            target=None,
        )
        for step in conditions
    )
    DailyCount.objects.bulk_create(
        DailyCount(
            tenant=demo.tenant,
            campaign=campaign,
            day=(demo.now - timedelta(days=ago)).date(),
            kind=DailyCount.Kind.MESSAGES,
            taken=demo.random.randint(3, 25),
        )
        for campaign in Campaign.objects.filter(status="running")
        for ago in range(3)
    )
