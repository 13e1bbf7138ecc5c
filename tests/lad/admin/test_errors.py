"""Every error stands at the entry that caused it, and the tab that holds it says so."""

import re
from typing import Any

import pytest

from campaigns.design.models import Campaign
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.pipeline import services as pipeline
from tenants.teams.models import Tenant
from tests.contract.pages import form_of, untouched
from tests.factories.campaigns import CampaignFactory, CampaignStepFactory
from tests.factories.leads import LeadFactory, LeadNoteFactory
from tests.factories.tenants import TenantFeatureFactory
from tests.support.api import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin_of: Any, owner: Any, tenant: Tenant, all_features: None) -> Any:
    with platform_context(tenant_id=tenant.pk):
        pipeline.ensure(tenant.pk)
    return admin_of(owner)


def inline_errors(response: Any, table: str) -> list[dict[str, list[str]]]:
    [found] = [each.formset for each in response.context["inline_admin_formsets"] if each.formset.prefix == table]
    return [dict(form.errors) for form in found.forms]


def marks(response: Any) -> dict[str, str]:
    """The numbers at the tabs, by the tab."""
    tabs = re.findall(r'<a href="#([a-z_]+)".*?</a>', text(response))
    counts = re.findall(r'<a href="#[a-z_]+"(.*?)</a>', text(response))
    shown = {tab: re.search(r"bg-red-500[^>]*> (\d+)", count) for tab, count in zip(tabs, counts, strict=True)}
    return {tab: found.group(1) for tab, found in shown.items() if found}


def opened_tab(response: Any) -> str:
    found = re.search(r"x-init=\"activeTab = '([^']*)'\"", text(response))
    return found.group(1) if found else ""


def test_the_error_of_a_step_stands_at_the_field_of_that_step(browser: Any, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create(name="Autumn")
        for order in (1, 2):
            config = {"subject": "Hello", "body": "Dear you"}
            CampaignStepFactory.create(campaign=campaign, type="email_send", order=order, config=config)
    url = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    served = browser.get(url)
    assert (opened_tab(served), marks(served)) == ("", {})
    page = browser.post(url, {**untouched(served, Campaign), "campaign_steps-1-title": "x" * 256})
    assert page.status_code == 200
    assert not form_of(page).errors
    first, second = inline_errors(page, "campaign_steps")
    assert (first, list(second)) == ({}, ["title"])
    assert "255" in second["title"][0]
    assert (opened_tab(page), marks(page)) == ("campaign_steps", {"campaign_steps": "1"})


def test_the_error_of_a_note_stands_at_that_note(browser: Any, tenant: Tenant, member: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create()
        LeadNoteFactory.create(lead=lead, content="Theirs", created_by_user=member)
    url = f"/admin/leads/lead/{lead.pk}/change/"
    page = browser.post(url, {**untouched(browser.get(url), Lead), "lead_notes-0-content": "Mine"})
    assert not form_of(page).errors
    [note] = inline_errors(page, "lead_notes")
    assert "Only its author can change a note" in " ".join(note["__all__"])
    assert (opened_tab(page), marks(page)) == ("lead_notes", {"lead_notes": "1"})


def test_a_rule_of_the_database_stands_at_its_field_and_opens_the_section(browser: Any, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create(source="manual", source_id="7")
        lead = LeadFactory.create(source="manual", source_id="8")
    url = f"/admin/leads/lead/{lead.pk}/change/"
    entries = untouched(browser.get(url), Lead)
    page = browser.post(url, {**entries, "source_id": "7", "custom_fields": "{", "email": "none", "phone": "none"})
    # The form's own errors come first.
    assert set(form_of(page).errors) == {"custom_fields", "email", "phone"}
    assert marks(page) == {"general": "3"}
    assert "1 error in “Origin”" in text(page)
    page = browser.post(url, {**entries, "source_id": "7"})
    assert list(form_of(page).errors) == ["source_id"]
    assert (opened_tab(page), marks(page)) == ("general", {"general": "1"})
    assert re.search(r"<details open><summary>(?:(?!</summary>).)*1 error in “Origin”", text(page))


def test_a_removed_row_that_must_stay_is_named_at_its_tab(browser: Any, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        TenantFeatureFactory.create(feature_key="campaigns", granted=True)
    url = f"/admin/tenants/tenant/{tenant.pk}/change/"
    page = browser.post(url, {**untouched(browser.get(url), Tenant), "tenant_features-0-DELETE": "on"})
    assert page.status_code == 200
    assert "LAD granted this feature" in text(page)
    assert (opened_tab(page), marks(page)) == ("tenant_features", {"tenant_features": "1"})
