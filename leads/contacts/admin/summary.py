"""The summary at the top of a lead's page."""

from dataclasses import dataclass

from lad import phones
from lad.labels import in_words
from leads.contacts.models import Lead
from leads.formatting import amount
from leads.pipeline.selectors import Pipeline


@dataclass(frozen=True, slots=True)
class LeadSummary:
    """The lead as text."""

    name: str
    about: str
    phone: str
    stage: str
    color: str
    assigned_to: str
    value: str


def summary_of(lead: Lead, pipeline: Pipeline) -> LeadSummary:
    """Return the lead's summary, with the tenant's own name for its stage."""
    return LeadSummary(
        name=lead.full_name or lead.email or lead.phone or "Without a name",
        about=" · ".join(part for part in (lead.title, lead.company_name, lead.location) if part),
        phone=phones.shown(lead.phone),
        stage=dict(pipeline.stage).get(lead.stage) or in_words(lead.stage) or "–",
        color=pipeline.colors.get(lead.stage, ""),
        assigned_to=(lead.assigned_user.full_name or lead.assigned_user.email) if lead.assigned_user else "Nobody",
        value=amount(lead.estimated_value, lead.currency) or "–",
    )
