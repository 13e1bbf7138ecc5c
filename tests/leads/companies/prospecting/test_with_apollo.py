"""Search, reveal and save against the sandbox's Apollo: what is charged is what it delivered."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo.queries import CompanyFilters, PeopleQuery
from leads.companies.reveals import services, worker
from leads.companies.reveals.models import Reveal, RevealState
from leads.companies.saving.services import save_as_leads
from leads.companies.search.services import search_people
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.leads.companies.conftest import KEY, address, forget_limits
from tests.leads.companies.prospecting.directory import PRICES, books, fund, list_prices
from tests.support.sandbox import Sandbox

QUERY = PeopleQuery(seniorities=("director",), company=CompanyFilters(locations=("United Arab Emirates",)), per_page=12)


@pytest.fixture
def connected(tenant: Tenant, stages: None, sandbox: Sandbox, settings: Any) -> Tenant:
    settings.DIRECTORY_SANDBOX_HOSTS = ["127.0.0.1"]
    forget_limits()
    list_prices()
    fund(tenant, 1_000)
    with platform_context():
        DirectoryAccount.objects.create(tenant=None, name="Apollo", base_url=address(sandbox), api_key=KEY)
    return tenant


def found(tenant: Tenant) -> list[str]:
    page = search_people(QUERY, tenant_id=tenant.pk)
    assert (len(page.results), page.total > 12) == (12, True)
    return [each.id for each in page.results]


def rows(tenant: Tenant) -> list[Reveal]:
    with tenant_context(tenant.pk):
        return list(Reveal.objects.order_by("person_id", "kind"))


def test_people_are_found_saved_and_revealed(connected: Tenant, sandbox: Sandbox) -> None:
    people = found(connected)
    with tenant_context(connected.pk):
        assert save_as_leads(people, tags=["dubai"]).created == 12
        services.request(people, ["email", "phone"])
    worker.run_due()
    assert {row.state for row in rows(connected) if row.kind == "phone"} <= {
        RevealState.WAITING,
        RevealState.FOUND,
        RevealState.EMPTY,
    }
    sandbox.advance(hours=3)
    with platform_context():
        Reveal.objects.filter(state=RevealState.WAITING).update(next_attempt_at=timezone.now())
    worker.run_due()
    revealed = rows(connected)
    assert {row.state for row in revealed} <= {RevealState.FOUND, RevealState.EMPTY}
    charged = sandbox.log("apollo_charge")
    mobiles = {each["id"] for each in charged if each["subject"] == "phone"}
    found_emails = [row for row in revealed if row.state == RevealState.FOUND and row.kind == "email"]
    # Numbers that are no mobile ones are charged by nobody.
    assert 0 < len(mobiles) < len([row for row in revealed if row.state == RevealState.FOUND and row.kind == "phone"])
    paid = PRICES["email"] * len(found_emails) + PRICES["phone"] * len(mobiles)
    assert books(connected) == (paid, 0)
    assert paid == sum(row.credits for row in revealed)
    charges = [each for each in charged if not each["repeat"]]
    assert len({each["id"] for each in charges}) == 12
    with tenant_context(connected.pk):
        emails = {row.person_id: row.value for row in revealed if row.kind == "email" and row.value}
        assert len(emails) > 3
        leads = {lead.source_id: lead for lead in Lead.objects.all()}
        assert {each: leads[each].email for each in emails} == emails
        assert all(lead.last_name for lead in leads.values())


@pytest.mark.parametrize("fault", [{"kind": "drop", "accepted": True}, {"kind": "answer", "code": 429, "seconds": 30}])
def test_a_fault_is_paid_at_most_once(connected: Tenant, sandbox: Sandbox, fault: dict[str, Any]) -> None:
    people = found(connected)
    sandbox.fault(**fault, protocol="apollo", stage="BULK")
    with tenant_context(connected.pk):
        services.request(people[:5], ["email"])
    worker.run_due()
    states = {row.state for row in rows(connected)}
    lost = states == {RevealState.UNKNOWN}
    assert lost == bool(fault.get("accepted"))
    forget_limits()
    with tenant_context(connected.pk):
        for row in rows(connected):
            if row.state == RevealState.UNKNOWN:
                services.ask_again(reveal=row)
        Reveal.objects.filter(state=RevealState.QUEUED).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    worker.run_due()
    revealed = rows(connected)
    assert {row.state for row in revealed} <= {RevealState.FOUND, RevealState.EMPTY}
    assert books(connected) == (2 * sum(row.state == RevealState.FOUND for row in revealed), 0)
