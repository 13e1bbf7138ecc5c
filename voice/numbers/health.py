"""Judge a number by what its last days show, and let one rest before networks label it as spam.

Numbers are labelled for calls that nobody answers, for calls that end within seconds, and for people who complain. So
these are counted by the day. A number that rests goes on by itself, and its days before the rest count no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils import timezone

from lad import times
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.types import Actor
from tenants.teams.models import Tenant
from voice.numbers.models import NumberDay, VoiceNumber

WINDOW_DAYS: Final = 7
REST: Final = timedelta(days=3)
LONGEST_REST: Final = timedelta(days=365)
# Fewer calls tell nothing.
LEAST_CALLS: Final = 20
LEAST_ANSWERED: Final = 10
LEAST_COMPLAINTS: Final = 2
BY_HAND: Final = "Somebody let it rest."
COUNTED: Final = (
    "placed",
    "answered",
    "short",
    "voicemails",
    "unanswered",
    "failed",
    "complaints",
    "talk_seconds",
)


class Label(models.TextChoices):
    """How a number stands. One on watch calls after the healthy ones."""

    HEALTHY = "healthy", "Healthy"
    WATCH = "watch", "Watch"
    REST = "rest", "Rest"


class NotResting(Conflict):
    """This number does not rest, so there is nothing to end."""

    code = "not_resting"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a number did in some days. Rates are shares from 0 to 1, or None without a call that they could be of."""

    placed: int = 0
    answered: int = 0
    short: int = 0
    voicemails: int = 0
    unanswered: int = 0
    failed: int = 0
    complaints: int = 0
    talk_seconds: int = 0

    @property
    def ended(self) -> int:
        """Return how many calls rang until somebody answered, a mailbox did, or nobody did."""
        return self.answered + self.voicemails + self.unanswered

    @property
    def connect_rate(self) -> float | None:
        return self.answered / self.ended if self.ended else None

    @property
    def short_rate(self) -> float | None:
        return self.short / self.answered if self.answered else None

    @property
    def complaint_rate(self) -> float | None:
        return self.complaints / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate from which a number is watched, and one from which it rests. ``least`` is the sample that it needs."""

    rate: str
    sample: str
    least: int
    watch: float
    rest: float
    detail: str
    is_floor: bool = False

    def label(self, figures: Figures) -> Label:
        """Return what this rate says of a number."""
        rate = getattr(figures, self.rate)
        if rate is None or getattr(figures, self.sample) < self.least:
            return Label.HEALTHY
        sign = -1 if self.is_floor else 1
        if sign * rate >= sign * self.rest:
            return Label.REST
        return Label.WATCH if sign * rate >= sign * self.watch else Label.HEALTHY


# The worst one is named first.
LIMITS: Final = (
    Limit(
        "complaint_rate",
        "complaints",
        LEAST_COMPLAINTS,
        0.01,
        0.03,
        "{complaints} of {ended} people asked not to be called again.",
    ),
    Limit(
        "short_rate",
        "answered",
        LEAST_ANSWERED,
        0.3,
        0.5,
        "{short} of {answered} answered calls ended within seconds.",
    ),
    Limit(
        "connect_rate",
        "ended",
        LEAST_CALLS,
        0.1,
        0.05,
        "Only {answered} of {ended} calls were answered by a person.",
        is_floor=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Health:
    """How a number stands, why, and the figures of the days that count."""

    label: Label
    reasons: tuple[str, ...]
    figures: Figures

    @property
    def reason(self) -> str:
        return " ".join(self.reasons)


def judge(figures: Figures) -> Health:
    """Return how a number with these figures stands, and a sentence for each rate that is not as it should be."""
    labels = [(limit.label(figures), limit) for limit in LIMITS]
    found = {label for label, _limit in labels}
    worst = next(label for label in (Label.REST, Label.WATCH, Label.HEALTHY) if label in found)
    values = {name: getattr(figures, name) for name in (*COUNTED, "ended")}
    reasons = [limit.detail.format(**values) for label, limit in labels if label != Label.HEALTHY]
    return Health(worst, tuple(reasons), figures)


def recent_days(numbers: Sequence[VoiceNumber], zone: ZoneInfo, now: datetime) -> list[NumberDay]:
    """Return the days of numbers within the window, the newest first."""
    rows = NumberDay.objects.filter(number__in=[number.pk for number in numbers], day__gte=window_start(zone, now))
    return list(rows.order_by("number", "-day"))


def judge_number(number: VoiceNumber, days: Iterable[NumberDay], *, zone: ZoneInfo, now: datetime) -> Health:
    """Return how a number stands by those of its days that are within the window and after its last rest."""
    first = max(window_start(zone, now), _first_day(number, zone))
    return judge(sum_of(row for row in days if row.day >= first))


def window_start(zone: ZoneInfo, now: datetime) -> date:
    """Return the first day that counts, today being the last."""
    return now.astimezone(zone).date() - timedelta(days=WINDOW_DAYS - 1)


@dataclass(frozen=True, slots=True)
class Report:
    """How a number stands, what it may still do today, and its rest if it has one."""

    label: Label
    reasons: tuple[str, ...]
    figures: Figures
    placed_today: int
    left_today: int
    resting_until: datetime | None
    rest_reason: str


def report(number: VoiceNumber, *, now: datetime) -> Report:
    """Return how a number stands. Costs two queries."""
    zone = zone_of(number.tenant_id)
    return report_by(number, recent_days([number], zone, now), zone=zone, now=now)


def report_by(number: VoiceNumber, days: Sequence[NumberDay], *, zone: ZoneInfo, now: datetime) -> Report:
    """Return how a number stands by days that were read already. A resting number is labelled so."""
    found = judge_number(number, days, zone=zone, now=now)
    today = now.astimezone(zone).date()
    placed = sum(row.placed for row in days if row.day == today)
    until = number.resting_until if number.resting_until and number.resting_until > now else None
    return Report(
        label=found.label if until is None else Label.REST,
        reasons=found.reasons if until is None else (number.rest_reason,),
        figures=found.figures,
        placed_today=placed,
        left_today=max(number.daily_cap - placed, 0),
        resting_until=until,
        rest_reason=number.rest_reason if until is not None else "",
    )


def sum_of(days: Iterable[NumberDay]) -> Figures:
    """Return the figures of days together."""
    rows = list(days)
    return Figures(**{name: sum(getattr(row, name) for row in rows) for name in COUNTED})


def zone_of(tenant_id: UUID) -> ZoneInfo:
    """Return the time zone in which the tenant's days begin."""
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def end_of_rest(now: datetime, zone: ZoneInfo, length: timedelta = REST) -> datetime:
    """Return when a rest for the remaining day and so many whole ones ends: at the beginning of a day."""
    return datetime.combine(now.astimezone(zone).date() + length + timedelta(days=1), time(), zone)


def let_rest(number: VoiceNumber, *, until: datetime, reason: str, actor: Actor = None) -> None:
    """Let a number call nobody until then. Emits ``voice.number.rested``."""
    VoiceNumber.objects.filter(pk=number.pk).update(resting_until=until, rest_reason=reason)
    number.resting_until, number.rest_reason = until, reason
    emit("voice.number.rested", aggregate=number, payload={"until": until, "reason": reason}, actor=actor)


@transaction.atomic
def rest(
    *, number: VoiceNumber, until: datetime, reason: str = "", actor: Actor, now: datetime | None = None
) -> VoiceNumber:
    """Let a number rest because a person says so, and return it. Emits ``voice.number.rested``. Raises Invalid."""
    now = now or timezone.now()
    if not now < until <= now + LONGEST_REST:
        raise Invalid(errors={"until": ["Choose a time within the next year."]})
    row: VoiceNumber = VoiceNumber.objects.select_for_update(no_key=True).get(pk=number.pk)
    let_rest(row, until=until, reason=reason or BY_HAND, actor=actor)
    return row


@transaction.atomic
def end_rest(*, number: VoiceNumber, actor: Actor, now: datetime | None = None) -> VoiceNumber:
    """Let a number call again and return it. Its figures count anew from the next day. Emits ``voice.number.resumed``.

    Raises NotResting.
    """
    now = now or timezone.now()
    row: VoiceNumber = VoiceNumber.objects.select_for_update(no_key=True).get(pk=number.pk)
    if row.resting_until is None or row.resting_until <= now:
        raise NotResting
    # The time stays: what was before it counts no more.
    VoiceNumber.objects.filter(pk=row.pk).update(resting_until=now, rest_reason="")
    row.resting_until, row.rest_reason = now, ""
    emit("voice.number.resumed", aggregate=row, payload={}, actor=actor)
    return row


def rest_sentence(number: VoiceNumber) -> str:
    """Return until when and why a resting number rests."""
    until = number.resting_until
    return f"{number} rests until {times.written(until)}. {number.rest_reason}".strip() if until is not None else ""


def _first_day(number: VoiceNumber, zone: ZoneInfo) -> date:
    """Return the first whole day after the last rest."""
    if number.resting_until is None:
        return date.min
    ended = number.resting_until.astimezone(zone)
    return ended.date() + timedelta(days=int(ended.time() > time()))
