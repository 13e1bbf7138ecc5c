"""Creating, changing, deleting and restoring rows by hand."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.admin.pagination import CappedPaginator
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tests.factories.tenants import (
    FeatureKillSwitchFactory,
    TenantFactory,
    TenantFeatureFactory,
    UserFactory,
    UserIdentityFactory,
)
from tests.support.api import text
from tests.support.database import one

pytestmark = pytest.mark.django_db

FEATURES = "/admin/tenants/tenantfeature/"


def errors(response: Any) -> str:
    assert response.status_code == 200
    form = response.context["adminform"].form
    return " ".join(message for messages in form.errors.values() for message in messages)


def membership_of(user: User) -> Any:
    return one(Membership, user=user)


def feature(tenant: Tenant, **values: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        return TenantFeatureFactory.create(**values)


def test_a_row_is_created_in_the_current_tenant(admin_of, superuser, tenant):
    browser = admin_of(superuser, tenant)
    response = browser.post(f"{FEATURES}add/", {"feature_key": "campaigns", "enabled": "on", "config": '{"daily": 5}'})
    assert response.status_code == 302
    row = one(TenantFeature, feature_key="campaigns")
    assert (row.tenant_id, row.enabled, row.config) == (tenant.pk, True, {"daily": 5})


def test_the_platform_chooses_the_tenant_of_a_new_row_in_the_form(root, tenant, other_tenant):
    entries = {"feature_key": "campaigns", "enabled": "on", "config": ""}
    assert "required" in errors(root.post(f"{FEATURES}add/", entries))
    assert root.post(f"{FEATURES}add/", {**entries, "tenant": str(other_tenant.pk)}).status_code == 302
    row = one(TenantFeature, feature_key="campaigns")
    assert (row.tenant_id, row.config) == (other_tenant.pk, {})


def test_a_change_in_the_admin_emits_an_event_with_its_actor(admin_of, owner, tenant):
    row = feature(tenant, feature_key="campaigns", enabled=True)
    entries = {"feature_key": "campaigns", "config": "{}"}
    assert admin_of(owner).post(f"{FEATURES}{row.pk}/change/", entries).status_code == 302
    assert one(TenantFeature, pk=row.pk).enabled is False
    event = one(DomainEvent, aggregate_id=row.pk, event_type="tenants.feature.updated")
    assert event.metadata["actor_id"] == str(owner.pk)


def test_an_error_of_a_service_is_shown_on_the_form_and_the_entries_are_kept(admin_of, owner):
    response = admin_of(owner).post(
        f"{FEATURES}add/", {"feature_key": "campaigns", "enabled": "on", "config": '{"a": 1}'}
    )
    assert "Your plan does not include this feature" in errors(response)
    assert 'value="campaigns"' in text(response)
    assert "&quot;a&quot;: 1" in text(response)


def test_a_duplicate_is_refused_at_its_field(admin_of, superuser, tenant):
    feature(tenant, feature_key="campaigns")
    response = admin_of(superuser, tenant).post(f"{FEATURES}add/", {"feature_key": "campaigns", "config": "{}"})
    form = response.context["adminform"].form
    assert "already has an entry for this feature" in str(form.errors["feature_key"])
    assert form["feature_key"].value() == "campaigns"


def test_malformed_json_is_rejected_and_kept(admin_of, superuser, tenant):
    response = admin_of(superuser, tenant).post(f"{FEATURES}add/", {"feature_key": "campaigns", "config": "{oops"})
    assert "valid JSON" in errors(response)
    assert "{oops" in text(response)


def test_a_concurrent_change_is_not_overwritten_unnoticed(root, tenant):
    page = f"/admin/tenants/tenant/{tenant.pk}/change/"
    opened = root.get(page).context["adminform"].form.opened_value
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(name="Acme Abroad", phone="+46 1")
    entries = {
        "name": "Acme Renamed",
        "slug": tenant.slug,
        "timezone": tenant.timezone,
        "plan_tier": "free",
        "metadata": "{}",
        **no_inlines("memberships", "tenant_features"),
    }
    refused = root.post(page, {**entries, "_opened": opened})
    assert "It is now: Acme Abroad." in errors(refused)
    assert one(Tenant, pk=tenant.pk).name == "Acme Abroad"
    again = refused.context["adminform"].form.opened_value
    assert root.post(page, {**entries, "phone": "+46 1", "_opened": again}).status_code == 302
    assert (one(Tenant, pk=tenant.pk).name, one(Tenant, pk=tenant.pk).phone) == ("Acme Renamed", "+46 1")


def no_inlines(*prefixes: str) -> dict[str, str]:
    return {f"{prefix}-{field}_FORMS": "0" for prefix in prefixes for field in ("TOTAL", "INITIAL")}


def test_rows_on_the_tenants_page_are_written_by_the_same_rules(root, tenant):
    page = f"/admin/tenants/tenant/{tenant.pk}/change/"
    entries = {
        "name": tenant.name,
        "slug": tenant.slug,
        "timezone": tenant.timezone,
        "plan_tier": "free",
        "metadata": "{}",
        **no_inlines("memberships", "tenant_features"),
        "tenant_features-TOTAL_FORMS": "1",
        "tenant_features-0-feature_key": "voice-agent",
        "tenant_features-0-enabled": "on",
    }
    assert root.post(page, entries).status_code == 302
    row = one(TenantFeature, feature_key="voice-agent")
    assert (row.tenant_id, row.granted) == (tenant.pk, True)


def test_a_deleted_row_is_hidden_in_the_list_marked_on_its_page_and_restored(root, member):
    browser = root
    row = membership_of(member)
    base = f"/admin/tenants/membership/{row.pk}"
    assert "You can restore it from its page" in text(browser.get(f"{base}/delete/"))
    assert browser.post(f"{base}/delete/", {"post": "yes"}).status_code == 302
    assert member.email not in shown(browser.get("/admin/tenants/membership/"))
    assert member.email in shown(browser.get("/admin/tenants/membership/?deleted=yes"))
    assert "Deleted on" in text(browser.get(f"{base}/change/"))
    assert browser.post(f"{base}/change/", {"role": "admin"}).status_code == 403
    assert browser.get(f"{base}/restore/").status_code == 200
    assert one(Membership, pk=row.pk).deleted_at is not None
    assert browser.post(f"{base}/restore/").status_code == 302
    assert one(Membership, pk=row.pk).deleted_at is None


def shown(response: Any) -> list[str]:
    return [row.user.email for row in response.context["cl"].result_list]


def test_the_delete_page_names_the_rows_that_are_deleted_too(root, member):
    page = text(root.get(f"/admin/tenants/user/{member.pk}/delete/"))
    assert f"{member.email} · member" in page
    assert "1 membership" in page


def test_an_owner_is_not_deleted_and_the_page_says_why(root, owner):
    response = root.post(f"/admin/tenants/user/{owner.pk}/delete/", {"post": "yes"}, follow=True)
    assert "owns Acme Outreach: transfer the ownership first" in text(response)
    assert one(User, pk=owner.pk).deleted_at is None


def test_deleting_several_is_all_or_nothing(root, owner, member):
    chosen = {"_selected_action": [str(owner.pk), str(member.pk)], "action": "delete_selected", "post": "yes"}
    response = root.post("/admin/tenants/user/", chosen, follow=True)
    assert "Nothing was changed" in text(response)
    assert one(User, pk=member.pk).deleted_at is None


@pytest.mark.parametrize("page", ["change", "delete", "history", "restore"])
def test_a_row_of_another_tenant_is_not_found(admin_of, owner, other_owner, page):
    row = membership_of(other_owner)
    assert admin_of(owner).get(f"/admin/tenants/membership/{row.pk}/{page}/").status_code == 404


def test_a_foreign_member_is_neither_offered_nor_accepted(admin_of, superuser, tenant, member, other_owner):
    browser = admin_of(superuser, tenant)
    field = {"app_label": "tenants", "model_name": "usercapability", "field_name": "user"}
    offered = browser.get("/admin/autocomplete/", field).json()["results"]
    assert [choice["text"] for choice in offered] == [member.email]
    response = browser.post(
        "/admin/tenants/usercapability/add/",
        {"user": str(other_owner.pk), "capability_key": "team.view", "metadata": ""},
    )
    assert "not a member of the tenant" in errors(response)


def test_a_new_membership_may_be_for_anybody(admin_of, superuser, tenant, other_owner):
    browser = admin_of(superuser, tenant)
    field = {"app_label": "tenants", "model_name": "membership", "field_name": "user", "term": "owner@bor"}
    assert [c["text"] for c in browser.get("/admin/autocomplete/", field).json()["results"]] == [other_owner.email]
    assert (
        browser.post("/admin/tenants/membership/add/", {"user": str(other_owner.pk), "role": "viewer"}).status_code
        == 302
    )
    assert one(Membership, user=other_owner, tenant=tenant).role == Role.VIEWER


def test_an_owner_cannot_change_the_plan_or_status_of_their_tenant(admin_of, owner, tenant):
    browser = admin_of(owner)
    page = f"/admin/tenants/tenant/{tenant.pk}/change/"
    entries = {
        "name": "Acme Renamed",
        "plan_tier": "enterprise",
        "status": "cancelled",
        "metadata": "{}",
        "timezone": "UTC",
    }
    assert browser.post(page, {**entries, **no_inlines("memberships", "tenant_features")}).status_code == 302
    row = one(Tenant, pk=tenant.pk)
    assert (row.name, row.plan_tier, row.status) == ("Acme Renamed", "free", "active")


def test_secrets_are_nowhere_on_a_page(root, owner):
    with platform_context():
        identity = UserIdentityFactory.create(user=owner, access_token="ya29.very-secret", refresh_token="also-secret")
    for page in (f"/admin/tenants/useridentity/{identity.pk}/change/", f"/admin/tenants/user/{owner.pk}/change/"):
        shown_page = text(root.get(page))
        assert "secret" not in shown_page
        assert one(User, pk=owner.pk).password not in shown_page


def test_the_history_of_a_row_tells_who_changed_what(admin_of, superuser, tenant):
    browser = admin_of(superuser, tenant)
    page = f"/admin/tenants/tenant/{tenant.pk}"
    browser.post(f"{page}/suspend/", {"reason": "Unpaid since March"})
    history = text(browser.get(f"{page}/history/"))
    assert superuser.email in history
    assert "Suspended" in history
    assert "admin" in history


def test_search_finds_by_address_by_name_and_by_id(root, owner):
    base = "/admin/tenants/user/"
    for term in ("OWNER@acme", owner.last_name[:4], str(owner.pk)):
        assert owner.email in text(root.get(base, {"q": term}))
    assert owner.email not in text(root.get(base, {"q": "nobody at all"}))


def test_the_search_in_the_sidebar_finds_people_and_pages_of_the_own_tenant(admin_of, owner, other_owner):
    found = text(admin_of(owner).get("/admin/search/", {"s": "owner@", "extended": "1"}))
    assert owner.email in found
    assert other_owner.email not in found
    assert "Memberships" in text(admin_of(owner).get("/admin/search/", {"s": "membersh"}))


def test_wrong_filters_and_pages_lead_back_to_the_list(root, tenant):
    for query in ("?status__exact=zzz", "?p=99", "?nothing=1", "?id__exact=zzz", "?o=77", "?deleted=perhaps"):
        assert root.get(f"/admin/tenants/tenant/{query}", follow=True).status_code == 200


def test_a_list_is_counted_only_up_to_a_limit(root, monkeypatch):
    with platform_context():
        FeatureKillSwitchFactory.create_batch(7)
    monkeypatch.setattr(CappedPaginator, "limit", 5)
    response = root.get("/admin/tenants/featurekillswitch/")
    assert response.context["cl"].result_count == 5
    assert "first 5 feature kill switches" in text(response)


def test_an_action_on_too_many_rows_is_rejected(root, monkeypatch):
    with platform_context():
        FeatureKillSwitchFactory.create_batch(3)
    monkeypatch.setattr("lad.admin.bulk.MAX_ROWS_PER_ACTION", 2)
    monkeypatch.setattr("lad.jobs.bulk.MAX_ROWS_AT_ONCE", 2)
    chosen = {"_selected_action": ["x"], "action": "delete_selected", "select_across": "1", "index": "0"}
    assert "at most 2 rows" in text(root.post("/admin/tenants/featurekillswitch/", chosen, follow=True))
    with platform_context():
        assert FeatureKillSwitch.objects.count() == 3


def test_a_row_that_refers_to_an_invisible_user_is_still_listed(admin_of, owner, superuser, tenant):
    admin_of(superuser, tenant).post(
        "/admin/tenants/tenantinvitation/add/", {"email": "guest@acme.test", "role": "viewer", "message": ""}
    )
    row = one(TenantInvitation, email="guest@acme.test")
    browser = admin_of(owner)
    assert "guest@acme.test" in text(browser.get("/admin/tenants/tenantinvitation/"))
    assert browser.get(f"/admin/tenants/tenantinvitation/{row.pk}/change/").status_code == 200


def test_events_cannot_be_edited(root, tenant, owner):
    feature_row = feature(tenant)
    root.post(f"{FEATURES}{feature_row.pk}/change/", {"feature_key": "dashboard", "config": "{}"})
    event = one(DomainEvent, aggregate_id=feature_row.pk)
    page = f"/admin/outbox/domainevent/{event.pk}"
    assert root.get(f"{page}/change/").status_code == 200
    assert root.post(f"{page}/change/", {"event_type": "x"}).status_code == 403
    assert root.get("/admin/outbox/domainevent/add/").status_code == 403
    assert root.get(f"{page}/delete/").status_code == 403


def test_a_flag_explains_whether_the_feature_is_on(admin_of, superuser, tenant):
    with platform_context(tenant_id=tenant.pk):
        flag = FeatureFlag.objects.create(tenant=tenant, feature_key="campaigns", is_enabled=True)
        FeatureKillSwitchFactory.create(feature_key="campaigns", reason="The provider is down")
    page = text(admin_of(superuser, tenant).get(f"/admin/tenants/featureflag/{flag.pk}/change/"))
    assert "Closed" in page
    assert "The provider is down" in page


def test_a_list_runs_the_same_number_of_queries_for_three_rows_and_thirty(root):
    counts = []
    for number in (3, 27):
        with platform_context():
            for tenant in TenantFactory.create_batch(number):
                UserFactory.create(primary_tenant=tenant)
        with CaptureQueriesContext(connection) as queries:
            assert root.get("/admin/tenants/tenant/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
