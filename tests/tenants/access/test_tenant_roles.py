"""Roles that are data: a tenant's own role replaces the rights of a member's default role."""

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.access.errors import AboveYourRole
from tenants.access.models import TenantRole, UserCapability
from tenants.access.roles import Role
from tenants.accounts import tokens
from tenants.accounts.callers import OwnRole, find_caller, find_staff
from tenants.teams.models import Membership, TenantInvitation
from tenants.teams.services import invitations, memberships
from tests.factories.tenants import TenantRoleFactory, UserCapabilityFactory
from tests.support.api import field_problems, problem, text
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import confirmed

URL = "/api/v1/tenant-roles/"
MEMBERSHIPS = "/api/v1/memberships/"
FINANCE = ["billing.buy", "billing.update", "billing.view", "usage.view"]


def of(user):
    with platform_context():
        return Membership.all_objects.get(user=user)


def make(tenant, *rights, key="finance"):
    with platform_context(tenant_id=tenant.pk):
        return TenantRoleFactory.create(key=key, name=key.title(), rights=sorted(rights))


def give(tenant, user, role):
    with platform_context(tenant_id=tenant.pk):
        Membership.objects.filter(user=user).update(tenant_role=role)


def assign(api, actor, user, **values):
    body = {name: str(value.pk) if isinstance(value, TenantRole) else value for name, value in values.items()}
    return api(actor).patch(f"{MEMBERSHIPS}{of(user).pk}/", body, format="json")


def rights(api, user):
    return set(api(user).get("/api/v1/me/").json()["rights"])


def test_an_owner_makes_a_role_and_gives_it_and_its_rights_replace_the_old_ones(owner, member, api):
    made = api(owner).post(URL, {"key": "finance", "name": "Finance", "rights": FINANCE}, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["rights"] == FINANCE
    assert (
        api(owner)
        .patch(f"{MEMBERSHIPS}{of(member).pk}/", {"tenant_role": made.json()["id"]}, format="json")
        .json()["tenant_role"]
        == made.json()["id"]
    )
    me = api(member).get("/api/v1/me/").json()
    assert (me["role"], me["tenant_role"], me["rights"]) == ("member", "finance", FINANCE)
    assert me["memberships"][0]["tenant_role"] == "finance"
    assert api(member).get("/api/v1/billing-invoices/").status_code == 200
    assert problem(api(member).get("/api/v1/leads/")) == (403, "missing_right")
    [event] = events("tenants.membership.role_changed")
    assert event.payload == {"user_id": str(member.pk), "before": "member", "after": "finance"}


def test_a_member_of_a_role_is_found_in_one_statement(tenant, member, django_assert_num_queries):
    give(tenant, member, make(tenant, "leads.view"))
    now = stored(member).created_at
    with django_assert_num_queries(1):
        caller = find_caller(member.pk, chosen_tenant_id=None, preferred_tenant_id=None, session_id=None, now=now)
    assert caller is not None
    assert (caller.role, caller.tenant_role) == ("member", OwnRole("finance", "Finance", ["leads.view"]))


def test_the_role_counts_in_the_admin(tenant, viewer, admin_of):
    give(tenant, viewer, make(tenant, "roles.view"))
    browser = admin_of(viewer)
    with platform_context():
        staff = find_staff(viewer.pk, preferred_tenant_id=None, now=stored(viewer).created_at)
    assert staff is not None
    assert staff.memberships[0].tenant_role == OwnRole("finance", "Finance", ["roles.view"])
    assert browser.get("/admin/tenants/tenantrole/").status_code == 200
    assert browser.get("/admin/tenants/membership/").status_code == 403


def test_an_edit_of_the_role_counts_with_the_next_request(tenant, owner, member, api):
    role = make(tenant, "leads.view")
    give(tenant, member, role)
    assert rights(api, member) == {"leads.view"}
    body = {"rights": ["leads.view", "calls.view"]}
    assert api(owner).patch(f"{URL}{role.pk}/", body, format="json").status_code == 200
    assert rights(api, member) == {"leads.view", "calls.view"}


@pytest.mark.parametrize("unknown", ["leads.fly", "custom.right", "team.transfer", "tenant.delete"])
def test_a_role_holds_rights_of_lad_only_and_never_the_ownership_s(owner, api, unknown):
    response = api(owner).post(URL, {"key": "odd", "name": "Odd", "rights": [unknown]}, format="json")
    assert "rights" in field_problems(response)


@pytest.mark.parametrize("key", Role.values)
def test_a_role_cannot_take_the_key_of_a_default_role(owner, api, key):
    response = api(owner).post(URL, {"key": key, "name": "Mine", "rights": ["leads.view"]}, format="json")
    assert "key" in field_problems(response)


def test_two_roles_of_a_tenant_cannot_have_one_key(tenant, owner, other_tenant, other_owner, api):
    make(tenant, "leads.view")
    body = {"key": "finance", "name": "Finance", "rights": ["leads.view"]}
    assert problem(api(owner).post(URL, body, format="json")) == (409, "refused")
    assert api(other_owner).post(URL, body, format="json").status_code == 201


class TestWhoGrantsHoldsEveryRight:
    """An admin lacks ``billing.buy``."""

    def test_making_a_role(self, admin, api):
        body = {"key": "finance", "name": "Finance", "rights": FINANCE}
        response = api(admin).post(URL, body, format="json")
        assert problem(response) == (403, "above_your_role")
        assert response.json()["rights"] == ["billing.buy"]

    def test_editing_a_role_up(self, tenant, admin, api):
        role = make(tenant, "billing.view")
        response = api(admin).patch(f"{URL}{role.pk}/", {"rights": FINANCE}, format="json")
        assert problem(response) == (403, "above_your_role")
        assert stored(role).rights == ["billing.view"]

    @pytest.mark.parametrize("body", [{"rights": ["billing.view"]}, {"name": "Harmless"}, {"key": "harmless"}])
    def test_editing_a_role_above_oneself(self, tenant, admin, api, body):
        role = make(tenant, *FINANCE)
        assert problem(api(admin).patch(f"{URL}{role.pk}/", body, format="json")) == (403, "above_your_role")

    def test_deleting_and_restoring_a_role_above_oneself(self, tenant, owner, admin, api):
        role = make(tenant, *FINANCE)
        assert problem(api(admin).delete(f"{URL}{role.pk}/")) == (403, "above_your_role")
        assert api(owner).delete(f"{URL}{role.pk}/").status_code == 204
        assert problem(api(admin).post(f"{URL}{role.pk}/restore/")) == (403, "above_your_role")
        assert api(owner).post(f"{URL}{role.pk}/restore/").status_code == 200

    def test_giving_a_role_to_another_or_to_oneself(self, tenant, owner, admin, member, api):
        role = make(tenant, *FINANCE)
        assert problem(assign(api, admin, member, tenant_role=role)) == (403, "above_your_role")
        assert problem(assign(api, admin, admin, tenant_role=role)) == (403, "above_your_role")
        assert assign(api, owner, member, tenant_role=role).status_code == 200

    def test_changing_a_member_whose_role_is_above(self, tenant, owner, admin, member, api):
        give(tenant, member, make(tenant, *FINANCE))
        assert problem(assign(api, admin, member, role="viewer")) == (403, "above_your_role")
        assert problem(api(admin).delete(f"{MEMBERSHIPS}{of(member).pk}/")) == (403, "above_your_role")
        assert assign(api, owner, member, role="viewer").status_code == 200

    def test_inviting_to_a_role(self, tenant, owner, admin, api):
        body = {"email": "grace@example.com", "tenant_role": str(make(tenant, *FINANCE).pk)}
        assert problem(api(admin).post("/api/v1/tenant-invitations/", body, format="json")) == (403, "above_your_role")
        assert api(owner).post("/api/v1/tenant-invitations/", body, format="json").status_code == 201

    def test_resending_an_invitation_to_a_role(self, tenant, owner, admin, api):
        with tenant_context(tenant.pk, user_id=owner.pk):
            row = invitations.create(email="grace@example.com", actor=owner, tenant_role=make(tenant, *FINANCE))
        response = api(admin).post(f"/api/v1/tenant-invitations/{row.pk}/resend/")
        assert problem(response) == (403, "above_your_role")

    def test_granting_a_right(self, admin, member, api):
        body = {"user": str(member.pk), "capability_key": "billing.buy"}
        assert problem(api(admin).post("/api/v1/user-capabilities/", body, format="json")) == (403, "above_your_role")

    def test_giving_the_ownership(self, tenant, owner, member, api):
        with platform_context(tenant_id=tenant.pk):
            UserCapabilityFactory.create(user=owner, capability_key="billing.buy", enabled=False)
        response = confirmed(api, owner).post(f"{MEMBERSHIPS}{of(member).pk}/transfer-ownership/")
        assert problem(response) == (403, "above_your_role")

    def test_a_role_with_rights_to_manage_people_gives_no_more_than_it_holds(self, tenant, member, viewer, api):
        give(tenant, member, make(tenant, "team.view", "team.update", "roles.view", "roles.create", "roles.update"))
        assert problem(assign(api, member, member, role="admin")) == (403, "above_your_role")
        assert problem(assign(api, member, viewer, role="member")) == (403, "above_your_role")
        body = {"key": "boss", "name": "Boss", "rights": ["audit.view"]}
        assert problem(api(member).post(URL, body, format="json")) == (403, "above_your_role")

    def test_a_right_held_for_a_time_cannot_be_given_for_ever(self, tenant, admin, member, api):
        with platform_context(tenant_id=tenant.pk):
            UserCapabilityFactory.create(user=admin, capability_key="billing.buy", expires_at="2099-01-01T00:00Z")
        body = {"user": str(member.pk), "capability_key": "billing.buy"}
        assert problem(api(admin).post("/api/v1/user-capabilities/", body, format="json")) == (403, "above_your_role")
        role = {"key": "buyer", "name": "Buyer", "rights": ["billing.buy"]}
        assert problem(api(admin).post(URL, role, format="json")) == (403, "above_your_role")
        with platform_context():
            own = UserCapability.objects.get(user=admin)
        response = api(admin).patch(f"/api/v1/user-capabilities/{own.pk}/", {"expires_at": None}, format="json")
        assert problem(response) == (403, "above_your_role")


def test_a_role_of_another_tenant_cannot_be_given_seen_or_changed(tenant, owner, other_tenant, member, api):
    foreign = make(other_tenant, "leads.view")
    assert problem(assign(api, owner, member, tenant_role=foreign)) == (400, "invalid")
    body = {"email": "grace@example.com", "tenant_role": str(foreign.pk)}
    assert problem(api(owner).post("/api/v1/tenant-invitations/", body, format="json")) == (400, "invalid")
    for answer in (
        api(owner).get(f"{URL}{foreign.pk}/"),
        api(owner).patch(f"{URL}{foreign.pk}/", {"rights": ["leads.view"]}, format="json"),
        api(owner).delete(f"{URL}{foreign.pk}/"),
    ):
        assert problem(answer) == (404, "not_found")
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid):
        memberships.change_role(membership=of(member), role=Role.MEMBER, tenant_role=foreign, actor=None)


def test_a_default_role_that_is_given_alone_ends_the_tenant_s_own(tenant, owner, member, api):
    give(tenant, member, make(tenant, *FINANCE))
    assert assign(api, owner, member, role="member").json()["tenant_role"] is None
    assert "billing.buy" not in rights(api, member)


def test_a_role_that_members_have_cannot_be_deleted_and_a_deleted_one_gives_nothing(tenant, owner, member, api):
    role = make(tenant, *FINANCE)
    give(tenant, member, role)
    assert problem(api(owner).delete(f"{URL}{role.pk}/")) == (409, "in_use")
    with platform_context():
        TenantRole.objects.filter(pk=role.pk).update(deleted_at=stored(member).created_at)
    assert rights(api, member) == set()
    assert problem(assign(api, owner, member, tenant_role=role)) == (400, "invalid")


def test_the_owner_can_have_no_role_of_the_tenant(tenant, owner, member, api):
    role = make(tenant, "leads.view")
    assert problem(assign(api, owner, owner, tenant_role=role)) == (409, "owner_stays")
    give(tenant, member, role)
    assert confirmed(api, owner).post(f"{MEMBERSHIPS}{of(member).pk}/transfer-ownership/").status_code == 200
    assert (of(member).role, of(member).tenant_role) == (Role.OWNER, None)


def test_somebody_invited_to_a_role_joins_with_it(tenant, owner, other_owner, api):
    role = make(tenant, "leads.view", "calls.view")
    body = {"email": other_owner.email, "tenant_role": str(role.pk)}
    made = api(owner).post("/api/v1/tenant-invitations/", body, format="json")
    from tenants.teams.tokens import invitation_token

    token = invitation_token(stored(TenantInvitation(pk=made.json()["id"])))
    assert api(other_owner).post("/api/v1/invitations/accept/", {"token": token}, format="json").status_code == 200
    assert set(api(other_owner, tenant=tenant).get("/api/v1/me/").json()["rights"]) == {"leads.view", "calls.view"}


def test_the_rights_are_chosen_in_a_table_and_never_written_as_json(tenant, owner, viewer, admin_of):
    role = make(tenant, "leads.view")
    browser, url = admin_of(owner), f"/admin/tenants/tenantrole/{role.pk}/change/"
    page = text(browser.get(url))
    assert (
        '<input type="checkbox" class="lad-check" name="rights" value="leads.view" aria-label="View leads" checked>'
        in page
    )
    assert 'value="team.transfer"' not in page
    data = {"name": role.name, "key": role.key, "rights": ["leads.view", "calls.view"]}
    assert browser.post(url, data).status_code == 302
    assert stored(role).rights == ["calls.view", "leads.view"]
    shown = text(admin_of(viewer).get(url))
    assert 'aria-label="View calls">check</span>' in shown
    assert 'name="rights"' not in shown
    assert "[" not in shown.partition("lad-rights")[2].partition("</table>")[0]


def test_the_admin_refuses_what_the_api_refuses(tenant, admin, member, admin_of):
    browser = admin_of(admin)
    data = {"name": "Finance", "key": "finance", "rights": FINANCE}
    response = browser.post("/admin/tenants/tenantrole/add/", data)
    assert response.status_code == 200
    assert "You cannot give billing.buy" in text(response)
    role = make(tenant, *FINANCE)
    url = f"/admin/tenants/membership/{of(member).pk}/change/"
    assert "You cannot give billing.buy" in text(browser.post(url, {"role": "member", "tenant_role": str(role.pk)}))
    assert of(member).tenant_role is None


def test_a_token_of_a_demoted_member_is_worth_its_new_role(tenant, owner, member, api):
    token = tokens.issue_access_token(user=member, tenant_id=tenant.pk)
    assign(api, owner, member, tenant_role=make(tenant, "calls.view"))
    response = api().get("/api/v1/leads/", headers={"Authorization": f"Bearer {token}"})
    assert problem(response) == (403, "missing_right")


def test_nobody_of_a_tenant_writes_a_role_of_lad_s_staff(owner, admin_of):
    from tenants.access.models import PlatformRole

    assert admin_of(owner).get("/admin/tenants/platformrole/").status_code == 403
    with platform_context(), pytest.raises(Exception, match="superuser"):
        writes.create(PlatformRole, {"key": "x", "name": "X", "rights": ["leads.view"]}, actor=owner)


def test_a_service_cannot_be_used_to_give_more_than_the_actor_has(tenant, admin, member):
    with tenant_context(tenant.pk, user_id=admin.pk), pytest.raises(AboveYourRole):
        memberships.change_role(
            membership=of(member), role=Role.MEMBER, tenant_role=make(tenant, *FINANCE), actor=admin
        )
