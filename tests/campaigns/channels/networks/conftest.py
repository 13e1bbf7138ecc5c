"""A provider of networks in this process that notes what it is given and answers as a test says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.channels.protocol import Fate, Found, Result
from campaigns.messages import services
from campaigns.messages.models import Action, Message
from campaigns.messages.services import Draft
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import policy as policy
from tests.factories.campaigns import ChannelAccountFactory, LinkedinAccountFactory
from tests.factories.leads import LeadFactory


@dataclass
class Recorder:
    """The provider: what it was given, in order, and what it answers next."""

    given: list[Message] = field(default_factory=list)
    answers: list[Result] = field(default_factory=list)
    found: dict[UUID, Found] = field(default_factory=dict)
    trouble: Exception | None = None
    account: Any = None

    def open(self, account: NetworkAccount) -> "Recorder":
        if self.trouble is not None:
            raise self.trouble
        return self

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        self.given.append(message)
        return self.answers.pop(0) if self.answers else Result(Fate.SENT, facts={"provider_id": f"sent-{message.pk}"})

    def prepare(self, message: Message) -> None:
        pass

    def close(self) -> None:
        pass

    def find(self, account: NetworkAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        return {message.pk: self.found[message.pk] for message in messages if message.pk in self.found}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    recorder = Recorder()
    monkeypatch.setattr("campaigns.channels.sending.account_kinds.driver_of", lambda channel, provider="": recorder)
    yield recorder


@pytest.fixture
def make_linkedin(tenant: Tenant, policy: Any) -> Callable[..., LinkedinAccount]:
    """``make_linkedin(…)`` creates an account without a gap."""

    def make(**values: Any) -> LinkedinAccount:
        with platform_context(tenant_id=tenant.pk):
            return LinkedinAccountFactory.create(**{"min_gap_seconds": 0, **values})

    return make


@pytest.fixture
def linkedin(make_linkedin: Callable[..., LinkedinAccount]) -> LinkedinAccount:
    return make_linkedin()


@pytest.fixture
def sms(tenant: Tenant, policy: Any) -> ChannelAccount:
    with platform_context(tenant_id=tenant.pk):
        return ChannelAccountFactory.create(channel=Channel.SMS, provider="twilio", min_gap_seconds=0)


@pytest.fixture
def queue(tenant: Tenant) -> Callable[..., list[Message]]:
    """``queue(account, number, action=…)`` queues actions towards as many leads."""

    def queue(
        account: NetworkAccount, number: int = 1, *, action: Action = Action.MESSAGE, **values: Any
    ) -> list[Message]:
        channel = Channel(account.channel) if isinstance(account, ChannelAccount) else Channel.LINKEDIN
        with platform_context(tenant_id=tenant.pk):
            drafts = []
            for _each in range(number):
                lead = LeadFactory.create(phone="+971501234567")
                type(lead).objects.filter(pk=lead.pk).update(linkedin_url=f"https://www.linkedin.com/in/{lead.pk}")
                given = {"lead_id": lead.pk, "channel": channel, "subject": "", "body": "Hello", "action": action}
                drafts.append(Draft(**{**given, f"{account.message_column}_id": account.pk, **values}))
            ids = services.queue(drafts)
            return [Message.objects.get(pk=each) for each in ids]

    return queue
