"""A campaign whose leads are people of the sandbox: started, it shows what LAD does with each kind of answer."""

from typing import Final

from campaigns.design.models import Campaign, CampaignStep
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services.enrolment import COPIED_COLUMNS
from demo.demo_tenant import DemoTenant
from leads.contacts.models import Lead

TENANT: Final = "kestrel-analytics"
DOMAIN: Final = "people.example"
# The sandbox's people, by the address that decides what they do; see docs/operations.md.
PEOPLE: Final = {
    "answers.1": ("Anna", "Answers"),
    "answers-later.1": ("Luis", "Later"),
    "declines.1": ("Dora", "Declines"),
    "out-of-office.de.1": ("Otto", "Office"),
    "hard-bounce.1": ("Hanna", "Bounce"),
    "mailbox-full.1": ("Milan", "Full"),
    "complains.1": ("Clara", "Complains"),
    "unsubscribes-by-click.1": ("Ursula", "Click"),
    "unsubscribes-by-mail.1": ("Uwe", "Mail"),
    "opens.1": ("Olga", "Opens"),
    "clicks.1": ("Carl", "Clicks"),
    "scanner.1": ("Sam", "Scanner"),
    "silent.1": ("Stella", "Silent"),
}
STEPS: Final = [
    (
        "email_send",
        "Ask",
        {
            "subject": "A question, {{first_name}}",
            "body": "Hello {{first_name}},\n\nmay I show you how others read their figures?\n\nhttps://kestrel.example/tour",
            "html": "<p>Hello {{first_name}},</p><p>may I show you how others read their figures?</p>"
            '<p><a href="https://kestrel.example/tour">A tour of two minutes</a></p>',
        },
    ),
    ("delay", "Wait two hours", {"hours": 2}),
    ("condition", "Clicked?", {"condition": "clicked"}),
    ("email_followup", "Ask again", {"body": "Hello {{first_name}},\n\ndid my question reach you?"}),
]


def load(demo: DemoTenant) -> None:
    """Create the campaign as a draft with its leads. It is started from its page."""
    if demo.slug != TENANT:
        return
    made = demo.ago(hours=2)
    campaign = Campaign.objects.create(
        **demo.created(made),
        tenant=demo.tenant,
        name="Try LAD with the sandbox’s people",
        description="Start it: everybody in it reacts in another way, as their names say.",
        config={
            "campaign_type": "email_outreach",
            "window": {"start": "00:00", "end": "00:00", "skips_holidays": False},
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
            "tracking": {"opens": True, "clicks": True},
        },
        created_by_user=demo.owner,
        updated_by_user=demo.owner,
    )
    CampaignStep.objects.bulk_create(
        CampaignStep(tenant=demo.tenant, campaign=campaign, order=order, type=type_, title=title, config=config)
        for order, (type_, title, config) in enumerate(STEPS, start=1)
    )
    for address, (first_name, last_name) in PEOPLE.items():
        lead = demo.write(
            Lead,
            {
                "first_name": first_name,
                "last_name": last_name,
                "email": f"{address}@{DOMAIN}",
                "company_name": "People of the sandbox",
                "source": "manual",
                "tags": ["sandbox"],
            },
        )
        CampaignLead.objects.create(
            **demo.created(made),
            tenant=demo.tenant,
            campaign=campaign,
            lead=lead,
            **{name: getattr(lead, name) for name in COPIED_COLUMNS},
        )
