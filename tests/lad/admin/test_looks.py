"""How lists and forms look: dashes, numbers, yes and no, empty lists, titles."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from lad.figures import FIGURE_SPACE
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory, LeadNoteFactory
from tests.factories.tenants import FeatureKillSwitchFactory, TenantFeatureFactory
from tests.support.api import text

pytestmark = pytest.mark.usefixtures("db", "all_features")

LEADS = "/admin/leads/lead/"


def cell(page: str, name: str) -> list[str]:
    """Return the cells of a column as text."""
    found = re.findall(rf'<t[dh] class="[^"]*field-{name} [^"]*"[^>]*>(.*?)</t[dh]>', page, re.DOTALL)
    return [re.sub(r"<[^>]*>", "", each).strip() for each in found]


def test_what_is_empty_is_one_and_the_same_dash(admin_of: Any, owner: User, tenant: Tenant):
    empty = {"company_name": "", "estimated_value": None, "priority": 0, "assigned_user": None}
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(**{**empty, "next_follow_up_at": None, "description": ""})
    browser: Client = admin_of(owner, tenant)
    page = text(browser.get(LEADS))
    columns = ("company", "priority_label", "value", "assigned_to", "follow_up")
    assert [cell(page, name) for name in columns] == [["–"]] * len(columns)
    shown = re.findall(r'<div class="readonly[^>]*>(.*?)</div>', text(browser.get(f"{LEADS}{lead.pk}/change/")))
    assert "–" in shown
    assert "-" not in shown and "" not in shown


def test_amounts_are_flush_right_with_their_currency_and_aligned(admin_of: Any, owner: User, tenant: Tenant):
    with platform_context(tenant_id=tenant.pk):
        for value in ("950", "12500"):
            LeadFactory.create(estimated_value=Decimal(value), currency="EUR")
    page = text(admin_of(owner, tenant).get(LEADS))
    assert sorted(cell(page, "value")) == ["12,500 EUR", "950 EUR"]
    assert page.count("field-value lad-cell lad-number") == 2
    assert re.search(r'<th class="[^"]*column-value lad-number', page)
    assert FIGURE_SPACE not in page
    assert "lad-number" not in re.findall(r'<td class="[^"]*field-company[^"]*"', page)[0]


def test_a_no_is_no_fault(root: Client, tenant: Tenant):
    with platform_context(tenant_id=tenant.pk):
        for enabled in (True, False):
            TenantFeatureFactory.create(enabled=enabled)
    page = text(root.get("/admin/tenants/tenantfeature/"))
    assert sorted(cell(page, "enabled")) == ["No", "check Yes"]
    assert "close_small" not in page


def test_an_empty_list_says_what_to_do(admin_of: Any, root: Client, owner: User, viewer: User, tenant: Tenant):
    browser: Client = admin_of(owner, tenant)
    page = text(browser.get(LEADS))
    assert "No leads yet" in page
    assert "Add the first lead here, or send leads through the API." in page
    assert f'<a class="lad-blank-button" href="{LEADS}add/">' in page
    filtered = text(browser.get(LEADS, {"q": "nobody"}))
    assert "No leads match" in filtered and 'href="?"' in filtered
    # Somebody who may not add a row is not asked to.
    assert 'class="lad-blank-button"' not in text(admin_of(viewer, tenant).get(LEADS))
    assert "They appear here by themselves" in text(root.get("/admin/outbox/eventbatch/"))
    assert not [each for each in (page, filtered) if "yielded" in each]


def test_every_page_has_a_whole_title_of_its_own(admin_of: Any, owner: User, tenant: Tenant):
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(first_name="Hugo", last_name="Ferreira da Silva e Vasconcelos", company_name="")
    browser: Client = admin_of(owner, tenant)
    name, page = "Hugo Ferreira da Silva e Vasconcelos", f"{LEADS}{lead.pk}"
    titles = {
        LEADS: ["Leads"],
        f"{LEADS}add/": ["Leads", "Add lead"],
        f"{page}/change/": ["Leads", name],
        f"{page}/history/": ["Leads", name, "History"],
        f"{page}/assign/": ["Leads", name, "Assign"],
        "/admin/tables/": ["All tables"],
        "/admin/": ["Dashboard"],
        "/admin/usage/": ["Usage explorer"],
    }
    for address, expected in titles.items():
        heading = re.findall(r"<h1>(.*?)</h1>", text(browser.get(address)), re.DOTALL)[0]
        shown = re.sub(r"<span class=\"material-symbols-outlined\"[^>]*>[^<]*</span>", "|", heading)
        assert [part.strip() for part in re.sub(r"<[^>]*>", "", shown).split("|")] == expected, address


def test_a_row_of_a_tab_has_a_link_that_is_always_there(admin_of: Any, owner: User, tenant: Tenant):
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create()
        note = LeadNoteFactory.create(lead=lead)
    page = text(admin_of(owner, tenant).get(f"{LEADS}{lead.pk}/change/"))
    assert f'<a href="/admin/leads/leadnote/{note.pk}/change/" class="lad-link lad-inline-link">Open</a>' in page
    assert "group-hover/title:block" not in page


def test_a_list_of_all_tenants_shows_keys_in_words(root: Client):
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key="voice-agent")
    assert cell(text(root.get("/admin/tenants/featurekillswitch/")), "feature_key") == ["Voice agent"]
