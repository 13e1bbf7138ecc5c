"""Members get and lose single rights, within the rights of whoever grants them."""

import pytest

from lad import writes
from lad.tenancy.access import access_in_tenant
from lad.tenancy.context import platform_context
from tenants.access.capabilities import capabilities
from tenants.access.keys import BUNDLES, SCREENS
from tenants.access.models import UserCapability
from tenants.access.rights import PLATFORM_RIGHTS, TENANT_RIGHTS
from tests.factories.tenants import UserCapabilityFactory
from tests.support.api import problem

URL = "/api/v1/user-capabilities/"


def grant(api, actor, user, right, enabled=True):
    body = {"user": str(user.pk), "capability_key": right, "enabled": enabled}
    return api(actor).post(URL, body, format="json")


def test_a_right_given_by_an_admin_takes_effect_at_once(admin, viewer, api):
    assert api(viewer).get("/api/v1/domain-events/").status_code == 403
    assert grant(api, admin, viewer, "events.view").status_code == 201
    assert api(viewer).get("/api/v1/domain-events/").status_code == 200


def test_a_right_taken_from_an_admin_is_lost_at_once(owner, admin, api):
    assert grant(api, owner, admin, "events.view", enabled=False).status_code == 201
    response = api(admin).get("/api/v1/domain-events/")
    assert problem(response) == (403, "missing_right")
    assert response.json()["right"] == "events.view"


@pytest.mark.parametrize("right", ["billing.buy", "billing.admin"])
def test_an_admin_cannot_give_a_right_without_holding_it(admin, member, api, right):
    assert problem(grant(api, admin, member, right)) == (403, "above_your_role")
    assert problem(grant(api, admin, admin, right)) == (403, "above_your_role")


def test_every_key_that_may_be_picked_is_accepted_and_has_the_effect_that_it_names(tenant, owner, superuser, member):
    """A right gives itself, a bundle its rights, a screen's key nothing but itself. Nothing else is offered."""
    meanings = {key: {key} for key in (*TENANT_RIGHTS, *PLATFORM_RIGHTS, *SCREENS)} | dict(BUNDLES)
    assert {each.key for each in capabilities} == set(meanings)
    before = access_in_tenant(member.pk, tenant.pk).rights
    for key, meaning in meanings.items():
        actor = superuser if key in PLATFORM_RIGHTS else owner
        with platform_context(tenant_id=tenant.pk):
            writes.create(UserCapability, {"tenant": tenant, "user": member, "capability_key": key}, actor=actor)
        assert access_in_tenant(member.pk, tenant.pk).rights == before | {key} | meaning, key
        with platform_context(tenant_id=tenant.pk):
            row = UserCapability.objects.get(user=member)
            writes.update(row, {"enabled": False}, actor=actor)
        assert access_in_tenant(member.pk, tenant.pk).rights == before - {key} - meaning, key
        with platform_context(tenant_id=tenant.pk):
            writes.delete(row, actor=actor)


def test_who_administers_billing_reads_the_wallet_and_buys(tenant, owner, member, api):
    assert api(member).get("/api/v1/billing-wallets/").status_code == 403
    assert grant(api, owner, member, "billing.admin").status_code == 201
    assert api(member).get("/api/v1/billing-wallets/").status_code == 200
    # A single right that was taken away counts more than the key that stands for several.
    assert grant(api, owner, member, "billing.buy", enabled=False).status_code == 201
    assert {"billing.view", "billing.update"} <= access_in_tenant(member.pk, tenant.pk).rights
    assert "billing.buy" not in access_in_tenant(member.pk, tenant.pk).rights


def test_a_viewer_is_given_no_key_that_stands_for_more_than_views(owner, viewer, api):
    assert problem(grant(api, owner, viewer, "voice.call")) == (403, "above_your_role")


def test_nobody_gives_themselves_what_they_have_by_role_under_another_name(owner, admin, api):
    for actor, key in ((owner, "billing.admin"), (admin, "voice.call")):
        assert problem(grant(api, actor, actor, key)) == (403, "above_your_role")


@pytest.mark.parametrize("right", ["usage.record", "usage.void"])
def test_nobody_in_a_tenant_can_give_a_right_of_the_platform(owner, admin, member, api, right):
    for actor in (owner, admin):
        for user in (actor, member):
            assert problem(grant(api, actor, user, right)) == (403, "above_your_role")


def test_an_admin_cannot_restore_a_right_taken_from_them(tenant, admin, api):
    with platform_context(tenant_id=tenant.pk):
        row = UserCapabilityFactory.create(user=admin, capability_key="audit.view", enabled=False)
    assert problem(api(admin).delete(f"{URL}{row.pk}/")) == (403, "above_your_role")
    response = api(admin).patch(f"{URL}{row.pk}/", {"enabled": True}, format="json")
    assert problem(response) == (403, "above_your_role")


def test_an_admin_cannot_take_a_right_from_the_owner(owner, admin, api):
    assert problem(grant(api, admin, owner, "team.view", enabled=False)) == (403, "above_your_role")


def test_an_admin_may_give_a_key_that_is_not_a_right_of_lad(admin, viewer, api):
    assert grant(api, admin, viewer, "apollo.search").status_code == 201


def test_a_former_member_cannot_be_given_a_right(tenant, admin, viewer, api):
    from tenants.teams.models import Membership

    with platform_context():
        Membership.objects.filter(user=viewer).delete()
    assert problem(grant(api, admin, viewer, "apollo.search")) == (400, "invalid")
