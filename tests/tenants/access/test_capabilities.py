"""Single rights, given and taken under the ceiling."""

import pytest

from lad.tenancy.context import platform_context
from tests.factories.tenants import UserCapabilityFactory
from tests.tenants.helpers import problem

URL = "/api/v1/user-capabilities/"


def give(api, actor, user, right, enabled=True):
    body = {"user": str(user.pk), "capability_key": right, "enabled": enabled}
    return api(actor).post(URL, body, format="json")


def test_an_admin_gives_a_right_and_it_counts_at_once(admin, viewer, api):
    assert api(viewer).get("/api/v1/domain-events/").status_code == 403
    assert give(api, admin, viewer, "events.view").status_code == 201
    assert api(viewer).get("/api/v1/domain-events/").status_code == 200


def test_an_admin_takes_a_right_and_it_counts_at_once(owner, admin, api):
    assert give(api, owner, admin, "events.view", enabled=False).status_code == 201
    response = api(admin).get("/api/v1/domain-events/")
    assert problem(response) == (403, "missing_right")
    assert response.json()["right"] == "events.view"


@pytest.mark.parametrize("right", ["team.transfer", "tenant.delete"])
def test_nobody_gives_a_right_they_do_not_hold(admin, viewer, api, right):
    assert problem(give(api, admin, viewer, right)) == (403, "above_your_role")
    assert problem(give(api, admin, admin, right)) == (403, "above_your_role")


def test_nobody_undoes_what_was_taken_from_them(tenant, admin, api):
    with platform_context(tenant_id=tenant.pk):
        row = UserCapabilityFactory.create(user=admin, capability_key="audit.view", enabled=False)
    assert problem(api(admin).delete(f"{URL}{row.pk}/")) == (403, "above_your_role")
    response = api(admin).patch(f"{URL}{row.pk}/", {"enabled": True}, format="json")
    assert problem(response) == (403, "above_your_role")


def test_nobody_takes_a_right_from_somebody_above_them(owner, admin, api):
    assert problem(give(api, admin, owner, "team.view", enabled=False)) == (403, "above_your_role")


def test_a_key_of_another_domain_is_free_to_give(admin, viewer, api):
    assert give(api, admin, viewer, "apollo.search").status_code == 201


def test_a_former_member_holds_nothing(tenant, admin, viewer, api):
    from tenants.teams.models import Membership

    with platform_context():
        Membership.objects.filter(user=viewer).delete()
    assert problem(give(api, admin, viewer, "apollo.search")) == (400, "invalid")
