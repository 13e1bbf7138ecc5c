"""Suspending, reactivating, cancelling and deleting tenants, and the end of a trial."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.utils import timezone

from lad import writes
from lad.errors import Refused
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import RefreshToken
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Tenant, TenantStatus
from tenants.teams.services import tenants
from tests.contract.pages import untouched
from tests.factories.billing import BillingProfileFactory
from tests.factories.tenants import TenantFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events


def run(service, tenant, **kwargs):
    with platform_context():
        return service(tenant=tenant, **kwargs)


def list_memberships(api, user):
    return api(user).get("/api/v1/memberships/")


def test_members_of_a_suspended_tenant_have_no_access_until_it_is_reactivated(tenant, owner, superuser, api):
    run(tenants.suspend, tenant, reason="Invoice unpaid", actor=superuser)
    assert problem(list_memberships(api, owner)) == (403, "tenant_suspended")
    run(tenants.reactivate, tenant, actor=superuser)
    assert list_memberships(api, owner).status_code == 200
    [suspended] = events("tenants.tenant.suspended", tenant.pk)
    assert suspended.payload == {"before": "active", "reason": "Invoice unpaid"}
    assert suspended.metadata["actor_id"] == str(superuser.pk)
    assert len(events("tenants.tenant.reactivated", tenant.pk)) == 1


def test_members_of_a_cancelled_tenant_have_no_access_and_it_cannot_be_suspended(tenant, owner, superuser, api):
    run(tenants.cancel, tenant, reason="Asked for it", actor=superuser)
    assert problem(list_memberships(api, owner)) == (403, "tenant_cancelled")
    with pytest.raises(tenants.WrongStatus):
        run(tenants.suspend, tenant, reason="x", actor=superuser)


def test_suspending_twice_emits_one_event(tenant, superuser):
    for _ in range(2):
        run(tenants.suspend, tenant, reason="x", actor=superuser)
    assert len(events("tenants.tenant.suspended")) == 1


def test_suspending_and_reactivating_keep_other_metadata(tenant, superuser):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(metadata={"colour": "blue"})
    run(tenants.suspend, tenant, reason="x", actor=superuser)
    run(tenants.reactivate, tenant, actor=superuser)
    assert stored(tenant).metadata == {"colour": "blue"}


def test_members_cannot_change_the_status_of_their_tenant(tenant, owner, api):
    for service in (tenants.suspend, tenants.cancel):
        with pytest.raises(tenants.PlatformOnly), tenant_context(tenant.pk, user_id=owner.pk):
            service(tenant=tenant, reason="x", actor=owner)
    with pytest.raises(tenants.PlatformOnly), tenant_context(tenant.pk, user_id=owner.pk):
        tenants.reactivate(tenant=tenant, actor=owner)


@pytest.mark.parametrize(
    "changes", [{"status": "active"}, {"plan_tier": "enterprise"}, {"trial_ends_at": None}, {"slug": "x"}]
)
def test_members_cannot_change_fields_reserved_for_platform_staff(tenant, owner, changes):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="trial", trial_ends_at=timezone.now())
    with tenant_context(tenant.pk, user_id=owner.pk):
        from lad.errors import Invalid

        with pytest.raises(Invalid):
            writes.update(Tenant.objects.get(), changes, actor=owner)


def test_an_admin_can_rename_the_tenant_and_a_member_cannot(tenant, admin, member, api):
    url = f"/api/v1/tenants/{tenant.pk}/"
    assert api(admin).patch(url, {"name": "Acme Two"}, format="json").status_code == 200
    assert problem(api(member).patch(url, {"name": "Mine"}, format="json")) == (403, "missing_right")
    assert stored(tenant).name == "Acme Two"


def test_access_ends_with_the_trial_and_the_error_says_so(owner, tenant, api):
    now = timezone.now()
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.TRIAL, trial_ends_at=now)
        running = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=now + timedelta(seconds=1))
        endless = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=None)
    assert problem(list_memberships(api, owner)) == (403, "trial_ended")
    assert tenants.end_trials(now=now) == 1
    assert tenants.end_trials(now=now) == 0
    assert problem(list_memberships(api, owner)) == (403, "trial_ended")
    assert stored(tenant).status == TenantStatus.SUSPENDED
    assert {stored(running).status, stored(endless).status} == {TenantStatus.TRIAL}
    assert len(events("tenants.tenant.trial_ended")) == 1


def test_a_tenant_can_be_reactivated_after_its_trial(owner, tenant, superuser, api):
    now = timezone.now()
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.TRIAL, trial_ends_at=now)
    tenants.end_trials(now=now)
    run(tenants.reactivate, tenant, actor=superuser)
    assert list_memberships(api, owner).status_code == 200


def test_members_of_a_deleted_tenant_have_no_access_until_it_is_restored(tenant, owner, member, superuser, api):
    sessions.start(user=owner)
    with platform_context():
        writes.delete(stored(tenant), actor=superuser)
        assert not RefreshToken.objects.filter(revoked_at=None).exists()
    assert problem(list_memberships(api, owner)) == (403, "tenant_cancelled")
    with platform_context():
        writes.restore(stored(tenant), actor=superuser)
        assert Membership.objects.filter(tenant=tenant).count() == 2
    assert list_memberships(api, owner).status_code == 200


def test_a_tenant_learns_nothing_about_another_by_taking_its_name(tenant, other_tenant, owner, api, admin_of):
    client = api(owner)
    for name in (other_tenant.name, other_tenant.name.upper(), "A name nobody has"):
        response = client.patch(f"/api/v1/tenants/{tenant.pk}/", {"name": name}, format="json")
        assert response.status_code == 200, response.content
        assert response.json()["name"] == name
        assert "self_named" not in response.json()
    assert stored(tenant).self_named
    [changed, *_others] = events("tenants.tenant.updated", tenant.pk)
    assert changed.payload["changed"] == ["name"]


def test_names_that_staff_choose_are_unique(tenant, other_tenant, superuser):
    with platform_context(), transaction.atomic(), pytest.raises(Refused, match="name already exists"):
        writes.update(tenant, {"name": other_tenant.name.upper()}, actor=superuser)
    with platform_context():
        writes.update(stored(tenant), {"name": "Acme International"}, actor=superuser)
    assert not stored(tenant).self_named


def test_a_tenants_admins_set_its_country_and_numbers_are_read_there(tenant, admin, viewer, api, admin_of):
    url, client = f"/api/v1/tenants/{tenant.pk}/", api(admin)
    refused = client.patch(url, {"phone": "020 7946 0958"}, format="json")
    assert "no country is set" in refused.json()["errors"]["phone"][0]
    changed = client.patch(url, {"country": "gb", "phone": "020 7946 0958", "website": "acme.example"}, format="json")
    assert changed.status_code == 200, changed.content
    shown = changed.json()
    assert (shown["country"], shown["phone"], shown["website"]) == ("GB", "+442079460958", "https://acme.example")
    me = client.patch("/api/v1/me/", {"phone": "07911 123456"}, format="json")
    assert me.json()["phone"] == "+447911123456"
    for wrong in ("XX", "England"):
        assert client.patch(url, {"country": wrong}, format="json").status_code == 400
    assert problem(api(viewer).patch(url, {"country": "DE"}, format="json"))[0] == 403
    page, browser = f"/admin/tenants/tenant/{tenant.pk}/change/", admin_of(admin)
    entries = {**untouched(browser.get(page), Tenant), "country": "DE", "timezone": "Europe/Kiev"}
    assert browser.post(page, entries).status_code == 302
    row = stored(tenant)
    assert (row.country, row.timezone, row.phone) == ("DE", "Europe/Kyiv", "+442079460958")
    assert client.patch(url, {"timezone": "Asia/Calcutta"}, format="json").json()["timezone"] == "Asia/Kolkata"


def test_existing_tenants_get_the_country_of_their_time_zone_and_then_of_their_invoices(db):
    with platform_context():
        zones = {"Asia/Calcutta": "IN", "Europe/Stockholm": "SE", "UTC": "", "America/New_York": "US"}
        rows = {zone: TenantFactory.create(timezone=zone) for zone in zones}
        BillingProfileFactory.create(tenant=rows["UTC"], country="AE")
        BillingProfileFactory.create(tenant=rows["Europe/Stockholm"], country="")
        BillingProfileFactory.create(tenant=rows["America/New_York"], country="CA")
    for migration in ("tenants.migrations.0012_country", "billing.migrations.0005_tenant_country"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(import_module(migration).FILL)
    assert [stored(row).country for row in rows.values()] == ["IN", "SE", "AE", "CA"]
