"""Campaigns of one tenant with enrolments and activities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from campaigns.accounts.models import CampaignAccount, LinkedinAccount
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import channel_of
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services.enrolment import COPIED_COLUMNS
from campaigns.templates.contexts import Context
from campaigns.templates.rendering import MessageTexts, render_with_gaps
from demo.campaigns import correspondence
from demo.campaigns.sequences import PLANS, SMALL, Plan
from demo.demo_tenant import DemoTenant
from leads.channels import Channel
from leads.contacts.models import Lead

# Weights of the enrolments' statuses, for each status of a campaign.
ENROLMENT_STATUSES: Final[dict[str, dict[str, float]]] = {
    "draft": {"pending": 1},
    "running": {"active": 6, "pending": 2, "completed": 3, "stopped": 1, "error": 0.4},
    "paused": {"active": 5, "pending": 3, "completed": 2, "stopped": 0.5},
    "completed": {"completed": 8, "stopped": 2, "error": 0.5},
    "stopped": {"stopped": 7, "completed": 2, "error": 1},
    "archived": {"completed": 8, "stopped": 1},
}
# Weights of the statuses of finished activities, for each channel.
ACTIVITY_STATUSES: Final[dict[Channel | None, dict[str, float]]] = {
    Channel.LINKEDIN: {"sent": 3, "connected": 4, "replied": 1.5, "failed": 0.5, "skipped": 0.5},
    Channel.EMAIL: {"delivered": 4, "opened": 3, "clicked": 1, "replied": 1, "failed": 0.5},
    Channel.VOICE: {"delivered": 3, "replied": 1, "failed": 1, "skipped": 0.5},
    Channel.WHATSAPP: {"delivered": 3, "opened": 2, "replied": 1, "failed": 0.3},
    Channel.WEB: {"sent": 2, "skipped": 2, "replied": 0.3},
    None: {"delivered": 1},
}
ERROR_MESSAGES: Final = {
    Channel.EMAIL: "The address does not exist.",
    Channel.LINKEDIN: "The profile could not be found.",
    Channel.VOICE: "Nobody answered after three attempts.",
}
# Weights of what enrolments wait for, by the type of their next step.
_MAIL: Final[dict[str, float]] = {"quiet_hours": 5, "out_of_office": 1, "missing_variable": 1}
WAITS: Final[dict[str, dict[str, float]]] = {
    "delay": {"delay": 1},
    "condition": {"condition": 1},
    "email_send": _MAIL,
    "email_followup": _MAIL,
}
ELSEWHERE: Final[dict[str, float]] = {"channel_not_connected": 1}
PROVIDERS: Final = {Channel.LINKEDIN: "unipile", Channel.EMAIL: "smtp"}
# The share of leads without WhatsApp, who get a text message instead.
SMS_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class _EnrolledLead:
    """One lead in a campaign, with the campaign's steps."""

    campaign: Campaign
    steps: Sequence[CampaignStep]
    enrolment: CampaignLead


def load(demo: DemoTenant, profiles: Sequence[LinkedinAccount]) -> None:
    """Create the tenant's campaigns with steps, accounts, enrolments and activities."""
    leads = list(Lead.objects.filter(is_archived=False).order_by("pk"))
    for number, plan in enumerate(PLANS.get(demo.slug, SMALL)):
        campaign = _campaign(demo, plan)
        steps = _steps(campaign, plan)
        if any(channel_of(step.type) == Channel.LINKEDIN for step in steps):
            _accounts(demo, campaign, profiles, primary=number)
        enrolled = [_EnrolledLead(campaign, steps, each) for each in _enrolments(demo, campaign, plan, leads)]
        done = CampaignLeadActivity.objects.bulk_create(each for one in enrolled for each in _activities(demo, one))
        correspondence.write(demo, done)
        _place(demo, enrolled, {each.campaign_lead_id: each for each in done})


def _campaign(demo: DemoTenant, plan: Plan) -> Campaign:
    made = demo.ago(days=plan.ago)
    starts = made + timedelta(days=2)
    running = plan.status == "running"
    return Campaign.objects.create(
        **demo.created(made),
        tenant=demo.tenant,
        name=plan.name,
        description=plan.description,
        status=plan.status,
        starts_at=demo.now + timedelta(days=6) if plan.status == "draft" else starts,
        ends_at=starts + timedelta(days=plan.lasts) if plan.lasts else None,
        config={
            "campaign_type": plan.kind,
            "leads_per_day": demo.random.choice([10, 25, 50]),
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "tracking": {"opens": plan.kind == "email_outreach", "clicks": plan.kind == "email_outreach"},
        },
        created_by_user=demo.random.choice(demo.team[:3]),
        updated_by_user=demo.owner,
        execution_state=plan.state,
        next_run_at=demo.now + timedelta(hours=demo.random.randint(1, 16)) if running else None,
        last_lead_check_at=demo.ago(hours=demo.random.randint(1, 9)) if running else None,
        last_execution_reason=plan.reason,
    )


def _steps(campaign: Campaign, plan: Plan) -> list[CampaignStep]:
    return list(
        CampaignStep.objects.bulk_create(
            CampaignStep(tenant=campaign.tenant, campaign=campaign, order=order, type=type_, title=title, config=config)
            for order, (type_, title, config) in enumerate(plan.steps, start=1)
        )
    )


def _accounts(demo: DemoTenant, campaign: Campaign, profiles: Sequence[LinkedinAccount], *, primary: int) -> None:
    CampaignAccount.objects.bulk_create(
        CampaignAccount(
            tenant=campaign.tenant,
            campaign=campaign,
            linkedin_account=profile,
            status="paused" if place and campaign.status == "paused" else "active",
            is_primary=place == 0,
            priority=10 - place,
            daily_requests_limit=10,
            daily_requests_used=demo.random.randint(0, 10) if campaign.status == "running" else 0,
            last_reset_date=demo.now.date(),
        )
        for place, profile in enumerate([*profiles[primary % 2 :], *profiles[: primary % 2]][:2])
    )


def _enrolments(demo: DemoTenant, campaign: Campaign, plan: Plan, leads: list[Lead]) -> list[CampaignLead]:
    chosen = demo.random.sample(leads, min(plan.leads, len(leads)))
    statuses = demo.spread(ENROLMENT_STATUSES[plan.status], len(chosen))
    moments = sorted(demo.between(campaign.created_at, _last_moment(demo, campaign)) for _ in chosen)
    return list(
        CampaignLead.objects.bulk_create(
            _enrolment(demo, campaign, lead, status, moment, len(plan.steps))
            for lead, status, moment in zip(chosen, statuses, moments, strict=True)
        )
    )


def _enrolment(
    demo: DemoTenant, campaign: Campaign, lead: Lead, status: str, moment: datetime, steps: int
) -> CampaignLead:
    started = None if status == "pending" else demo.after(moment, hours=30)
    ended = demo.after(started, hours=24 * 9) if status == "completed" and started else None
    done = {"pending": 0, "completed": steps}.get(status, demo.random.randint(1, steps))
    return CampaignLead(
        **demo.created(moment),
        tenant=campaign.tenant,
        campaign=campaign,
        lead=lead,
        **{name: getattr(lead, name) for name in COPIED_COLUMNS},
        lead_data={"location": lead.location, "source": lead.source},
        status=status,
        current_step_order=done,
        started_at=started,
        completed_at=ended,
    )


def _last_moment(demo: DemoTenant, campaign: Campaign) -> datetime:
    return min(demo.now, campaign.ends_at or demo.now)


def _activities(demo: DemoTenant, enrolled: _EnrolledLead) -> Iterator[CampaignLeadActivity]:
    """Yield the finished activities of a lead, and the next one if it is still active."""
    enrolment = enrolled.enrolment
    moment = enrolment.started_at
    if moment is None:
        return
    for step in enrolled.steps[: enrolment.current_step_order]:
        moment = demo.after(moment, hours=40)
        last = step.order == enrolment.current_step_order
        yield _activity(demo, enrolled, step, _final_status(demo, enrolment, step, last), moment)
    upcoming = enrolled.steps[enrolment.current_step_order :]
    if upcoming and enrolment.status == "active":
        yield _activity(demo, enrolled, upcoming[0], demo.pick({"pending": 2, "queued": 1}), moment)
    elif upcoming and enrolled.campaign.status == "stopped":
        yield _activity(demo, enrolled, upcoming[0], "cancelled", moment)


def _place(demo: DemoTenant, enrolled: Sequence[_EnrolledLead], last: Mapping[UUID, CampaignLeadActivity]) -> None:
    """Put each enrolment that goes on before its next step, and say why it waits or has ended."""
    for one in enrolled:
        enrolment, newest = one.enrolment, last.get(one.enrolment.pk)
        if enrolment.status != "active":
            enrolment.reason = _ending(demo, enrolment, newest)
            continue
        enrolment.next_step = next(iter(one.steps[enrolment.current_step_order :]), None)
        if newest is not None and newest.status == "queued" and newest.channel == Channel.EMAIL:
            enrolment.reason = "sending"
            continue
        if enrolment.next_step is None:
            continue
        enrolment.reason = demo.pick(WAITS.get(enrolment.next_step.type, ELSEWHERE))
        if enrolment.reason != "channel_not_connected":
            enrolment.next_action_at = demo.now + timedelta(hours=demo.random.uniform(8, 90))
    rows = [one.enrolment for one in enrolled]
    CampaignLead.objects.bulk_update(rows, ["next_step", "next_action_at", "reason"], batch_size=500)


def _ending(demo: DemoTenant, enrolment: CampaignLead, newest: CampaignLeadActivity | None) -> str:
    if enrolment.status == "stopped":
        replied = newest is not None and newest.status == "replied"
        return "replied" if replied else demo.pick({"stopped_by_hand": 2, "unsubscribed": 1, "company_replied": 1})
    return {"completed": demo.pick({"finished": 3, "goal_reached": 1}), "error": "bad_template"}.get(
        enrolment.status, ""
    )


def _final_status(demo: DemoTenant, enrolment: CampaignLead, step: CampaignStep, last: bool) -> str:
    if last and enrolment.status == "error":
        return "failed"
    return demo.pick(ACTIVITY_STATUSES[channel_of(step.type)])


def _activity(
    demo: DemoTenant, enrolled: _EnrolledLead, step: CampaignStep, status: str, moment: datetime
) -> CampaignLeadActivity:
    channel, config = channel_of(step.type), step.config
    if channel == Channel.WHATSAPP and demo.random.random() < SMS_SHARE:
        channel = Channel.SMS
    text = config.get("message") or config.get("body") or config.get("context") or ""
    pending = status in ("pending", "queued", "cancelled")
    filled, _missing = render_with_gaps(MessageTexts(config.get("subject", ""), text), _values(enrolled.enrolment))
    texts = {
        "subject": filled.subject,
        "message_content": filled.body,
        "error_message": ERROR_MESSAGES.get(channel, "The provider did not respond.")
        if status == "failed" and channel
        else "",
    }
    provider = PROVIDERS.get(channel, "") if channel and not pending else ""
    return CampaignLeadActivity(
        **demo.created(moment),
        tenant=enrolled.campaign.tenant,
        campaign=enrolled.campaign,
        campaign_lead=enrolled.enrolment,
        step=step,
        channel=channel,
        step_type=step.type,
        action_type="REPLY_RECEIVED" if status == "replied" else step.type,
        status=status,
        **texts,
        executed_at=None if pending else moment,
        provider=provider,
        provider_event_id=f"{provider}-{demo.random.getrandbits(48):012x}" if provider else "",
    )


def _values(enrolment: CampaignLead) -> Context:
    """Return the values of the enrolment. The campaigns' messages need no more of them."""
    values = Context({name: getattr(enrolment, name) for name in COPIED_COLUMNS})
    values["industry"] = "your field"
    values["instagram"] = "@" + (enrolment.first_name or "guest").lower()
    return values
