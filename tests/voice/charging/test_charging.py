"""Calls are paid exactly once, for what they used."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.audit.checks.search import run_checks
from billing.entitlements.models import EntitlementUse
from billing.ledger.services import ledger, maintenance, wallets
from billing.usage.models import UsageEvent
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import FeatureEntitlementFactory, PriceFactory
from tests.factories.voice import CallBatchFactory, DialingPolicyFactory
from tests.voice.charging.books import (
    BY_TIME,
    CHARGED,
    HELD,
    USAGE,
    books,
    debits,
    end,
    fund,
    held_call,
    hold,
    holds,
    list_prices,
    number,
    place,
    tell,
)
from voice.batches.models import CallBatch
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.charging import credit, sweep
from voice.charging import services as charging
from voice.dialer import hooks
from voice.dialer.hooks import CallOver
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.waiting import pause_batch


@pytest.fixture(autouse=True)
def _inside(tenant):
    with tenant_context(tenant.pk):
        yield


def audit() -> list[object]:
    with platform_context(), connection.cursor() as cursor:
        return list(run_checks(cursor, with_hashes=True).findings)


@pytest.mark.parametrize(
    ("status", "seconds", "outcome", "charged"),
    [
        ("ended", 60, "answered", CHARGED),
        ("ended", 60, "voicemail", CHARGED),
        ("failed", 60, "carrier_failed", CHARGED),
        ("failed", 60, "agent_failed", 0),
        ("failed", 0, "wrong_number", 0),
        ("declined", 0, "busy", 0),
        ("declined", 0, "no_answer", 0),
        ("cancelled", 0, "cancelled", 0),
        ("failed", 0, "unknown", 0),
    ],
)
def test_a_call_is_charged_for_what_it_used(status, seconds, outcome, charged):
    list_prices()
    fund("10")
    placement = held_call()
    assert books() == (10 - HELD, HELD, {"pending": 1})
    assert placement.hold_id and CallPlacement.objects.get(pk=placement.pk).hold_id == placement.hold_id
    for _time in range(2):
        end(placement, status, seconds=seconds, outcome=outcome, usage=USAGE)
        assert books() == (10 - charged, 0, {"charged" if charged else "voided": 1})
    assert CallLog.objects.get(pk=placement.call_log_id).cost == charged
    assert audit() == []


def test_a_call_says_what_each_part_cost_and_what_had_no_price():
    list_prices(tts=None, stt=Decimal("0.0005"))
    with platform_context():
        PriceFactory.create(category="stt", provider="deepgram", model="nova-3", unit="second",
            unit_price=Decimal("0.001"), effective_from=timezone.now() - timedelta(days=1))  # fmt: skip
    fund("10")
    call = end(held_call(), usage=USAGE)
    shown = {line["component"]: line for line in CallLog.objects.get(pk=call.pk).cost_breakdown}
    # The price of the model that was used goes before the carrier's own.
    assert shown["stt"] == {"component": "stt", "provider": "deepgram", "model": "nova-3", "unit": "second",
        "amount": "20.5", "rate": "0.001", "cost": "0.0205"}  # fmt: skip
    assert shown["tts"] == {"component": "tts", "provider": "cartesia", "model": "sonic-2", "unit": "character",
        "amount": "400", "rate": None, "cost": None}  # fmt: skip
    assert (shown["llm_prompt"]["provider"], shown["llm_prompt"]["cost"]) == ("openai", "0.002")
    assert (shown["telephony"]["amount"], shown["telephony"]["cost"]) == ("60", "0.06")
    assert set(shown) == {"telephony", "stt", "llm_prompt", "llm_completion", "tts", "vm_infrastructure"}
    assert sum(Decimal(line["cost"]) for line in shown.values() if line["cost"]) == call.cost == Decimal("0.0955")
    assert books()[0] == 10 - call.cost


def test_without_any_price_a_call_is_free_and_needs_no_wallet():
    placement = held_call()
    assert placement.hold_id is None and UsageEvent.objects.count() == 0
    call = end(placement, usage=USAGE)
    assert call.cost == 0 and [line["cost"] for line in call.cost_breakdown] == [None] * 6


def test_a_tenant_with_an_account_of_its_own_pays_the_carrier_and_what_the_list_names_for_that():
    list_prices()
    with platform_context():
        PriceFactory.create(category="vm_infrastructure", provider="vapi_own_account", model="*", unit="second",
            unit_price=Decimal("0.0001"), effective_from=timezone.now() - timedelta(days=1))  # fmt: skip
    fund("10")
    placement = held_call(number=number(own=True, carrier="vapi"))
    assert books()[1] == Decimal("0.03")
    price = {"amount": "0.119", "currency": "USD", "parts": {"telephony": "0.014", "llm": "0.105"}}
    call = end(placement, usage=USAGE, price=price)
    assert books() == (10 - Decimal("0.006"), 0, {"charged": 1})
    assert call.cost == Decimal("0.125")
    paid = {line["component"]: line["cost"] for line in call.cost_breakdown if line.get("paid_to") == "carrier"}
    assert paid == {"telephony": "0.014", "llm": "0.105"}


def test_a_longer_call_than_was_held_is_charged_in_whole():
    list_prices()
    fund("10")
    placement = held_call()
    call = end(placement, seconds=1_200, usage=USAGE)
    cost = Decimal("1.2") + Decimal("0.01025") + Decimal("0.002") + Decimal("0.001") + Decimal("0.04") + Decimal("0.24")
    assert call.cost == cost and books() == (10 - cost, 0, {"voided": 1, "charged": 1})
    assert debits() == [-cost] and audit() == []


def test_a_call_that_the_wallet_cannot_pay_any_more_is_owed_and_tried_again():
    list_prices()
    fund("0.8")
    placement = held_call()
    end(placement, seconds=1_200, usage=USAGE)
    available, reserved, statuses = books()
    assert (available, reserved, statuses) == (Decimal("0.8"), 0, {"voided": 1, "failed": 1})
    [owed] = UsageEvent.objects.filter(status="failed")
    assert owed.next_charge_at is not None and owed.total_cost == CallLog.objects.get(pk=placement.call_log_id).cost


def test_usage_that_comes_after_the_end_is_waited_for_and_corrects_what_was_charged_without_it():
    list_prices()
    fund("10")
    placement = held_call()
    end(placement)
    assert books() == (10 - HELD, HELD, {"pending": 1})
    assert sweep.settle_missed() == 0
    assert books()[1] == HELD
    # Nobody told in time: only what is known is charged, and what is not says so.
    assert sweep.settle_missed(now=timezone.now() + timedelta(minutes=4)) == 1
    assert books() == (10 - BY_TIME, 0, {"charged": 1})
    call = CallLog.objects.get(pk=placement.call_log_id)
    assert {line["component"] for line in call.cost_breakdown if line["amount"] is None} == {
        "llm_prompt", "llm_completion", "tts"
    }  # fmt: skip
    for _time in range(2):
        call = tell(placement, usage=USAGE)
        assert (call.cost, books()) == (CHARGED, (10 - CHARGED, 0, {"voided": 1, "charged": 1}))
    # What was charged stays in the ledger, with its reversal.
    assert debits() == [-BY_TIME, BY_TIME, -CHARGED]
    assert audit() == []


def test_details_that_change_nothing_charge_nothing():
    list_prices()
    fund("10")
    placement = held_call()
    end(placement, usage=USAGE)
    tell(placement, recording={"location": "https://carrier.example/one.wav"})
    assert debits() == [-CHARGED]


def test_usage_in_time_is_charged_to_the_hold():
    list_prices()
    fund("10")
    placement = held_call()
    end(placement)
    assert tell(placement, usage=USAGE).cost == CHARGED
    assert books() == (10 - CHARGED, 0, {"charged": 1})


def test_an_inbound_call_is_charged_when_it_is_over():
    list_prices()
    fund("10")
    [placement] = place()
    call = CallLog.objects.get(pk=placement.call_log_id)
    CallPlacement.objects.filter(pk=placement.pk).delete()
    started = timezone.now() - timedelta(minutes=2)
    CallLog.objects.filter(pk=call.pk).update(
        direction="inbound", status="ended", outcome="answered", started_at=started,
        ended_at=timezone.now(), duration_seconds=60, metadata={"facts": {"usage": USAGE}},
    )  # fmt: skip
    call.refresh_from_db()
    for _time in range(2):
        hooks.tell(CallOver(call, None, Outcome.ANSWERED, timezone.now()))
        assert books() == (10 - CHARGED, 0, {"charged": 1})


def test_credit_is_shared_out_until_it_ends_and_the_batch_waits_for_more():
    list_prices()
    fund("2")
    batch = CallBatchFactory.create(from_number=number(), status="queued")
    placements = place(3, batch=batch)
    answer = hold(placements)
    assert len(answer.allowed) == 2 and books()[1] == 2 * HELD
    [(call_id, refusal)] = answer.refused.items()
    assert refusal.ends and refusal.until > timezone.now()
    # As the claim does it.
    pause_batch(batch.pk, refusal.detail, now=timezone.now())
    assert refusal.detail.startswith("The credit has ended: ") and "Top up the wallet" in refusal.detail
    assert credit.resume_paid() == 0
    ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(1), key="more")
    assert credit.resume_paid() == 1
    batch.refresh_from_db()
    assert (batch.paused_at, batch.pause_reason) == (None, "")
    assert call_id in hold([each for each in placements if each.call_log_id == call_id]).allowed


def test_a_batch_that_somebody_paused_stays_paused():
    fund("2")
    batch = CallBatchFactory.create(status="queued", paused_at=timezone.now(), pause_reason="Lunch")
    assert credit.resume_paid() == 0
    assert CallBatch.objects.get(pk=batch.pk).pause_reason == "Lunch"


def test_a_call_tried_again_keeps_its_hold_and_one_released_gets_another():
    list_prices()
    fund("10")
    placement = held_call()
    first = placement.hold_id
    assert hold([placement]).allowed and (placement.hold_id, holds()) == (first, 1)
    charging.release([placement])
    assert books() == (10, 0, {"voided": 1})
    hold([placement])
    assert placement.hold_id != first and holds() == 1
    end(placement, usage=USAGE)
    assert books() == (10 - CHARGED, 0, {"voided": 1, "charged": 1})


def test_a_call_whose_hold_ended_is_charged_all_the_same():
    list_prices()
    fund("10")
    [placement] = place()
    hold([placement], timezone.now() - timedelta(days=4))
    maintenance.expire_holds()
    end(placement, usage=USAGE)
    assert books() == (10 - CHARGED, 0, {"charged": 1})


def test_what_the_dialer_did_not_settle_is_settled_later():
    list_prices()
    fund("10")
    placements = place(6)
    hold(placements)
    answered, unanswered, waiting, live, deleted, ending = placements
    CallLog.objects.filter(pk=answered.call_log_id).update(
        status="ended", outcome="answered", duration_seconds=60,
        started_at=timezone.now() - timedelta(seconds=70), ended_at=timezone.now(),
    )  # fmt: skip
    CallLog.objects.filter(pk=unanswered.call_log_id).update(status="failed", ended_at=timezone.now())
    states = {answered: "settled", unanswered: "settled", waiting: "queued", live: "placed", ending: "settled"}
    for each, state in states.items():
        CallPlacement.objects.filter(pk=each.pk).update(state=PlacementState(state), facts={"usage": USAGE})
    CallPlacement.objects.filter(pk=deleted.pk).delete()
    assert sweep.settle_missed(now=timezone.now() + timedelta(minutes=2)) == 0
    assert sweep.settle_missed(now=timezone.now() + timedelta(minutes=11)) == 4
    # Of one that is over nobody knows yet how it ended.
    assert books() == (10 - CHARGED - 2 * HELD, 2 * HELD, {"voided": 3, "charged": 1, "pending": 2})
    assert audit() == []


def test_seconds_of_a_plan_count_the_talk_once_and_a_used_up_plan_says_until_when(tenant):
    list_prices()
    fund("10")
    DialingPolicyFactory.create(tenant=tenant, max_minutes=2)
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(
            feature_key="voice-agent", monthly_quota=None, daily_quota=200, quota_unit="second", overage_rate=None,
            allow_overages=False,
        )  # fmt: skip
    first, second = place(2)
    answer = hold([first, second])
    assert answer.allowed == {first.call_log_id}
    refusal = answer.refused[second.call_log_id]
    assert not refusal.ends and refusal.until > timezone.now()
    end(first, usage=USAGE)
    assert EntitlementUse.objects.get(window="day").used == 60
    assert hold([second]).allowed == {second.call_log_id}
    # The talk was longer than the plan: the tenant pays what was held for it.
    end(second, seconds=600, usage=USAGE)
    assert EntitlementUse.objects.get(window="day").used == 180
    assert audit() == []


def test_nothing_is_held_if_the_claim_is_rolled_back():
    list_prices()
    fund("10")
    placements = place(2)
    with pytest.raises(RuntimeError), transaction.atomic():
        hold(placements)
        raise RuntimeError
    assert books() == (10, 0, {})


def test_a_claim_of_many_calls_takes_as_many_statements_as_one(django_assert_max_num_queries):
    list_prices()
    fund("100")
    placements = place(40)
    with django_assert_max_num_queries(22):
        assert len(hold(placements).allowed) == 40
