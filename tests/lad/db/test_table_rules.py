"""What the tables enforce by themselves, whoever writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from tenants.access.models import UserCapability
from tenants.accounts.models import User
from tenants.features.models import FeatureFlag, TenantFeature
from tenants.teams.models import Membership, Role, Tenant
from tests.conftest import superuser_connection
from tests.factories.tenants import FeatureFlagFactory, MemberFactory, TenantFeatureFactory, UserCapabilityFactory

pytestmark = pytest.mark.django_db


def execute(sql: str, *arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)


class TestUpdatedAt:
    def test_every_update_moves_it_even_within_one_transaction(self, tenant: Tenant) -> None:
        with tenant_context(tenant.pk):
            feature = TenantFeatureFactory.create()
            moments = [feature.updated_at]
            for enabled in (False, True):
                TenantFeature.objects.update(enabled=enabled)
                moments.append(TenantFeature.objects.get().updated_at)

        assert moments == sorted(set(moments))

    def test_nobody_can_set_it(self, tenant: Tenant) -> None:
        before = timezone.now()
        with tenant_context(tenant.pk):
            feature = TenantFeatureFactory.create()
            execute("UPDATE tenant_features SET updated_at = '2001-01-01'")
            TenantFeature.objects.update(updated_at=datetime(2001, 1, 1, tzinfo=UTC))
            feature.refresh_from_db()

        assert before < feature.updated_at < timezone.now() + timedelta(seconds=1)


class TestDefaults:
    def test_a_row_made_by_sql_gets_its_key_times_and_values(self, tenant: Tenant) -> None:
        with tenant_context(tenant.pk):
            execute("INSERT INTO tenant_features (tenant_id, feature_key) VALUES (%s, 'leads')", tenant.pk)
            feature = TenantFeature.objects.get()

        assert feature.pk.version == 4
        assert (feature.enabled, feature.config) == (True, {})
        assert abs(feature.created_at - timezone.now()) < timedelta(minutes=1)

    def test_a_row_made_by_the_application_gets_a_time_ordered_key(self, tenant: Tenant) -> None:
        with tenant_context(tenant.pk):
            keys = [TenantFeatureFactory.create().pk for _ in range(5)]

        assert keys == sorted(keys)
        assert {key.version for key in keys} == {7}


BROKEN_RULES = {
    "value-list": ("UPDATE memberships SET role = 'emperor'", "memberships_role_valid"),
    "lower-case": ("UPDATE users SET email = upper(email)", "users_email_lowercase"),
    "blank-name": ("UPDATE tenants SET name = ' '", "tenants_name_not_blank"),
    "one-owner": ("UPDATE memberships SET role = 'owner'", "memberships_one_owner_key"),
    "same-name": ("UPDATE tenants SET name = 'ACME outreach', slug = slug || '-2'", "tenants_live_name_key"),
    "no-such-user": ("UPDATE memberships SET invited_by = gen_random_uuid()", "memberships_invited_by_fkey"),
}


@pytest.mark.parametrize(("sql", "constraint"), BROKEN_RULES.values(), ids=BROKEN_RULES.keys())
def test_the_database_refuses_what_breaks_a_rule(
    tenant: Tenant, other_tenant: Tenant, owner: User, member: User, sql: str, constraint: str
) -> None:
    with platform_context(), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        execute(sql)


class TestKeys:
    def test_a_removed_user_takes_along_what_is_theirs_and_leaves_what_they_only_touched(self, tenant: Tenant) -> None:
        with platform_context(tenant_id=tenant.pk):
            host, guest = MemberFactory.create(), MemberFactory.create()
            Membership.objects.filter(user=guest).update(invited_by=host)
            UserCapabilityFactory.create(user=host, tenant=tenant)
            execute("DELETE FROM users WHERE id = %s", host.pk)

            invited = Membership.objects.get(user=guest)
            assert (invited.invited_by_id, invited.tenant_id) == (None, tenant.pk)
            assert not Membership.all_objects.filter(user=host).exists()
            assert not UserCapability.objects.exists()

    def test_a_flag_is_for_a_member_of_its_tenant_or_for_all(
        self, tenant: Tenant, member: User, other_owner: User
    ) -> None:
        with tenant_context(tenant.pk):
            FeatureFlagFactory.create(user=None)
            FeatureFlagFactory.create(user=member)
            with pytest.raises(IntegrityError, match="feature_flags_user_same_tenant"), transaction.atomic():
                FeatureFlagFactory.create(user=other_owner)
            assert FeatureFlag.objects.count() == 2

    def test_a_former_member_may_still_be_pointed_at(self, tenant: Tenant, member: User) -> None:
        with tenant_context(tenant.pk):
            Membership.objects.get(user=member).delete()
            FeatureFlagFactory.create(user=member)

            assert FeatureFlag.objects.get().user == member


class TestAppendOnly:
    @pytest.mark.parametrize("verb", ["UPDATE audit_entries SET source = ''", "DELETE FROM audit_entries"])
    def test_even_a_superuser_is_refused(self, tenant: Tenant, verb: str) -> None:
        with superuser_connection() as superuser, superuser.transaction(force_rollback=True):
            superuser.execute("INSERT INTO tenants (name, slug) VALUES ('Trial', 'trial')")
            with pytest.raises(Exception, match="audit_entries is append-only"):
                superuser.execute(verb)

    def test_truncating_is_refused_too(self) -> None:
        with superuser_connection() as superuser, pytest.raises(Exception, match="audit_entries is append-only"):
            superuser.execute("TRUNCATE audit_entries")


def test_one_owner_may_hand_over_to_another_within_a_transaction(tenant: Tenant, owner: User, member: User) -> None:
    with tenant_context(tenant.pk):
        Membership.objects.filter(user=owner).update(role=Role.ADMIN)
        Membership.objects.filter(user=member).update(role=Role.OWNER)

        assert Membership.objects.get(role=Role.OWNER).user == member
        with pytest.raises(DatabaseError, match="memberships_one_owner_key"), transaction.atomic():
            Membership.objects.filter(user=owner).update(role=Role.OWNER)
