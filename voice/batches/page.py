"""What the page of a batch shows: how far it is, how calls ended, what they cost, who waits, who was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from lad.figures import Figure
from lad.times import written
from voice.batches.models import CallBatch
from voice.batches.selectors import BatchSummary, summary_of
from voice.carriers.outcomes import Outcome
from voice.formatting import format_duration
from voice.statuses import BatchStatus, EntryStatus

CALLING: Final = (EntryStatus.RUNNING.value, EntryStatus.DISPATCHED.value)
# How an outcome is coloured on the bar: somebody was reached, a machine or nobody answered, or it went wrong.
TONES: Final = {
    Outcome.ANSWERED: "good",
    Outcome.VOICEMAIL: "machine",
    Outcome.BUSY: "missed",
    Outcome.NO_ANSWER: "missed",
    Outcome.DECLINED: "missed",
    Outcome.CANCELLED: "quiet",
}
BAD: Final = "bad"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the progress bar, or a line of the outcomes."""

    label: str
    number: int
    share: float
    tone: str


@dataclass(frozen=True, slots=True)
class State:
    """What the batch is doing, in a sentence, and why it does not."""

    icon: str
    text: str
    reason: str = ""
    warns: bool = False


def batch_context(batch: CallBatch) -> dict[str, Any]:
    """Return the context of ``voice/batch.html``."""
    now = timezone.now()
    summary = summary_of(batch, now=now)
    entries = reverse("admin:voice_callbatchentry_changelist")
    return {
        "batch": batch,
        "now": now,
        "summary": summary,
        "state": state_of(batch, summary, now=now),
        "cards": cards_of(batch, summary),
        "parts": progress_of(batch, summary),
        "outcomes": outcomes_of(summary),
        "live_url": reverse("admin:live_calls"),
        "entries_url": f"{entries}?batch__id__exact={batch.pk}",
        "goes_on": batch.status in (BatchStatus.QUEUED, BatchStatus.RUNNING),
    }


def state_of(batch: CallBatch, summary: BatchSummary, *, now: datetime) -> State:
    """Return what the batch is doing."""
    calling = sum(summary.statuses.get(status, 0) for status in CALLING)
    if batch.paused_at is not None and batch.status in (BatchStatus.QUEUED, BatchStatus.RUNNING):
        return State("pause_circle", "Paused.", batch.pause_reason, warns=True)
    if batch.status == BatchStatus.QUEUED and batch.scheduled_at is not None and batch.scheduled_at > now:
        return State("schedule", f"Begins {written(batch.scheduled_at)}.")
    if batch.status == BatchStatus.QUEUED:
        return State("hourglass_top", "Begins as soon as there is room.")
    if batch.status == BatchStatus.RUNNING:
        waiting = summary.statuses.get(EntryStatus.QUEUED, 0)
        nearest = min((group.first for group in summary.waiting if group.first), default=None)
        if not calling and waiting and not summary.due_now and nearest is not None:
            return State("hourglass_top", f"Everybody who is left waits. The next call is due {written(nearest)}.")
        return State("phone_in_talk", f"{calling:,} being called, {summary.due_now:,} wait for their turn.")
    at = f" {written(batch.finished_at)}" if batch.finished_at else ""
    icons = {BatchStatus.COMPLETED: "check_circle", BatchStatus.FAILED: "error"}
    return State(icons.get(BatchStatus(batch.status), "cancel"), f"{batch.get_status_display()}{at}.")


def cards_of(batch: CallBatch, summary: BatchSummary) -> list[tuple[str, str, str]]:
    """Return the title, figure and explanation of each card."""
    reached, total = batch.completed_calls, batch.total_calls
    retries = max(summary.calls - sum(summary.outcomes.values()), 0)
    costs = [Figure(f"{amount:.2f} {currency}") for currency, amount in sorted(summary.costs.items())]
    prices = [
        f"{amount / reached:.3f} {currency} each reached" for currency, amount in summary.costs.items() if reached
    ]
    return [
        ("Reached", f"{reached:,}", f"of {total:,} people, {reached / total:.0%}" if total else "nobody to call"),
        ("Calls", f"{summary.calls:,}", f"{retries:,} of them again" if retries else "one for each person so far"),
        ("Talk time", format_duration(summary.talk_seconds), _average(summary, reached)),
        ("Cost", ", ".join(costs) or "–", next(iter(prices), "nothing charged yet")),
    ]


def _average(summary: BatchSummary, reached: int) -> str:
    return f"{format_duration(summary.talk_seconds / reached)} each reached" if reached else "nobody reached yet"


def progress_of(batch: CallBatch, summary: BatchSummary) -> list[Part]:
    """Return the parts of the bar, in order. Together they are the whole batch."""
    statuses, total = summary.statuses, sum(summary.statuses.values())
    if not total:
        return []
    numbers = (
        ("reached", "good", statuses.get(EntryStatus.COMPLETED, 0)),
        ("not reached", "missed", statuses.get(EntryStatus.DECLINED, 0)),
        ("failed", BAD, statuses.get(EntryStatus.FAILED, 0)),
        ("cancelled", "quiet", statuses.get(EntryStatus.CANCELLED, 0)),
        ("being called", "now", sum(statuses.get(status, 0) for status in CALLING)),
        ("waiting", "waiting", statuses.get(EntryStatus.QUEUED, 0)),
    )
    return [Part(label, number, number / total, tone) for label, tone, number in numbers if number]


def outcomes_of(summary: BatchSummary) -> Sequence[Part]:
    """Return how the last calls of the entries ended, the most frequent first."""
    total = sum(summary.outcomes.values())
    found = sorted(((Outcome(key), number) for key, number in summary.outcomes.items()), key=lambda each: -each[1])
    return [Part(str(outcome.label), number, number / total, TONES.get(outcome, BAD)) for outcome, number in found]
