"""A mailbox in the sandbox, and a message that was sent from it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.receiving import polling
from campaigns.channels.email.receiving.classification import looks_like_report, reported_addresses
from campaigns.channels.email.receiving.matching import match
from campaigns.channels.email.receiving.parsing import read as read_mail
from campaigns.channels.email.receiving.recording import Received, record
from campaigns.messages import hooks
from campaigns.messages.models import Message
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.channels.email.receiving.mails import ACCOUNT, LEAD, SENT_BODY, SENT_ID
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, EmailAccountFactory, MessageFactory
from tests.factories.leads import LeadFactory

SENT_AT = datetime(2026, 2, 20, 8, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 2, 20, 9, tzinfo=UTC)


@pytest.fixture
def account(tenant: Tenant) -> EmailAccount:
    with platform_context(tenant_id=tenant.pk):
        return EmailAccountFactory.create(email=ACCOUNT)


@pytest.fixture
def sent(tenant: Tenant, account: EmailAccount) -> Message:
    """A message of a campaign to a lead, sent from the account."""
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(email=LEAD, first_name="Kim")
        campaign = CampaignFactory.create()
        return MessageFactory.create(
            lead=lead,
            campaign=campaign,
            campaign_lead=CampaignLeadFactory.create(campaign=campaign, lead=lead),
            email_account=account,
            to_address=LEAD,
            from_address=ACCOUNT,
            message_id=SENT_ID,
            subject="An hour a day",
            body=SENT_BODY,
            occurred_at=SENT_AT,
        )


@pytest.fixture
def connected(account: EmailAccount, sandbox: Any, tenant: Tenant) -> EmailAccount:
    """The account with its mailbox in the sandbox."""
    sandbox.mailbox(account.email, password="secret")
    host, port = sandbox.imap
    with platform_context(tenant_id=tenant.pk):
        values = {"imap_host": host, "imap_port": port, "imap_secure": False, "imap_password": "secret"}
        EmailAccount.objects.filter(pk=account.pk).update(**values, next_poll_at=timezone.now())
        account.refresh_from_db()
    return account


@pytest.fixture
def messages(tenant: Tenant) -> Callable[..., list[Message]]:
    """``messages(kind="reply")`` returns the recorded messages, oldest first."""

    def find(**values: Any) -> list[Message]:
        with platform_context(tenant_id=tenant.pk):
            return list(Message.objects.filter(**values).order_by("created_at", "pk"))

    return find


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the features above are told, by hook."""
    heard: dict[str, list[str]] = {"received": [], "happened": []}
    monkeypatch.setattr(hooks, "_received", [lambda rows: heard["received"].extend(row.kind for row in rows)])
    monkeypatch.setattr(hooks, "_happened", [lambda rows: heard["happened"].extend(row.kind for row in rows)])
    return heard


@pytest.fixture
def receive(account: EmailAccount) -> Callable[..., int]:
    """``receive(raw, …)`` records messages as if they came from the mailbox. Returns how many were new."""

    def receive_now(*raws: bytes, mailbox: EmailAccount = account, at: datetime = RECEIVED_AT) -> int:
        mails = [read_mail(raw) for raw in raws]
        others = {
            number: each.recipients if each.sender == mailbox.email else reported_addresses(each)
            for number, each in enumerate(mails)
            if each.sender == mailbox.email or looks_like_report(each)
        }
        with tenant_context(mailbox.tenant_id):
            found = match(mails, account=mailbox, others=others, now=at)
            rows = [Received(each, at, "INBOX", 1, by) for each, by in zip(mails, found, strict=True) if by]
            return record(mailbox, rows)

    return receive_now


@pytest.fixture
def read() -> Callable[[EmailAccount], int]:
    """``read(account)`` reads the mailbox now and returns how many messages were new."""

    def read_now(account: EmailAccount) -> int:
        count = polling.read_account(account.pk)
        assert count is not None
        return count

    return read_now
