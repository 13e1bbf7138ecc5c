"""Judge a number by what its last days show, and let one rest before networks label it as spam.

Numbers are labelled for calls that nobody answers, for calls that end within seconds, and for people who complain. So
these are counted by the day. A number that rests goes on by itself, and its days before the rest count no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
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


def judge_numbers(numbers: Sequence[VoiceNumber], *, zone: ZoneInfo, now: datetime) -> dict[UUID, Health]:
    """Return how numbers of the current tenant stand, by their last days since their last rest. Costs one query."""
    return {key: judge(figures) for key, figures in _figures(numbers, recent_days(numbers, zone, now), zone).items()}


def recent_days(numbers: Sequence[VoiceNumber], zone: ZoneInfo, now: datetime) -> list[NumberDay]:
    """Return the days of numbers within the window, the newest first."""
    first = now.astimezone(zone).date() - timedelta(days=WINDOW_DAYS - 1)
    rows = NumberDay.objects.filter(number__in=[number.pk for number in numbers], day__gte=first)
    return list(rows.order_by("number", "-day"))


def judge_days(numbers: Sequence[VoiceNumber], days: Sequence[NumberDay], zone: ZoneInfo) -> dict[UUID, Health]:
    """Return how numbers stand by days that were read already."""
    return {key: judge(figures) for key, figures in _figures(numbers, days, zone).items()}


def sum_of(days: Iterable[NumberDay]) -> Figures:
    """Return the figures of days together."""
    rows = list(days)
    return Figures(**{name: sum(getattr(row, name) for row in rows) for name in COUNTED})


def zone_of(tenant_id: UUID) -> ZoneInfo:
    """Return the time zone in which the tenant's days begin."""
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def end_of_rest(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when a rest that begins now ends: at the beginning of a day of the tenant's."""
    return datetime.combine(now.astimezone(zone).date() + REST + timedelta(days=1), time(), zone)


def let_rest(number: VoiceNumber, *, until: datetime, reason: str, actor: Actor = None) -> None:
    """Let a number call nobody until then. Emits ``voice.number.rested``."""
    VoiceNumber.objects.filter(pk=number.pk).update(resting_until=until, rest_reason=reason)
    number.resting_until, number.rest_reason = until, reason
    emit("voice.number.rested", aggregate=number, payload={"until": until, "reason": reason}, actor=actor)


@transaction.atomic
def rest(*, number: VoiceNumber, until: datetime, reason: str = "", actor: Actor, now: datetime | None = None) -> None:
    """Let a number rest because a person says so. Emits ``voice.number.rested``. Raises Invalid."""
    now = now or timezone.now()
    if not now < until <= now + LONGEST_REST:
        raise Invalid(errors={"until": ["Choose a time within the next year."]})
    row = VoiceNumber.objects.select_for_update(no_key=True).get(pk=number.pk)
    let_rest(row, until=until, reason=reason or "Somebody let it rest.", actor=actor)


@transaction.atomic
def end_rest(*, number: VoiceNumber, actor: Actor, now: datetime | None = None) -> None:
    """Let a number call again. Its figures count anew from the next day. Emits ``voice.number.resumed``.

    Raises NotResting.
    """
    now = now or timezone.now()
    row = VoiceNumber.objects.select_for_update(no_key=True).get(pk=number.pk)
    if row.resting_until is None or row.resting_until <= now:
        raise NotResting
    # The time stays: what was before it counts no more.
    VoiceNumber.objects.filter(pk=row.pk).update(resting_until=now, rest_reason="")
    emit("voice.number.resumed", aggregate=row, payload={}, actor=actor)


def rest_sentence(number: VoiceNumber) -> str:
    """Return until when and why a resting number rests."""
    until = number.resting_until
    return f"{number} rests until {times.written(until)}. {number.rest_reason}".strip() if until is not None else ""


def _figures(numbers: Sequence[VoiceNumber], days: Iterable[NumberDay], zone: ZoneInfo) -> Mapping[UUID, Figures]:
    first = {number.pk: _first_day(number, zone) for number in numbers}
    by_number: dict[UUID, list[Any]] = {key: [] for key in first}
    for row in days:
        if row.day >= first[row.number_id]:
            by_number[row.number_id].append(row)
    return {key: sum_of(rows) for key, rows in by_number.items()}


def _first_day(number: VoiceNumber, zone: ZoneInfo) -> date:
    """Return the first whole day after the last rest."""
    if number.resting_until is None:
        return date.min
    ended = number.resting_until.astimezone(zone)
    return ended.date() + timedelta(days=int(ended.time() > time()))
