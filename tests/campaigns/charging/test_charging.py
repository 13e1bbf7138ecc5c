"""Messages of metered steps are paid exactly once, when they were sent."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from billing.audit.checks.search import run_checks
from billing.entitlements.models import EntitlementUse
from billing.ledger.models import Hold, Wallet
from billing.ledger.services import ledger, maintenance, wallets
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import usage
from campaigns.charging import services as charging
from campaigns.charging import sweep
from campaigns.design.models import CampaignStatus, ExecutionState
from campaigns.design.services import lifecycle
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from tests.campaigns.charging.outbox import NOW, PRICE, books, fund, held, hold, list_price, queue, settle
from tests.factories.billing import FeatureEntitlementFactory
from tests.support.events import events


@pytest.fixture
def step(campaign, add_step):
    return add_step(campaign)


@pytest.fixture
def inside(tenant):
    with tenant_context(tenant.pk):
        yield


@pytest.fixture
def priced(db):
    return list_price()


pytestmark = pytest.mark.usefixtures("inside")


@pytest.mark.parametrize(
    ("state", "charged", "status"),
    [
        (MessageState.SENT, PRICE, UsageStatus.CHARGED),
        (MessageState.FAILED, 0, UsageStatus.VOIDED),
        (MessageState.CANCELLED, 0, UsageStatus.VOIDED),
    ],
)
def test_a_message_is_charged_if_it_was_sent(priced, campaign, step, state, charged, status):
    fund("1")
    [message] = queue(campaign, step)
    assert hold([message]).allowed == {message.pk}
    assert books() == (1 - PRICE, PRICE, 0, {"pending": 1})
    message.refresh_from_db()
    assert held().get().pk == message.hold_id
    settle(message, state)
    settle(message, state)
    assert books() == (1 - charged, 0, charged, {status: 1})


def test_a_message_that_is_unknown_keeps_its_credit(priced, campaign, step):
    fund("1")
    [message] = queue(campaign, step)
    hold([message])
    settle(message, MessageState.UNKNOWN)
    assert books() == (1 - PRICE, PRICE, 0, {"pending": 1})
    settle(message, MessageState.SENT)
    assert books() == (1 - PRICE, 0, PRICE, {"charged": 1})


def test_a_message_that_is_tried_again_keeps_its_hold_and_one_sent_again_after_failing_gets_another(
    priced, campaign, step
):
    fund("1")
    [message] = queue(campaign, step)
    first = hold([message]) and message.hold_id
    assert hold([message], NOW + timedelta(hours=2)).allowed == {message.pk}
    assert (message.hold_id, held().count()) == (first, 1)
    settle(message, MessageState.FAILED)
    assert held().count() == 0
    hold([message], NOW + timedelta(hours=3))
    assert message.hold_id != first
    settle(message, MessageState.SENT)
    assert books() == (1 - PRICE, 0, PRICE, {"voided": 1, "charged": 1})


def test_a_hold_that_ends_soon_is_extended_and_one_that_ended_is_renewed_at_the_same_price(priced, campaign, step):
    fund("1")
    [message] = queue(campaign, step)
    hold([message])
    first = message.hold_id
    soon = NOW + charging.HOLD_TTL - timedelta(minutes=5)
    hold([message], soon)
    assert (message.hold_id, held().get().expires_at) == (first, soon + charging.HOLD_TTL)
    late = soon + charging.HOLD_TTL + timedelta(days=1)
    hold([message], late)
    assert message.hold_id != first
    assert books() == (1 - PRICE, PRICE, 0, {"pending": 1})
    settle(message, MessageState.SENT)


def test_a_message_found_sent_after_its_hold_ended_is_charged_all_the_same(tenant, priced, campaign, step):
    fund("1")
    [message] = queue(campaign, step)
    past = NOW - timedelta(days=400)
    with platform_context():
        list_price(effective_from=past - timedelta(days=1), effective_to=NOW - timedelta(days=31))
    hold([message], past)
    settle(message, MessageState.SENT)
    assert books() == (1 - PRICE, 0, PRICE, {"charged": 1})


def test_a_sent_message_that_the_wallet_cannot_pay_any_more_is_owed_and_tried_again(priced, campaign, step):
    wallet = fund("0.002")
    [message] = queue(campaign, step)
    hold([message])
    ledger.release(hold=held().get(), key="by-hand")
    ledger.debit(wallet=wallet, amount=PRICE, key="elsewhere")
    settle(message, MessageState.SENT)
    event = UsageEvent.objects.get()
    assert (event.status, event.next_charge_at is not None) == (UsageStatus.FAILED, True)
    ledger.topup(wallet=wallet, amount=Decimal(1), key="more")
    assert usage.retry(event=event).status == UsageStatus.CHARGED


def test_messages_without_a_price_or_a_metered_step_are_free(campaign, step, add_step):
    visit = add_step(campaign, type="linkedin_visit", title="Visit", config={})
    messages = [*queue(campaign, step), *queue(campaign, visit), *queue(None, None)]
    assert hold(messages).allowed == {message.pk for message in messages}
    for message in messages:
        settle(message, MessageState.SENT)
    assert not UsageEvent.objects.exists()
    assert not Wallet.objects.filter(user=None, current_balance__gt=0).exists()


def test_a_price_of_zero_is_recorded_and_holds_nothing(campaign, step):
    list_price(Decimal(0))
    wallets.open_wallet()
    [message] = queue(campaign, step)
    assert hold([message]).allowed == {message.pk}
    settle(message, MessageState.SENT)
    assert books() == (0, 0, 0, {"charged": 1})


def test_nothing_is_sent_unpaid_when_the_price_list_cannot_be_read(priced, campaign, step):
    fund("1")
    [message] = queue(campaign, step)

    def broken(execute, sql, params, many, context):
        if "billing_pricing_catalog" in sql and "SELECT" in sql and "advisory" not in sql:
            raise DatabaseError("The price list is away.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken), pytest.raises(DatabaseError):
        hold([message])
    assert books() == (1, 0, 0, {})


def test_a_campaign_pauses_when_the_credit_ends_and_goes_on_when_a_person_resumes_it(
    priced, ready, owner, django_capture_on_commit_callbacks
):
    wallet = fund("0.005")
    lifecycle.start(campaign=ready, actor=owner)
    messages = queue(ready, ready.steps.get(), 4)
    with django_capture_on_commit_callbacks(execute=True):
        answer = hold(messages)
    assert len(answer.allowed) == 2
    assert [refusal.until for refusal in answer.refused.values()] == [None, None]
    ready.refresh_from_db()
    assert (ready.status, ready.execution_state) == (CampaignStatus.PAUSED, ExecutionState.ERROR)
    assert ready.last_execution_reason.startswith("The credit has ended: This needs 0.002 USD")
    [event] = events("campaigns.campaign.halted")
    assert event.payload["reason"] == ready.last_execution_reason
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    with pytest.raises(lifecycle.NotReady, match=r"message costs 0\.002 USD, but the wallet has 0\.001"):
        lifecycle.resume(campaign=ready, actor=owner)
    ledger.topup(wallet=wallet, amount=Decimal(1), key="more")
    lifecycle.resume(campaign=ready, actor=owner)
    ready.refresh_from_db()
    assert (ready.status, ready.execution_state, ready.last_execution_reason) == ("running", "active", "")
    assert hold(messages).allowed == {message.pk for message in messages}
    assert held().count() == 4


def test_a_used_up_quota_postpones_and_what_was_not_sent_counts_no_more(
    tenant, priced, ready, owner, django_capture_on_commit_callbacks
):
    fund("1")
    lifecycle.start(campaign=ready, actor=owner)
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key="campaigns", daily_quota=3, monthly_quota=None, overage_rate=None, allow_overages=False
        )
    messages = queue(ready, ready.steps.get(), 5)
    with django_capture_on_commit_callbacks(execute=True):
        answer = hold(messages)
    ready.refresh_from_db()
    assert (len(answer.allowed), ready.status) == (3, CampaignStatus.RUNNING)
    assert {refusal.until > NOW for refusal in answer.refused.values()} == {True}
    assert len(answer.refused) == 2
    first = next(message for message in messages if message.pk in answer.allowed)
    settle(first, MessageState.CANCELLED)
    assert EntitlementUse.objects.get(window="day").used == 2
    assert len(hold(messages[3:]).allowed) == 1
    assert books()[1] == 3 * PRICE


def test_a_batch_takes_the_same_statements_whatever_its_size(priced, campaign, step):
    fund("1")
    counts = []
    for many in (2, 20):
        messages = queue(campaign, step, many)
        with CaptureQueriesContext(connection) as held_in:
            hold(messages)
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(state=MessageState.SENT)
        sent = list(Message.objects.filter(pk__in=[message.pk for message in messages]))
        with CaptureQueriesContext(connection) as settled_in:
            charging.settle(sent)
        counts.append((len(held_in), len(settled_in)))
    assert counts[0] == counts[1]
    assert sum(counts[0]) <= 24


def test_books_and_messages_agree_after_any_mixture_of_outcomes(tenant, priced, campaign, step):
    """Sends, failures, crashes, doubts and repetitions in random order: nothing twice, nothing unpaid, nothing left."""
    fund("0.05")
    chance = random.Random(14)
    messages = {message.pk: message for message in queue(campaign, step, 30)}
    final = (MessageState.SENT, MessageState.FAILED, MessageState.CANCELLED)
    allowed: set = set()
    now = NOW
    for _round in range(60):
        now += timedelta(hours=chance.choice([1, 5, 40]))
        some = chance.sample(sorted(messages), min(len(messages), 5))
        allowed |= hold([messages[pk] for pk in some], now).allowed
        if chance.random() < 0.3:
            maintenance.expire_holds(now=now)
        for pk in some:
            # A sender that died settles nothing; the message is tried again in a later round.
            if pk in allowed and chance.random() < 0.6:
                settle(messages[pk], chance.choice([*final, MessageState.UNKNOWN]))
                if Message.objects.get(pk=pk).state in final:
                    messages.pop(pk)
    for pk in sorted(messages):
        settle(messages[pk], MessageState.FAILED)
    sent = Message.objects.filter(state=MessageState.SENT).count()
    assert 5 < sent < 25
    available, reserved, debited, statuses = books()
    assert (available, reserved, debited) == (Decimal("0.05") - sent * PRICE, 0, sent * PRICE)
    assert statuses.get("charged") == sent
    assert set(statuses) == {"charged", "voided"}
    paid = set(UsageEvent.objects.filter(status="charged").values_list("external_reference_id", flat=True))
    assert paid == {str(pk) for pk in Message.objects.filter(state="sent").values_list("pk", flat=True)}
    assert not Hold.objects.filter(status="held").exists()
    with platform_context(), connection.cursor() as cursor:
        assert run_checks(cursor, with_hashes=True).findings == []


def test_what_a_sender_did_not_settle_is_settled_later(tenant, priced, campaign, step):
    fund("1")
    sent, failed, deleted, queued = messages = queue(campaign, step, 4)
    hold(messages)
    Message.objects.filter(pk=sent.pk).update(state=MessageState.SENT)
    Message.objects.filter(pk=failed.pk).update(state=MessageState.FAILED)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM messages WHERE id = %s", [deleted.pk])
    assert sweep.settle_missed(now=NOW + timedelta(minutes=9)) == 0
    assert sweep.settle_missed(now=NOW + timedelta(minutes=11)) == 3
    assert sweep.settle_missed(now=NOW + timedelta(minutes=11)) == 0
    assert books() == (1 - 2 * PRICE, PRICE, PRICE, {"charged": 1, "voided": 2, "pending": 1})
    assert held().get().pk == queued.hold_id
