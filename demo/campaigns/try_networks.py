"""A campaign over four channels whose leads are people of the sandbox: started, it shows how each of them reacts."""

from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx2
from django.conf import settings

from campaigns.accounts.models import ChannelAccount, TemplateStatus, WhatsappTemplate
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.editor.library import share
from campaigns.engine.steps.ab_split import variant_of
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services.enrolment import COPIED_COLUMNS
from demo.campaigns.network_accounts import TIMEOUT_SECONDS
from demo.campaigns.try_out import DOMAIN, TENANT
from demo.demo_tenant import CreatedFields, DemoTenant
from leads.channels import Channel
from leads.contactability.models import ConsentRecord, ConsentStatus
from leads.contacts.models import Lead

NAME: Final = "Try four channels with the sandbox’s people"
# What each does on LinkedIn, by name, with the end of the number that they are reached at.
PEOPLE: Final = {
    "accepts.1": ("Ada", "Accepts", "0161"),
    "answers.1": ("Aron", "Answers", "0162"),
    "answers.2": ("Amal", "Answers", "0163"),
    "declines.1": ("Diana", "Declines", "0164"),
    "ignores.1": ("Igor", "Ignores", "0165"),
    "ignores.2": ("Inga", "Ignores", "0166"),
    "opts-out.1": ("Odette", "Out", "0167"),
    "blocks.1": ("Bruno", "Blocks", "0168"),
}
# What those do by telephone who do not answer there.
BY_NUMBER: Final = {"0164": "declines", "0165": "answers", "0166": "opts_out"}
TEMPLATE: Final = "introduction"
TEMPLATES: Final = {
    TEMPLATE: TemplateStatus.APPROVED,
    "autumn_offer": TemplateStatus.PENDING,
    "free_money": TemplateStatus.REJECTED,
    "second_reminder": TemplateStatus.PAUSED,
    "old_greeting": TemplateStatus.DISABLED,
}
STEPS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "visit": ("linkedin_visit", "Look at the profile", {}),
    "invite": (
        "linkedin_connect",
        "Invite on LinkedIn",
        {"message": "Hello {{first_name}}, we both read figures for a living. May I add you?"},
    ),
    "accepted": ("condition", "Accepted soon?", {"condition": "connected", "within": {"minutes": 15}}),
    "write": (
        "linkedin_message",
        "Message on LinkedIn",
        {"message": "Thank you, {{first_name}}! How do you read your figures today?"},
    ),
    "split": ("ab_split", "WhatsApp or SMS", {"weights": [1, 1]}),
    "whatsapp": (
        "whatsapp_send",
        "Message on WhatsApp",
        {
            "message": "Hello {{first_name}}, may I show you how others read their figures?",
            "template": TEMPLATE,
            "language": "en",
            "variables": ["{{first_name}}", "reading figures"],
        },
    ),
    "sms": ("sms_send", "SMS", {"message": "Hello {{first_name}}, may I call you about your figures? Maya, Kestrel"}),
    "mail": (
        "email_send",
        "Mail",
        {"subject": "Your figures, {{first_name}}", "body": "Hello {{first_name}},\n\nshall I show you a tour?"},
    ),
}
# Where each step leads, by its outcome.
LINKS: Final = (
    ("accepted", "yes", "write"),
    ("accepted", "no", "split"),
    ("write", "sent", "mail"),
    ("write", "skipped", "mail"),
    ("write", "failed", "mail"),
    ("split", "a", "whatsapp"),
    ("split", "b", "sms"),
    ("whatsapp", "sent", "mail"),
    ("whatsapp", "skipped", "mail"),
    ("whatsapp", "failed", "mail"),
)


def load(demo: DemoTenant) -> None:
    """Create the campaign as a draft with its leads. It is started from its page."""
    if demo.slug != TENANT:
        return
    made = demo.ago(hours=2)
    campaign = Campaign.objects.create(
        **demo.created(made),
        tenant=demo.tenant,
        name=NAME,
        description="Start it, then answer those who write back in the inbox.",
        config={
            "campaign_type": "multi_channel",
            "window": {"start": "00:00", "end": "00:00", "skips_holidays": False},
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        },
        created_by_user=demo.owner,
        updated_by_user=demo.owner,
    )
    split = _steps(demo, campaign)
    share(campaign=campaign, name="Four channels, step by step", description=campaign.description, actor=demo.owner)
    _template(demo)
    for turn, name in enumerate(PEOPLE):
        _enrol(demo, campaign, name, _enrolled_for_variant(demo, turn % 2, split.pk))
    tell_sandbox()


def _steps(demo: DemoTenant, campaign: Campaign) -> CampaignStep:
    """Create the steps and their links. Return the one that splits."""
    steps = {
        key: CampaignStep.objects.create(
            tenant=demo.tenant, campaign=campaign, order=order, type=type_, title=title, config=config
        )
        for order, (key, (type_, title, config)) in enumerate(STEPS.items(), start=1)
    }
    StepLink.objects.bulk_create(
        StepLink(tenant=demo.tenant, campaign=campaign, step=steps[step], outcome=outcome, target=steps[target])
        for step, outcome, target in LINKS
    )
    return steps["split"]


def _enrolled_for_variant(demo: DemoTenant, variant: int, split_id: UUID) -> CreatedFields:
    """Return a key and moment of an enrolment that the split gives this variant: each demo tries every channel."""
    drawn = (demo.created(demo.ago(hours=2)) for _try in count())
    return next(each for each in drawn if variant_of(each["id"], split_id, STEPS["split"][2]["weights"]) == variant)


def _template(demo: DemoTenant) -> None:
    """Keep the template that the sandbox's business account has approved."""
    account = ChannelAccount.objects.filter(tenant=demo.tenant, provider=WHATSAPP_CLOUD).first()
    if account is not None:
        WhatsappTemplate.objects.bulk_create(
            WhatsappTemplate(
                tenant=demo.tenant,
                channel_account=account,
                name=name,
                language="en",
                status=status,
                category="MARKETING",
                body="Hello {{1}}, I am writing to you about {{2}}. May I tell you more?",
                variables=2,
            )
            for name, status in TEMPLATES.items()
        )


def _enrol(demo: DemoTenant, campaign: Campaign, name: str, created: CreatedFields) -> None:
    first_name, last_name, number = PEOPLE[name]
    lead = demo.write(
        Lead,
        {
            "first_name": first_name,
            "last_name": last_name,
            "email": f"{name}.four@{DOMAIN}",
            "phone": f"+1212555{number}",
            "linkedin_url": f"https://www.linkedin.com/in/{name}",
            "company_name": "People of the sandbox",
            "source": "manual",
            "tags": ["sandbox"],
        },
    )
    ConsentRecord.objects.create(
        tenant=demo.tenant,
        lead=lead,
        channel=Channel.WHATSAPP,
        status=ConsentStatus.GIVEN,
        given_at=demo.ago(days=10),
        source="Form on the website",
        evidence="Agreed to be written to on WhatsApp.",
    )
    CampaignLead.objects.create(
        **created,
        tenant=demo.tenant,
        campaign=campaign,
        lead=lead,
        **{column: getattr(lead, column) for column in COPIED_COLUMNS},
    )


def tell_sandbox() -> None:
    """Tell the sandbox what each of the leads does, on LinkedIn and by telephone. Without a sandbox it does nothing."""
    if not settings.SANDBOX_URL:
        return
    leads = Lead.objects.filter(email__in=[f"{name}.four@{DOMAIN}" for name in PEOPLE])
    with httpx2.Client(base_url=settings.SANDBOX_URL, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for lead in leads:
            name = lead.email.removesuffix(f".four@{DOMAIN}")
            profile = lead.linkedin_url.rstrip("/").rpartition("/")[2]
            on_linkedin = name.rpartition(".")[0].replace("-", "_")
            for identifier, behaviour in (
                (profile, on_linkedin),
                (lead.phone, BY_NUMBER.get(PEOPLE[name][2], "answers")),
            ):
                person = {
                    "identifier": identifier,
                    "behaviour": behaviour,
                    "name": f"{lead.first_name} {lead.last_name}",
                }
                client.post("/networks/people", json=person).raise_for_status()
