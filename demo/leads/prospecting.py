"""People who were found in a directory, revealed, and saved as leads."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from demo.demo_tenant import DemoTenant
from leads.companies import sources
from leads.companies.apollo.queries import PeopleQuery
from leads.companies.finding.admin.forms import PER_PAGE
from leads.companies.models import EmployeeCache
from leads.companies.reveals.models import Reveal, RevealKind, RevealRequest, RevealState
from leads.companies.saving.models import LeadFieldSource
from leads.companies.search.models import DirectorySearch, SearchKind
from leads.companies.search.services import key_of, question_of
from leads.contacts.models import Lead

SLUG: Final = "kestrel-analytics"
QUERY: Final = PeopleQuery(seniorities=("director", "manager"), per_page=PER_PAGE)
SOURCED_LEADS: Final = 12
# What is not an address that was found or not, and why.
TROUBLE: Final = (
    (RevealState.FAILED, "The directory refused the API key. Enter a valid one in the directory account."),
    (RevealState.UNKNOWN, "The directory got the request, but its answer was lost. Ask again, or give up."),
)


def load(demo: DemoTenant) -> None:
    """Create a page of a search, the reveals of its people, and the sources of some leads' fields."""
    if demo.slug != SLUG:
        return
    known = EmployeeCache.objects.filter(tenant=demo.tenant, data_source=sources.APOLLO).order_by("pk")[:PER_PAGE]
    people = list(known)
    asked = demo.ago(days=3)
    ids = [person.apollo_person_id for person in people]
    DirectorySearch.objects.create(
        tenant=demo.tenant,
        **demo.created(asked),
        kind=SearchKind.PEOPLE,
        key=key_of(QUERY),
        query=question_of(QUERY),
        per_page=PER_PAGE,
        total=412,
        results=ids,
        fetched_at=demo.ago(hours=2),
        access_count=3,
        last_accessed_at=demo.ago(hours=1),
    )
    RevealRequest.objects.create(
        tenant=demo.tenant,
        **demo.created(asked),
        created_by_user=demo.owner,
        person_ids=ids,
        kinds=[RevealKind.EMAIL.value],
    )
    Reveal.objects.bulk_create(_reveal(demo, place, person) for place, person in enumerate(people))
    _sources(demo)


def _reveal(demo: DemoTenant, place: int, person: EmployeeCache) -> Reveal:
    state, error = RevealState.EMPTY, ""
    if person.employee_email:
        state = RevealState.FOUND
    elif place % 5 < len(TROUBLE):
        state, error = TROUBLE[place % 5]
    asked = demo.ago(days=3)
    return Reveal(
        tenant=demo.tenant,
        **demo.created(asked),
        person_id=person.apollo_person_id,
        person_name=person.employee_name,
        company_name=person.company_name,
        kind=RevealKind.EMAIL,
        state=state,
        error=error,
        value=person.employee_email if state == RevealState.FOUND else "",
        confidence=95 if state == RevealState.FOUND else None,
        # They were paid before the demo's ledger begins.
        credits=Decimal(0),
        finished_at=None if state == RevealState.UNKNOWN else asked + timedelta(seconds=4),
    )


def _sources(demo: DemoTenant) -> None:
    leads = Lead.objects.filter(tenant=demo.tenant, source=sources.APOLLO).exclude(email="", title="")
    LeadFieldSource.objects.bulk_create(
        LeadFieldSource(
            tenant=demo.tenant,
            **demo.created(lead.created_at),
            lead=lead,
            field=field,
            source=sources.APOLLO,
            value=getattr(lead, field),
            confidence=95 if field == "email" else None,
            is_verified=field == "email",
            fetched_at=lead.created_at,
        )
        for lead in leads.order_by("pk")[:SOURCED_LEADS]
        for field in ("email", "title")
        if getattr(lead, field)
    )
