"""Leads who write on several channels, recorded as the receivers of messages record them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, EmailAccount, EmailAccountStatus, LinkedinAccount
from campaigns.inbox.models import Conversation
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageKind, MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    ChannelAccountFactory,
    EmailAccountFactory,
    LinkedinAccountFactory,
    MessageFactory,
)
from tests.factories.leads import ContactPolicyFactory, LeadFactory

Said = Callable[..., Message]


@pytest.fixture
def mailbox(tenant: Tenant) -> EmailAccount:
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(tenant=tenant, contact_from="00:00", contact_until="23:59:59", skips_holidays=False)
        return EmailAccountFactory.create(email="sales@acme.example", status=EmailAccountStatus.CONNECTED)


@pytest.fixture
def profile(tenant: Tenant, owner: User) -> LinkedinAccount:
    with platform_context(tenant_id=tenant.pk):
        return LinkedinAccountFactory.create(account_name="Olivia Owner", user=owner)


@pytest.fixture
def number(tenant: Tenant) -> ChannelAccount:
    """A WhatsApp number at Meta, with its window of 24 hours."""
    with platform_context(tenant_id=tenant.pk):
        return ChannelAccountFactory.create(
            account_name="Sales line", channel=Channel.WHATSAPP, provider="whatsapp_cloud", address="+4930123456"
        )


@pytest.fixture
def lead(tenant: Tenant, mailbox: EmailAccount) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(
            assigned_user=None,
            first_name="Ada",
            last_name="Byron",
            company_name="Northwind",
            email="ada@northwind.example",
            phone="+4915112345678",
            linkedin_url="https://www.linkedin.com/in/ada-byron",
        )


@pytest.fixture
def said(tenant: Tenant, mailbox: EmailAccount) -> Said:
    """``said(lead, "Hello")`` records what a lead wrote, as receivers do: in one transaction, with the hooks."""

    def record(lead: Lead | None, body: str, **values: Any) -> Message:
        at: datetime = values.pop("at", None) or timezone.now()
        given = {
            "lead": lead,
            "body": body,
            "channel": Channel.EMAIL,
            "direction": ContactDirection.INBOUND,
            "state": MessageState.RECEIVED,
            "kind": MessageKind.REPLY,
            "subject": "Your offer",
            "from_address": lead.email if lead is not None else "",
            "occurred_at": at,
            "created_at": at,
            **values,
        }
        if given["channel"] == Channel.EMAIL:
            given.setdefault("email_account", mailbox)
        with transaction.atomic(), tenant_context(tenant.pk):
            message: Message = MessageFactory.create(**given)
            hooks.received([message])
        return message

    return record


@pytest.fixture
def sent(tenant: Tenant, mailbox: EmailAccount) -> Said:
    """``sent(lead, "Hello")`` records what the tenant wrote, as senders do."""

    def record(lead: Lead | None, body: str, *, copied: bool = False, **values: Any) -> Message:
        at: datetime = values.pop("at", None) or timezone.now()
        given = {
            "lead": lead,
            "body": body,
            "channel": Channel.EMAIL,
            "state": MessageState.SENT,
            "subject": "An offer",
            "to_address": lead.email if lead is not None else "",
            "occurred_at": at,
            "created_at": at,
            **values,
        }
        if given["channel"] == Channel.EMAIL:
            given.setdefault("email_account", mailbox)
        with transaction.atomic(), tenant_context(tenant.pk):
            message: Message = MessageFactory.create(**given)
            (hooks.copied if copied else hooks.settled)([message])
        return message

    return record


@pytest.fixture
def conversation(tenant: Tenant) -> Callable[[Lead | None], Conversation]:
    """``conversation(lead)`` returns the lead's conversation as it is stored."""

    def read(lead: Lead | None) -> Conversation:
        with platform_context(tenant_id=tenant.pk):
            return Conversation.objects.select_related("lead").get(lead=lead)

    return read


def ago(**values: float) -> datetime:
    return timezone.now() - timedelta(**values)
