"""Accounts, numbers and batches whose calls fail are paused, and what is paused goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import (
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
    CarrierAccountFactory,
    DialingPolicyFactory,
    VoiceNumberFactory,
)
from tests.support.api import problem
from tests.support.events import payloads
from tests.voice.helpers import create
from voice.batches.models import CallBatch
from voice.batches.services import pausing
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import STATES, Outcome
from voice.dialer import breaker
from voice.dialer.hooks import CallOver, tell
from voice.dialer.models import PlacementState
from voice.numbers.models import VoiceNumber
from voice.statuses import BatchStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
GOOD = Outcome.ANSWERED


class Line:
    """A batch that calls from one number through one account."""

    def __init__(self, tenant: Tenant, *, account: Any = None, number: Any = None, batch: Any = None) -> None:
        self.tenant = tenant
        self.account = account or create(tenant, CarrierAccountFactory)
        self.number = number or create(tenant, VoiceNumberFactory, carrier_account=self.account)
        self.batch = batch or create(tenant, CallBatchFactory, status=BatchStatus.RUNNING, started_at=NOW)

    def calls(self, *outcomes: Outcome, at: datetime = NOW, asked: timedelta = timedelta(seconds=30)) -> None:
        """Let calls end so at a time. They were begun some time before."""
        for outcome in outcomes:
            call = create(
                self.tenant,
                CallLogFactory,
                from_number=self.number,
                status=STATES[outcome],
                outcome=outcome,
                cause="503" if outcome == Outcome.CARRIER_FAILED else "",
                ended_at=at,
            )
            create(
                self.tenant,
                CallPlacementFactory,
                call_log=call,
                batch=self.batch,
                number=self.number,
                carrier_account=self.account,
                state=PlacementState.SETTLED,
                asked_at=at - asked,
            )


def paused(*lines: Line, now: datetime = NOW) -> list[str]:
    """Look for failures, and return what is paused: each thing by its kind and the place of its line."""
    breaker.check_failures(now)
    found = []
    with platform_context():
        for place, line in enumerate(lines):
            account = CarrierAccount.objects.get(pk=line.account.pk)
            number = VoiceNumber.objects.get(pk=line.number.pk)
            if account.paused_until and account.paused_until > now:
                found.append(f"account {place}")
            if number.resting_until and number.resting_until > now:
                found.append(f"number {place}")
            if CallBatch.objects.get(pk=line.batch.pk).paused_at:
                found.append(f"batch {place}")
    return found


@pytest.mark.parametrize(
    ("outcomes", "pauses"),
    [
        ([Outcome.CARRIER_FAILED] * 5, ["account 0"]),
        # Too few calls.
        ([Outcome.CARRIER_FAILED] * 4, []),
        # Half of them is enough, less is not.
        ([GOOD] * 3 + [Outcome.CARRIER_FAILED] * 3, ["account 0"]),
        ([GOOD] * 4 + [Outcome.CARRIER_FAILED] * 3, []),
        ([Outcome.OVER_LIMIT, Outcome.UNKNOWN, Outcome.CARRIER_FAILED, GOOD, GOOD], ["account 0"]),
        # The carrier refuses the number.
        ([Outcome.REFUSED] * 5, ["number 0"]),
        # It lies at whom is called, or at the agent.
        ([Outcome.WRONG_NUMBER] * 5, ["batch 0"]),
        ([Outcome.AGENT_FAILED] * 3 + [GOOD] * 2, ["batch 0"]),
        # Nobody failed.
        ([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.DECLINED, Outcome.VOICEMAIL, GOOD, GOOD], []),
        # A cancelled call is no call.
        ([Outcome.CANCELLED] * 20 + [Outcome.REFUSED] * 4, []),
        ([Outcome.CANCELLED] * 20 + [Outcome.REFUSED] * 5, ["number 0"]),
    ],
)
def test_what_fails_is_paused(tenant: Tenant, outcomes: list[Outcome], pauses: list[str]) -> None:
    line = Line(tenant)
    line.calls(*outcomes)
    assert paused(line) == pauses


def test_the_number_is_paused_where_the_accounts_others_go_well(tenant: Tenant) -> None:
    bad = Line(tenant)
    good = Line(tenant, account=bad.account, batch=bad.batch)
    bad.calls(*[Outcome.CARRIER_FAILED] * 9)
    good.calls(*[GOOD] * 8)
    assert paused(bad, good) == ["number 0"]
    # If they fail too, it is the account.
    good.calls(*[Outcome.CARRIER_FAILED] * 12)
    other = Line(tenant, batch=bad.batch)
    other.calls(*[GOOD] * 6)
    assert "account 0" in paused(bad, good, other)


def test_the_rule_is_the_tenants(tenant: Tenant) -> None:
    with platform_context():
        DialingPolicyFactory.create(tenant=tenant, breaker_percent=20, breaker_minutes=30, breaker_calls=10)
    line = Line(tenant)
    line.calls(*[GOOD] * 8, Outcome.REFUSED, at=NOW - timedelta(minutes=29))
    line.calls(Outcome.REFUSED)
    assert paused(line) == ["number 0"]


def test_only_the_last_minutes_count(tenant: Tenant) -> None:
    line = Line(tenant)
    line.calls(*[Outcome.REFUSED] * 4, at=NOW - timedelta(minutes=3))
    line.calls(Outcome.REFUSED)
    assert paused(line) == []


def test_the_last_failures_are_named(tenant: Tenant) -> None:
    line = Line(tenant)
    line.calls(*[Outcome.CARRIER_FAILED] * 4, at=NOW - timedelta(seconds=60))
    line.calls(Outcome.OVER_LIMIT, GOOD)
    assert paused(line) == ["account 0"]
    [event] = payloads("voice.carrier_account.paused", line.account.pk)
    assert event["reason"] == (
        "5 of 6 calls within 2 minutes failed. The last ones: Over the carrier's limit at 10:00:00 UTC, The carrier"
        " failed (503) at 09:59:00 UTC, The carrier failed (503) at 09:59:00 UTC."
    )
    with platform_context():
        assert CarrierAccount.objects.get(pk=line.account.pk).pause_reason == event["reason"]


def test_an_account_and_a_number_go_on_by_themselves(tenant: Tenant) -> None:
    account, number = Line(tenant), Line(tenant)
    account.calls(*[Outcome.CARRIER_FAILED] * 5)
    number.calls(*[Outcome.REFUSED] * 5)
    assert paused(account, number) == ["account 0", "number 1"]
    assert paused(account, number, now=NOW + timedelta(minutes=5)) == ["number 1"]
    later = NOW + timedelta(minutes=30)
    assert paused(account, number, now=later) == []
    # Calls that were begun before it was paused have had their consequence, whenever they end.
    account.calls(*[Outcome.CARRIER_FAILED] * 9, at=later, asked=timedelta(minutes=31))
    number.calls(*[Outcome.REFUSED] * 9, at=later, asked=timedelta(minutes=31))
    assert paused(account, number, now=later) == []
    account.calls(*[Outcome.CARRIER_FAILED] * 5, at=later + timedelta(minutes=1))
    assert paused(account, number, now=later + timedelta(minutes=1)) == ["account 0"]


def test_a_batch_goes_on_when_a_person_says_so_and_is_judged_anew(tenant: Tenant) -> None:
    line = Line(tenant)
    line.calls(*[Outcome.AGENT_FAILED] * 5)
    assert paused(line, now=NOW) == ["batch 0"]
    [event] = payloads("voice.call_batch.paused", line.batch.pk)
    assert event["reason"].startswith("5 of 5 calls within 2 minutes failed.")
    with tenant_context(tenant.pk):
        assert pausing.resume([line.batch.pk])
    # Those that were under way when it was paused end now.
    line.calls(*[Outcome.AGENT_FAILED] * 5, at=NOW + timedelta(seconds=20))
    assert paused(line, now=NOW + timedelta(seconds=30)) == []
    line.calls(*[Outcome.AGENT_FAILED] * 5, at=NOW + timedelta(seconds=60))
    assert paused(line, now=NOW + timedelta(seconds=60)) == ["batch 0"]


def test_a_person_resumes_an_account(tenant: Tenant, admin: User, viewer: User, api: Callable[..., Any]) -> None:
    account = create(tenant, CarrierAccountFactory)
    url = f"/api/v1/carrier-accounts/{account.pk}/resume/"
    assert problem(api(admin).post(url)) == (409, "not_paused")
    with platform_context():
        until = datetime.now(UTC) + timedelta(minutes=5)
        CarrierAccount.objects.filter(pk=account.pk).update(paused_until=until, pause_reason="It failed.")
    assert api(viewer).post(url).status_code == 403
    assert api(admin).post(url).json()["pause_reason"] == ""
    assert problem(api(admin).post(url)) == (409, "not_paused")
    assert len(payloads("voice.carrier_account.resumed", account.pk)) == 1


def test_the_platforms_account_is_judged_by_all_tenants_together(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context():
        shared = CarrierAccountFactory.create(tenant_id=None)
    mine, theirs = Line(tenant, account=shared), Line(other_tenant, account=shared)
    mine.calls(*[Outcome.CARRIER_FAILED] * 5)
    theirs.calls(*[GOOD] * 9)
    # Most calls go well, so that it is this tenant's number.
    assert paused(mine, theirs) == ["number 0"]
    theirs.calls(*[Outcome.CARRIER_FAILED] * 20)
    assert "account 0" in paused(mine, theirs)
    with platform_context():
        # The reason is read by every tenant: it names nobody who was called.
        assert "+" not in CarrierAccount.objects.get(pk=shared.pk).pause_reason


def test_another_tenants_failures_pause_nothing_here(tenant: Tenant, other_tenant: Tenant) -> None:
    here, there = Line(tenant), Line(other_tenant)
    there.calls(*[Outcome.REFUSED] * 6)
    here.calls(*[Outcome.REFUSED] * 2, GOOD, GOOD)
    assert paused(here, there) == ["number 1"]


@pytest.mark.parametrize(("outcome", "asks"), [(Outcome.REFUSED, True), (Outcome.BUSY, False), (GOOD, False)])
def test_a_failure_asks_for_a_look(
    tenant: Tenant,
    outcome: Outcome,
    asks: bool,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(breaker.notifier, "notify", lambda: asked.append(1))
    call = create(tenant, CallLogFactory, status=STATES[outcome], ended_at=NOW)
    placement = create(tenant, CallPlacementFactory, call_log=call, asked_at=NOW)
    with django_capture_on_commit_callbacks(execute=True), tenant_context(tenant.pk):
        tell(CallOver(call, placement, outcome, NOW))
    assert bool(asked) == asks


def test_the_last_calls_are_found_by_their_indexes(tenant: Tenant) -> None:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        lately = CallLog.objects.filter(ended_at__gte=NOW, outcome__in=sorted(breaker.FAILURES))
        assert "voice_call_logs_last" in lately.explain()
    with tenant_context(tenant.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        ended = CallLog.objects.filter(ended_at__gte=NOW).exclude(outcome="").order_by("-ended_at")
        assert "voice_call_logs_ended" in ended.explain()
