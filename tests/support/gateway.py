"""The gateway to LinkedIn, Instagram and WhatsApp at the sandbox, as LAD's accounts see it.

def test_…(gateway):
    account = gateway.linkedin()
    lead = gateway.lead("accepts.1")
    result = gateway.do(account, lead, Action.INVITATION, "Hello")
    gateway.sandbox.advance(hours=1)
    gateway.deliver()                   # what the gateway reports, as it came
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import stamina
from django.utils import timezone
from rest_framework.test import APIClient

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.channels.protocol import Result, driver_of
from campaigns.gateways.unipile import webhooks
from campaigns.messages.models import Action, Message, MessageState
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import NetworkContact
from campaigns.network_contacts.services import channel_of
from campaigns.provider_reports import worker
from campaigns.provider_reports.unipile import PATH
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import ChannelAccountFactory, LinkedinAccountFactory, MessageFactory
from tests.factories.leads import LeadFactory
from tests.support.database import stored
from tests.support.networks import Report, Reported, reports
from tests.support.sandbox import Sandbox

SECRET = "what-the-gateway-brings-with-each-report"
KEY = "sandbox"


@dataclass
class Gateway:
    """Accounts of a tenant at the gateway, and what the gateway reports of them."""

    sandbox: Sandbox
    tenant: Tenant
    heard: Reported
    taken: int = 0
    made: list[NetworkAccount] = field(default_factory=list)

    def linkedin(self, id: str = "maya", *, tenant: Tenant | None = None, **values: Any) -> LinkedinAccount:
        """Return a LinkedIn account that is connected."""
        self.sandbox.call(
            "POST", "/unipile/accounts", json={"id": id, "type": "LINKEDIN", "name": "Maya Sender", **values}
        )
        with platform_context(tenant_id=(tenant or self.tenant).pk):
            account: LinkedinAccount = LinkedinAccountFactory.create(unipile_account_id=id)
        return account

    def channel(self, channel: Channel, id: str, **values: Any) -> ChannelAccount:
        """Return a WhatsApp or Instagram account that is connected through the gateway."""
        network = "WHATSAPP" if channel == Channel.WHATSAPP else "INSTAGRAM"
        identifier = "+442079460200" if channel == Channel.WHATSAPP else "maya.sender"
        body = {"id": id, "type": network, "name": "Maya Sender", "identifier": identifier, **values}
        self.sandbox.call("POST", "/unipile/accounts", json=body)
        with platform_context(tenant_id=self.tenant.pk):
            account: ChannelAccount = ChannelAccountFactory.create(
                channel=channel, provider="unipile", provider_account_id=id, address=identifier
            )
        return account

    def lead(self, name: str = "", **values: Any) -> Lead:
        """Return a lead with the LinkedIn profile of this name."""
        given = {"linkedin_url": f"https://www.linkedin.com/in/{name}"} if name else {}
        with platform_context(tenant_id=self.tenant.pk):
            lead: Lead = LeadFactory.create(**{**given, **values})
        return lead

    def message(
        self, account: NetworkAccount, lead: Lead, action: Action = Action.MESSAGE, body: str = "", **values: Any
    ) -> Message:
        """Return what is to be done, as the sender has claimed it."""
        channel = channel_of(account)
        address = lead.linkedin_url if channel == Channel.LINKEDIN else lead.phone
        given = {
            "lead": lead,
            "channel": channel,
            "action": action,
            "state": MessageState.SENDING,
            "body": body,
            "subject": "",
            "to_address": address,
            "begun_at": timezone.now(),
            "attempts": 1,
            account.message_column: account,
        }
        with platform_context(tenant_id=account.tenant_id):
            message: Message = MessageFactory.create(**{**given, **values})
        return message

    def send(self, account: NetworkAccount, message: Message) -> Result:
        """Hand it over as the sender does, and keep the result of a success as the sender would."""
        driver = driver_of(message.channel, str(getattr(account, "provider", "")))
        session = driver.open(account)
        result = session.send(message)
        if result.fate == "sent":
            with tenant_context(account.tenant_id):
                Message.objects.filter(pk=message.pk).update(
                    state=MessageState.SENT,
                    occurred_at=timezone.now(),
                    provider_id=str(result.facts.get("provider_id") or ""),
                )
                known = {"chat_id": "chat_id", "person_id": "provider_id", "invitation_id": "invitation_id"}
                values = {known[name]: value for name, value in result.facts.items() if name in known}
                if "relation" in result.facts and message.action == Action.INVITATION:
                    values |= {"relation": result.facts["relation"], "invited_at": timezone.now()}
                contacts.keep(account, message.lead_id, **values)  # type: ignore[arg-type]
        return result

    def do(self, account: NetworkAccount, lead: Lead, action: Action, body: str = "", **values: Any) -> Result:
        """Do something towards a lead."""
        return self.send(account, self.message(account, lead, action, body, **values))

    def find(self, account: NetworkAccount, message: Message) -> str:
        driver = driver_of(message.channel, str(getattr(account, "provider", "")))
        return str(driver.find(account, [message])[message.pk])

    def contact(self, account: NetworkAccount, lead: Lead) -> NetworkContact:
        with tenant_context(account.tenant_id):
            return contacts.contacts_of(account, [lead.pk])[lead.pk]

    def connect(self, account: NetworkAccount, name: str) -> None:
        """Let an account and somebody be connected on the network, without a word to LAD."""
        known = account.unipile_account_id if isinstance(account, LinkedinAccount) else ""
        self.sandbox.call("POST", f"/unipile/accounts/{known}/relations", json={"person": name})

    def write(self, account: str, person: str, text: str, *, by: str = "person") -> None:
        """Let a person write, or the owner by hand."""
        self.sandbox.call("POST", "/unipile/write", json={"account": account, "person": person, "text": text, "by": by})

    def publish(self, person: str, text: str, *, network: str = "LINKEDIN") -> None:
        """Let a person publish a post."""
        self.sandbox.call("POST", "/unipile/posts", json={"type": network, "person": person, "text": text})

    def done(self, **matching: str) -> list[dict[str, Any]]:
        """Return what reached people, by the sandbox's own books."""
        found: list[dict[str, Any]] = self.sandbox.call("GET", "/networks/actions", params=matching).json()["actions"]
        return found

    def new_reports(self) -> list[Report]:
        """Return what the gateway reported since this was asked last."""
        self.sandbox.advance(seconds=1)
        new = self.heard.reports[self.taken :]
        self.taken += len(new)
        return new

    def deliver(self, given: Sequence[Report] | None = None, *, work: bool = True) -> list[Any]:
        """Take reports to LAD's address as they came, and let the worker work on them. Return the answers."""
        answers = [post(each.body, each.headers) for each in (self.new_reports() if given is None else given)]
        if work:
            worker.run_due()
        return answers

    def messages(self, **lookup: Any) -> list[Message]:
        with platform_context(tenant_id=self.tenant.pk):
            return list(Message.objects.filter(**lookup).order_by("created_at", "pk"))

    def later(self, message: Message, **delta: float) -> Message:
        """Let a message have begun so long ago."""
        with platform_context(tenant_id=self.tenant.pk):
            Message.objects.filter(pk=message.pk).update(begun_at=timezone.now() - timedelta(**delta))
        return stored(message)


def post(body: bytes, headers: dict[str, str] | None = None) -> Any:
    """Post a report to LAD's address, as whoever knows it can."""
    given = {"unipile-auth": SECRET} if headers is None else headers
    kept = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items() if name == "unipile-auth"}
    return APIClient().post(PATH, body, content_type="application/json", **kept)  # type: ignore[arg-type]


@pytest.fixture
def gateway(sandbox: Sandbox, tenant: Tenant, settings: Any) -> Iterator[Gateway]:
    """The gateway at the sandbox. It reports to a listener, from which tests take the reports to LAD."""
    settings.UNIPILE_BASE_URL, settings.UNIPILE_API_KEY = f"{sandbox.url}/unipile", KEY
    settings.UNIPILE_WEBHOOK_SECRET = SECRET
    with reports() as heard, stamina.set_testing(True, attempts=3):
        webhooks.register(heard.url, SECRET)
        yield Gateway(sandbox, tenant, heard)
