"""Which setting decides whether a feature is open, and who may switch it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lad.tenancy.access import Access
from lad.tenancy.context import platform_context, tenant_context
from tenants.features import selectors
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams.models import PlanTier, Tenant
from tests.factories.tenants import (
    FeatureFlagFactory,
    FeatureKillSwitchFactory,
    MembershipFactory,
    TenantFeatureFactory,
)
from tests.support.api import problem

KEY = "campaigns"
NOW = timezone.now()


def evaluate(tenant, user=None, key=KEY, now=NOW):
    with tenant_context(tenant.pk):
        return selectors.evaluate(key, tenant=tenant, user_id=user.pk if user else None, now=now)


def in_tenant(tenant):
    return platform_context(tenant_id=tenant.pk)


def on_plan(tenant, plan_tier):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(plan_tier=plan_tier)
        return Tenant.objects.get(pk=tenant.pk)


def test_a_feature_without_any_setting_is_closed(tenant):
    state = evaluate(tenant)
    assert (state.open, state.source) == (False, "default")
    assert state.reason


def test_the_plan_decides_if_there_is_no_other_setting(tenant):
    assert evaluate(on_plan(tenant, PlanTier.PROFESSIONAL)) == selectors.FeatureState(
        True, "Part of the Professional plan.", "plan"
    )


def test_each_setting_is_overridden_by_those_with_higher_precedence(tenant, member):
    tenant = on_plan(tenant, PlanTier.ENTERPRISE)
    seen = [evaluate(tenant, member)]
    with in_tenant(tenant):
        TenantFeatureFactory.create(feature_key=KEY, enabled=False, config={"from": "feature"})
    seen.append(evaluate(tenant, member))
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True, config={"from": "tenant"})
    seen.append(evaluate(tenant, member))
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, user=member, is_enabled=False, config={"from": "user"})
    seen.append(evaluate(tenant, member))
    with in_tenant(tenant):
        FeatureFlag.objects.filter(user=member).update(is_enabled=True)
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY, reason="The provider is down")
    seen.append(evaluate(tenant, member))
    assert [(each.open, each.source) for each in seen] == [
        (True, "plan"),
        (False, "tenant_feature"),
        (True, "tenant_flag"),
        (False, "user_flag"),
        (False, "kill_switch"),
    ]
    assert seen[-1].reason == "The provider is down"
    assert [each.config.get("from") for each in seen] == [None, "feature", "tenant", "user", None]


def test_an_inactive_kill_switch_is_ignored(tenant):
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY, is_active=False)
    assert evaluate(on_plan(tenant, PlanTier.PROFESSIONAL)).open


def test_a_user_s_flag_applies_to_that_user_only(tenant, member, viewer):
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, user=member, is_enabled=True)
    assert evaluate(tenant, member).open
    assert not evaluate(tenant, viewer).open
    assert not evaluate(tenant).open


def test_a_flag_is_ignored_from_the_moment_it_expires(tenant):
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True, expires_at=NOW)
    assert evaluate(tenant, now=NOW - timedelta(microseconds=1)).source == "tenant_flag"
    assert evaluate(tenant, now=NOW).source == "default"


def test_another_tenant_s_settings_are_ignored_even_in_a_platform_scope(tenant, other_tenant):
    with in_tenant(other_tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True)
        TenantFeatureFactory.create(feature_key="voice-agent")
    with platform_context():
        assert not selectors.evaluate(KEY, tenant=tenant).open
        assert not selectors.evaluate("voice-agent", tenant=tenant).open


def test_all_features_take_one_query(tenant, member, django_assert_num_queries):
    with in_tenant(tenant):
        for number in range(5):
            TenantFeatureFactory.create(feature_key=f"feature-{number}")
            FeatureFlagFactory.create(feature_key=f"flag-{number}")
    with tenant_context(tenant.pk), django_assert_num_queries(1):
        assert len(selectors.evaluate_all(tenant=tenant, user_id=member.pk)) == len(selectors.PLANS_BY_FEATURE) + 10


def test_features_are_evaluated_once_per_request(tenant, member, django_assert_num_queries):
    access = Access(user=member, tenant_id=tenant.pk, details={"tenant": tenant})
    with tenant_context(tenant.pk), django_assert_num_queries(1):
        assert selectors.gate(access, "dashboard")[0] is True
        assert selectors.gate(access, KEY) == (False, "This feature is not part of the plan.")


def test_the_api_lists_features_with_the_reason(tenant, viewer, api):
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, user=viewer, is_enabled=True, config={"limit": 3})
    shown = {each["key"]: each for each in api(viewer).get("/api/v1/features/").json()["features"]}
    assert shown[KEY] == {
        "key": KEY,
        "open": True,
        "source": "user_flag",
        "reason": "Switched on for you.",
        "config": {"limit": 3},
    }


FEATURES, FLAGS = "/api/v1/tenant-features/", "/api/v1/feature-flags/"


def switch(api, actor, url, field, enabled, key=KEY):
    return api(actor).post(url, {"feature_key": key, field: enabled}, format="json")


@pytest.mark.parametrize(("url", "field"), [(FEATURES, "enabled"), (FLAGS, "is_enabled")])
def test_a_tenant_may_switch_on_what_its_plan_includes_and_switch_off_anything(tenant, admin, api, url, field):
    assert problem(switch(api, admin, url, field, True)) == (403, "not_in_plan")
    off = switch(api, admin, url, field, False)
    assert off.status_code == 201, off.content
    row = f"{url}{off.json()['id']}/"
    assert problem(api(admin).patch(row, {field: True}, format="json")) == (403, "not_in_plan")
    on_plan(tenant, PlanTier.PROFESSIONAL)
    assert api(admin).patch(row, {field: True}, format="json").status_code == 200
    assert api(admin).delete(row).status_code == 204


def test_a_tenant_may_switch_a_granted_feature_off_and_on_again(tenant, admin, superuser, api):
    from lad import writes

    with platform_context(tenant_id=tenant.pk):
        row = writes.create(TenantFeature, {"tenant": tenant, "feature_key": KEY}, actor=superuser)
    url = f"{FEATURES}{row.pk}/"
    assert api(admin).get(url).json()["granted"] is True
    for enabled in (False, True):
        assert api(admin).patch(url, {"enabled": enabled}, format="json").json()["enabled"] is enabled
    assert problem(api(admin).delete(url)) == (403, "granted_by_platform")
    assert problem(api(admin).patch(url, {"feature_key": "voice-agent"}, format="json")) == (
        403,
        "granted_by_platform",
    )
    assert switch(api, admin, FLAGS, "is_enabled", True).status_code == 201


def test_a_tenant_cannot_grant_itself_a_feature(admin, api):
    body = {"feature_key": KEY, "enabled": False, "granted": True}
    assert problem(api(admin).post(FEATURES, body, format="json")) == (400, "invalid")


def test_a_tenant_cannot_switch_on_a_feature_whose_grant_was_revoked(tenant, admin, superuser, api):
    from lad import writes

    with platform_context(tenant_id=tenant.pk):
        row = writes.create(TenantFeature, {"tenant": tenant, "feature_key": KEY}, actor=superuser)
        writes.update(row, {"enabled": False}, actor=superuser)
    response = api(admin).patch(f"{FEATURES}{row.pk}/", {"enabled": True}, format="json")
    assert problem(response) == (403, "not_in_plan")


def test_a_tenant_cannot_extend_a_trial_granted_by_the_platform(tenant, admin, api):
    with in_tenant(tenant):
        flag = FeatureFlagFactory.create(
            feature_key=KEY, is_enabled=True, expires_at=timezone.now() + timedelta(days=1)
        )
    url = f"{FLAGS}{flag.pk}/"
    assert problem(api(admin).patch(url, {"expires_at": None}, format="json")) == (403, "not_in_plan")
    assert api(admin).patch(url, {"is_enabled": False}, format="json").status_code == 200


def test_a_tenant_cannot_change_a_kill_switch(tenant, owner):
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY)
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"), tenant_context(tenant.pk):
        FeatureKillSwitch.objects.update(is_active=False)


def test_a_member_of_two_tenants_has_the_features_of_the_current_one(tenant, other_tenant, owner, api):
    with in_tenant(other_tenant):
        MembershipFactory.create(user=owner)
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True)

    def is_open(where):
        shown = api(owner, tenant=where).get("/api/v1/features/").json()["features"]
        return {each["key"]: each["open"] for each in shown}[KEY]

    assert (is_open(tenant), is_open(other_tenant)) == (False, True)
