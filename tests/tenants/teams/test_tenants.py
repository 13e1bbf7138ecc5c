"""The life of a tenant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import RefreshToken
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Tenant, TenantStatus
from tenants.teams.services import tenants
from tests.factories.tenants import TenantFactory
from tests.tenants.helpers import events, problem


def as_now(tenant):
    with platform_context():
        return Tenant.all_objects.get(pk=tenant.pk)


def act(service, tenant, **kwargs):
    with platform_context():
        return service(tenant=tenant, **kwargs)


def memberships_answer(api, user):
    return api(user).get("/api/v1/memberships/")


def test_a_suspended_tenant_is_shut_out_until_it_is_reactivated(tenant, owner, superuser, api):
    act(tenants.suspend, tenant, reason="Invoice unpaid", actor=superuser)
    assert problem(memberships_answer(api, owner)) == (403, "tenant_suspended")
    act(tenants.reactivate, tenant, actor=superuser)
    assert memberships_answer(api, owner).status_code == 200
    [suspended] = events("tenants.tenant.suspended", tenant.pk)
    assert suspended.payload == {"before": "active", "reason": "Invoice unpaid"}
    assert suspended.metadata["actor_id"] == str(superuser.pk)
    assert len(events("tenants.tenant.reactivated", tenant.pk)) == 1


def test_a_cancelled_tenant_is_shut_out_and_cannot_be_suspended(tenant, owner, superuser, api):
    act(tenants.cancel, tenant, reason="Asked for it", actor=superuser)
    assert problem(memberships_answer(api, owner)) == (403, "tenant_cancelled")
    with pytest.raises(tenants.WrongStatus):
        act(tenants.suspend, tenant, reason="x", actor=superuser)


def test_doing_it_twice_is_doing_it_once(tenant, superuser):
    for _ in range(2):
        act(tenants.suspend, tenant, reason="x", actor=superuser)
    assert len(events("tenants.tenant.suspended")) == 1


def test_other_metadata_is_left_alone(tenant, superuser):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(metadata={"colour": "blue"})
    act(tenants.suspend, tenant, reason="x", actor=superuser)
    act(tenants.reactivate, tenant, actor=superuser)
    assert as_now(tenant).metadata == {"colour": "blue"}


def test_a_tenant_s_own_people_cannot_change_its_status(tenant, owner, api):
    for service in (tenants.suspend, tenants.cancel):
        with pytest.raises(tenants.PlatformOnly), tenant_context(tenant.pk, user_id=owner.pk):
            service(tenant=tenant, reason="x", actor=owner)
    with pytest.raises(tenants.PlatformOnly), tenant_context(tenant.pk, user_id=owner.pk):
        tenants.reactivate(tenant=tenant, actor=owner)


@pytest.mark.parametrize(
    "changes", [{"status": "active"}, {"plan_tier": "enterprise"}, {"trial_ends_at": None}, {"slug": "x"}]
)
def test_the_writer_keeps_what_is_the_platform_s_from_the_tenant_s_people(tenant, owner, changes):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="trial", trial_ends_at=timezone.now())
    with tenant_context(tenant.pk, user_id=owner.pk):
        from lad.errors import Invalid

        with pytest.raises(Invalid):
            writes.update(Tenant.objects.get(), changes, actor=owner)


def test_an_admin_renames_the_tenant_and_a_member_does_not(tenant, admin, member, api):
    url = f"/api/v1/tenants/{tenant.pk}/"
    assert api(admin).patch(url, {"name": "Acme Two"}, format="json").status_code == 200
    assert problem(api(member).patch(url, {"name": "Mine"}, format="json")) == (403, "missing_right")
    assert as_now(tenant).name == "Acme Two"


def test_a_trial_ends_at_its_moment_and_says_why(owner, tenant, api):
    now = timezone.now()
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.TRIAL, trial_ends_at=now)
        running = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=now + timedelta(seconds=1))
        endless = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=None)
    assert problem(memberships_answer(api, owner)) == (403, "trial_ended")
    assert tenants.end_trials(now=now) == 1
    assert tenants.end_trials(now=now) == 0
    assert problem(memberships_answer(api, owner)) == (403, "trial_ended")
    assert as_now(tenant).status == TenantStatus.SUSPENDED
    assert {as_now(running).status, as_now(endless).status} == {TenantStatus.TRIAL}
    assert len(events("tenants.tenant.trial_ended")) == 1


def test_a_tenant_whose_trial_ended_can_be_opened(owner, tenant, superuser, api):
    now = timezone.now()
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.TRIAL, trial_ends_at=now)
    tenants.end_trials(now=now)
    act(tenants.reactivate, tenant, actor=superuser)
    assert memberships_answer(api, owner).status_code == 200


def test_a_deleted_tenant_is_shut_out_and_comes_back_as_it_was(tenant, owner, member, superuser, api):
    sessions.start(user=owner)
    with platform_context():
        writes.delete(as_now(tenant), actor=superuser)
        assert not RefreshToken.objects.filter(revoked_at=None).exists()
    assert problem(memberships_answer(api, owner)) == (403, "tenant_cancelled")
    with platform_context():
        writes.restore(as_now(tenant), actor=superuser)
        assert Membership.objects.filter(tenant=tenant).count() == 2
    assert memberships_answer(api, owner).status_code == 200
