"""LAD's staff who are no superusers do in every tenant what their platform role allows, and nothing else."""

from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.urls import reverse

from lad import writes
from lad.errors import NotAllowed
from lad.tenancy.context import platform_context
from tenants.access.models import PlatformRole
from tenants.accounts.authentication import access_in_tenant
from tenants.accounts.models import User
from tenants.teams.models import Membership
from tenants.teams.services import memberships
from tests.factories.billing import WalletFactory
from tests.factories.tenants import PlatformRoleFactory, UserFactory
from tests.support.api import problem, text
from tests.support.database import stored

FINANCE = ["billing.administer", "billing.view", "tenant.view", "usage.view"]


@pytest.fixture
def role(db):
    with platform_context():
        return PlatformRoleFactory.create(key="finance", rights=FINANCE)


@pytest.fixture
def clerk(role):
    with platform_context():
        return UserFactory.create(email="clerk@lad.test", is_staff=True, platform_role=role)


@pytest.fixture
def browser(clerk, admin_of):
    return admin_of(clerk)


def list_page(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_they_see_what_the_role_allows_in_every_tenant(tenant, other_tenant, browser):
    for each in (tenant, other_tenant):
        with platform_context(tenant_id=each.pk):
            WalletFactory.create()
    page = browser.get("/admin/billing/wallet/")
    assert {row.tenant_id for row in page.context["cl"].result_list} == {tenant.pk, other_tenant.pk}
    assert browser.get("/admin/").status_code == 200


def test_every_other_page_is_closed_to_them(browser, tenant):
    opened = set()
    pages: dict[Any, Any] = django_admin.site._registry
    for model, model_admin in pages.items():
        status = browser.get(list_page(model)).status_code
        assert status in (200, 403)
        if status == 200:
            opened.add(model_admin.area)
    assert opened == {"billing", "usage", "tenant"}
    assert browser.get("/admin/outbox/").status_code == 403
    assert "/admin/tenants/user/" not in text(browser.get("/admin/"))


def test_viewing_does_not_let_them_write(browser, tenant):
    assert browser.get("/admin/tenants/tenant/add/").status_code == 403
    assert browser.post(f"/admin/tenants/tenant/{tenant.pk}/change/", {"name": "Mine"}).status_code == 403
    assert browser.post(f"/admin/tenants/tenant/{tenant.pk}/suspend/", {"reason": "x"}).status_code == 403
    assert stored(tenant).status == tenant.status


def test_what_only_lad_s_staff_do_needs_the_right_to_administer(tenant, role, clerk, browser):
    with platform_context(tenant_id=tenant.pk):
        wallet = WalletFactory.create()
    page = reverse("admin:billing_wallet_change", args=(wallet.pk,))
    with_right = text(browser.get(page))
    with platform_context():
        PlatformRole.objects.filter(pk=role.pk).update(rights=["billing.view"])
    without = text(browser.get(page))
    assert "Suspend" in with_right
    assert "Suspend" not in without


def test_a_change_of_the_role_counts_with_the_next_request(role, browser):
    assert browser.get("/admin/billing/wallet/").status_code == 200
    with platform_context():
        PlatformRole.objects.filter(pk=role.pk).update(rights=["tenant.view"])
    assert browser.get("/admin/billing/wallet/").status_code == 403


def test_they_may_choose_a_tenant_to_work_in(tenant, clerk, browser):
    assert browser.post("/admin/tenant/", {"tenant_id": str(tenant.pk), "next": "/admin/"}).status_code == 302
    assert tenant.name in text(browser.get("/admin/"))
    access = access_in_tenant(clerk.pk, tenant.pk)
    assert (access.platform, access.unlimited, access.tenant_id) == (True, False, tenant.pk)
    assert access.rights == set(FINANCE)


def test_the_role_gives_nothing_without_the_admin_and_nothing_in_the_api(tenant, clerk, browser, api):
    assert problem(api(clerk, tenant=tenant).get("/api/v1/leads/")) == (403, "no_membership")
    with platform_context():
        User.objects.filter(pk=clerk.pk).update(is_staff=False)
    assert browser.get("/admin/billing/wallet/").status_code == 302
    assert not access_in_tenant(clerk.pk, tenant.pk).signed_in


class TestTheyCannotRaiseThemselves:
    """Even with all rights that a platform role can have."""

    @pytest.fixture
    def strong(self, role, clerk):
        from tenants.access.rights import STAFF_RIGHTS

        with platform_context():
            PlatformRole.objects.filter(pk=role.pk).update(rights=sorted(STAFF_RIGHTS))
        return clerk

    @pytest.mark.parametrize("values", [{"is_superuser": True}, {"platform_role": None}, {"is_staff": False}])
    def test_by_changing_their_own_account(self, strong, values):
        with platform_context(), pytest.raises(NotAllowed):
            writes.update(stored(strong), values, actor=strong)

    def test_by_changing_a_superuser_s_account(self, strong, superuser, admin_of):
        with platform_context(), pytest.raises(NotAllowed):
            writes.update(stored(superuser), {"email": "mine@lad.test"}, actor=strong)
        with platform_context(), pytest.raises(NotAllowed):
            writes.delete(stored(superuser), actor=strong)
        page = f"/admin/tenants/user/{superuser.pk}/deactivate/"
        assert "Only a superuser can do this." in text(admin_of(strong).post(page))
        assert stored(superuser).is_active

    def test_by_making_a_new_superuser(self, strong, member):
        with platform_context(), pytest.raises(NotAllowed):
            writes.create(User, {"email": "new@lad.test", "is_superuser": True}, actor=strong)
        with platform_context(), pytest.raises(NotAllowed):
            writes.update(stored(member), {"is_staff": True}, actor=strong)

    def test_by_changing_the_role(self, strong, role, admin_of):
        with platform_context(), pytest.raises(NotAllowed):
            writes.update(stored(role), {"rights": ["leads.view"]}, actor=strong)
        assert admin_of(strong).get("/admin/tenants/platformrole/").status_code == 403

    def test_by_joining_a_tenant(self, strong, tenant, owner, member):
        with platform_context(tenant_id=tenant.pk), pytest.raises(memberships.ConsentNeeded):
            writes.create(Membership, {"user": strong, "role": "admin"}, actor=strong)
        with platform_context(tenant_id=tenant.pk), pytest.raises(NotAllowed):
            writes.update(Membership.objects.get(user=member), {"role": "admin"}, actor=strong)

    def test_by_changing_a_tenant_s_plan(self, strong, tenant, admin_of):
        admin_of(strong).post(f"/admin/tenants/tenant/{tenant.pk}/suspend/", {"reason": "mine"})
        assert stored(tenant).status == "active"


def test_a_superuser_makes_a_platform_role_from_a_table_of_rights(root, superuser):
    page = text(root.get("/admin/tenants/platformrole/add/"))
    assert 'value="billing.administer"' in page
    data = {"name": "Support", "key": "support", "rights": ["leads.view", "billing.administer"]}
    assert root.post("/admin/tenants/platformrole/add/", data).status_code == 302
    with platform_context():
        assert PlatformRole.objects.get(key="support").rights == ["billing.administer", "leads.view"]
        with pytest.raises(NotAllowed):
            writes.create(PlatformRole, {"key": "x", "name": "X", "rights": []}, actor=UserFactory.create())
