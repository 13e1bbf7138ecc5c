"""Adding and removing members, changing roles, transferring ownership."""

import pytest
from django.utils import timezone

from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from tenants.access.errors import AboveYourRole
from tenants.access.models import UserCapability
from tenants.access.roles import Role
from tenants.accounts.models import RefreshToken, User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership
from tenants.teams.services import memberships
from tests.factories.tenants import MembershipFactory, TenantFactory, UserCapabilityFactory, UserFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import confirmed, sign_in

URL = "/api/v1/memberships/"


def of(user):
    with platform_context():
        return Membership.all_objects.get(user=user)


def patch(api, actor, user, role):
    return api(actor).patch(f"{URL}{of(user).pk}/", {"role": role}, format="json")


def remove(api, actor, user):
    return api(actor).delete(f"{URL}{of(user).pk}/")


def transfer(api, actor, user):
    return confirmed(api, actor).post(f"{URL}{of(user).pk}/transfer-ownership/")


@pytest.fixture
def second_admin(tenant):
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email="second@acme.test", primary_tenant=tenant)
        MembershipFactory.create(user=user, role=Role.ADMIN)
    return user


def test_changing_a_role_emits_an_event(admin, member, api):
    response = patch(api, admin, member, "viewer")
    assert (response.status_code, response.json()["role"]) == (200, "viewer")
    assert of(member).role == Role.VIEWER
    [event] = events("tenants.membership.role_changed")
    assert event.payload == {"user_id": str(member.pk), "before": "member", "after": "viewer"}
    assert event.metadata["actor_id"] == str(admin.pk)


def test_setting_the_same_role_emits_no_event(admin, member, api):
    assert patch(api, admin, member, "member").status_code == 200
    assert not events("tenants.membership.role_changed")


def test_an_admin_can_promote_a_member_to_admin_and_demote_them(admin, second_admin, member, api):
    assert patch(api, admin, member, "admin").status_code == 200
    assert patch(api, admin, second_admin, "member").status_code == 200


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_the_owner_s_role_changes_only_by_a_transfer(owner, admin, api, role):
    response = patch(api, admin, owner, role)
    assert response.status_code == 200 if role == "owner" else problem(response) == (409, "owner_stays")
    assert of(owner).role == Role.OWNER


def test_a_member_becomes_owner_only_by_a_transfer(owner, admin, member, api):
    for actor in (owner, admin):
        assert problem(patch(api, actor, member, "owner")) == (409, "owner_stays")


def test_an_admin_cannot_give_a_role_with_a_right_they_lost(tenant, admin, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="audit.view", enabled=False)
    assert problem(patch(api, admin, member, "admin")) == (403, "above_your_role")
    assert patch(api, admin, member, "viewer").status_code == 200


def test_a_member_with_an_extra_right_cannot_give_a_higher_role(tenant, member, admin, viewer, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="team.update")
    assert patch(api, member, viewer, "member").status_code == 200
    assert problem(patch(api, member, viewer, "admin")) == (403, "above_your_role")
    assert problem(patch(api, member, admin, "viewer")) == (403, "above_your_role")
    assert problem(patch(api, member, member, "admin")) == (403, "above_your_role")


@pytest.mark.parametrize("role", ["boss", "", None, 3, []])
def test_an_unknown_role_is_refused(admin, member, api, role):
    assert problem(patch(api, admin, member, role)) == (400, "invalid")


def test_the_user_of_a_membership_cannot_change(admin, member, viewer, api):
    response = api(admin).patch(f"{URL}{of(member).pk}/", {"user": str(viewer.pk)}, format="json")
    assert problem(response) == (400, "invalid")


def test_removing_a_member_ends_their_access_and_sessions_in_the_tenant(tenant, other_tenant, admin, member, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=member)
    here = sign_in(api, member.email).json()
    elsewhere = sessions.start(user=member, tenant_id=other_tenant.pk)
    with platform_context():
        here_id = Membership.objects.get(user=member, tenant=tenant).pk
    assert api(admin).delete(f"{URL}{here_id}/").status_code == 204
    response = api().get("/api/v1/me/", headers={"Authorization": f"Bearer {here['access_token']}"})
    assert problem(response) == (401, "session_ended")
    assert sessions.refresh(refresh_token=elsewhere.refresh_token).tenant_id == other_tenant.pk
    assert stored(member).primary_tenant_id is None
    assert [event.payload["user_id"] for event in events("tenants.membership.removed")] == [str(member.pk)]


def test_the_owner_cannot_be_removed_or_leave(owner, admin, api, tenant):
    assert problem(remove(api, admin, owner)) == (409, "owner_stays")
    body = {"tenant": str(tenant.pk)}
    assert problem(api(owner).post("/api/v1/me/leave-tenant/", body, format="json")) == (409, "owner_stays")


def test_a_member_can_leave(tenant, viewer, api):
    body = {"tenant": str(tenant.pk)}
    assert api(viewer).post("/api/v1/me/leave-tenant/", body, format="json").status_code == 204
    assert of(viewer).deleted_at is not None


def test_users_cannot_leave_a_tenant_without_a_membership(tenant, other_tenant, viewer, api):
    body = {"tenant": str(other_tenant.pk)}
    assert problem(api(viewer).post("/api/v1/me/leave-tenant/", body, format="json")) == (409, "not_a_member")


def test_nobody_adds_or_restores_a_member_without_their_consent(tenant, owner, admin, member, other_owner, api):
    row = of(member)
    assert remove(api, admin, member).status_code == 204
    for user in (member, other_owner):
        response = api(owner).post(URL, {"user": str(user.pk), "role": "viewer"}, format="json")
        assert problem(response) == (405, "method_not_allowed")
    assert api(owner).post(f"{URL}{row.pk}/restore/").status_code == 404
    with tenant_context(tenant.pk, user_id=owner.pk), pytest.raises(memberships.ConsentNeeded):
        writes.restore(of(member), actor=owner)
    with tenant_context(tenant.pk, user_id=owner.pk), pytest.raises(memberships.ConsentNeeded):
        writes.create(Membership, {"user": member, "role": "viewer"}, actor=owner)
    assert of(member).deleted_at is not None


def test_platform_staff_may_add_a_former_member_who_starts_without_single_rights(tenant, admin, member, superuser, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="events.view")
    remove(api, admin, member)
    with platform_context(tenant_id=tenant.pk):
        writes.create(Membership, {"user": member, "role": "viewer"}, actor=superuser)
        assert Membership.all_objects.filter(user=member).count() == 1
        assert not UserCapability.objects.filter(user=member).exists()
    assert of(member).role == Role.VIEWER
    assert len(events("tenants.membership.revived")) == 1


def test_platform_staff_cannot_add_a_member_again(tenant, member, superuser):
    with platform_context(tenant_id=tenant.pk), pytest.raises(memberships.AlreadyMember):
        writes.create(Membership, {"user": member}, actor=superuser)


def test_transferring_the_ownership_makes_the_old_owner_an_admin(tenant, owner, member, api):
    assert transfer(api, owner, member).json()["role"] == "owner"
    assert (of(owner).role, of(member).role) == (Role.ADMIN, Role.OWNER)
    [event] = events("tenants.membership.ownership_transferred")
    assert event.payload == {"from_user_id": str(owner.pk), "to_user_id": str(member.pk)}


def test_only_the_owner_can_transfer_the_ownership(tenant, owner, admin, member, api):
    assert problem(transfer(api, admin, member)) == (403, "missing_right")
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="team.transfer")
    # The ownership's rights come with the ownership only.
    assert problem(transfer(api, admin, admin)) == (403, "missing_right")
    with tenant_context(tenant.pk, user_id=admin.pk), pytest.raises(AboveYourRole):
        memberships.transfer_ownership(membership=of(admin), actor=admin)
    assert of(owner).role == Role.OWNER


def test_platform_staff_can_transfer_the_ownership(tenant, owner, member, superuser):
    with platform_context():
        memberships.transfer_ownership(membership=of(member), actor=superuser)
    assert (of(owner).role, of(member).role) == (Role.ADMIN, Role.OWNER)


def test_the_ownership_cannot_go_to_an_inactive_user(owner, member, api):
    with platform_context():
        User.objects.filter(pk=member.pk).update(is_active=False)
    assert problem(transfer(api, owner, member)) == (409, "not_a_member")


def test_the_ownership_cannot_go_to_a_member_of_another_tenant(owner, other_owner, api):
    assert transfer(api, owner, other_owner).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_transfers_leave_one_owner():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        owner, first, second = UserFactory.create_batch(3)
        MembershipFactory.create(user=owner, role=Role.OWNER)
        successors = [MembershipFactory.create(user=user) for user in (first, second)]

    def transfer_to(successor):
        with tenant_context(tenant.pk, user_id=owner.pk):
            return memberships.transfer_ownership(membership=successor, actor=owner)

    results = run_together(lambda: transfer_to(successors[0]), lambda: transfer_to(successors[1]))
    assert sorted(type(result).__name__ for result in results) == ["AboveYourRole", "Membership"]
    with platform_context():
        assert Membership.objects.filter(tenant=tenant, role=Role.OWNER).count() == 1
        assert Membership.objects.filter(tenant=tenant, role=Role.ADMIN).get().user_id == owner.pk


@pytest.mark.django_db(transaction=True)
def test_transferring_to_a_member_while_removing_them_leaves_one_owner():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        owner, successor = UserFactory.create_batch(2)
        MembershipFactory.create(user=owner, role=Role.OWNER)
        membership = MembershipFactory.create(user=successor)

    def run(service):
        with tenant_context(tenant.pk, user_id=owner.pk):
            return service(membership=membership, actor=owner)

    run_together(lambda: run(memberships.transfer_ownership), lambda: run(memberships.remove))
    with platform_context():
        assert Membership.objects.filter(tenant=tenant, role=Role.OWNER).count() == 1


def test_deleting_a_user_ends_their_sessions_and_is_refused_for_an_owner(tenant, owner, member, superuser):
    from tenants.accounts.services.users import OwnsTenants

    sessions.start(user=member)
    with platform_context():
        writes.delete(stored(member), actor=superuser)
        assert not RefreshToken.objects.filter(user=member, revoked_at=None).exists()
        with pytest.raises(OwnsTenants, match=tenant.name):
            writes.delete(stored(owner), actor=superuser)
    assert of(owner).deleted_at is None


def test_deactivating_a_user_ends_their_sessions(member, superuser):
    from tenants.accounts.services.users import deactivate

    signed_in = sessions.start(user=member)
    with platform_context():
        deactivate(user=stored(member), actor=superuser)
    with pytest.raises(sessions.InvalidRefreshToken):
        sessions.refresh(refresh_token=signed_in.refresh_token, now=timezone.now())
