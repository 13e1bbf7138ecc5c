"""The client against the sandbox's Apollo: what it finds, what is charged, and what goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.errors import Invalid
from lad.tenancy.context import tenant_context
from leads.companies.apollo import records
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.errors import (
    AnswerLost,
    BadQuery,
    CreditsUsedUp,
    DirectoryDown,
    KeyRefused,
    LimitReached,
    PlanRefused,
)
from leads.companies.apollo.queries import CompanyFilters, CompanyQuery, PeopleQuery, Range
from leads.companies.apollo.transport import NotReady
from tenants.teams.models import Tenant
from tests.leads.companies.conftest import KEY, Connects
from tests.support.sandbox import Sandbox

Clients = Callable[..., Apollo]
LEADERS = PeopleQuery(titles=("ceo",), company=CompanyFilters(locations=("Dubai, UAE",)), per_page=100)


def charged(sandbox: Sandbox, key: str = KEY) -> list[tuple[str, int, bool, bool]]:
    return [
        (entry["subject"], entry["credits"], entry["delivered"], entry["repeat"])
        for entry in sandbox.log("apollo_charge", team=key)
    ]


def test_people_are_found_page_by_page_without_addresses_and_for_nothing(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    query = PeopleQuery(titles=("marketing manager",), per_page=40)
    first, second = (
        client.search_people(query),
        client.search_people(PeopleQuery(titles=query.titles, page=2, per_page=40)),
    )
    assert (len(first.people), first.has_more, first.total) == (40, True, second.total)
    assert len({each.id for each in (*first.people, *second.people)}) == 80
    assert all("marketing manager" in each.title.lower() for each in first.people)
    assert "***" in first.people[0].last_name
    assert not any("@" in str(each.data) for each in first.people)
    assert charged(sandbox) == []


@pytest.mark.parametrize(
    ("narrow", "holds"),
    [
        ({"seniorities": ("vp",)}, lambda person: person.seniority == "vp"),
        ({"titles": ("cfo",), "similar_titles": False}, lambda person: person.title == "Chief Financial Officer"),
        ({"locations": ("germany",)}, lambda person: person.country == "Germany"),
        ({"email_statuses": ("unavailable",)}, lambda person: person.email == ""),
        ({"keywords": "insurance"}, lambda person: person.company.industry == "insurance"),
        ({"company": CompanyFilters(locations=("Texas",))}, lambda person: person.company.state == "Texas"),
        ({"company": CompanyFilters(employees=((51, 200),))}, lambda person: 51 <= person.company.employees <= 200),
        ({"company": CompanyFilters(revenue=Range(least=10**8))}, lambda person: person.company.revenue >= 10**8),
        (
            {"company": CompanyFilters(any_technologies=("hubspot",))},
            lambda person: "hubspot" in person.company.technologies,
        ),
    ],
)
def test_every_filter_narrows_the_search(
    apollo: Clients, narrow: dict[str, Any], holds: Callable[[records.Person], bool]
) -> None:
    client = apollo()
    found = client.search_people(PeopleQuery(**narrow, per_page=10))
    assert 10 < found.total < client.search_people(PeopleQuery()).total
    people = client.bulk_match([each.id for each in found.people]).people.values()
    assert len(people) == 10
    assert all(person is not None and holds(person) for person in people)


def test_people_of_an_industry_are_those_of_its_companies(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    query = PeopleQuery.from_search_params(
        {"organization_industries": ["clinics"], "organization_locations": ["Dubai"], "person_seniorities": ["c_suite"]}
    )
    assert query.needs_companies
    with pytest.raises(BadQuery):
        client.search_people(query)
    companies = client.search_companies(query.companies())
    assert (companies.credits, len(companies.companies) > 10) == (1, True)
    assert {each.city for each in companies.companies} == {"Dubai"}
    people = client.search_people(query.within(each.id for each in companies.companies)).people
    assert {each.company_name for each in people} <= {each.name for each in companies.companies}
    assert people
    nobody = client.search_companies(CompanyQuery(name="No such company"))
    assert (nobody.companies, nobody.credits) == ((), 0)
    assert charged(sandbox) == [("page", 1, True, False)]


def test_a_match_tells_the_address_and_placeholders_are_none(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    ids = [each.id for each in client.search_people(LEADERS).people][:10]
    people = [person for person in client.bulk_match(ids).people.values() if person is not None]
    assert len(people) == 10
    for status, has in (("verified", True), ("unavailable", False)):
        found = client.search_people(PeopleQuery(email_statuses=(status,), per_page=12)).people
        told = [client.match(each.id).person for each in found]
        assert [bool(person and person.email) for person in told] == [has] * 12
    raw = {str(person.data["email"]) for person in told if person is not None}
    assert raw == {"None", "email_not_unlocked@domain.com"}
    someone = people[0]
    assert client.match(name=someone.name, domain=someone.company.domain).person.id == someone.id  # type: ignore[union-attr]
    assert client.match("0" * 24).person is None
    assert {credits for _subject, credits, _delivered, _repeat in charged(sandbox)} == {1}
    assert len(charged(sandbox)) == 10 + 24 + 1
    with pytest.raises(Invalid):
        client.bulk_match([f"{number}" for number in range(11)])


@pytest.mark.parametrize(
    ("email", "available"),
    [
        ("maya@kestrel.example", True),
        ("info.desk@kestrel.example", True),
        ("", False),
        ("email_not_unlocked@domain.com", False),
        ("noemail@kestrel.example", False),
        ("info@kestrel.example", False),
        ("Hello@Kestrel.example", False),
        ("maya@example.com", False),
        ("not an address", False),
    ],
)
def test_what_counts_as_an_address(email: str, available: bool) -> None:
    assert records.is_available(email) is available


def test_companies_are_enriched_by_domain(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    [one, two, *_] = client.search_companies(CompanyQuery(total_funding=Range(least=50_000_000), per_page=5)).companies
    assert client.enrich_company(one.domain).company == one
    unknown = client.enrich_company("nobody.example")
    assert (unknown.company, unknown.credits) == (None, 0)
    found = client.enrich_companies([two.domain, "nobody.example"])
    assert (found[two.domain].company, found["nobody.example"].company) == (two, None)
    assert (one.funding_stage != "", one.total_funding is not None and one.total_funding >= 50_000_000) == (True, True)
    assert [each[0] for each in charged(sandbox)] == ["page", "company", "company"]


def test_phones_are_asked_for_again_until_they_are_there(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    ids = [each.id for each in client.search_people(PeopleQuery(locations=("Texas",), per_page=10)).people]
    asked = client.bulk_match(ids, phones=True)
    assert client.phone_result(asked.request_id) is None
    sandbox.run_until_idle()
    delivery = client.phone_result(asked.request_id)
    assert delivery is not None
    assert set(delivery.people) == set(ids)
    numbers = [phone for phones in delivery.people.values() for phone in phones]
    assert 0 < len(numbers) < 10
    assert all(phone.number.startswith("+1") and "55501" in phone.number for phone in numbers)
    assert delivery.credits == 8 * len(numbers)
    assert [each[0] for each in charged(sandbox)].count("phone") == len(numbers)
    with pytest.raises(NotReady) as unknown:
        client.phone_result("7")
    assert unknown.value.reason == "request_id_unknown"


@pytest.mark.parametrize(
    ("key", "error"), [("wrong-key", KeyRefused), ("sandbox-scoped", PlanRefused), ("sandbox-unknown", KeyRefused)]
)
def test_a_refused_key_is_told_from_a_refused_plan(apollo: Clients, key: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        apollo(key).search_people(PeopleQuery())


def test_a_team_without_credits_is_told_so(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo("sandbox-poor")
    ids = [each.id for each in client.search_people(PeopleQuery(per_page=5)).people]
    assert client.credits()["lead_credit"].left == 3
    client.bulk_match(ids[:3])
    assert client.credits()["lead_credit"].left == 0
    with pytest.raises(CreditsUsedUp):
        client.match(ids[3])
    assert len(charged(sandbox, "sandbox-poor")) == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (PeopleQuery(page=501), "page"),
        (PeopleQuery(per_page=101), "per_page"),
        (PeopleQuery(seniorities=("boss",)), "seniorities"),
        (PeopleQuery(company=CompanyFilters(domains=tuple(map(str, range(1_001))))), "company"),
    ],
)
def test_filters_that_apollo_would_not_take_are_not_sent(
    apollo: Clients, sandbox: Sandbox, query: PeopleQuery, field: str
) -> None:
    with pytest.raises(BadQuery) as bad:
        apollo().search_people(query)
    assert field in bad.value.errors
    assert sandbox.log("apollo_call") == []


def test_filters_that_apollo_does_not_take_are_named_by_field(apollo: Clients) -> None:
    with pytest.raises(BadQuery) as bad:
        apollo().match(name="Maya", phones=True, webhook_url="http://elsewhere.example/hook")
    assert list(bad.value.errors) == ["webhook_url"]


@pytest.mark.parametrize(
    ("fault", "error", "calls", "charges"),
    [
        # It never arrived, or Apollo said so: nothing is charged.
        ({"kind": "answer", "code": 500, "times": 3}, DirectoryDown, 3, 0),
        ({"kind": "answer", "code": 503, "times": 3}, DirectoryDown, 3, 0),
        ({"kind": "answer", "code": 500}, None, 2, 1),
        # It arrived, and nobody knows what became of it: it is not repeated.
        ({"kind": "drop", "accepted": False, "times": 5}, AnswerLost, 1, 0),
        ({"kind": "drop", "accepted": True, "times": 5}, AnswerLost, 1, 1),
        ({"kind": "drop", "accepted": True, "seconds": 0.6, "times": 5}, AnswerLost, 1, 1),
        ({"kind": "split", "times": 5}, AnswerLost, 1, 1),
        ({"kind": "answer", "code": 502, "times": 5}, AnswerLost, 1, 0),
        ({"kind": "answer", "code": 504, "times": 5}, AnswerLost, 1, 0),
        ({"kind": "answer", "code": 429, "seconds": 30}, LimitReached, 1, 0),
    ],
)
def test_a_charged_call_is_repeated_only_if_nothing_was_charged(
    apollo: Clients,
    sandbox: Sandbox,
    settings: Any,
    fault: dict[str, Any],
    error: type[Exception] | None,
    calls: int,
    charges: int,
) -> None:
    settings.DIRECTORY_TIMEOUT_SECONDS = 0.3
    client = apollo()
    [someone] = client.search_people(PeopleQuery(per_page=1)).people
    sandbox.fault(protocol="apollo", stage="MATCH", **fault)
    if error is None:
        assert client.match(someone.id).person is not None
    else:
        with pytest.raises(error):
            client.match(someone.id)
    assert len(sandbox.log("apollo_call", endpoint="people/match")) == calls
    assert [(credits, delivered) for _s, credits, delivered, _r in charged(sandbox)] == [(1, error is None)] * charges


@pytest.mark.parametrize("kind", ["drop", "split", "answer"])
def test_a_free_call_is_repeated(apollo: Clients, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, protocol="apollo", stage="SEARCH", code=502, times=2)
    assert apollo().search_people(PeopleQuery(per_page=1)).people
    assert len(sandbox.log("apollo_call", endpoint="mixed_people/api_search")) == 3


def test_a_server_that_is_away_was_not_asked(directory: Connects, tenant: Tenant) -> None:
    account = directory()
    account.base_url = "http://127.0.0.1:9/apollo/api/v1"
    with pytest.raises(DirectoryDown):
        Apollo(account).match("0" * 24)
    account.base_url = "https://10.0.0.1/api/v1"
    with pytest.raises(DirectoryDown, match="private network"):
        Apollo(account).match("0" * 24)
    with tenant_context(tenant.pk), pytest.raises(RuntimeError, match="inside a transaction"):
        Apollo(account).match("0" * 24)


def test_asking_for_somebody_again_costs_again(apollo: Clients, sandbox: Sandbox) -> None:
    client = apollo()
    [someone] = client.search_people(PeopleQuery(per_page=1)).people
    for _ in range(2):
        client.match(someone.id)
    assert charged(sandbox) == [("person", 1, True, False), ("person", 1, True, True)]


def test_what_went_wrong_never_tells_the_key(apollo: Clients, sandbox: Sandbox, caplog, capsys) -> None:
    client = apollo("sandbox-organization-secret")
    [someone] = client.search_people(PeopleQuery(per_page=1)).people
    sandbox.fault("answer", protocol="apollo", code=500, text="sandbox-organization-secret", times=None)
    with pytest.raises(DirectoryDown) as down:
        client.match(someone.id)
    shown = (down.value, down.value.extra, vars(client), caplog.text, capsys.readouterr(), down.traceback)
    assert "secret" not in repr(shown)
