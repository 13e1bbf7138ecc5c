"""The page that finds people: nothing is paid before it was said what it costs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLead
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import caching
from leads.companies.apollo.queries import CompanyFilters, PeopleQuery
from leads.companies.finding.admin.forms import PER_PAGE
from leads.companies.reveals.models import Reveal, RevealRequest
from leads.companies.search.services import search_people
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory
from tests.leads.companies.conftest import KEY, address, forget_limits
from tests.leads.companies.prospecting.directory import Directory, books, found, matched, person_id, spend
from tests.support.sandbox import Sandbox

PAGE = "/admin/find-people/"
DUBAI = {"titles": "Clinic manager, Owner", "company_locations": "Dubai"}


@pytest.fixture
def browser(member: User, admin_of: Callable[..., Any], directory: Directory) -> Any:
    return admin_of(member)


@pytest.fixture
def stored(tenant: Tenant, directory: Directory) -> None:
    """The page of DUBAI is stored, with two people."""
    directory.found, directory.total = [found(1), found(2)], 60
    company = CompanyFilters(locations=("Dubai",))
    query = PeopleQuery(titles=("Clinic manager", "Owner"), company=company, per_page=PER_PAGE)
    search_people(query, tenant_id=tenant.pk, directory=directory)


def text(response: Any) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_stored_people_are_shown_with_what_is_known(browser: Any, stored: None, make_lead: Callable[..., Lead]) -> None:
    lead = make_lead(source="apollo_io", source_id=person_id(2))
    page = browser.get(PAGE, DUBAI)
    assert "60 people" in text(page)
    assert "Anna Hu***n" in text(page)
    assert f"/admin/leads/lead/{lead.pk}/change/" in page.content.decode()
    assert "Next" in text(page)


def test_opening_the_page_asks_nobody(browser: Any, directory: Directory, tenant: Tenant) -> None:
    assert "Whom are you looking for?" in text(browser.get(PAGE))
    assert "It costs 1.00 USD at most" in text(browser.get(PAGE, {"industries": "clinic"}))
    assert "It costs nothing." in text(browser.get(PAGE, {"titles": "Owner"}))
    assert "Not known: boss" not in text(browser.get(PAGE, {"seniorities": "boss"}))
    assert books(tenant) == (0, 0)


def test_a_search_is_sent_and_leads_to_its_page(browser: Any, sandbox: Sandbox, settings: Any, tenant: Tenant) -> None:
    from leads.companies.accounts.models import DirectoryAccount

    settings.DIRECTORY_SANDBOX_HOSTS = ["127.0.0.1"]
    forget_limits()
    with platform_context():
        DirectoryAccount.objects.update(base_url=address(sandbox), api_key=KEY)
    answer = browser.post(PAGE, {"company_locations": "United Arab Emirates", "action": "search"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{PAGE}?company_locations=United+Arab+Emirates"
    assert len(re.findall(r'name="person"', browser.get(answer["Location"]).content.decode())) == PER_PAGE
    industry = browser.post(PAGE, {"industries": "hospital & health care", "action": "search"}, follow=True)
    assert "Finding the companies cost 1.00 USD." in text(industry)
    assert books(tenant) == (1, 0)


def test_a_search_without_filters_or_account_says_so(browser: Any) -> None:
    assert "Enter at least one filter." in text(browser.post(PAGE, {"action": "search"}))
    from leads.companies.accounts.models import DirectoryAccount

    with platform_context():
        DirectoryAccount.objects.update(is_active=False)
    assert "Ask an administrator of your company to connect one" in text(browser.get(PAGE, {"titles": "Owner"}))
    assert "No directory of people is connected" in text(browser.post(PAGE, {"titles": "Owner", "action": "search"}))


def test_who_may_connect_a_directory_is_led_there(
    admin: User, admin_of: Callable[..., Any], directory: Directory
) -> None:
    from leads.companies.accounts.models import DirectoryAccount

    assert "directoryaccount/add" not in admin_of(admin).get(PAGE).content.decode()
    with platform_context():
        DirectoryAccount.objects.update(is_active=False)
    assert 'href="/admin/leads/directoryaccount/add/"' in admin_of(admin).get(PAGE).content.decode()


def test_without_credit_a_person_is_told_what_to_do(
    browser: Any, admin: User, admin_of: Callable[..., Any], stored: None, tenant: Tenant
) -> None:
    spend(tenant, 100)
    industry = {"industries": "clinic"}
    assert "Ask an administrator of your company to top up the wallet, or leave the industry out" in text(
        browser.get(PAGE, industry)
    )
    assert 'href="/admin/billing/wallet/">Top up the wallet' in admin_of(admin).get(PAGE, industry).content.decode()
    asked = browser.post(PAGE, {"person": [person_id(1)], "action": "reveal-email"})
    assert "The credit is not enough. Choose fewer people" in text(asked)
    assert '<button type="submit"' not in asked.content.decode().partition("reveal-form")[2].partition("</form>")[0]


def test_revealing_says_what_it_costs_before_it_is_paid(
    browser: Any, stored: None, directory: Directory, tenant: Tenant
) -> None:
    people = {"person": [person_id(1), person_id(2)], "back": f"{PAGE}?titles=x"}
    asked = browser.post(PAGE, {**people, "action": "reveal-phone"})
    assert "20.00 USD" in text(asked)
    with tenant_context(tenant.pk):
        assert not Reveal.objects.exists()
    done = browser.post(PAGE, {**people, "action": "reveal", "kind": "email", "confirmed": "1"})
    with tenant_context(tenant.pk):
        row = RevealRequest.objects.get()
    assert done["Location"] == f"{PAGE}{row.pk}/?back=%2Fadmin%2Ffind-people%2F%3Ftitles%3Dx"
    directory.run()
    assert "2 found, 0 not available" in text(browser.get(done["Location"]))
    part = browser.get(done["Location"], HTTP_HX_REQUEST="true")
    assert part.content.decode().lstrip().startswith("<section")
    assert "anna@clinic1.example" in text(part)


def test_people_are_saved_and_enrolled(
    browser: Any, stored: None, tenant: Tenant, member: User, directory: Directory
) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create(name="Clinics")
        caching.store_people([matched(1), matched(2)], now=timezone.now())
        caching.store_contact(person_id(1), email="anna@clinic1.example")
    people = {"person": [person_id(1), person_id(2)], "back": "https://elsewhere.example/", "action": "save"}
    asked = browser.post(PAGE, people)
    assert "Enrol in a campaign" in text(asked)
    form = {"confirmed": "1", "duplicates": "skip", "owner": str(member.pk), "tags": "dubai, clinic"}
    done = browser.post(PAGE, {**people, **form, "campaign": str(campaign.pk)})
    assert done["Location"] == PAGE
    with tenant_context(tenant.pk):
        leads = Lead.objects.filter(source_id__in=people["person"])
        assert {(lead.assigned_user_id, *lead.tags) for lead in leads} == {(member.pk, "dubai", "clinic")}
        assert CampaignLead.objects.filter(campaign=campaign).count() == 2
    page = browser.get(PAGE)
    assert "2 were saved as new leads." in text(page)
    assert f'href="/admin/campaigns/campaign/{campaign.pk}/change/">Clinics</a>: 2 enrolled' in page.content.decode()


def test_people_begin_a_new_campaign(browser: Any, stored: None, tenant: Tenant, directory: Directory) -> None:
    with platform_context(tenant_id=tenant.pk):
        caching.store_people([matched(1)], now=timezone.now())
        caching.store_contact(person_id(1), email="anna@clinic1.example")
    people = {"person": [person_id(1), person_id(2)], "action": "save", "confirmed": "1", "duplicates": "skip"}
    assert "Enter a name." in text(browser.post(PAGE, {**people, "campaign": "new"}))
    browser.post(PAGE, {**people, "campaign": "new", "campaign_name": "Clinics, first letter"})
    with tenant_context(tenant.pk):
        made = Campaign.objects.get(name="Clinics, first letter")
        assert (made.status, CampaignLead.objects.filter(campaign=made).count()) == ("draft", 1)
    told = text(browser.get(PAGE))
    assert "Clinics, first letter : 1 enrolled; left out: 1 without an address" in told
    assert "can be enrolled by saving them once more" in told


def test_those_who_may_not_do_not(
    browser: Any, stored: None, viewer: User, admin_of: Callable[..., Any], superuser: User
) -> None:
    assert admin_of(viewer).get(PAGE).status_code == 403
    assert browser.post(PAGE, {"action": "save"}, follow=True).status_code == 200
    assert admin_of(superuser).get(PAGE).status_code == 302
