"""Deleting marks, hides and can be undone exactly."""

from datetime import datetime

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from lad.db.deletion import NotDeleted, restore
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, Role, Tenant, TenantInvitation
from tests.factories.tenants import MembershipFactory, TenantFeatureFactory, TenantInvitationFactory, UserFactory

pytestmark = pytest.mark.django_db


def user_in(*tenants: Tenant) -> User:
    user = UserFactory.create()
    for tenant in tenants:
        MembershipFactory.create(user=user, tenant=tenant)
    return user


def live_memberships(user: User) -> set[str]:
    return set(Membership.objects.filter(user=user).values_list("tenant__slug", flat=True))


def test_a_deleted_row_is_hidden_but_not_gone(tenant: Tenant, member: User) -> None:
    with tenant_context(tenant.pk):
        membership = Membership.objects.get(user=member)
        assert membership.delete() == (1, {"tenants.Membership": 1})

        assert not Membership.objects.filter(pk=membership.pk).exists()
        hidden = Membership.all_objects.get(pk=membership.pk)
    assert isinstance(hidden.deleted_at, datetime)
    assert hidden.role == Role.MEMBER


def test_what_belongs_to_a_row_is_deleted_with_it_and_comes_back_with_it(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context():
        user = user_in(tenant, other_tenant)
        assert user.delete() == (3, {"tenants.User": 1, "tenants.Membership": 2})
        assert live_memberships(user) == set()

        assert restore(User.all_objects.get(pk=user.pk)) == 3
        assert live_memberships(user) == {tenant.slug, other_tenant.slug}


def test_a_restore_undoes_one_deletion_and_leaves_earlier_ones(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context():
        user = user_in(tenant, other_tenant)
        Membership.objects.get(user=user, tenant=other_tenant).delete()
        user.delete()

        assert restore(User.all_objects.get(pk=user.pk)) == 2
        assert live_memberships(user) == {tenant.slug}


def test_a_restore_brings_back_nobody_elses_rows(tenant: Tenant) -> None:
    with platform_context():
        first, second = user_in(tenant), user_in(tenant)
        first.delete()
        second.delete()

        restore(User.all_objects.get(pk=first.pk))
        assert live_memberships(first) == {tenant.slug}
        assert live_memberships(second) == set()


def test_rows_deleted_by_a_queryset_come_back_together(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        TenantInvitationFactory.create_batch(3)
        kept = TenantInvitationFactory.create()
        count, _ = TenantInvitation.objects.exclude(pk=kept.pk).delete()
        assert (count, TenantInvitation.objects.count(), TenantInvitation.all_objects.deleted().count()) == (3, 1, 3)

        assert restore(TenantInvitation.all_objects.deleted()[0]) == 3
        assert TenantInvitation.objects.count() == 4


def test_a_row_that_is_not_deleted_cannot_be_restored(tenant: Tenant, member: User) -> None:
    with tenant_context(tenant.pk), pytest.raises(NotDeleted):
        restore(Membership.objects.get(user=member))


def test_deleting_twice_keeps_the_first_moment(tenant: Tenant, member: User) -> None:
    with tenant_context(tenant.pk):
        membership = Membership.objects.get(user=member)
        membership.delete()
        first = Membership.all_objects.get(pk=membership.pk)
        assert membership.delete() == (0, {})
        again = Membership.all_objects.get(pk=membership.pk)

    assert (again.deleted_at, again.deletion_id) == (first.deleted_at, first.deletion_id)


def test_a_deleted_row_frees_its_unique_place_until_it_is_restored(db: None) -> None:
    with platform_context():
        gone = UserFactory.create(email="ann@acme.test")
        gone.delete()
        UserFactory.create(email="ann@acme.test")

        with pytest.raises(IntegrityError, match="users_live_email_key"), transaction.atomic():
            restore(User.all_objects.get(pk=gone.pk))
        assert User.all_objects.get(pk=gone.pk).deleted_at is not None


def test_only_the_platform_removes_for_good(tenant: Tenant, member: User) -> None:
    with tenant_context(tenant.pk), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Membership.objects.filter(user=member).hard_delete()
    with platform_context():
        Membership.objects.filter(user=member).hard_delete()
        assert not Membership.all_objects.filter(user=member).exists()


def test_a_row_that_is_not_soft_deletable_is_removed(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        TenantFeatureFactory.create().delete()
        assert TenantFeature.all_objects.count() == 0
