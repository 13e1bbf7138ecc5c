"""Campaigns of one company, the leads enrolled in them and what was done for these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.accounts.models import CampaignAccount, LinkedinAccount
from campaigns.design import step_types as vocabulary
from campaigns.design.models import Campaign, CampaignStep, Channel
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services.enrolment import SNAPSHOT
from campaigns.templates import rendering
from demo.campaigns.sequences import PLANS, SMALL, Plan
from demo.company import DemoCompany
from leads.contacts.models import Lead

# What has become of the leads of a campaign in each status, by weight.
FATES: Final[dict[str, dict[str, float]]] = {
    "draft": {"pending": 1},
    "running": {"active": 6, "pending": 2, "completed": 3, "stopped": 1, "error": 0.4},
    "paused": {"active": 5, "pending": 3, "completed": 2, "stopped": 0.5},
    "completed": {"completed": 8, "stopped": 2, "error": 0.5},
    "stopped": {"stopped": 7, "completed": 2, "error": 1},
    "archived": {"completed": 8, "stopped": 1},
}
# How a finished step of a channel ended, by weight.
ENDS: Final[dict[Channel | None, dict[str, float]]] = {
    Channel.LINKEDIN: {"sent": 3, "connected": 4, "replied": 1.5, "failed": 0.5, "skipped": 0.5},
    Channel.EMAIL: {"delivered": 4, "opened": 3, "clicked": 1, "replied": 1, "failed": 0.5},
    Channel.VOICE: {"delivered": 3, "replied": 1, "failed": 1, "skipped": 0.5},
    Channel.WHATSAPP: {"delivered": 3, "opened": 2, "replied": 1, "failed": 0.3},
    Channel.WEB: {"sent": 2, "skipped": 2, "replied": 0.3},
    None: {"delivered": 1},
}
FAULTS: Final = {
    Channel.EMAIL: "The address does not exist.",
    Channel.LINKEDIN: "The profile could not be found.",
    Channel.VOICE: "Nobody answered after three attempts.",
}
PROVIDERS: Final = {Channel.LINKEDIN: "unipile", Channel.EMAIL: "smtp"}
# Some have no WhatsApp and get a text message instead.
AS_SMS: Final = 0.15


@dataclass(frozen=True, slots=True)
class _Journey:
    """One lead on its way through a campaign."""

    campaign: Campaign
    steps: Sequence[CampaignStep]
    enrolment: CampaignLead


def load(company: DemoCompany, profiles: Sequence[LinkedinAccount]) -> None:
    """Make the company's campaigns with all that belongs to them."""
    leads = list(Lead.objects.filter(is_archived=False).order_by("pk"))
    for place, plan in enumerate(PLANS.get(company.slug, SMALL)):
        campaign = _campaign(company, plan)
        steps = _steps(campaign, plan)
        if any(vocabulary.channel_of(step.type) == Channel.LINKEDIN for step in steps):
            _accounts(company, campaign, profiles, primary=place)
        journeys = [_Journey(campaign, steps, each) for each in _enrolments(company, campaign, plan, leads)]
        CampaignLeadActivity.objects.bulk_create(each for one in journeys for each in _activities(company, one))


def _campaign(company: DemoCompany, plan: Plan) -> Campaign:
    made = company.ago(days=plan.ago)
    starts = made + timedelta(days=2)
    running = plan.status == "running"
    campaign: Campaign = Campaign.objects.create(
        **company.born(made),
        tenant=company.tenant,
        name=plan.name,
        description=plan.description,
        status=plan.status,
        starts_at=company.now + timedelta(days=6) if plan.status == "draft" else starts,
        ends_at=starts + timedelta(days=plan.lasts) if plan.lasts else None,
        config={
            "campaign_type": plan.kind,
            "leads_per_day": company.random.choice([10, 25, 50]),
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        },
        created_by_user=company.random.choice(company.team[:3]),
        updated_by_user=company.owner,
        execution_state=plan.state,
        next_run_at=company.now + timedelta(hours=company.random.randint(1, 16)) if running else None,
        last_lead_check_at=company.ago(hours=company.random.randint(1, 9)) if running else None,
        last_execution_reason=plan.reason,
    )
    return campaign


def _steps(campaign: Campaign, plan: Plan) -> list[CampaignStep]:
    return list(
        CampaignStep.objects.bulk_create(
            CampaignStep(tenant=campaign.tenant, campaign=campaign, order=place, type=type_, title=title, config=config)
            for place, (type_, title, config) in enumerate(plan.steps, start=1)
        )
    )


def _accounts(company: DemoCompany, campaign: Campaign, profiles: Sequence[LinkedinAccount], *, primary: int) -> None:
    CampaignAccount.objects.bulk_create(
        CampaignAccount(
            tenant=campaign.tenant,
            campaign=campaign,
            linkedin_account=profile,
            status="paused" if place and campaign.status == "paused" else "active",
            is_primary=place == 0,
            priority=10 - place,
            daily_requests_limit=10,
            daily_requests_used=company.random.randint(0, 10) if campaign.status == "running" else 0,
            last_reset_date=company.now.date(),
        )
        for place, profile in enumerate([*profiles[primary % 2 :], *profiles[: primary % 2]][:2])
    )


def _enrolments(company: DemoCompany, campaign: Campaign, plan: Plan, leads: list[Lead]) -> list[CampaignLead]:
    chosen = company.random.sample(leads, min(plan.leads, len(leads)))
    fates = company.spread(FATES[plan.status], len(chosen))
    moments = sorted(company.between(campaign.created_at, _last_moment(company, campaign)) for _ in chosen)
    return list(
        CampaignLead.objects.bulk_create(
            _enrolment(company, campaign, lead, fate, moment, len(plan.steps))
            for lead, fate, moment in zip(chosen, fates, moments, strict=True)
        )
    )


def _enrolment(
    company: DemoCompany, campaign: Campaign, lead: Lead, fate: str, moment: datetime, steps: int
) -> CampaignLead:
    begun = None if fate == "pending" else company.after(moment, hours=30)
    ended = company.after(begun, hours=24 * 9) if fate == "completed" and begun else None
    done = {"pending": 0, "completed": steps}.get(fate, company.random.randint(1, steps))
    return CampaignLead(
        **company.born(moment),
        tenant=campaign.tenant,
        campaign=campaign,
        lead=lead,
        **{name: getattr(lead, name) for name in SNAPSHOT},
        lead_data={"location": lead.location, "source": lead.source},
        status=fate,
        current_step_order=done,
        started_at=begun,
        completed_at=ended,
    )


def _last_moment(company: DemoCompany, campaign: Campaign) -> datetime:
    return min(company.now, campaign.ends_at or company.now)


def _activities(company: DemoCompany, journey: _Journey) -> Iterator[CampaignLeadActivity]:
    """What was done for the lead, and what comes next while it is on its way."""
    enrolment = journey.enrolment
    moment = enrolment.started_at
    if moment is None:
        return
    for step in journey.steps[: enrolment.current_step_order]:
        moment = company.after(moment, hours=40)
        last = step.order == enrolment.current_step_order
        yield _activity(company, journey, step, _end(company, enrolment, step, last), moment)
    coming = journey.steps[enrolment.current_step_order :]
    if coming and enrolment.status == "active":
        yield _activity(company, journey, coming[0], company.one({"pending": 2, "queued": 1}), moment)
    elif coming and journey.campaign.status == "stopped":
        yield _activity(company, journey, coming[0], "cancelled", moment)


def _end(company: DemoCompany, enrolment: CampaignLead, step: CampaignStep, last: bool) -> str:
    if last and enrolment.status == "error":
        return "failed"
    return company.one(ENDS[vocabulary.channel_of(step.type)])


def _activity(
    company: DemoCompany, journey: _Journey, step: CampaignStep, status: str, moment: datetime
) -> CampaignLeadActivity:
    channel, config = vocabulary.channel_of(step.type), step.config
    if channel == Channel.WHATSAPP and company.random.random() < AS_SMS:
        channel = Channel.SMS
    values = _merge(journey.enrolment)
    text = config.get("message") or config.get("body") or config.get("context") or ""
    waiting = status in ("pending", "queued", "cancelled")
    said: dict[str, Any] = {
        "subject": rendering.fill(config.get("subject", ""), values),
        "message_content": rendering.fill(text, values),
        "error_message": FAULTS.get(channel, "The provider did not answer.") if status == "failed" and channel else "",
    }
    provider = PROVIDERS.get(channel, "") if channel and not waiting else ""
    return CampaignLeadActivity(
        **company.born(moment),
        tenant=journey.campaign.tenant,
        campaign=journey.campaign,
        campaign_lead=journey.enrolment,
        step=step,
        channel=channel,
        step_type=step.type,
        action_type="REPLY_RECEIVED" if status == "replied" else step.type,
        status=status,
        **said,
        executed_at=None if waiting else moment,
        provider=provider,
        provider_event_id=f"{provider}-{company.random.getrandbits(48):012x}" if provider else "",
    )


def _merge(enrolment: CampaignLead) -> dict[str, str]:
    filled = {name: getattr(enrolment, name) for name in SNAPSHOT}
    return {**filled, "industry": "your field", "instagram": "@" + (enrolment.first_name or "guest").lower()}
