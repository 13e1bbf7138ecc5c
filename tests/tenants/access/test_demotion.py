"""Demotion demotes: single rights and invitations above a member's new role end with the old one."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from lad import writes
from lad.mail import sender
from lad.mail.models import MailState
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants import access
from tenants.access.models import UserCapability
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams import tokens
from tenants.teams.models import Membership
from tenants.teams.services import invitations, memberships
from tests.factories.tenants import TenantRoleFactory, UserCapabilityFactory
from tests.support.api import field_problems, problem
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import confirmed

CAPABILITIES = "/api/v1/user-capabilities/"
MEMBERSHIPS = "/api/v1/memberships/"
ACCEPT = "/api/v1/invitations/accept/"
PERSON = {"password": "another horse, another battery", "first_name": "Grace", "last_name": "Hopper"}


def of(user):
    with platform_context():
        return Membership.all_objects.get(user=user)


def demote(api, actor, user, **values):
    response = api(actor).patch(f"{MEMBERSHIPS}{of(user).pk}/", values or {"role": "viewer"}, format="json")
    assert response.status_code == 200, response.content


def grant(api, actor, user, right, **more):
    return api(actor).post(CAPABILITIES, {"user": str(user.pk), "capability_key": right, **more}, format="json")


def capabilities(user):
    with platform_context():
        return set(UserCapability.objects.filter(user=user, enabled=True).values_list("capability_key", flat=True))


@pytest.fixture
def invitation(tenant, admin):
    with tenant_context(tenant.pk, user_id=admin.pk):
        return invitations.create(email="grace@example.com", role="member", actor=admin)


@pytest.mark.parametrize("right", ["audit.view", "leads.delete", "capabilities.create"])
def test_an_admin_cannot_give_itself_what_it_holds_by_role(admin, api, right):
    assert problem(grant(api, admin, admin, right)) == (403, "above_your_role")


def test_a_demoted_admin_keeps_nothing_of_what_another_admin_gave_it(tenant, owner, admin, api):
    for right in ("audit.view", "leads.delete", "capabilities.create", "apollo.search"):
        assert grant(api, owner, admin, right).status_code == 201
    demote(api, owner, admin)
    assert capabilities(admin) == set()
    assert problem(api(admin).get("/api/v1/audit-entries/")) == (403, "missing_right")
    assert problem(grant(api, admin, owner, "audit.view")) == (403, "missing_right")
    assert "leads.delete" not in api(admin).get("/api/v1/me/").json()["rights"]


def test_whoever_may_can_grant_a_right_again_after_the_demotion(owner, admin, api):
    grant(api, owner, admin, "audit.view")
    demote(api, owner, admin)
    assert grant(api, owner, admin, "audit.view").status_code == 201
    assert api(admin).get("/api/v1/audit-entries/").status_code == 200


def test_a_promotion_keeps_single_rights_and_rights_taken_away_stay_away(tenant, owner, member, api):
    grant(api, owner, member, "events.view")
    grant(api, owner, member, "leads.delete", enabled=False)
    demote(api, owner, member, role="admin")
    assert capabilities(member) == {"events.view"}
    demote(api, owner, member, role="member")
    assert capabilities(member) == set()
    assert "leads.delete" not in api(member).get("/api/v1/me/").json()["rights"]


def test_another_role_of_the_tenant_ends_single_rights_above_it(tenant, owner, member, api):
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["calls.view"])
    grant(api, owner, member, "audit.view")
    demote(api, owner, member, tenant_role=str(role.pk))
    assert capabilities(member) == set()


def test_lowering_a_role_ends_single_rights_of_all_who_have_it(tenant, owner, member, viewer, api):
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["calls.view", "leads.view"])
        Membership.objects.filter(user=member).update(tenant_role=role)
    for user in (member, viewer):
        grant(api, owner, user, "audit.view")
    grant(api, owner, member, "calls.view")
    response = api(owner).patch(f"/api/v1/tenant-roles/{role.pk}/", {"rights": ["calls.view"]}, format="json")
    assert response.status_code == 200
    assert capabilities(member) == {"calls.view"}
    # Others are not concerned.
    assert capabilities(viewer) == {"audit.view"}


def test_the_former_owner_keeps_no_right_of_the_ownership(tenant, owner, admin, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=owner, capability_key="billing.buy")
    assert confirmed(api, owner).post(f"{MEMBERSHIPS}{of(admin).pk}/transfer-ownership/").status_code == 200
    assert capabilities(owner) == set()


def test_a_right_above_what_the_role_allows_has_no_effect_however_it_got_there(tenant, viewer, member, api):
    with platform_context(tenant_id=tenant.pk):
        for user in (viewer, member):
            UserCapabilityFactory.create(user=user, capability_key="leads.delete")
            UserCapabilityFactory.create(user=user, capability_key="team.transfer")
    assert not {"leads.delete", "team.transfer"} & set(api(viewer).get("/api/v1/me/").json()["rights"])
    assert "team.transfer" not in api(member).get("/api/v1/me/").json()["rights"]


def test_the_upgrade_revokes_single_rights_that_no_role_may_grant(tenant, member, viewer):
    ungranted = ("usage.record", "usage.void", "team.transfer", "tenant.delete", "billing.administer")
    [upgrade] = (Path(access.__file__).parents[1] / "migrations").glob("*_withheld_from_tenants.py")
    with platform_context(tenant_id=tenant.pk):
        for right in (*ungranted, "billing.view"):
            UserCapabilityFactory.create(user=member, capability_key=right)
        taken = UserCapabilityFactory.create(user=viewer, capability_key="usage.void", enabled=False)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(import_module(f"tenants.migrations.{upgrade.stem}").REVOKE)
    assert capabilities(member) == {"billing.view"}
    assert stored(taken)


def test_a_viewer_can_be_given_views_only(owner, viewer, api):
    assert problem(grant(api, owner, viewer, "leads.delete")) == (403, "above_your_role")
    assert grant(api, owner, viewer, "audit.view").status_code == 201


@pytest.mark.parametrize("right", ["team.transfer", "tenant.delete"])
def test_the_rights_of_the_ownership_are_given_to_nobody(owner, admin, api, right):
    assert list(field_problems(grant(api, owner, admin, right))) == ["capability_key"]


def test_a_right_that_no_role_has_is_given_by_nobody_in_the_tenant(admin, member, api):
    assert problem(grant(api, admin, member, "usage.void")) == (403, "above_your_role")
    assert problem(grant(api, admin, member, "usage.void_everything")) == (400, "invalid")


def test_a_right_that_expired_has_no_effect(tenant, owner, member, api, admin_of):
    soon = timezone.now() + timedelta(hours=1)
    made = grant(api, owner, member, "audit.view", expires_at=soon.isoformat())
    assert made.status_code == 201
    assert api(member).get("/api/v1/audit-entries/").status_code == 200
    browser = admin_of(member)
    assert browser.get("/admin/audit/auditentry/").status_code == 200
    with platform_context():
        UserCapability.objects.filter(user=member).update(expires_at=timezone.now())
    assert problem(api(member).get("/api/v1/audit-entries/")) == (403, "missing_right")
    assert browser.get("/admin/audit/auditentry/").status_code == 403


def test_an_invitation_of_an_admin_works(invitation, api):
    assert (
        api().post(ACCEPT, {"token": tokens.invitation_token(invitation), **PERSON}, format="json").status_code == 200
    )


def _remove(tenant, owner, admin):
    with tenant_context(tenant.pk, user_id=owner.pk):
        memberships.remove(membership=of(admin), actor=owner)


def _make_viewer(tenant, owner, admin):
    with tenant_context(tenant.pk, user_id=owner.pk):
        memberships.change_role(membership=of(admin), role=Role.VIEWER, actor=owner)


def _leave(tenant, owner, admin):
    memberships.leave(user=admin, tenant_id=tenant.pk)


def _take_the_right(tenant, owner, admin):
    with tenant_context(tenant.pk, user_id=owner.pk):
        values = {"user": admin, "capability_key": "invitations.create", "enabled": False}
        writes.create(UserCapability, values, actor=owner)


def _deactivate(tenant, owner, admin):
    with platform_context():
        User.objects.filter(pk=admin.pk).update(is_active=False)


def _write_the_role_directly(tenant, owner, admin):
    with platform_context():
        Membership.objects.filter(user=admin).update(role=Role.VIEWER)


@pytest.mark.parametrize(
    "end",
    [_remove, _make_viewer, _leave, _take_the_right, _deactivate, _write_the_role_directly],
    ids=lambda f: f.__name__,
)
def test_an_invitation_stops_working_when_its_sender_may_no_longer_invite(tenant, owner, admin, invitation, api, end):
    end(tenant, owner, admin)
    token = tokens.invitation_token(invitation)
    assert problem(api().get("/api/v1/invitations/lookup/", {"token": token})) == (404, "invitation_unavailable")
    assert problem(api().post(ACCEPT, {"token": token, **PERSON}, format="json")) == (404, "invitation_unavailable")
    with platform_context():
        assert not User.objects.filter(email="grace@example.com").exists()


@pytest.mark.parametrize("end", [_remove, _make_viewer, _leave, _take_the_right], ids=lambda f: f.__name__)
def test_it_shows_as_revoked(tenant, owner, admin, invitation, api, end):
    end(tenant, owner, admin)
    shown = api(owner).get(f"/api/v1/tenant-invitations/{invitation.pk}/").json()
    assert shown["status"] == "revoked"
    [event] = events("tenants.invitation.revoked")
    assert event.payload == {"email": "grace@example.com", "role": "member"}


def test_an_invitation_to_a_role_that_its_sender_can_still_give_survives_a_lesser_demotion(tenant, owner, admin, api):
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["invitations.create", "leads.view"])
    with tenant_context(tenant.pk, user_id=admin.pk):
        kept = invitations.create(email="a@example.com", tenant_role=role, actor=admin)
        lost = invitations.create(email="b@example.com", role="member", actor=admin)
    demote(api, owner, admin, tenant_role=str(role.pk))
    assert stored(kept).revoked_at is None
    assert stored(lost).revoked_at is not None
    token = tokens.invitation_token(kept)
    assert api().post(ACCEPT, {"token": token, **PERSON}, format="json").status_code == 200


def test_an_invitation_to_a_deleted_role_cannot_be_accepted(tenant, owner, api):
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["leads.view"])
    with tenant_context(tenant.pk, user_id=owner.pk):
        row = invitations.create(email="grace@example.com", tenant_role=role, actor=owner)
    assert api(owner).delete(f"/api/v1/tenant-roles/{role.pk}/").status_code == 204
    response = api().post(ACCEPT, {"token": tokens.invitation_token(row), **PERSON}, format="json")
    assert problem(response) == (404, "invitation_unavailable")


def test_a_role_that_grew_beyond_the_sender_cannot_be_accepted(tenant, owner, admin, api):
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["leads.view"])
    with tenant_context(tenant.pk, user_id=admin.pk):
        row = invitations.create(email="grace@example.com", tenant_role=role, actor=admin)
    body = {"rights": ["leads.view", "billing.buy"]}
    assert api(owner).patch(f"/api/v1/tenant-roles/{role.pk}/", body, format="json").status_code == 200
    response = api().post(ACCEPT, {"token": tokens.invitation_token(row), **PERSON}, format="json")
    assert problem(response) == (404, "invitation_unavailable")


def test_another_admin_takes_an_invitation_over_by_resending_it(tenant, owner, admin, invitation, api):
    _write_the_role_directly(tenant, owner, admin)
    assert api(owner).post(f"/api/v1/tenant-invitations/{invitation.pk}/resend/").status_code == 200
    row = stored(invitation)
    assert row.invited_by_id == owner.pk
    assert api().post(ACCEPT, {"token": tokens.invitation_token(row), **PERSON}, format="json").status_code == 200


def test_no_mail_goes_out_for_an_invitation_whose_sender_was_removed(tenant, owner, admin, invitation, mailbox):
    drain()
    _write_the_role_directly(tenant, owner, admin)
    assert sender.send_due() == {MailState.CANCELLED: 1}
    assert mailbox.received == []
