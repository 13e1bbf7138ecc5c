"""Sending, looking up and accepting invitations."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.accounts.services import joining
from tenants.teams import tokens
from tenants.teams.models import Membership, Tenant, TenantInvitation, TenantStatus
from tenants.teams.services import invitations
from tests.factories.tenants import MembershipFactory, TenantFactory, UserCapabilityFactory, UserFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import refuses, stored
from tests.support.events import events
from tests.tenants.helpers import NEW_PASSWORD, sign_in

URL = "/api/v1/tenant-invitations/"
LOOK_UP = "/api/v1/invitations/lookup/"
ACCEPT = "/api/v1/invitations/accept/"
PERSON = {"password": NEW_PASSWORD, "first_name": "Grace", "last_name": "Hopper"}


def invite(api, actor, email="grace@example.com", **more):
    return api(actor).post(URL, {"email": email, **more}, format="json")


@pytest.fixture
def invitation(tenant, admin):
    with tenant_context(tenant.pk, user_id=admin.pk):
        return invitations.create(email="grace@example.com", role="member", actor=admin)


@pytest.fixture
def token(invitation):
    return tokens.invitation_token(invitation)


@pytest.fixture
def grace(other_tenant):
    with platform_context(tenant_id=other_tenant.pk):
        user = UserFactory.create(email="grace@example.com", email_verified=False, primary_tenant=other_tenant)
        MembershipFactory.create(user=user)
    return user


def accept(api, token, user=None, **more):
    return api(user).post(ACCEPT, {"token": token, **more}, format="json")


def test_an_admin_invites_and_only_the_mail_contains_the_secret(tenant, admin, api):
    response = invite(api, admin, " Grace@Example.COM ", role="viewer", message="Come!")
    assert response.status_code == 201, response.content
    row = stored(TenantInvitation(pk=response.json()["id"]))
    assert (row.email, row.role, row.invited_by_id) == ("grace@example.com", Role.VIEWER, admin.pk)
    assert timedelta(days=6) < row.expires_at - timezone.now() < timedelta(days=8)
    token = tokens.invitation_token(row)
    assert row.invitation_token == tokens.hash_secret(token)
    [event] = events("tenants.invitation.created")
    assert event.payload == {"email": "grace@example.com", "role": "viewer"}
    assert token not in response.content.decode()
    assert row.invitation_token not in response.content.decode()
    assert response.json()["status"] == "pending"


def test_a_tenants_session_cannot_read_the_hash_of_the_secret(tenant, admin, invitation):
    with tenant_context(tenant.pk):
        assert TenantInvitation.objects.get().get_deferred_fields() == {"invitation_token"}
        with refuses(ProgrammingError, "permission denied"), connection.cursor() as cursor:
            cursor.execute("SELECT invitation_token FROM tenant_invitations")
        invitations.resend(invitation=invitation, actor=admin)
    assert stored(invitation).invitation_token == tokens.hash_secret(tokens.invitation_token(stored(invitation)))


@pytest.mark.parametrize("actor", ["member", "viewer"])
def test_inviting_needs_the_right(actor, request, api):
    assert problem(invite(api, request.getfixturevalue(actor))) == (403, "missing_right")


def test_a_member_cannot_invite_to_a_role_above_their_own(tenant, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="invitations.create")
    assert problem(invite(api, member, role="admin")) == (403, "above_your_role")
    assert invite(api, member, role="member").status_code == 201


def test_an_owner_cannot_be_invited(owner, api):
    assert problem(invite(api, owner, role="owner")) == (400, "invalid")


def test_a_member_cannot_be_invited(admin, member, api):
    assert problem(invite(api, admin, member.email.upper())) == (409, "already_member")


def test_a_former_member_may_be_invited(tenant, admin, member, api):
    with platform_context():
        Membership.objects.filter(user=member).delete()
    assert invite(api, admin, member.email).status_code == 201


def test_an_address_has_one_pending_invitation_per_tenant(admin, other_owner, invitation, api):
    assert problem(invite(api, admin, "GRACE@example.com")) == (409, "invitation_pending")
    assert invite(api, other_owner).status_code == 201


def test_an_expired_invitation_is_replaced(admin, invitation, api):
    with platform_context():
        TenantInvitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    assert invite(api, admin).status_code == 201
    assert stored(invitation).revoked_at is not None


@pytest.mark.parametrize("email", ["", "grace", "grace@nowhere", "a b@example.com"])
def test_an_invalid_address_cannot_be_invited(admin, api, email):
    assert problem(invite(api, admin, email)) == (400, "invalid")


def test_resending_replaces_the_link(admin, invitation, token, api):
    response = api(admin).post(f"{URL}{invitation.pk}/resend/")
    assert response.status_code == 200, response.content
    assert problem(api().get(LOOK_UP, {"token": token})) == (404, "invitation_unavailable")
    new = tokens.invitation_token(stored(invitation))
    assert api().get(LOOK_UP, {"token": new}).status_code == 200
    assert events("tenants.invitation.resent")[0].payload["number"] == 2


def test_an_expired_invitation_can_be_resent(admin, invitation, api):
    with platform_context():
        TenantInvitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    assert api(admin).post(f"{URL}{invitation.pk}/resend/").json()["status"] == "pending"


def test_a_revoked_invitation_cannot_be_used_or_changed(admin, invitation, token, api):
    assert api(admin).post(f"{URL}{invitation.pk}/revoke/").json()["status"] == "revoked"
    assert problem(accept(api, token, **PERSON)) == (404, "invitation_unavailable")
    for verb in ("resend", "revoke"):
        assert problem(api(admin).post(f"{URL}{invitation.pk}/{verb}/")) == (409, "invitation_closed")


def test_only_the_message_of_a_pending_invitation_can_change(admin, invitation, token, grace, api):
    url = f"{URL}{invitation.pk}/"
    assert api(admin).patch(url, {"message": "Do come!"}, format="json").json()["message"] == "Do come!"
    for change in ({"email": "eve@example.com"}, {"role": "viewer"}, {"role": "owner"}):
        assert problem(api(admin).patch(url, change, format="json")) == (400, "invalid")
    accept(api, token, grace)
    assert problem(api(admin).patch(url, {"message": "Late"}, format="json")) == (409, "invitation_closed")


def test_another_tenant_s_invitation_is_not_found(other_owner, invitation, api):
    for verb in ("resend", "revoke"):
        assert api(other_owner).post(f"{URL}{invitation.pk}/{verb}/").status_code == 404


def test_the_link_shows_who_invites_whom_to_which_tenant(tenant, admin, token, api):
    preview = api().get(LOOK_UP, {"token": token}).json()
    assert preview == {
        "tenant_name": tenant.name,
        "inviter": admin.full_name,
        "email": "grace@example.com",
        "status": "pending",
    }


def test_unknown_revoked_and_deleted_links_read_the_same(admin, invitation, token, api):
    unknown = api().get(LOOK_UP, {"token": "x" * 43})
    api(admin).post(f"{URL}{invitation.pk}/revoke/")
    revoked = api().get(LOOK_UP, {"token": token})
    answers = [{k: v for k, v in each.json().items() if k != "request_id"} for each in (unknown, revoked)]
    assert answers[0] == answers[1]
    assert problem(unknown) == (404, "invitation_unavailable")


def test_a_new_user_accepts_with_a_name_and_a_password(tenant, admin, invitation, token, api):
    response = accept(api, token, **PERSON)
    assert response.status_code == 200, response.content
    with platform_context():
        user = User.objects.get(email="grace@example.com")
        membership = Membership.objects.get(user=user)
    assert (membership.tenant_id, membership.role, membership.invited_by_id) == (tenant.pk, Role.MEMBER, admin.pk)
    assert (user.email_verified, user.primary_tenant_id, user.first_name) == (True, tenant.pk, "Grace")
    bearer = {"Authorization": f"Bearer {response.json()['session']['access_token']}"}
    assert api().get("/api/v1/me/", headers=bearer).json()["tenant"]["id"] == str(tenant.pk)
    assert sign_in(api, "grace@example.com", NEW_PASSWORD).status_code == 200
    row = stored(invitation)
    assert row.accepted_by_id == user.pk
    assert events("tenants.invitation.accepted", tenant.pk)[0].metadata["actor_id"] == str(user.pk)
    assert len(events("tenants.membership.created", tenant.pk)) == 1


@pytest.mark.parametrize("missing", ["password", "first_name", "both"])
def test_a_new_user_must_send_a_name_and_a_password(token, api, missing):
    person = {name: value for name, value in PERSON.items() if missing not in (name, "both")}
    assert problem(accept(api, token, **person)) == (400, "invalid")
    with platform_context():
        assert not User.objects.filter(email="grace@example.com").exists()


def test_a_weak_password_leaves_the_invitation_pending(invitation, token, api):
    assert problem(accept(api, token, **{**PERSON, "password": "short"})) == (400, "invalid")
    assert stored(invitation).accepted_at is None


def test_a_signed_in_user_accepts_and_their_address_is_verified(tenant, token, grace, api):
    response = accept(api, token, grace)
    assert response.status_code == 200
    assert response.json()["session"] is None
    assert response.json()["membership"]["tenant_id"] == str(tenant.pk)
    assert stored(grace).email_verified


def test_accepting_again_as_the_same_user_returns_the_same_membership(token, grace, api):
    first, second = accept(api, token, grace), accept(api, token, grace)
    assert first.json() == second.json()
    assert len(events("tenants.invitation.accepted")) == 1


def test_accepting_with_a_password_does_not_take_over_an_existing_account(token, grace, api):
    assert problem(accept(api, token, **PERSON)) == (409, "account_exists")
    assert problem(sign_in(api, grace.email, NEW_PASSWORD)) == (401, "wrong_credentials")


def test_only_the_invited_address_can_accept(token, other_owner, api):
    assert problem(accept(api, token, other_owner)) == (403, "invited_somebody_else")


def test_an_expired_invitation_is_refused_as_expired(invitation, token, grace, api):
    with platform_context():
        TenantInvitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())
    assert api().get(LOOK_UP, {"token": token}).json()["status"] == "expired"
    assert problem(accept(api, token, grace)) == (410, "invitation_expired")


def test_an_accepted_invitation_is_refused_for_everybody_else(token, grace, other_owner, api):
    accept(api, token, grace)
    assert problem(accept(api, token, other_owner)) == (410, "invitation_used")
    assert problem(accept(api, token, **PERSON)) == (410, "invitation_used")
    assert api().get(LOOK_UP, {"token": token}).json()["status"] == "accepted"


def test_an_accepted_invitation_does_not_restore_a_removed_member(tenant, token, grace, api):
    accept(api, token, grace)
    with platform_context():
        Membership.objects.filter(user=grace, tenant=tenant).delete()
    assert problem(accept(api, token, grace)) == (410, "invitation_used")


def test_an_invitation_to_a_closed_tenant_cannot_be_accepted(tenant, token, grace, api):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert problem(api().get(LOOK_UP, {"token": token})) == (404, "invitation_unavailable")
    assert problem(accept(api, token, grace)) == (404, "invitation_unavailable")


def test_a_user_whose_tenant_is_closed_can_join_another(other_tenant, token, grace, api):
    with platform_context():
        Tenant.objects.filter(pk=other_tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert accept(api, token, grace).status_code == 200


def test_a_former_member_rejoins_with_the_role_of_the_invitation(tenant, admin, token, grace, api):
    with platform_context(tenant_id=tenant.pk):
        MembershipFactory.create(user=grace, role=Role.ADMIN, deleted_at=timezone.now())
        UserCapabilityFactory.create(user=grace, capability_key="team.delete")
    assert accept(api, token, grace).json()["membership"]["role"] == "member"
    with platform_context():
        assert Membership.all_objects.filter(user=grace, tenant=tenant).count() == 1
    rights = api(grace, tenant=tenant).get("/api/v1/me/").json()["rights"]
    assert "team.delete" not in rights


def test_an_invalid_credential_is_refused_rather_than_ignored(token, api):
    response = api().post(ACCEPT, {"token": token, **PERSON}, format="json", headers={"Authorization": "Bearer x"})
    assert problem(response) == (401, "invalid_token")


@pytest.fixture
def committed():
    """Commit and return a tenant, its admin and the secret of an invitation."""
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        admin = UserFactory.create()
        MembershipFactory.create(user=admin, role=Role.ADMIN)
        invitation = invitations.create(email="grace@example.com", actor=admin)
    return tenant, admin, tokens.invitation_token(invitation)


@pytest.mark.django_db(transaction=True)
def test_accepting_simultaneously_creates_one_membership(committed):
    tenant, _admin, token = committed
    with platform_context():
        grace = UserFactory.create(email="grace@example.com")
    results = run_together(*[lambda: joining.accept(token=token, user=grace)] * 4)
    assert {result.membership.pk for result in results} == {results[0].membership.pk}
    with platform_context():
        assert Membership.objects.filter(tenant=tenant, user=grace).count() == 1
    assert len(events("tenants.invitation.accepted")) == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_simultaneously_creates_one_account(committed):
    tenant, _admin, token = committed
    person = joining.NewUser(NEW_PASSWORD, "Grace")
    results = run_together(*[lambda: joining.accept(token=token, new_user=person)] * 3)
    assert sorted(type(result).__name__ for result in results) == [
        "AcceptedInvitation",
        "InvitationUsed",
        "InvitationUsed",
    ]
    with platform_context():
        assert User.objects.filter(email="grace@example.com").count() == 1
        assert Membership.objects.filter(tenant=tenant).count() == 2


@pytest.mark.django_db(transaction=True)
def test_inviting_an_address_simultaneously_creates_one_invitation(committed):
    tenant, admin, _token = committed

    def invite_eve():
        with tenant_context(tenant.pk, user_id=admin.pk):
            return invitations.create(email="eve@example.com", actor=admin)

    results = run_together(invite_eve, invite_eve)
    assert sorted(type(result).__name__ for result in results) == ["InvitationPending", "TenantInvitation"]
