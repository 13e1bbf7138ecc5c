"""Stop an account on a network before the network does: when much of what it does fails, or nobody answers it.

A stopped account keeps in ``health`` why. It goes on only when a person says so, and is then judged by what it does
from that moment on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.providers import UNIPILE
from campaigns.messages.models import Action, Message, MessageState
from lad.outbox.emission import emit
from leads.channels import Channel
from leads.contactability.models import ContactDirection

# The share of failures is judged by so many of the last actions, once there are enough.
ACTIONS_JUDGED: Final = 50
FEWEST_ACTIONS: Final = 20
MOST_FAILURES: Final = 0.4
MANY_FAILURES: Final = 0.2
# Answers take a while: messages of the last days say nothing yet.
ANSWERS_TAKE: Final = timedelta(days=3)
MESSAGES_JUDGED: Final = 100
FEWEST_MESSAGES: Final = 40
FEWEST_ANSWERS: Final = 0.03
FEW_ANSWERS: Final = 0.08
# Nothing older than this says anything about an account.
JUDGED_FOR: Final = timedelta(days=30)
FAILURES_TEXT: Final = (
    "{failed} of the last {tried} actions failed, more than a healthy account's. The last time: {error} Solve this,"
    " then press Resume on the account's page."
)
ANSWERS_TEXT: Final = (
    "Only {answered} of {sent} people answered. WhatsApp bans numbers that hardly anybody answers. Write to people who"
    " expect it, then press Resume on the account's page."
)
# What a halted account tells its campaigns, in the event.
HALTED: Final = "halted"
JUDGED_FROM: Final = "judged_from"


class Label(StrEnum):
    """How an account stands."""

    HEALTHY = "healthy"
    WATCH = "watch"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Health:
    """How an account stands, the figures, and what they mean. ``answered`` is counted for WhatsApp only."""

    label: Label
    reasons: tuple[str, ...] = ()
    tried: int = 0
    failed: int = 0
    sent: int = 0
    answered: int = 0


def halted_because(account: NetworkAccount) -> str:
    """Return why LAD stopped the account, or an empty text."""
    halted = account.health.get(HALTED)
    return str(halted.get("reason", "")) if isinstance(halted, dict) else ""


def judged_from(health: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return an account's health when a person lets it go on: what it did before counts no more."""
    kept = {name: value for name, value in health.items() if name != HALTED}
    return {**kept, JUDGED_FROM: now.isoformat()}


def health_of(account: NetworkAccount, *, now: datetime) -> Health:
    """Return how the account stands, by what it did of late."""
    since = max(now - JUDGED_FOR, _moment(account.health.get(JUDGED_FROM)) or now - JUDGED_FOR)
    tried, failed, error = _failures(account, since)
    sent, answered = _answers(account, since, now) if _needs_answers(account) else (0, 0)
    label, reasons = Label.HEALTHY, []
    if tried >= FEWEST_ACTIONS and failed / tried > MANY_FAILURES:
        label = Label.HALTED if failed / tried > MOST_FAILURES else Label.WATCH
        reasons.append(FAILURES_TEXT.format(failed=failed, tried=tried, error=error or "no reason was given."))
    if sent >= FEWEST_MESSAGES and answered / sent < FEW_ANSWERS:
        label = Label.HALTED if answered / sent < FEWEST_ANSWERS or label == Label.HALTED else Label.WATCH
        reasons.append(ANSWERS_TEXT.format(answered=answered, sent=sent))
    if reason := halted_because(account):
        label, reasons = Label.HALTED, [reason]
    return Health(label, tuple(reasons), tried, failed, sent, answered)


def judge(accounts: Iterable[NetworkAccount], *, now: datetime) -> int:
    """Stop those of the accounts that are in a bad state. Return how many were stopped."""
    stopped = 0
    for account in accounts:
        health = health_of(account, now=now)
        if health.label == Label.HALTED and not halted_because(account):
            stopped += halt(account, " ".join(health.reasons), now=now)
    return stopped


@transaction.atomic
def halt(account: NetworkAccount, reason: str, *, now: datetime) -> bool:
    """Let the account do nothing until a person resumes it. Return whether it was at work. Emits an event once."""
    model = type(account)
    row: NetworkAccount = model.objects.select_for_update(no_key=True).get(pk=account.pk)
    if not row.is_active or halted_because(row):
        return False
    row.is_active, row.status_reason = False, reason
    row.health = {**row.health, HALTED: {"reason": reason, "at": now.isoformat()}}
    row.save(update_fields=["is_active", "status_reason", "health"])
    emit(f"{row.event_name}.stopped", aggregate=row, payload={"status": HALTED, "reason": reason})
    vars(account).update(vars(row))
    return True


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _needs_answers(account: NetworkAccount) -> bool:
    """Return whether the network bans the account for a low answer rate."""
    if not isinstance(account, ChannelAccount):
        return False
    return account.channel == Channel.WHATSAPP and account.provider == UNIPILE


def _failures(account: NetworkAccount, since: datetime) -> tuple[int, int, str]:
    """Return how many of the last actions there were, how many failed, and why the last one did."""
    finished = _messages(account).filter(updated_at__gte=since)
    sent = finished.filter(state=MessageState.SENT, occurred_at__gte=since).order_by("-occurred_at")
    failed = finished.filter(state=MessageState.FAILED, created_at__gte=since - JUDGED_FOR).order_by("-updated_at")
    both = [*sent.values_list("updated_at", "state", "error")[:ACTIONS_JUDGED]]
    both += failed.values_list("updated_at", "state", "error")[:ACTIONS_JUDGED]
    last = [(state, error) for _at, state, error in sorted(both, reverse=True)[:ACTIONS_JUDGED]]
    errors = [error for state, error in last if state == MessageState.FAILED]
    return len(last), len(errors), errors[0] if errors else ""


def _answers(account: NetworkAccount, since: datetime, now: datetime) -> tuple[int, int]:
    """Return to how many messages an answer could have come, and to how many one came."""
    rows = _messages(account).filter(
        action=Action.MESSAGE, state=MessageState.SENT, occurred_at__gte=since, occurred_at__lt=now - ANSWERS_TAKE
    )
    people: dict[object, bool] = {}
    newest = rows.order_by("-occurred_at").values_list("lead_id", "replied_at")[:MESSAGES_JUDGED]
    for lead_id, replied_at in newest:
        people[lead_id] = people.get(lead_id, False) or replied_at is not None
    return len(people), sum(people.values())


def _messages(account: NetworkAccount) -> QuerySet[Message]:
    of_account = {account.message_column: account.pk}
    return Message.objects.filter(**of_account, tenant=account.tenant_id, direction=ContactDirection.OUTBOUND)


def at_work() -> list[NetworkAccount]:
    """Return the accounts of the current scope that act."""
    found: list[NetworkAccount] = []
    for model in (LinkedinAccount, ChannelAccount):
        found += model.objects.filter(is_active=True, status=AccountStatus.ACTIVE, messages_sent__gt=0)
    return found
