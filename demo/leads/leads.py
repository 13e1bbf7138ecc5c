"""Leads of one company over the last months, with their notes and social profiles."""

from datetime import datetime, timedelta
from typing import Any, Final

from demo.company import DemoCompany
from demo.leads import words
from lad import phones, writes
from leads.contacts.models import Lead, LeadNote, LeadSocial, Priority
from leads.contacts.services.leads import move_many
from leads.pipeline import services as pipeline
from leads.pipeline.models import LeadStage
from tenants.teams.models import Membership, Role

SIZES: Final = {"kestrel-analytics": 260, "brightpath-education": 220}
SMALL: Final = 60
# What a deal is worth, from and to, and in which currency.
WORTH: Final = {
    "kestrel-analytics": (4_000, 120_000, "EUR"),
    "brightpath-education": (1_500, 14_000, "GBP"),
    "harbour-finch": (900, 4_500, "AUD"),
}
USUAL_WORTH: Final = (1_000, 20_000, "USD")
# So many went through the services, so that the activity feed tells of them.
TOLD: Final = 6


def pipeline_of(company: DemoCompany) -> dict[str, int]:
    """Set the company's stages and statuses up; how its leads spread over the stages."""
    if not is_school(company):
        pipeline.ensure(company.tenant.pk)
        return words.SALES_SPREAD
    LeadStage.objects.bulk_create(
        LeadStage(tenant=company.tenant, key=key, label=label, color=color, display_order=place)
        for place, (key, label, color) in enumerate(words.SCHOOL_STAGES, start=1)
    )
    pipeline.ensure(company.tenant.pk)
    return words.SCHOOL_SPREAD


def is_school(company: DemoCompany) -> bool:
    return company.tenant.metadata.get("vertical") == "education"


def load(company: DemoCompany) -> list[Lead]:
    """Make the leads, oldest first, and what is written about them."""
    spread, sellers = pipeline_of(company), sellers_of(company)
    number = SIZES.get(company.slug, SMALL)
    born = sorted(company.moment() for _ in range(number))
    stages = _stages(company, spread, number)
    people = company.people(number)
    businesses = list(company.companies(max(number // 3, 20)))
    leads = [
        _lead(company, sellers, person, company.random.choice(businesses), moment, stage)
        for person, moment, stage in zip(people, born, stages, strict=True)
    ]
    Lead.objects.bulk_create(leads)
    _notes(company, sellers, leads)
    _social(company, leads)
    _lately(company, sellers, leads)
    return leads


def _stages(company: DemoCompany, spread: dict[str, int], number: int) -> list[str]:
    """Stages for leads from the oldest to the newest: the older, the further, by and large."""
    order = list(spread)
    return sorted(company.spread(spread, number), key=lambda key: -order.index(key) + company.random.gauss(0, 2.5))


def _lead(company: DemoCompany, sellers: list[Any], person: Any, business: Any, moment: datetime, stage: str) -> Lead:
    random = company.random
    owner = random.choice(sellers) if stage not in ("new", "inquiry") or random.random() < 0.5 else None
    low, high, currency = WORTH.get(company.slug, USUAL_WORTH)
    active = company.between(moment, min(moment + timedelta(days=40), company.now))
    source = company.one(words.SOURCES)
    private = is_school(company)
    lead = Lead(
        **company.born(moment),
        tenant=company.tenant,
        created_by_user=random.choice(sellers),
        assigned_user=owner,
        assigned_at=company.after(moment, hours=30) if owner else None,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email("mail.example" if private else business.domain) if random.random() < 0.92 else "",
        title="" if private else person.job,
        company_name="" if private else business.name,
        company_domain="" if private else business.domain,
        location=f"{person.city}, {person.country}",
        linkedin_url=f"https://linkedin.example/in/{person.handle}" if random.random() < 0.7 else "",
        stage=stage,
        status=_status(company, stage),
        priority=company.one(
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
        next_follow_up_at=_follow_up(company, stage),
    )
    return _with_phone(lead, company.phone(person.region)) if random.random() < 0.85 else lead


def _with_phone(lead: Lead, number: str) -> Lead:
    phone = phones.parse(number)
    lead.phone, lead.country_code = phone.e164, phone.country_code
    lead.base_number, lead.leading_zeros = phone.base_number, phone.leading_zeros
    return lead


def sellers_of(company: DemoCompany) -> list[Any]:
    """Those who work with leads: everybody of the company but its viewers."""
    members = Membership.objects.filter(tenant=company.tenant).exclude(role=Role.VIEWER).values_list("user", flat=True)
    allowed = set(members)
    return [user for user in company.team if user.pk in allowed]


def _status(company: DemoCompany, stage: str) -> str:
    if stage in words.WON:
        return "closed_won"
    if stage in words.LOST:
        return "closed_lost"
    return company.one({"active": 84, "on_hold": 10, "archived": 2, "inactive": 4})


def _follow_up(company: DemoCompany, stage: str) -> datetime | None:
    if stage in (*words.WON, *words.LOST) or company.random.random() < 0.6:
        return None
    return company.moment(days_back=4, days_ahead=21)


def _notes(company: DemoCompany, sellers: list[Any], leads: list[Lead]) -> None:
    templates: tuple[str, ...] = words.SALES_NOTES
    if is_school(company):
        templates = words.SCHOOL_NOTES
    elif company.slug == "harbour-finch":
        templates = words.PROPERTY_NOTES
    notes = []
    for lead in leads:
        moment = lead.created_at
        for template in company.random.sample(templates, company.one({0: 4, 1: 3, 2: 2, 3: 1})):
            moment = company.after(moment, hours=24 * 12)
            city = lead.location.partition(",")[0]
            content = template.format(first=lead.first_name, city=city, currency=lead.currency)
            author = lead.assigned_user or company.random.choice(sellers)
            notes.append(
                LeadNote(
                    **company.born(moment), tenant=company.tenant, lead=lead, created_by_user=author, content=content
                )
            )
    LeadNote.objects.bulk_create(sorted(notes, key=lambda note: note.created_at))


def _social(company: DemoCompany, leads: list[Lead]) -> None:
    rows = []
    for lead in leads:
        if company.random.random() < 0.5:
            continue
        handle = f"{lead.first_name}.{lead.last_name}".lower().replace(" ", "")
        data = {"linkedin": lead.linkedin_url} if lead.linkedin_url else {}
        if lead.phone and company.random.random() < 0.4:
            data["whatsapp"] = lead.phone
        if company.random.random() < 0.3:
            data["instagram"] = f"@{handle}"
        if company.random.random() < 0.2 or not data:
            data["facebook"] = handle
        made = lead.created_at + timedelta(minutes=5)
        rows.append(LeadSocial(**company.born(made), tenant=company.tenant, lead=lead, data=data))
    LeadSocial.objects.bulk_create(rows)


def _lately(company: DemoCompany, sellers: list[Any], leads: list[Lead]) -> None:
    """The last few changes, made as people make them."""
    places = list(
        LeadStage.objects.filter(tenant=company.tenant).order_by("display_order").values_list("key", flat=True)
    )
    for lead in leads[-TOLD:]:
        actor = company.random.choice(sellers)
        writes.update(lead, {"assigned_user": actor, "priority": Priority.HIGH}, actor=actor)
        following = places[min(places.index(lead.stage) + 1, len(places) - 1)]
        move_many(ids=[lead.pk], stage=following, actor=actor)
        lead.stage = following
