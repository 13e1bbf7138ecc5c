"""What a mail server took is paid once, what it did not take costs nothing, and doubt keeps the credit."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.sending import worker
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import make_due, states
from tests.campaigns.channels.sending.test_faults import killed_at, look_again, lose_leases
from tests.campaigns.charging.outbox import PRICE, books, fund, list_price
from tests.support.database import stored
from tests.support.sandbox import Sandbox


@pytest.fixture
def charged(
    tenant: Tenant, ready: Campaign, owner: User, account: EmailAccount, queue: Any
) -> Callable[..., list[Message]]:
    """``charged(number, credit=…)`` queues messages of a running campaign whose e-mails have a price."""

    def make(number: int, *, credit: object) -> list[Message]:
        list_price()
        with tenant_context(tenant.pk):
            fund(credit)
            lifecycle.start(campaign=ready, actor=owner)
            step = ready.steps.get()
        messages: list[Message] = queue(account, number, campaign_id=ready.pk, step_id=step.pk)
        return messages

    return make


def test_what_was_taken_is_charged_and_what_was_refused_is_not(sandbox: Sandbox, tenant: Tenant, charged: Any) -> None:
    messages = charged(3, credit="1")
    sandbox.fault("answer", stage="RCPT", recipient="person1@people.example", code=550, text="5.1.1 No such user")
    assert worker.send_due() == {"sent": 2, "refused": 1}
    assert states(messages) == [MessageState.SENT, MessageState.FAILED, MessageState.SENT]
    with tenant_context(tenant.pk):
        assert books() == (1 - 2 * PRICE, 0, 2 * PRICE, {"charged": 2, "voided": 1})


def test_a_message_in_doubt_keeps_its_credit_until_it_is_found(
    sandbox: Sandbox, tenant: Tenant, charged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = charged(2, credit="1")
    killed_at(monkeypatch, SmtpSession, "_finish", after=True)
    lose_leases()
    look_again(messages)
    with tenant_context(tenant.pk):
        available, reserved, paid, _uses = books()
    assert available + reserved + paid == 1
    assert reserved + paid == 2 * PRICE
    make_due(messages)
    worker.send_due()
    look_again(messages)
    assert states(messages) == [MessageState.SENT] * 2
    assert len(sandbox.log("submission")) == 2
    with tenant_context(tenant.pk):
        assert books() == (1 - 2 * PRICE, 0, 2 * PRICE, {"charged": 2})


def test_a_message_that_is_put_off_by_the_server_keeps_its_hold(sandbox: Sandbox, tenant: Tenant, charged: Any) -> None:
    [message] = charged(1, credit="1")
    sandbox.fault("answer", stage="RCPT", code=450, text="4.2.0 Greylisted")
    assert worker.send_due() == {"not_sent": 1}
    with tenant_context(tenant.pk):
        assert books() == (1 - PRICE, PRICE, 0, {"pending": 1})
    make_due([message])
    assert worker.send_due() == {"sent": 1}
    with tenant_context(tenant.pk):
        assert books() == (1 - PRICE, 0, PRICE, {"charged": 1})


def test_nothing_is_sent_beyond_the_credit_and_the_rest_goes_when_somebody_tops_up_and_resumes(
    tenant: Tenant, ready: Campaign, owner: User, charged: Any, django_capture_on_commit_callbacks: Any
) -> None:
    messages = charged(4, credit="0.005")
    with django_capture_on_commit_callbacks(execute=True):
        assert worker.send_due() == {"sent": 2}
    assert sorted(states(messages)) == [MessageState.QUEUED] * 2 + [MessageState.SENT] * 2
    assert stored(ready).status == CampaignStatus.PAUSED
    assert "Top up the wallet, then resume" in stored(ready).last_execution_reason
    with tenant_context(tenant.pk):
        fund("2")
        lifecycle.resume(campaign=stored(ready), actor=owner)
    make_due([each for each in messages if stored(each).state == MessageState.QUEUED])
    assert worker.send_due() == {"sent": 2}
    with tenant_context(tenant.pk):
        assert books()[1:] == (0, 4 * PRICE, {"charged": 4})
