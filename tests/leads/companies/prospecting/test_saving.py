"""People are saved as leads once, and nothing that is known better is replaced."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from leads.companies import caching
from leads.companies.reveals import services as reveals
from leads.companies.saving import filling
from leads.companies.saving.filling import Sourced
from leads.companies.saving.models import LeadFieldSource
from leads.companies.saving.services import save_as_leads
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.companies.prospecting.directory import Directory, matched, person_id
from tests.support.concurrency import ConcurrentWork, wait_until_blocked

NOW = timezone.now()
ID = person_id(1)


@pytest.fixture
def inside(tenant: Tenant, known: Callable[..., list[str]]) -> Iterator[None]:
    known(3)
    with tenant_context(tenant.pk):
        caching.store_people([matched(1), matched(2)], now=NOW)
        yield


def test_people_become_leads_with_what_is_known(inside: None, member: User) -> None:
    caching.store_contact(ID, email="anna@clinic1.example", phone="+971501234567")
    saved = save_as_leads([ID, person_id(3), "nobody"], owner=member, tags=["dubai"], actor=member)
    assert (saved.created, saved.skipped, saved.unknown) == (2, 0, 1)
    lead, hidden = (Lead.objects.get(pk=each) for each in saved.ids)
    assert (lead.full_name, lead.email, lead.phone) == ("Anna Hussein1", "anna@clinic1.example", "+971501234567")
    assert (lead.company_domain, lead.location) == ("clinic1.example", "Dubai, United Arab Emirates")
    assert (lead.source, lead.source_id, lead.assigned_user, lead.tags) == ("apollo_io", ID, member, ["dubai"])
    # A part of a name is not written as if it were one.
    assert (hidden.first_name, hidden.last_name) == ("Anna", "")
    known = {row.field: row.value for row in filling.sources_of(lead)}
    assert (known["email"], known["title"]) == ("anna@clinic1.example", "Clinic manager")


@pytest.mark.parametrize(
    ("choice", "counts", "leads"),
    [("skip", (0, 0, 1), 1), ("update", (0, 1, 0), 1), ("create", (1, 0, 0), 2)],
)
def test_people_who_are_leads_already_are_treated_as_chosen(
    inside: None, choice: str, counts: tuple[int, int, int], leads: int
) -> None:
    first = save_as_leads([ID])
    caching.store_contact(ID, email="anna@clinic1.example")
    saved = save_as_leads([ID], duplicates=choice, tags=["again"])
    assert (saved.created, saved.updated, saved.skipped) == counts
    assert Lead.objects.count() == leads
    lead = Lead.objects.get(pk=first.ids[0])
    assert (lead.email, lead.tags) == (("anna@clinic1.example", ["again"]) if choice == "update" else ("", []))
    assert (saved.ids == first.ids) == (choice != "create")
    if choice == "update":
        assert save_as_leads([ID], duplicates=choice, tags=["again"]).skipped == 1


@pytest.mark.parametrize(
    ("known", "new", "wins"),
    [
        (None, (None, 1), False),
        ((None, 0), (None, 1), True),
        ((None, 1), (None, 0), False),
        ((95, 0), (40, 1), False),
        ((95, 0), (95, 1), True),
        ((40, 1), (95, 2), True),
    ],
)
def test_a_field_is_replaced_only_by_what_is_better_and_newer(known: Any, new: Any, wins: bool) -> None:
    def at(days: int) -> Any:
        return NOW + timedelta(days=days)

    source = LeadFieldSource(value="old", is_verified=known[0] == 95, fetched_at=at(known[1])) if known else None
    assert filling.is_better("old", source, Sourced("new", new[0], at(new[1]))) == wins
    assert filling.is_better("", source, Sourced("new", new[0], at(new[1])))
    # Somebody has written something else since.
    assert not filling.is_better("mine", source, Sourced("new", new[0], at(new[1])))


def test_a_reveal_fills_the_lead_but_not_what_a_person_entered(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], member: User
) -> None:
    known()
    with tenant_context(tenant.pk):
        [lead_id] = save_as_leads([ID]).ids
        writes.update(Lead.objects.get(pk=lead_id), {"title": "Head of everything"}, actor=member)
        reveals.request([ID], ["email"])
    directory.run()
    with tenant_context(tenant.pk):
        lead = Lead.objects.get(pk=lead_id)
        assert (lead.full_name, lead.email, lead.title) == (
            "Anna Hussein1",
            "anna@clinic1.example",
            "Head of everything",
        )
        source = LeadFieldSource.objects.get(lead=lead, field="email")
        assert (source.confidence, source.is_verified) == (95, True)


def test_a_lead_is_filled_as_far_as_it_is_valid(inside: None) -> None:
    caching.store_contact(ID, email="not an address", phone="+97150")
    lead = Lead.objects.get(pk=save_as_leads([ID]).ids[0])
    assert (lead.email, lead.phone, lead.full_name) == ("", "", "Anna Hussein1")


@pytest.mark.parametrize("bad", [{"people": []}, {"people": [ID], "duplicates": "merge"}])
def test_what_makes_no_sense_is_refused(inside: None, bad: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        save_as_leads(**bad)


def test_the_api_saves_people(
    tenant: Tenant, known: Callable[..., list[str]], api: Any, member: User, viewer: User
) -> None:
    body = {"people": known(2), "owner": str(member.pk), "tags": ["found"], "duplicates": "update"}
    assert api(viewer).post("/api/v1/save-people/", body, format="json").status_code == 403
    answer = api(member).post("/api/v1/save-people/", body, format="json").json()
    assert (answer["created"], len(answer["ids"])) == (2, 2)
    sources = api(member).get("/api/v1/lead-field-sources/", {"lead": answer["ids"][0]}).json()
    assert {each["field"] for each in sources["results"]} == {"first_name", "title", "company_name"}


def test_what_a_person_took_out_of_a_field_does_not_come_back(inside: None, member: User) -> None:
    caching.store_contact(ID, email="anna@clinic1.example")
    [lead_id] = save_as_leads([ID]).ids
    writes.update(Lead.objects.get(pk=lead_id), {"email": "", "title": ""}, actor=member)
    caching.store_people([matched(1, title="Owner")], now=NOW + timedelta(days=1))
    save_as_leads([ID], duplicates="update")
    lead = Lead.objects.get(pk=lead_id)
    # The directory has something new to say about the title only.
    assert (lead.email, lead.title) == ("", "Owner")


def test_two_records_of_one_person_become_one_lead(inside: None) -> None:
    caching.store_people(
        [matched(1), matched(2, linkedin_url="http://linkedin.com/in/Anna-1/", name="Anna H.")], now=NOW
    )
    saved = save_as_leads([ID, person_id(2)])
    assert (saved.created, saved.skipped, len(saved.ids), Lead.objects.count()) == (1, 1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_members_who_save_the_same_people_at_once_make_one_lead_of_each(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]]
) -> None:
    ids = known(3)
    saved: list[Any] = []

    def save() -> None:
        with tenant_context(tenant.pk):
            saved.append(save_as_leads(ids))

    with tenant_context(tenant.pk):
        saved.append(save_as_leads(ids))
        other = ConcurrentWork(save)
        wait_until_blocked()
    assert other.succeeded()
    assert [(each.created, each.skipped) for each in saved] == [(3, 0), (0, 3)]
    assert saved[0].ids == saved[1].ids
