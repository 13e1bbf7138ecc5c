"""Leads of one tenant from the last months, with notes and social profiles."""

from datetime import datetime, timedelta
from typing import Final

from demo.demo_tenant import Company, DemoTenant, Person
from demo.leads import words
from lad import phones, writes
from leads.contacts.models import Lead, LeadNote, LeadSocial, Priority
from leads.contacts.services.leads import move_many
from leads.pipeline import services
from leads.pipeline.models import USUAL_OUTCOMES, LeadStage, Outcome
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership

SIZES: Final = {"kestrel-analytics": 260, "brightpath-education": 220}
SMALL: Final = 60
# Lowest and highest value of a deal, and its currency.
DEAL_VALUES: Final = {
    "kestrel-analytics": (4_000, 120_000, "EUR"),
    "brightpath-education": (1_500, 14_000, "GBP"),
    "harbour-finch": (900, 4_500, "AUD"),
}
DEFAULT_DEAL_VALUES: Final = (1_000, 20_000, "USD")
# This many leads are changed through the services, so that the activity feed shows it.
IN_FEED: Final = 6


def pipeline_of(demo: DemoTenant) -> dict[str, int]:
    """Create the tenant's stages and statuses. Return the weight of each stage."""
    if not is_school(demo):
        services.ensure(demo.tenant.pk)
        return words.SALES_SPREAD
    LeadStage.objects.bulk_create(
        LeadStage(
            tenant=demo.tenant,
            key=key,
            label=label,
            color=color,
            display_order=order,
            outcome=USUAL_OUTCOMES.get(key, Outcome.OPEN),
        )
        for order, (key, label, color) in enumerate(words.SCHOOL_STAGES, start=1)
    )
    services.ensure(demo.tenant.pk)
    return words.SCHOOL_SPREAD


def is_school(demo: DemoTenant) -> bool:
    """Return whether the tenant belongs to the education vertical."""
    return demo.tenant.metadata.get("vertical") == "education"


def load(demo: DemoTenant) -> list[Lead]:
    """Create the leads, oldest first, with notes and social profiles. Return the leads."""
    spread, sellers = pipeline_of(demo), sellers_of(demo)
    number = SIZES.get(demo.slug, SMALL)
    created = sorted(demo.moment() for _ in range(number))
    stages = _stages(demo, spread, number)
    people = demo.people(number)
    businesses = list(demo.companies(max(number // 3, 20)))
    leads = [
        _lead(demo, sellers, person, demo.random.choice(businesses), moment, stage)
        for person, moment, stage in zip(people, created, stages, strict=True)
    ]
    Lead.objects.bulk_create(leads)
    _notes(demo, sellers, leads)
    _social(demo, leads)
    _change_latest(demo, sellers, leads)
    return leads


def _stages(demo: DemoTenant, spread: dict[str, int], number: int) -> list[str]:
    """Return a stage for each lead, oldest first. Older leads are mostly further along."""
    order = list(spread)
    return sorted(demo.spread(spread, number), key=lambda key: -order.index(key) + demo.random.gauss(0, 2.5))


def _lead(
    demo: DemoTenant, sellers: list[User], person: Person, business: Company, moment: datetime, stage: str
) -> Lead:
    random = demo.random
    assigned_user = random.choice(sellers) if stage not in ("new", "inquiry") or random.random() < 0.5 else None
    low, high, currency = DEAL_VALUES.get(demo.slug, DEFAULT_DEAL_VALUES)
    active = demo.between(moment, min(moment + timedelta(days=40), demo.now))
    source = demo.pick(words.SOURCES)
    private = is_school(demo)
    lead = Lead(
        **demo.created(moment),
        tenant=demo.tenant,
        created_by_user=random.choice(sellers),
        assigned_user=assigned_user,
        assigned_at=demo.after(moment, hours=30) if assigned_user else None,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email("mail.example" if private else business.domain) if random.random() < 0.92 else "",
        title="" if private else person.job,
        company_name="" if private else business.name,
        company_domain="" if private else business.domain,
        location=f"{person.city}, {person.country}",
        linkedin_url=f"https://linkedin.example/in/{person.handle}" if random.random() < 0.7 else "",
        stage=stage,
        status=_status(demo, stage),
        priority=demo.pick(
            {Priority.UNSET: 2, Priority.LOW: 3, Priority.MEDIUM: 6, Priority.HIGH: 3, Priority.URGENT: 1}
        ),
        estimated_value=round(random.uniform(low, high), -2) if random.random() < 0.8 else None,
        currency=currency,
        source=source,
        source_id=f"{source}-{random.getrandbits(48):012x}" if source in ("apollo_io", "linkedin_search") else "",
        tags=[random.choice(words.TAGS)] if random.random() < 0.6 else [],
        custom_fields={"employees": business.employees, "industry": business.industry} if not private else {},
        raw_data={"person": person.name, "organization": business.name} if source == "apollo_io" else None,
        description=random.choice(("", "", "Came back after a first contact last year.", "Prefers e-mail.")),
        is_archived=stage in words.LOST and random.random() < 0.5,
        last_activity_at=active,
        last_contacted_at=active if stage not in ("new", "inquiry") else None,
        next_follow_up_at=_follow_up(demo, stage),
    )
    return _with_phone(lead, demo.phone(person.region)) if random.random() < 0.85 else lead


def _with_phone(lead: Lead, number: str) -> Lead:
    phone = phones.parse(number)
    lead.phone, lead.country_code = phone.e164, phone.country_code
    lead.base_number, lead.leading_zeros = phone.base_number, phone.leading_zeros
    return lead


def sellers_of(demo: DemoTenant) -> list[User]:
    """Return the members who work with leads: all but the viewers."""
    members = Membership.objects.filter(tenant=demo.tenant).exclude(role=Role.VIEWER).values_list("user", flat=True)
    allowed = set(members)
    return [user for user in demo.team if user.pk in allowed]


def _status(demo: DemoTenant, stage: str) -> str:
    if stage in words.WON:
        return "closed_won"
    if stage in words.LOST:
        return "closed_lost"
    return demo.pick({"active": 84, "on_hold": 10, "archived": 2, "inactive": 4})


def _follow_up(demo: DemoTenant, stage: str) -> datetime | None:
    if stage in (*words.WON, *words.LOST) or demo.random.random() < 0.6:
        return None
    return demo.moment(days_back=4, days_ahead=21)


def _notes(demo: DemoTenant, sellers: list[User], leads: list[Lead]) -> None:
    templates: tuple[str, ...] = words.SALES_NOTES
    if is_school(demo):
        templates = words.SCHOOL_NOTES
    elif demo.slug == "harbour-finch":
        templates = words.PROPERTY_NOTES
    notes = []
    for lead in leads:
        moment = lead.created_at
        for template in demo.random.sample(templates, demo.pick({0: 4, 1: 3, 2: 2, 3: 1})):
            moment = demo.after(moment, hours=24 * 12)
            city = lead.location.partition(",")[0]
            content = template.format(first=lead.first_name, city=city, currency=lead.currency)
            author = lead.assigned_user or demo.random.choice(sellers)
            notes.append(
                LeadNote(**demo.created(moment), tenant=demo.tenant, lead=lead, created_by_user=author, content=content)
            )
    LeadNote.objects.bulk_create(sorted(notes, key=lambda note: note.created_at))


def _social(demo: DemoTenant, leads: list[Lead]) -> None:
    rows = []
    for lead in leads:
        if demo.random.random() < 0.5:
            continue
        handle = f"{lead.first_name}.{lead.last_name}".lower().replace(" ", "")
        data = {"linkedin": lead.linkedin_url} if lead.linkedin_url else {}
        if lead.phone and demo.random.random() < 0.4:
            data["whatsapp"] = lead.phone
        if demo.random.random() < 0.3:
            data["instagram"] = f"@{handle}"
        if demo.random.random() < 0.2 or not data:
            data["facebook"] = handle
        made = lead.created_at + timedelta(minutes=5)
        rows.append(LeadSocial(**demo.created(made), tenant=demo.tenant, lead=lead, data=data))
    LeadSocial.objects.bulk_create(rows)


def _change_latest(demo: DemoTenant, sellers: list[User], leads: list[Lead]) -> None:
    """Change the latest leads through the services, as users would."""
    keys = list(LeadStage.objects.filter(tenant=demo.tenant).order_by("display_order").values_list("key", flat=True))
    for lead in leads[-IN_FEED:]:
        actor = demo.random.choice(sellers)
        writes.update(lead, {"assigned_user": actor, "priority": Priority.HIGH}, actor=actor)
        next_stage = keys[min(keys.index(lead.stage) + 1, len(keys) - 1)]
        move_many(ids=[lead.pk], stage=next_stage, actor=actor)
        lead.stage = next_stage
