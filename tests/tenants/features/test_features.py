"""Whether a feature is open, what decides it, and who may switch it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lad.tenancy.access import Access
from lad.tenancy.context import platform_context, tenant_context
from tenants.features import selectors as features
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams.models import PlanTier, Tenant
from tests.factories.tenants import (
    FeatureFlagFactory,
    FeatureKillSwitchFactory,
    MembershipFactory,
    TenantFeatureFactory,
)
from tests.tenants.helpers import problem

KEY = "campaigns"
NOW = timezone.now()


def decide(tenant, user=None, key=KEY, now=NOW):
    with tenant_context(tenant.pk):
        return features.evaluate(key, tenant=tenant, user_id=user.pk if user else None, now=now)


def in_tenant(tenant):
    return platform_context(tenant_id=tenant.pk)


def on_plan(tenant, plan_tier):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(plan_tier=plan_tier)
        return Tenant.objects.get(pk=tenant.pk)


def test_a_feature_nobody_speaks_of_is_off(tenant):
    decision = decide(tenant)
    assert (decision.open, decision.source) == (False, "default")
    assert decision.reason


def test_the_plan_decides_when_nothing_else_does(tenant):
    assert decide(on_plan(tenant, PlanTier.PROFESSIONAL)) == features.Decision(
        True, "Part of the Professional plan.", "plan"
    )


def test_each_word_is_overruled_by_the_stronger_ones(tenant, member):
    tenant = on_plan(tenant, PlanTier.ENTERPRISE)
    seen = [decide(tenant, member)]
    with in_tenant(tenant):
        TenantFeatureFactory.create(feature_key=KEY, enabled=False, config={"from": "feature"})
    seen.append(decide(tenant, member))
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True, config={"from": "tenant"})
    seen.append(decide(tenant, member))
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, user=member, is_enabled=False, config={"from": "user"})
    seen.append(decide(tenant, member))
    with in_tenant(tenant):
        FeatureFlag.objects.filter(user=member).update(is_enabled=True)
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY, reason="The provider is down")
    seen.append(decide(tenant, member))
    assert [(each.open, each.source) for each in seen] == [
        (True, "plan"),
        (False, "tenant_feature"),
        (True, "tenant_flag"),
        (False, "user_flag"),
        (False, "kill_switch"),
    ]
    assert seen[-1].reason == "The provider is down"
    assert [each.config.get("from") for each in seen] == [None, "feature", "tenant", "user", None]


def test_a_kill_switch_that_is_not_active_says_nothing(tenant):
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY, is_active=False)
    assert decide(on_plan(tenant, PlanTier.PROFESSIONAL)).open


def test_a_user_s_flag_is_for_that_user_alone(tenant, member, viewer):
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, user=member, is_enabled=True)
    assert decide(tenant, member).open
    assert not decide(tenant, viewer).open
    assert not decide(tenant).open


def test_an_expired_flag_counts_as_absent_from_that_very_moment(tenant):
    with in_tenant(tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True, expires_at=NOW)
    assert decide(tenant, now=NOW - timedelta(microseconds=1)).source == "tenant_flag"
    assert decide(tenant, now=NOW).source == "default"


def test_another_tenant_s_flags_say_nothing_even_to_the_platform(tenant, other_tenant):
    with in_tenant(other_tenant):
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True)
        TenantFeatureFactory.create(feature_key="voice-agent")
    with platform_context():
        assert not features.evaluate(KEY, tenant=tenant).open
        assert not features.evaluate("voice-agent", tenant=tenant).open


def test_all_features_take_two_queries(tenant, member, django_assert_num_queries):
    with in_tenant(tenant):
        for number in range(5):
            TenantFeatureFactory.create(feature_key=f"feature-{number}")
            FeatureFlagFactory.create(feature_key=f"flag-{number}")
    with tenant_context(tenant.pk), django_assert_num_queries(2):
        assert len(features.evaluate_all(tenant=tenant, user_id=member.pk)) == len(features.CATALOGUE) + 10


def test_a_request_asks_once(tenant, member, django_assert_num_queries):
    access = Access(user=member, tenant_id=tenant.pk, details={"tenant": tenant})
    with tenant_context(tenant.pk), django_assert_num_queries(2):
        assert features.gate(access, "dashboard")[0] is True
        assert features.gate(access, KEY) == (False, "This feature is not part of the plan.")


def test_the_api_shows_the_decisions_with_their_reasons(tenant, viewer, api):
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
def test_a_tenant_switches_on_what_its_plan_includes_and_off_anything(tenant, admin, api, url, field):
    assert problem(switch(api, admin, url, field, True)) == (403, "not_in_plan")
    off = switch(api, admin, url, field, False)
    assert off.status_code == 201, off.content
    row = f"{url}{off.json()['id']}/"
    assert problem(api(admin).patch(row, {field: True}, format="json")) == (403, "not_in_plan")
    on_plan(tenant, PlanTier.PROFESSIONAL)
    assert api(admin).patch(row, {field: True}, format="json").status_code == 200
    assert api(admin).delete(row).status_code == 204


def test_what_the_platform_granted_a_tenant_may_switch_off_and_on_again(tenant, admin, superuser, api):
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


def test_a_tenant_cannot_grant_itself_anything(admin, api):
    body = {"feature_key": KEY, "enabled": False, "granted": True}
    assert problem(api(admin).post(FEATURES, body, format="json")) == (400, "invalid")


def test_what_the_platform_takes_back_is_not_granted_any_more(tenant, admin, superuser, api):
    from lad import writes

    with platform_context(tenant_id=tenant.pk):
        row = writes.create(TenantFeature, {"tenant": tenant, "feature_key": KEY}, actor=superuser)
        writes.update(row, {"enabled": False}, actor=superuser)
    response = api(admin).patch(f"{FEATURES}{row.pk}/", {"enabled": True}, format="json")
    assert problem(response) == (403, "not_in_plan")


def test_a_trial_the_platform_gave_is_not_made_longer_by_the_tenant(tenant, admin, api):
    with in_tenant(tenant):
        flag = FeatureFlagFactory.create(
            feature_key=KEY, is_enabled=True, expires_at=timezone.now() + timedelta(days=1)
        )
    url = f"{FLAGS}{flag.pk}/"
    assert problem(api(admin).patch(url, {"expires_at": None}, format="json")) == (403, "not_in_plan")
    assert api(admin).patch(url, {"is_enabled": False}, format="json").status_code == 200


def test_a_kill_switch_is_out_of_every_tenant_s_reach(tenant, owner):
    with platform_context():
        FeatureKillSwitchFactory.create(feature_key=KEY)
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"), tenant_context(tenant.pk):
        FeatureKillSwitch.objects.update(is_active=False)


def test_a_member_of_two_tenants_is_judged_by_the_one_they_work_in(tenant, other_tenant, owner, api):
    with in_tenant(other_tenant):
        MembershipFactory.create(user=owner)
        FeatureFlagFactory.create(feature_key=KEY, is_enabled=True)

    def is_open(where):
        shown = api(owner, tenant=where).get("/api/v1/features/").json()["features"]
        return {each["key"]: each["open"] for each in shown}[KEY]

    assert (is_open(tenant), is_open(other_tenant)) == (False, True)
