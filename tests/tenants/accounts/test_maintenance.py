"""What time alone brings about."""

from datetime import timedelta

from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import RefreshToken, SignInFailure
from tenants.accounts.services import sessions
from tenants.accounts.tasks import tend_tenants
from tenants.teams.models import Tenant, TenantStatus
from tests.factories.tenants import TenantFactory


def test_the_task_ends_trials_and_clears_away_what_expired(owner):
    now = timezone.now()
    sessions.start(user=owner, now=now - timedelta(days=60))
    sessions.start(user=owner, now=now)
    with platform_context():
        over = TenantFactory.create(status=TenantStatus.TRIAL, trial_ends_at=now - timedelta(minutes=1))
        for email, age in (("old@acme.test", 25), ("new@acme.test", 1)):
            SignInFailure.objects.create(email=email, failures=3, last_failed_at=now - timedelta(hours=age))
    tend_tenants()
    with platform_context():
        assert Tenant.objects.get(pk=over.pk).status == TenantStatus.SUSPENDED
        assert RefreshToken.objects.count() == 1
        assert SignInFailure.objects.get().email == "new@acme.test"
