"""Who belongs to a tenant, in which role, and who may change that."""

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from tenants.access.models import UserCapability
from tenants.accounts.models import RefreshToken, User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Role
from tenants.teams.services import memberships
from tests.factories.tenants import MembershipFactory, TenantFactory, UserCapabilityFactory, UserFactory
from tests.tenants.helpers import events, fresh, problem, sign_in, together

URL = "/api/v1/memberships/"


def of(user):
    with platform_context():
        return Membership.all_objects.get(user=user)


def patch(api, actor, user, role):
    return api(actor).patch(f"{URL}{of(user).pk}/", {"role": role}, format="json")


def remove(api, actor, user):
    return api(actor).delete(f"{URL}{of(user).pk}/")


def transfer(api, actor, user):
    return api(actor).post(f"{URL}{of(user).pk}/transfer-ownership/")


@pytest.fixture
def second_admin(tenant):
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email="second@acme.test", primary_tenant=tenant)
        MembershipFactory.create(user=user, role=Role.ADMIN)
    return user


def test_an_admin_changes_a_role_and_it_is_told(admin, member, api):
    response = patch(api, admin, member, "viewer")
    assert (response.status_code, response.json()["role"]) == (200, "viewer")
    assert of(member).role == Role.VIEWER
    [event] = events("tenants.membership.role_changed")
    assert event.payload == {"user_id": str(member.pk), "before": "member", "after": "viewer"}
    assert event.metadata["actor_id"] == str(admin.pk)


def test_the_same_role_again_is_no_event(admin, member, api):
    assert patch(api, admin, member, "member").status_code == 200
    assert not events("tenants.membership.role_changed")


def test_an_admin_may_make_another_admin_and_undo_it(admin, second_admin, member, api):
    assert patch(api, admin, member, "admin").status_code == 200
    assert patch(api, admin, second_admin, "member").status_code == 200


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_nobody_but_a_transfer_touches_the_owner(owner, admin, api, role):
    response = patch(api, admin, owner, role)
    assert response.status_code == 200 if role == "owner" else problem(response) == (409, "owner_stays")
    assert of(owner).role == Role.OWNER


def test_nobody_is_made_owner_by_a_change_of_role(owner, admin, member, api):
    for actor in (owner, admin):
        assert problem(patch(api, actor, member, "owner")) == (409, "owner_stays")


def test_nobody_gives_a_role_with_a_right_that_was_taken_from_them(tenant, admin, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="audit.view", enabled=False)
    assert problem(patch(api, admin, member, "admin")) == (403, "above_your_role")
    assert patch(api, admin, member, "viewer").status_code == 200


def test_a_member_with_one_right_more_stays_below_their_own_role(tenant, member, admin, viewer, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="team.update")
    assert patch(api, member, viewer, "member").status_code == 200
    assert problem(patch(api, member, viewer, "admin")) == (403, "above_your_role")
    assert problem(patch(api, member, admin, "viewer")) == (403, "above_your_role")
    assert problem(patch(api, member, member, "admin")) == (403, "above_your_role")


@pytest.mark.parametrize("role", ["boss", "", None, 3, []])
def test_what_is_no_role_is_refused(admin, member, api, role):
    assert problem(patch(api, admin, member, role)) == (400, "invalid")


def test_a_membership_does_not_move_to_another_user(admin, member, viewer, api):
    response = api(admin).patch(f"{URL}{of(member).pk}/", {"user": str(viewer.pk)}, format="json")
    assert problem(response) == (400, "invalid")


def test_a_removed_member_is_out_and_their_sessions_in_the_tenant_end(tenant, other_tenant, admin, member, api):
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
    assert fresh(member).primary_tenant_id is None
    assert [event.payload["user_id"] for event in events("tenants.membership.removed")] == [str(member.pk)]


def test_the_owner_is_not_removed_and_does_not_leave(owner, admin, api, tenant):
    assert problem(remove(api, admin, owner)) == (409, "owner_stays")
    body = {"tenant": str(tenant.pk)}
    assert problem(api(owner).post("/api/v1/me/leave-tenant/", body, format="json")) == (409, "owner_stays")


def test_anybody_else_may_leave(tenant, viewer, api):
    body = {"tenant": str(tenant.pk)}
    assert api(viewer).post("/api/v1/me/leave-tenant/", body, format="json").status_code == 204
    assert of(viewer).deleted_at is not None


def test_one_can_leave_only_where_one_is(tenant, other_tenant, viewer, api):
    body = {"tenant": str(other_tenant.pk)}
    assert problem(api(viewer).post("/api/v1/me/leave-tenant/", body, format="json")) == (409, "not_a_member")


def test_a_removed_membership_is_revived_not_doubled_and_without_its_old_capabilities(tenant, admin, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="events.view")
    remove(api, admin, member)
    response = api(admin).post(URL, {"user": str(member.pk), "role": "viewer"}, format="json")
    assert response.status_code == 201, response.content
    with platform_context():
        assert Membership.all_objects.filter(user=member).count() == 1
        assert not UserCapability.objects.filter(user=member).exists()
    assert of(member).role == Role.VIEWER
    assert len(events("tenants.membership.revived")) == 1


def test_restoring_is_bounded_by_the_ceiling_too(tenant, owner, admin, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="team.delete")
        UserCapabilityFactory.create(user=admin, capability_key="audit.view", enabled=False)
    row = of(admin)
    remove(api, owner, admin)
    assert problem(api(member).post(f"{URL}{row.pk}/restore/")) == (403, "above_your_role")
    assert api(owner).post(f"{URL}{row.pk}/restore/").status_code == 200
    assert of(admin).deleted_at is None


def test_a_present_member_is_not_added_again(admin, member, api):
    response = api(admin).post(URL, {"user": str(member.pk)}, format="json")
    assert problem(response) == (409, "already_member")


def test_a_stranger_is_not_added_without_an_invitation(admin, other_owner, api):
    response = api(admin).post(URL, {"user": str(other_owner.pk)}, format="json")
    assert problem(response) == (400, "invalid")


def test_the_owner_hands_the_ownership_over_and_becomes_an_admin(tenant, owner, member, api):
    assert transfer(api, owner, member).json()["role"] == "owner"
    assert (of(owner).role, of(member).role) == (Role.ADMIN, Role.OWNER)
    [event] = events("tenants.membership.ownership_transferred")
    assert event.payload == {"from_user_id": str(owner.pk), "to_user_id": str(member.pk)}


def test_nobody_else_hands_it_over(tenant, owner, admin, member, api):
    assert problem(transfer(api, admin, member)) == (403, "missing_right")
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="team.transfer")
    assert problem(transfer(api, admin, admin)) == (403, "above_your_role")
    assert of(owner).role == Role.OWNER


def test_platform_staff_may_hand_it_over_for_an_owner_who_is_gone(tenant, owner, member, superuser):
    with platform_context():
        memberships.transfer_ownership(membership=of(member), actor=superuser)
    assert (of(owner).role, of(member).role) == (Role.ADMIN, Role.OWNER)


def test_the_ownership_does_not_go_to_somebody_inactive(owner, member, api):
    with platform_context():
        User.objects.filter(pk=member.pk).update(is_active=False)
    assert problem(transfer(api, owner, member)) == (409, "not_a_member")


def test_the_ownership_does_not_leave_the_tenant(owner, other_owner, api):
    assert transfer(api, owner, other_owner).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_transfers_one_wins_and_there_is_one_owner():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        owner, first, second = UserFactory.create_batch(3)
        MembershipFactory.create(user=owner, role=Role.OWNER)
        heirs = [MembershipFactory.create(user=user) for user in (first, second)]

    def hand_over(heir):
        with tenant_context(tenant.pk, user_id=owner.pk):
            return memberships.transfer_ownership(membership=heir, actor=owner)

    results = together(lambda: hand_over(heirs[0]), lambda: hand_over(heirs[1]))
    assert sorted(type(result).__name__ for result in results) == ["AboveYourRole", "Membership"]
    with platform_context():
        assert Membership.objects.filter(tenant=tenant, role=Role.OWNER).count() == 1
        assert Membership.objects.filter(tenant=tenant, role=Role.ADMIN).get().user_id == owner.pk


@pytest.mark.django_db(transaction=True)
def test_a_transfer_and_the_removal_of_its_heir_at_once_leave_one_owner():
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        owner, heir = UserFactory.create_batch(2)
        MembershipFactory.create(user=owner, role=Role.OWNER)
        membership = MembershipFactory.create(user=heir)

    def act(service):
        with tenant_context(tenant.pk, user_id=owner.pk):
            return service(membership=membership, actor=owner)

    together(lambda: act(memberships.transfer_ownership), lambda: act(memberships.remove))
    with platform_context():
        assert Membership.objects.filter(tenant=tenant, role=Role.OWNER).count() == 1


def test_a_deleted_user_s_sessions_end_and_an_owner_s_account_is_not_deleted(tenant, owner, member, superuser):
    from lad import writes
    from tenants.accounts.services.users import OwnsTenants

    sessions.start(user=member)
    with platform_context():
        writes.delete(fresh(member), actor=superuser)
        assert not RefreshToken.objects.filter(user=member, revoked_at=None).exists()
        with pytest.raises(OwnsTenants, match=tenant.name):
            writes.delete(fresh(owner), actor=superuser)
    assert of(owner).deleted_at is None


def test_a_deactivated_account_s_sessions_end(member, superuser):
    from tenants.accounts.services.users import deactivate

    signed_in = sessions.start(user=member)
    with platform_context():
        deactivate(user=fresh(member), actor=superuser)
    with pytest.raises(sessions.InvalidRefreshToken):
        sessions.refresh(refresh_token=signed_in.refresh_token, now=timezone.now())
