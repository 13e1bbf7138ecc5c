"""An invitation and its queued mail."""

import pytest
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.mail.models import MailDelivery, MailState
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant, TenantInvitation
from tests.factories.tenants import TenantInvitationFactory


@pytest.fixture
def invitation(tenant: Tenant, owner: User) -> TenantInvitation:
    with platform_context(tenant_id=tenant.pk):
        return TenantInvitationFactory.create(email="grace@example.com", invited_by=owner, message="Join us & <win>")


@pytest.fixture
def queued(invitation: TenantInvitation) -> MailDelivery:
    """An invitation mail that is due."""
    with platform_context():
        return MailDelivery.objects.create(
            tenant=invitation.tenant,
            kind="invitation",
            to_address=invitation.email,
            subject_id=invitation.pk,
            idempotency_key=f"invitation.{uuid7()}",
            next_attempt_at=timezone.now(),
        )


def state_of(mail: MailDelivery) -> tuple[MailState, str]:
    with platform_context():
        row = MailDelivery.objects.get(pk=mail.pk)
    return MailState(row.state), row.error
