"""WhatsApp and SMS accounts on the sandbox, messages that are due, and what the sandbox reports about them.

Import the fixtures that a test needs. The sandbox reports to an address that keeps the reports; ``Reports.deliver``
brings them to LAD as they came, once or several times, in any order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount
from campaigns.channels.reported import report_address
from campaigns.messages import services
from campaigns.messages.models import Message
from campaigns.messages.services import Draft
from campaigns.provider_reports import worker
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import ChannelAccountFactory
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.support.networks import Report, Reported, reports
from tests.support.sandbox import Sandbox

NUMBER_ID = "100000000000001"
BUSINESS_ID = "200000000000001"
WHATSAPP_NUMBER = "+442079460111"
APP_SECRET = "sandbox-app-secret"
ACCOUNT_SID = "AC00000000000000000000000000000001"
AUTH_TOKEN = "sandbox-token"
SMS_NUMBER = "+12025550101"
PERSON = "+4915112345678"
SIGNATURES = ("x-hub-signature-256", "x-twilio-signature")


@pytest.fixture
def open_policy(tenant: Tenant) -> None:
    """A policy that allows outreach at any hour of any day."""
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(
            tenant=tenant,
            contact_from="00:00",
            contact_until="23:59:59.999999",
            skips_holidays=False,
            max_per_day=100,
            max_per_week=500,
        )


@dataclass
class Reports:
    """What the sandbox has reported, and how it comes to LAD."""

    heard: Reported
    sandbox: Sandbox

    def take(self, **delta: float) -> list[Report]:
        """Let the sandbox report what it has, and return it."""
        self.sandbox.advance(**(delta or {"seconds": 10}))
        found, self.heard.reports[:] = list(self.heard.reports), []
        return found

    def deliver(self, given: Sequence[Report] | None = None, **delta: float) -> list[int]:
        """Bring reports to LAD and work on them. Return LAD's answers."""
        answers = [post(report) for report in (self.take(**delta) if given is None else given)]
        worker.run_due()
        return answers


def post(report: Report, *, body: bytes | None = None, path: str = "", signature: str | None = None) -> int:
    """Bring a report to LAD as it came, or with other contents, and return the answer."""
    signed = {name: value for name, value in report.headers.items() if name in SIGNATURES}
    headers = signed if signature is None else dict.fromkeys(signed, signature)
    answer = Client().post(
        path or report.path,
        report.body if body is None else body,
        content_type=report.headers.get("content-type", "application/json"),
        headers=headers,
    )
    return answer.status_code


@pytest.fixture
def reported(sandbox: Sandbox, settings: Any) -> Iterator[Reports]:
    with reports() as heard:
        parts = urlsplit(heard.url)
        settings.PUBLIC_URL = f"{parts.scheme}://{parts.netloc}"
        sandbox.clock(now=timezone.now().timestamp())
        yield Reports(heard, sandbox)


@pytest.fixture
def whatsapp(tenant: Tenant, sandbox: Sandbox, reported: Reports, open_policy: None) -> ChannelAccount:
    """The sandbox's number, without a gap. It reports to LAD's address."""
    with platform_context(tenant_id=tenant.pk):
        account: ChannelAccount = ChannelAccountFactory.create(
            channel=Channel.WHATSAPP,
            provider="whatsapp_cloud",
            provider_account_id=NUMBER_ID,
            provider_parent_id=BUSINESS_ID,
            address=WHATSAPP_NUMBER,
            base_url=f"{sandbox.url}/whatsapp",
            secret=AUTH_TOKEN,
            webhook_secret=APP_SECRET,
            min_gap_seconds=0,
        )
    told = {"webhook": report_address(account), "webhook_secret": APP_SECRET}
    sandbox.call("POST", f"/networks/accounts/{NUMBER_ID}", json=told)
    return account


@pytest.fixture
def twilio(tenant: Tenant, sandbox: Sandbox, reported: Reports, open_policy: None) -> ChannelAccount:
    """A Twilio account with one number, without a gap. It reports to LAD's address."""
    with platform_context(tenant_id=tenant.pk):
        account: ChannelAccount = ChannelAccountFactory.create(
            channel=Channel.SMS,
            provider="twilio",
            provider_account_id=SMS_NUMBER,
            provider_parent_id=ACCOUNT_SID,
            address=SMS_NUMBER,
            base_url=f"{sandbox.url}/twilio",
            secret=AUTH_TOKEN,
            min_gap_seconds=0,
        )
    told = {"numbers": [SMS_NUMBER], "webhook": report_address(account), "webhook_secret": AUTH_TOKEN}
    sandbox.call("POST", f"/networks/accounts/{ACCOUNT_SID}", json=told)
    return account


@pytest.fixture
def person(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        lead: Lead = LeadFactory.create(phone=PERSON)
    return lead


@pytest.fixture
def queue(tenant: Tenant) -> Callable[..., Message]:
    """``queue(account, lead, …)`` queues a message to a lead."""

    def queue(account: ChannelAccount, lead: Lead, **values: Any) -> Message:
        draft = {"channel": account.channel, "subject": "", "body": "How are you?", **values}
        with platform_context(tenant_id=tenant.pk):
            [key] = services.queue([Draft(lead_id=lead.pk, channel_account_id=account.pk, **draft)])
            return Message.objects.get(pk=key)

    return queue


def write(sandbox: Sandbox, account: ChannelAccount, text: str, *, person: str = PERSON) -> None:
    """Let somebody write to an account on the sandbox."""
    if account.provider == "twilio":
        body = {"account": ACCOUNT_SID, "to": account.address, "person": person, "text": text}
        sandbox.call("POST", "/twilio/write", json=body)
    else:
        body = {"account": account.provider_account_id, "person": person, "text": text}
        sandbox.call("POST", "/whatsapp/write", json=body)


def sent(sandbox: Sandbox) -> list[str]:
    """Return the texts that reached people, oldest first."""
    return [str(entry["text"]) for entry in sandbox.call("GET", "/networks/actions").json()["actions"]]
