"""Pause a carrier account, a number or a batch whose calls fail, before everybody in the batch has been tried.

A failure asks for a look at the calls of the last minutes. The cause is looked for from the outside in: calls through
an account that fails say nothing about its numbers, and those of a failing number nothing about its batch. Accounts
and numbers go on by themselves after a while, or when a person says so; a batch only when a person says so. Calls that
were begun before that count no more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils import timezone

from lad import times
from lad.notifier import WorkerNotifier
from lad.tenancy.context import platform_context, tenant_context
from voice.batches.models import CallBatch
from voice.batches.services import pausing
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.carriers.services import pause_account
from voice.dialer.hooks import CallOver, when_over
from voice.dialer.models import CallPlacement, DialingPolicy
from voice.numbers.health import let_rest
from voice.numbers.models import VoiceNumber

TASK: Final = "voice.watch_failures"
notifier: Final = WorkerNotifier(TASK)

# What may lie at the account, at the number, and at whom the batch calls and with which agent.
ACCOUNT_FAILURES: Final = frozenset({Outcome.CARRIER_FAILED, Outcome.OVER_LIMIT, Outcome.UNKNOWN})
NUMBER_FAILURES: Final = ACCOUNT_FAILURES | {Outcome.REFUSED}
FAILURES: Final = NUMBER_FAILURES | {Outcome.AGENT_FAILED, Outcome.WRONG_NUMBER}

ACCOUNT_PAUSE: Final = timedelta(minutes=5)
NUMBER_PAUSE: Final = timedelta(minutes=30)
# Where nothing failed for so long, nothing is looked at.
LATELY: Final = timedelta(minutes=5)
# The newest calls of a tenant, or of an account that many use, that are looked at.
MAX_CALLS: Final = 5_000
FAILURES_NAMED: Final = 3
REASON: Final = "{failed} of {total} calls within {minutes} minutes failed. The last ones: {last}."


class Ended(NamedTuple):
    """A call that ended lately, with what it was made through."""

    account_id: UUID | None
    number_id: UUID | None
    batch_id: UUID | None
    outcome: str
    cause: str
    asked_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """From how many failures in a hundred of how many calls within how many minutes on something is paused."""

    percent: int
    calls: int
    minutes: int

    def is_broken_by(self, calls: Sequence[Ended], failures: frozenset[Outcome]) -> bool:
        """Return whether too many of the calls failed, of enough calls."""
        failed = sum(call.outcome in failures for call in calls)
        return len(calls) >= self.calls and failed > 0 and failed * 100 >= self.percent * len(calls)

    def since(self, now: datetime) -> datetime:
        return now - timedelta(minutes=self.minutes)

    def reason(self, calls: Sequence[Ended], failures: frozenset[Outcome]) -> str:
        """Return a sentence with the last failures. It names nobody who was called."""
        failed = [call for call in calls if call.outcome in failures]
        last = ", ".join(map(_named, failed[:FAILURES_NAMED]))
        return REASON.format(failed=len(failed), total=len(calls), minutes=self.minutes, last=last)


def rule_of(policy: DialingPolicy | None) -> Rule:
    """Return the rule of a tenant, by default the one that holds without any."""
    found = policy or DialingPolicy()
    return Rule(found.breaker_percent, found.breaker_calls, found.breaker_minutes)


@when_over
def watch(over: CallOver) -> None:
    """Ask for a look at the last calls if this one failed."""
    if over.placement is not None and over.outcome in FAILURES:
        notifier.notify_on_commit()


def check_failures(now: datetime | None = None) -> None:
    """Pause what fails, in every tenant whose calls failed lately. Call it outside any scope."""
    now = now or timezone.now()
    with platform_context():
        lately = CallLog.objects.filter(ended_at__gte=now - LATELY, outcome__in=FAILURES)
        tenants = set(lately.values_list("tenant_id", flat=True))
        if tenants:
            _check_shared_accounts(now)
    for tenant_id in sorted(tenants):
        _check_tenant(tenant_id, now)


def _check_tenant(tenant_id: UUID, now: datetime) -> None:
    """Pause what fails in one tenant. Each kind has a transaction of its own: claims lock batches before numbers."""
    with tenant_context(tenant_id):
        rule = rule_of(DialingPolicy.objects.first())
        calls = _calls(CallPlacement.objects, rule.since(now))
        keys = {call.account_id for call in calls}
        accounts = {row.pk: row for row in CarrierAccount.all_objects.filter(pk__in=keys)}
        own = {key: row for key, row in accounts.items() if row.tenant_id is not None}
        _pause_accounts(own, calls, rule, now)
    pauses = {key: row.paused_until for key, row in accounts.items()}
    calls = [call for call in calls if _counts(call, pauses.get(call.account_id))]
    with tenant_context(tenant_id):
        rests = _rest_numbers(calls, rule, now)
    calls = [call for call in calls if _counts(call, rests.get(call.number_id))]
    with tenant_context(tenant_id):
        _pause_batches(calls, rule, now)


def _check_shared_accounts(now: datetime) -> None:
    """Pause the platform's accounts that fail for the tenants together. Needs a platform scope."""
    accounts = {row.pk: row for row in CarrierAccount.objects.filter(tenant__isnull=True, is_active=True)}
    if accounts:
        rows = CallPlacement.objects.filter(carrier_account__in=accounts)
        rule = rule_of(None)
        _pause_accounts(accounts, _calls(rows, rule.since(now)), rule, now)


def _calls(rows: Any, since: datetime) -> list[Ended]:
    """Return the calls that ended since then, the last one first."""
    ended = rows.filter(call_log__ended_at__gte=since, asked_at__isnull=False).exclude(call_log__outcome="")
    columns = ("carrier_account_id", "number_id", "batch_id", "call_log__outcome", "call_log__cause", "asked_at")
    found = ended.order_by("-call_log__ended_at").values_list(*columns, "call_log__ended_at")[:MAX_CALLS]
    return [Ended(*row) for row in found if row[3] != Outcome.CANCELLED]


def _pause_accounts(accounts: Mapping[UUID, CarrierAccount], calls: Iterable[Ended], rule: Rule, now: datetime) -> None:
    for key, group in _grouped(calls, lambda call: call.account_id).items():
        account = accounts.get(key)
        if account is None:
            continue
        counted = [call for call in group if _counts(call, account.paused_until)]
        if rule.is_broken_by(counted, ACCOUNT_FAILURES) and not _is_one_number(counted, rule):
            reason = rule.reason(counted, ACCOUNT_FAILURES)
            pause_account(account=account, until=now + ACCOUNT_PAUSE, reason=reason, now=now)


def _is_one_number(calls: Sequence[Ended], rule: Rule) -> bool:
    """Return whether the calls of one number fail only, while the account's others go well."""
    groups = _grouped(calls, lambda call: call.number_id)
    if len(groups) < 2:
        return False
    worst = max(groups, key=lambda key: sum(call.outcome in ACCOUNT_FAILURES for call in groups[key]))
    others = [call for call in calls if call.number_id != worst]
    failed = sum(call.outcome in ACCOUNT_FAILURES for call in others)
    return failed * 100 < rule.percent * len(others)


def _rest_numbers(calls: Iterable[Ended], rule: Rule, now: datetime) -> dict[UUID | None, datetime | None]:
    """Let the numbers that fail rest. Return until when each number rests or rested last."""
    groups = _grouped(calls, lambda call: call.number_id)
    rests: dict[UUID | None, datetime | None] = {}
    for number in VoiceNumber.objects.filter(pk__in=groups).order_by("pk").select_for_update(no_key=True):
        counted = [call for call in groups[number.pk] if _counts(call, number.resting_until)]
        if rule.is_broken_by(counted, NUMBER_FAILURES):
            let_rest(number, until=now + NUMBER_PAUSE, reason=rule.reason(counted, NUMBER_FAILURES))
        rests[number.pk] = number.resting_until
    return rests


def _pause_batches(calls: Iterable[Ended], rule: Rule, now: datetime) -> None:
    groups = _grouped(calls, lambda call: call.batch_id)
    suspects = [key for key, group in groups.items() if rule.is_broken_by(group, FAILURES)]
    for batch in CallBatch.objects.filter(pk__in=suspects, paused_at__isnull=True).order_by("pk"):
        counted = [call for call in groups[batch.pk] if _counts(call, batch.tripped_at)]
        if rule.is_broken_by(counted, FAILURES) and pausing.pause(
            [batch.pk], reason=rule.reason(counted, FAILURES), now=now
        ):
            CallBatch.objects.filter(pk=batch.pk).update(tripped_at=now)


def _counts(call: Ended, until: datetime | None) -> bool:
    """Return whether a call was begun after the last pause: those before it have had their consequence."""
    return until is None or call.asked_at > until


def _grouped(calls: Iterable[Ended], key: Callable[[Ended], UUID | None]) -> dict[UUID, list[Ended]]:
    groups: dict[UUID, list[Ended]] = defaultdict(list)
    for call in calls:
        if (found := key(call)) is not None:
            groups[found].append(call)
    return dict(groups)


def _named(call: Ended) -> str:
    said = f" ({call.cause})" if call.cause else ""
    return f"{Outcome(call.outcome).label}{said} at {times.written(call.ended_at, '%H:%M:%S')}"
