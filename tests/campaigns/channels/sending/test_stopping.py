"""Somebody ends a campaign while a sender is at work, on a connection of its own: no message leaves afterwards."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.sending import claims, orphans, worker
from campaigns.channels.sending.account_kinds import EMAIL
from campaigns.channels.sending.due import due_accounts
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states as enrolments
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import states
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
QUEUED, SENT, CANCELLED = MessageState.QUEUED, MessageState.SENT, MessageState.CANCELLED


@dataclass
class Outreach:
    """A running campaign with three enrolled leads and a message to each."""

    campaign: Campaign
    messages: list[Message] = field(default_factory=list)


@pytest.fixture
def outreach(tenant: Tenant, account: EmailAccount, queue: Any) -> Outreach:
    with platform_context(tenant_id=tenant.pk):
        found = Outreach(CampaignFactory.create(status=CampaignStatus.RUNNING))
        leads = [CampaignLeadFactory.create(campaign=found.campaign) for _ in range(3)]
    for number, each in enumerate(leads):
        with platform_context():
            each.lead.__class__.objects.filter(pk=each.lead_id).update(email=f"person{number}@people.example")
        values = {"campaign_id": found.campaign.pk, "campaign_lead_id": each.pk, "lead_id": each.lead_id}
        found.messages += queue(account, **values)
    return found


def pause(outreach: Outreach) -> None:
    lifecycle.pause(campaign=outreach.campaign, actor=None)


def stop(outreach: Outreach) -> None:
    lifecycle.stop(campaign=outreach.campaign, actor=None)


def end_enrolments(outreach: Outreach) -> None:
    """As an answer of the leads does it."""
    chosen = CampaignLead.objects.filter(campaign=outreach.campaign)
    enrolments.stop(chosen, reason=EnrolmentReason.REPLIED, now=timezone.now())


ENDINGS = [
    pytest.param(pause, QUEUED, id="pause"),
    pytest.param(stop, CANCELLED, id="stop"),
    pytest.param(end_enrolments, CANCELLED, id="end enrolments"),
]
Ending = Callable[[Outreach], None]


@contextmanager
def uncommitted(tenant: Tenant, ending: Ending, outreach: Outreach) -> Iterator[ConcurrentWork]:
    """Let the ending write everything that it can on a connection of its own, and commit after the block."""
    written, released = Event(), Event()

    def work() -> None:
        with tenant_context(tenant.pk):
            ending(outreach)
            written.set()
            assert released.wait(20)

    other = ConcurrentWork(work)
    assert written.wait(20)
    yield other
    released.set()
    assert other.succeeded(), other.error


@pytest.mark.parametrize(("ending", "state"), ENDINGS)
def test_no_message_of_a_batch_begins_while_somebody_ends_it(
    sandbox: Sandbox, tenant: Tenant, outreach: Outreach, monkeypatch: pytest.MonkeyPatch, ending: Ending, state: str
) -> None:
    transmit: Callable[..., Any] = SmtpSession.send
    record: Callable[..., Any] = worker.record
    with ExitStack() as ended:

        def send(self: SmtpSession, *arguments: Any, **values: Any) -> Any:
            ended.enter_context(uncommitted(tenant, ending, outreach))
            return transmit(self, *arguments, **values)

        def record_and_commit(*arguments: Any, **values: Any) -> Any:
            recorded = record(*arguments, **values)
            # Nobody waited for the other, whose changes only now become known.
            ended.close()
            return recorded

        monkeypatch.setattr(SmtpSession, "send", send)
        monkeypatch.setattr(worker, "record", record_and_commit)
        [due] = due_accounts(EMAIL, limit=1)
        with worker.Sessions() as sessions:
            assert worker.Sender(EMAIL, sessions, monotonic() + 60).send_for(due) == 1
    monkeypatch.setattr(SmtpSession, "send", transmit)
    worker.send_due()
    # Those that were claimed when the campaign was stopped are found later.
    orphans.cancel_orphans()
    assert sorted(states(outreach.messages)) == sorted([SENT, state, state])
    assert len(sandbox.log("submission")) == 1


@pytest.mark.parametrize(("ending", "state"), ENDINGS)
def test_nothing_is_claimed_while_somebody_ends_it(
    sandbox: Sandbox, tenant: Tenant, outreach: Outreach, ending: Ending, state: str
) -> None:
    with uncommitted(tenant, ending, outreach):
        assert worker.send_due() == {}
    assert worker.send_due() == {}
    assert states(outreach.messages) == [state] * 3
    assert sandbox.log("submission") == []


@pytest.mark.parametrize(("ending", "state"), ENDINGS)
def test_who_ends_it_waits_for_a_claim_that_was_first(
    sandbox: Sandbox, tenant: Tenant, outreach: Outreach, monkeypatch: pytest.MonkeyPatch, ending: Ending, state: str
) -> None:
    others: list[ConcurrentWork] = []
    count: Callable[..., bool] = EMAIL.count

    def count_slowly(*arguments: Any) -> bool:
        def work() -> None:
            with tenant_context(tenant.pk):
                ending(outreach)

        others.append(ConcurrentWork(work))
        wait_until_blocked()
        # It has the first message begun, and the others under a lease.
        return count(*arguments)

    monkeypatch.setattr(EMAIL, "count", count_slowly)
    transmit: Callable[..., Any] = SmtpSession.send

    def send(self: SmtpSession, *arguments: Any, **values: Any) -> Any:
        assert others[0].succeeded(), others[0].error
        return transmit(self, *arguments, **values)

    monkeypatch.setattr(SmtpSession, "send", send)
    assert worker.send_due() == {"sent": 1}
    monkeypatch.setattr(EMAIL, "count", count)
    worker.send_due()
    # Those that were claimed when the campaign was stopped are found later.
    orphans.cancel_orphans()
    assert sorted(states(outreach.messages)) == sorted([SENT, state, state])
    assert len(sandbox.log("submission")) == 1


def test_a_claim_and_a_stop_never_wait_for_each_other(
    sandbox: Sandbox, tenant: Tenant, outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[ConcurrentWork] = []
    still_wanted: Callable[..., Any] = claims._still_wanted

    def meet(decided: Any) -> Any:
        # The claim has the messages, the stop has the campaign and its enrolments, and now waits for the messages.
        def work() -> None:
            with tenant_context(tenant.pk):
                stop(outreach)

        if not others:
            others.append(ConcurrentWork(work))
            wait_until_blocked()
        return still_wanted(decided)

    monkeypatch.setattr(claims, "_still_wanted", meet)
    assert worker.send_due() == {}
    assert others[0].succeeded(), others[0].error
    assert states(outreach.messages) == [CANCELLED] * 3
    assert stored(outreach.campaign).status == CampaignStatus.STOPPED
    assert sandbox.log("submission") == []
