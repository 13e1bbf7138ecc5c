"""What a tenant sees of users: its members, and of former ones nothing but the name."""

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Membership
from tests.factories.tenants import MembershipFactory
from tests.support.api import ids, problem, text
from tests.tenants.helpers import sign_in

URL = "/api/v1/users/"
ELSEWHERE = {"last_login", "updated_at", "primary_tenant", "is_staff", "is_superuser", "platform_role", "metadata"}


@pytest.fixture
def former(tenant, other_tenant, member):
    """A member who left Acme, and works for Borealis with a new phone and picture."""
    with platform_context():
        Membership.objects.filter(user=member).delete()
        User.objects.filter(pk=member.pk).update(
            first_name="Grace",
            last_name="Hopper",
            phone="+4915112345678",
            avatar_url="https://borealis.test/grace.png",
            last_login=timezone.now(),
            primary_tenant=other_tenant,
        )
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=member)
    return member


def test_a_former_member_is_in_no_list_and_cannot_be_looked_up(admin, former, api):
    assert str(former.pk) not in ids(api(admin).get(URL))
    assert ids(api(admin).get(URL, {"email": former.email})) == []


def test_only_the_name_of_a_former_member_is_shown_by_its_id(admin, former, api):
    shown = api(admin).get(f"{URL}{former.pk}/").json()
    assert {name: value for name, value in shown.items() if value is not None} == {
        "id": str(former.pk),
        "first_name": "Grace",
        "last_name": "Hopper",
    }


def test_a_member_s_sign_ins_in_other_tenants_do_not_show(tenant, other_tenant, admin, member, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=member)
    before = api(admin).get(f"{URL}{member.pk}/")
    listed = api(admin).get(URL).json()
    assert not ELSEWHERE & set(before.json())
    assert sign_in(api, member.email).status_code == 200
    after = api(admin).get(f"{URL}{member.pk}/")
    assert after.json() == before.json()
    assert after["ETag"] == before["ETag"]
    assert api(admin).get(URL).json() == listed
    assert problem(api(admin).get(URL, {"last_login__gte": "2020-01-01"})) == (400, "invalid")


def test_a_change_that_a_tenant_sees_changes_the_tag(admin, member, api):
    before = api(admin).get(f"{URL}{member.pk}/")["ETag"]
    assert api(member).patch("/api/v1/me/", {"phone": "+4915100000000"}, format="json").status_code == 200
    assert api(admin).get(f"{URL}{member.pk}/")["ETag"] != before


class TestInTheAdmin:
    def test_a_former_member_has_no_page_and_is_in_no_list_search_or_choice(self, owner, former, admin_of):
        browser = admin_of(owner)
        for query in ({}, {"q": former.email}, {"q": "Grace"}, {"q": "+4915112345678"}):
            page = browser.get("/admin/tenants/user/", query)
            assert former.pk not in {row.pk for row in page.context["cl"].result_list}
        assert browser.get(f"/admin/tenants/user/{former.pk}/change/").status_code == 404
        assert browser.get(f"/admin/tenants/user/{former.pk}/history/").status_code == 404
        for model, field in (("membership", "user"), ("usercapability", "user"), ("membership", "invited_by")):
            query = {"app_label": "tenants", "model_name": model, "field_name": field, "term": ""}
            response = browser.get("/admin/autocomplete/", query)
            if response.status_code == 200:
                assert str(former.pk) not in {each["id"] for each in response.json()["results"]}
        assert former.email not in text(browser.get("/admin/search/", {"s": "member@"}))

    def test_staff_of_a_tenant_see_nothing_of_what_a_member_does_elsewhere(self, owner, member, admin_of):
        with platform_context():
            User.objects.filter(pk=member.pk).update(metadata={"note": "of the platform"}, last_login=timezone.now())
            updated_at = User.objects.get(pk=member.pk).updated_at
        browser = admin_of(owner)
        listed = browser.get("/admin/tenants/user/")
        columns = [getattr(each, "__name__", each) for each in listed.context["cl"].list_display]
        assert not ELSEWHERE & set(columns)
        page = browser.get(f"/admin/tenants/user/{member.pk}/change/")
        assert page.status_code == 200
        fields = {name for _title, options in page.context["adminform"].fieldsets for name in options["fields"]}
        assert fields == {"email", "first_name", "last_name", "phone", "avatar_url", "is_active"}
        assert "of the platform" not in text(page)
        assert updated_at.isoformat() not in page.content.decode()

    @pytest.mark.parametrize("name", ["last_login__gte", "password__startswith", "updated_at__gte", "is_staff__exact"])
    def test_nobody_of_a_tenant_filters_users_by_what_they_may_not_see(self, owner, member, admin_of, name):
        browser = admin_of(owner)
        assert browser.get("/admin/tenants/user/", {name: "1"}).status_code == 400
        assert browser.get("/admin/tenants/user/", {"is_active__exact": "1"}).status_code == 200

    def test_no_list_is_filtered_by_a_secret_not_even_by_superusers(self, root, member):
        assert root.get("/admin/tenants/user/", {"password__startswith": "md5"}).status_code == 400
        assert root.get("/admin/tenants/tenantinvitation/", {"invitation_token__startswith": "a"}).status_code == 400

    def test_lad_s_staff_see_former_members_with_all_their_data(self, root, former, tenant, superuser, admin_of):
        browser = admin_of(superuser, tenant)
        page = browser.get(f"/admin/tenants/user/{former.pk}/change/")
        assert page.status_code == 200
        assert "+4915112345678" in text(page)
