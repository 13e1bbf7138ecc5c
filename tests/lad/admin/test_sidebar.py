"""The sidebar holds few entries for everybody, and "All tables" the rest."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client, RequestFactory

from demo.tenants.tenants import COUNSELLOR, FINANCE, PLATFORM_FINANCE
from lad.admin import navigation
from lad.db.identifiers import uuid7
from lad.tenancy.access import Access
from tenants.access.rights import ALL_RIGHTS, effective_rights
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.features.catalogue import features
from tenants.features.selectors import FeatureSetting, keep_settings
from tenants.teams.models import PlanTier, Tenant
from tests.support.api import text

SOMEBODY: Any = SimpleNamespace(pk=uuid7())
LEADS = "/admin/leads/lead/"
WALLETS = "/admin/billing/wallet/"


def _member(rights: Any) -> Access:
    return Access(user=SOMEBODY, tenant_id=uuid7(), rights=frozenset(rights))


def _staff(rights: Any, *, limited: bool, narrowed: bool) -> Access:
    tenant_id = uuid7() if narrowed else None
    return Access(user=SOMEBODY, tenant_id=tenant_id, rights=frozenset(rights), platform=True, limited=limited)


# What each caller's sidebar must show, among others.
CALLERS = {
    "owner": (_member(effective_rights(Role.OWNER, ())), [LEADS, WALLETS, "/admin/campaigns/campaign/"]),
    "admin": (_member(effective_rights(Role.ADMIN, ())), [LEADS, WALLETS, "/admin/tenants/membership/"]),
    "member": (_member(effective_rights(Role.MEMBER, ())), [LEADS, "/admin/find-people/"]),
    "viewer": (_member(effective_rights(Role.VIEWER, ())), [LEADS, "/admin/voice/calllog/"]),
    "finance": (_member(FINANCE.rights), [WALLETS, "/admin/billing/ledgertransaction/", "/admin/usage/"]),
    "counsellor": (_member(COUNSELLOR.rights), [LEADS, "/admin/leads/educationstudent/"]),
    "superuser": (_staff(ALL_RIGHTS, limited=False, narrowed=False), ["/admin/tenants/tenant/", "/admin/outbox/"]),
    "superuser in a tenant": (_staff(ALL_RIGHTS, limited=False, narrowed=True), [LEADS, WALLETS]),
    "platform finance": (_staff(PLATFORM_FINANCE.rights, limited=True, narrowed=False), [WALLETS]),
    "platform finance in a tenant": (_staff(PLATFORM_FINANCE.rights, limited=True, narrowed=True), [WALLETS]),
    "nobody in particular": (_member(()), []),
}


def _request(access: Access, path: str = "/admin/") -> HttpRequest:
    request: Any = RequestFactory().get(path)
    request.access = access
    request.user = access.user
    access.details["tenant"] = Tenant(plan_tier=PlanTier.ENTERPRISE)
    keep_settings(access, [FeatureSetting(each.key, "tenant_feature", True, {}, "") for each in features])
    return request


def _links(html: str) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)"', html)


@pytest.mark.parametrize("name", CALLERS)
def test_the_sidebar_of_every_role_is_short_and_shows_what_the_role_works_with(name: str):
    access, expected = CALLERS[name]
    links = _links(navigation.sidebar(_request(access)))
    assert links[0] == "/admin/"
    assert links[-1] == "/admin/tables/"
    assert len(links) <= navigation.MAX_ENTRIES == 15
    assert len(set(links)) == len(links)
    assert set(expected) <= set(links)


def test_the_sidebar_names_only_pages_that_exist():
    known = navigation._entries()
    named = [*settings.ADMIN_SIDEBAR, *settings.ADMIN_PLATFORM_SIDEBAR]
    assert len(named) > navigation.MAX_ENTRIES
    assert [name for _group, name in named if name not in known] == []
    assert {group for group, _name in named} == set(settings.ADMIN_SIDEBAR_GROUPS)


def test_a_group_can_be_closed_and_the_current_page_is_marked():
    access = CALLERS["owner"][0]
    shown = navigation.sidebar(_request(access, f"{LEADS}add/"))
    assert shown.count("<details") == 4
    assert f'<a href="{LEADS}" class="active" aria-current="page">' in shown
    # A page that is not in the sidebar is one of all tables.
    elsewhere = navigation.sidebar(_request(access, "/admin/leads/leadstage/"))
    assert '<a href="/admin/tables/" class="active" aria-current="page">' in elsewhere
    assert elsewhere.count('class="active"') == 1


@pytest.mark.django_db
def test_all_tables_shows_every_page_that_the_caller_may_see_and_finds_them_by_words(
    root: Client, admin_of: Any, viewer: User, tenant: Tenant
):
    registered = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]
    everything = re.findall(r'class="lad-table-link" href="([^"]+)"', text(root.get("/admin/tables/")))
    # What a job could not change is on the page of the job.
    assert set(registered) - set(everything) == {"/admin/jobs/jobfailure/"}
    assert len(set(everything)) == len(everything)
    browser = admin_of(viewer, tenant)
    own = re.findall(r'class="lad-table-link" href="([^"]+)"', text(browser.get("/admin/tables/")))
    assert 10 < len(own) < len(everything)
    assert {browser.get(link).status_code for link in own[:6]} == {200}
    found = re.findall(r'class="lad-table-link" href="([^"]+)"', text(root.get("/admin/tables/?q=refresh+tok")))
    assert found == ["/admin/tenants/refreshtoken/"]
    assert "Nothing is called “zzz”" in text(root.get("/admin/tables/?q=zzz"))
