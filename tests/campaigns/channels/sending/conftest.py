"""A mailbox on the sandbox, and messages that are due."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.messages import services
from campaigns.messages.models import Message
from campaigns.messages.services import Draft
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability.models import ContactPolicy
from tenants.teams.models import Tenant
from tests.factories.campaigns import EmailAccountFactory
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

SENDER = "maya@kestrel.example"


@pytest.fixture
def policy(tenant: Tenant) -> ContactPolicy:
    """A policy that allows outreach at any hour of any day."""
    with platform_context(tenant_id=tenant.pk):
        return ContactPolicyFactory.create(
            tenant=tenant,
            contact_from="00:00",
            contact_until="23:59:59.999999",
            skips_holidays=False,
            max_per_day=100,
            max_per_week=500,
        )


@pytest.fixture
def make_account(tenant: Tenant, sandbox: Sandbox) -> Callable[..., EmailAccount]:
    """``make_account(email, …)`` creates a mailbox on the sandbox and its account, without a gap."""

    def make(email: str = SENDER, *, saves_sent: bool = True, **values: Any) -> EmailAccount:
        sandbox.mailbox(email, password="secret", saves_sent=saves_sent)
        host, port = sandbox.smtp
        imap_host, imap_port = sandbox.imap
        given = {
            "email": email,
            "from_name": "Maya",
            "smtp_host": host,
            "smtp_port": port,
            "smtp_secure": False,
            "smtp_password": "secret",
            "imap_host": imap_host,
            "imap_port": imap_port,
            "imap_secure": False,
            "status": EmailAccountStatus.CONNECTED,
            "saves_sent": saves_sent,
            "min_gap_seconds": 0,
        }
        with platform_context(tenant_id=tenant.pk):
            return EmailAccountFactory.create(**{**given, **values})

    return make


@pytest.fixture
def account(make_account: Callable[..., EmailAccount], policy: ContactPolicy) -> EmailAccount:
    return make_account()


@pytest.fixture
def queue(tenant: Tenant) -> Callable[..., list[Message]]:
    """``queue(account, number, …)`` queues messages to as many leads."""

    def queue(account: EmailAccount, number: int = 1, **values: Any) -> list[Message]:
        with platform_context(tenant_id=tenant.pk):
            drafts = [
                Draft(
                    **{
                        "lead_id": LeadFactory.create(email=f"person{number}@people.example").pk,
                        "channel": Channel.EMAIL,
                        "subject": f"Hello {number}",
                        "body": "How are you?",
                        "email_account_id": account.pk,
                        **values,
                    }
                )
                for number in range(number)
            ]
            ids = services.queue(drafts)
            return [Message.objects.get(pk=each) for each in ids]

    return queue


def make_due(messages: list[Message], **values: Any) -> None:
    """Move the next attempt, or the next look, to now."""
    with platform_context():
        Message.objects.filter(pk__in=[each.pk for each in messages]).update(
            **{"next_attempt_at": timezone.now(), **values}
        )


def states(messages: list[Message]) -> list[str]:
    return [stored(each).state for each in messages]
