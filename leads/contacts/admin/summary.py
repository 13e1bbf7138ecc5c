"""The head of a lead's page: who it is and where they stand, at a glance."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from lad import phones
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Header:
    """What the template shows."""

    name: str
    about: str
    phone: str
    stage: str
    color: str
    owner: str
    value: str


def header_of(lead: Lead) -> Header:
    """The lead's head; its stage by the name the tenant gave it."""
    stage = LeadStage.objects.filter(tenant=lead.tenant_id, key=lead.stage).first()
    return Header(
        name=lead.full_name or lead.email or lead.phone or "Without a name",
        about=" · ".join(part for part in (lead.title, lead.company_name, lead.location) if part),
        phone=_spaced(lead.phone),
        stage=stage.label if stage else lead.stage,
        color=stage.color if stage else "",
        owner=(lead.assigned_user.full_name or lead.assigned_user.email) if lead.assigned_user else "Nobody",
        value=amount(lead) or "–",
    )


def amount(lead: Lead) -> str | None:
    """The estimated value in whole units, with its currency."""
    if lead.estimated_value is None:
        return None
    return f"{lead.estimated_value:,.0f}{NO_BREAK}{lead.currency}"


def day(moment: datetime) -> str:
    return f"{moment:%d %b %Y}".replace(" ", NO_BREAK)


def _spaced(number: str) -> str:
    try:
        return phones.parse(number).international if number else ""
    except ValidationError:
        return number
