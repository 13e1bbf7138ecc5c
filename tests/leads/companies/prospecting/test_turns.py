"""The same search by two people at once asks the directory once, and is paid for once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection

from leads.companies.apollo.errors import DirectoryDown
from leads.companies.apollo.queries import CompanyQuery, PeopleQuery
from leads.companies.search import turns
from leads.companies.search.results import SearchPage
from leads.companies.search.services import search_companies, search_people
from tenants.teams.models import Tenant
from tests.leads.companies.prospecting.directory import Directory, books, found, fund
from tests.leads.companies.prospecting.test_search import CLINIC, CLINICS


@dataclass
class Slow(Directory):
    """While it answers the first call, somebody else searches too: ``meanwhile`` runs in another thread."""

    second: Event = field(default_factory=Event)
    thread: Thread | None = None

    def _fail(self) -> None:
        if len(self.searches) > 1:
            self.second.set()
        elif self.thread is None:
            self.thread = Thread(target=self._search)
            self.thread.start()
            # Time enough to ask as well, if nothing held it back.
            self.second.wait(0.3)
        super()._fail()

    def _search(self) -> None:
        try:
            self.meanwhile()
        finally:
            connection.close()


def together(directory: Slow, search: Callable[[], Any]) -> list[Any]:
    """Let two people search at the same moment. Return what they get, or the error."""
    got: list[Any] = []

    def one() -> None:
        try:
            got.append(search())
        except DirectoryDown as error:
            got.append(error)

    directory.meanwhile = one
    one()
    assert directory.thread is not None
    directory.thread.join()
    return got


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slow(directory: Directory) -> Slow:
    return Slow(companies=[CLINIC], found=[found(1)])


@pytest.mark.parametrize("refresh", [False, True])
def test_the_second_of_two_members_gets_what_the_first_paid_for(tenant: Tenant, slow: Slow, refresh: bool) -> None:
    def search() -> Any:
        return search_companies(CLINICS, tenant_id=tenant.pk, directory=slow, refresh=refresh)

    pages = together(slow, search)
    assert sorted(page.credits for page in pages) == [0, 1]
    assert [len(page.results) for page in pages] == [1, 1]
    assert (len(slow.searches), books(tenant)) == (1, (1, 0))


def test_the_same_search_for_people_asks_once(tenant: Tenant, slow: Slow) -> None:
    query = PeopleQuery(titles=("Manager",), company_keyword_tags=("clinic",))
    pages = together(slow, lambda: search_people(query, tenant_id=tenant.pk, directory=slow))
    assert [[each.id for each in page.results] for page in pages] == [["person-1"], ["person-1"]]
    assert len(slow.searches) == 2


def test_who_waited_for_a_search_that_failed_asks_then(tenant: Tenant, slow: Slow) -> None:
    slow.fails = [DirectoryDown()]
    got = together(slow, lambda: search_companies(CLINICS, tenant_id=tenant.pk, directory=slow))
    assert [type(each).__name__ for each in got] == ["DirectoryDown", "SearchPage"]
    assert books(tenant) == (1, 0)


@pytest.mark.parametrize("what", ["search", "tenant"])
def test_another_search_and_another_tenant_wait_for_nobody(
    tenant: Tenant, other_tenant: Tenant, slow: Slow, what: str
) -> None:
    fund(other_tenant)
    query = CompanyQuery(keyword_tags=("hospital",)) if what == "search" else CLINICS
    owner = other_tenant if what == "tenant" else tenant
    pages: list[SearchPage] = []

    def meanwhile() -> None:
        pages.append(search_companies(query, tenant_id=owner.pk, directory=slow))

    slow.meanwhile = meanwhile
    search_companies(CLINICS, tenant_id=tenant.pk, directory=slow)
    assert slow.thread is not None
    slow.thread.join()
    assert slow.second.is_set()
    assert len(pages) == 1


def test_a_turn_that_nobody_gives_back_ends(tenant: Tenant, directory: Directory, monkeypatch: Any) -> None:
    monkeypatch.setattr(turns, "LONGEST_SECONDS", 0.05)
    ended: list[bool] = []
    # The time of the first is over, and another one goes on.
    with turns.turn("somebody who died"), turns.turn("somebody who died"):
        ended.append(True)
    assert ended
