"""Periodic maintenance of tenants and accounts."""

from datetime import timedelta

from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import AttemptBudget, RefreshToken
from tenants.accounts.services import sessions
from tenants.accounts.tasks import maintain_tenants
from tenants.teams.models import Tenant, TenantStatus
from tests.factories.tenants import AttemptBudgetFactory, TenantFactory


def test_the_task_ends_trials_and_deletes_expired_rows(owner):
    now = timezone.now()
    sessions.start(user=owner, now=now - timedelta(days=60))
    sessions.start(user=owner, now=now)
    with platform_context():
        overdue = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=now - timedelta(minutes=1))
        for email, minutes in (("old@acme.test", -1), ("new@acme.test", 5)):
            AttemptBudgetFactory.create(subject=email, whole_at=now + timedelta(minutes=minutes))
    maintain_tenants()
    with platform_context():
        assert Tenant.objects.get(pk=overdue.pk).status == TenantStatus.SUSPENDED
        assert RefreshToken.objects.count() == 1
        assert AttemptBudget.objects.get().subject == "new@acme.test"
