"""Choose whom of the people that were found a campaign takes."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
from django.db.models import Q
from django.db.models.functions import Lower, Trim

from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead
from lad.tenancy.context import current_tenant_id
from leads.channels import Channel
from leads.companies.apollo.queries import PeopleQuery
from leads.companies.reveals.models import RevealKind
from leads.companies.search.results import PersonResult

PER_PAGE: Final = 100
# The step's names, and the directory's.
FILTERS: Final = {
    "roles": "person_titles",
    "locations": "organization_locations",
    "industries": "organization_industries",
}
BY_PHONE: Final = frozenset({Channel.VOICE, Channel.WHATSAPP, Channel.SMS})
BY_EMAIL: Final = frozenset({Channel.EMAIL, Channel.LINKEDIN})


def query_of(step: CampaignStep, page: int) -> PeopleQuery | None:
    """Return one page of what a step looks for, or None if it has no filters. Raises BadQuery."""
    filters = step.config.get("filters") or {}
    params: dict[str, Any] = {name: filters.get(own, []) for own, name in FILTERS.items()}
    params["organization_num_employees_ranges"] = [_range(each) for each in filters.get("company_sizes", [])]
    if not any(params.values()):
        return None
    return PeopleQuery.from_search_params({**params, "page": page, "per_page": PER_PAGE})


def key_of(step: CampaignStep) -> str:
    """Return what changes when the filters of the step do."""
    return sha256(orjson.dumps(step.config.get("filters") or {}, option=orjson.OPT_SORT_KEYS)).hexdigest()


def kinds_for(channels: Collection[Channel]) -> list[str]:
    """Return what must be revealed of people so that a campaign with these channels can reach them.

    The LinkedIn profile comes with the e-mail address.
    """
    wanted = [RevealKind.EMAIL.value] if BY_EMAIL & set(channels) else []
    return [*wanted, RevealKind.PHONE.value] if BY_PHONE & set(channels) else wanted


def choose(
    people: Sequence[PersonResult], *, many: int, campaign_id: UUID, one_per_company: bool
) -> tuple[list[str], int]:
    """Return up to ``many`` people whom nobody in the tenant knows as a lead, and how many results that took.

    With ``one_per_company`` those are left out whose company the campaign has a lead of.
    """
    taken = _companies_of(campaign_id, people) if one_per_company else set()
    chosen: list[str] = []
    for place, person in enumerate(people):
        if len(chosen) == many:
            return chosen, place
        company = _names_of(person.company_name, person.company_domain) if one_per_company else set()
        if person.marks.lead_id is not None or company & taken:
            continue
        chosen.append(person.id)
        taken |= company
    return chosen, len(people)


def _companies_of(campaign_id: UUID, people: Iterable[PersonResult]) -> set[str]:
    """Return names and domains of these people's companies of which the campaign has a lead already."""
    wanted = {name for each in people for name in _names_of(each.company_name, each.company_domain)}
    rows = CampaignLead.objects.filter(tenant=current_tenant_id(), campaign=campaign_id)
    rows = rows.annotate(company=Lower(Trim("company_name")))
    known = rows.filter(Q(company__in=wanted) | Q(lead__company_domain__in=wanted))
    return {
        each for row in known.values_list("company_name", "lead__company_domain").distinct() for each in _names_of(*row)
    }


def _names_of(name: str, domain: str) -> set[str]:
    """Return what a company is known by: its name and its domain, however they are written."""
    return {" ".join(each.lower().split()) for each in (name, domain)} - {""}


def _range(text: str) -> str:
    """Return ``11,50`` for ``11-50``, as people write it."""
    return str(text).replace("–", ",").replace("-", ",").replace(" ", "")
