"""The funnel of a campaign: from enrolled leads to the goal, and the same for each step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.analytics.measuring import CARRIED_OUT, measured
from campaigns.analytics.rates import Rate
from campaigns.analytics.significance import Comparison, Sample, compare
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.schedule import Tracking, schedule_of
from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus
from campaigns.figures.models import Face, Milestone
from campaigns.figures.reading import EVERYTHING, Figure, Figures, Period, figures

FACES: Final = (Face.STEP, Face.PEOPLE, Face.VARIANT, Face.STATE)
SPLIT: Final = "ab_split"
OPEN: Final = tuple(f"enrolment_{status}" for status in OPEN_ENROLMENTS)
# An enrolment with one of these has something under way that its activity already counts.
UNDER_WAY: Final = ("sending", "manual_task", "calling")
# The API has these names.
STAGE_NAMES: Final = {Milestone.REPLIED: ("answered", "Answered"), Milestone.GOAL: ("goal", "Goal")}
SKIPPED: Final = (ActivityStatus.SKIPPED, ActivityStatus.CANCELLED)
WAITING: Final = (ActivityStatus.PENDING, ActivityStatus.QUEUED)


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One stage of the funnel. ``share`` is its part of the enrolled leads, from 0 to 1."""

    key: str
    label: str
    number: int
    share: float


@dataclass(frozen=True, slots=True)
class VariantNumbers:
    """The leads that were given a variant of a step, and what they did after that. Each counts once."""

    variant: str
    reached: int
    answered: int
    opened: int = 0
    clicked: int = 0
    interested: int = 0
    booked: int = 0
    unsubscribed: int = 0

    @property
    def answer_rate(self) -> Rate:
        """Return how many of the leads answered."""
        return Rate("replied", "Answered", self.answered, self.reached, f"given variant {self.variant.upper()}")


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """The results of one step. Every enrolment that came to the step counts as ``reached``.

    ``sent`` counts what went out to leads: waits, decisions and searches are ``done`` instead. ``opened`` and
    ``clicked`` are None if the campaign does not track them.
    """

    id: UUID
    order: int
    type: str
    title: str
    reached: int
    waiting: int
    sent: int
    done: int
    skipped: int
    failed: int
    bounced: int
    opened: int | None
    clicked: int | None
    answered: int
    variants: tuple[VariantNumbers, ...] = ()
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The numbers of a campaign, as they were at ``counted_at``.

    ``is_behind`` says that very many changes have not been counted yet.
    """

    enrolled: int
    open: int
    stages: tuple[FunnelStage, ...]
    steps: tuple[StepNumbers, ...]
    tracking: Tracking
    is_behind: bool = False
    counted_at: datetime = field(default_factory=timezone.now)


def funnel(campaign: Campaign) -> Funnel:
    """Return the campaign's funnel, exact at this moment. Runs three statements, whatever the campaign's size."""
    return funnel_of(campaign, figures(campaign, FACES), EVERYTHING)


def funnel_of(campaign: Campaign, found: Figures, period: Period) -> Funnel:
    """Return the funnel that the figures of FACES show. Runs one statement."""
    tracking = schedule_of(campaign).tracking
    enrolled = found.number(Face.PEOPLE, Milestone.ENROLLED)
    return Funnel(
        enrolled=enrolled,
        open=found.number(Face.STATE, *OPEN),
        stages=_stages(found, enrolled, tracking),
        steps=_steps(campaign, found, tracking, period),
        tracking=tracking,
        is_behind=found.is_behind or found.is_recounted,
    )


def _stages(found: Figures, enrolled: int, tracking: Tracking) -> tuple[FunnelStage, ...]:
    shown = [
        Milestone.ENROLLED,
        Milestone.CONTACTED,
        Milestone.DELIVERED,
        *([Milestone.OPENED] if tracking.opens else []),
        *([Milestone.CLICKED] if tracking.clicks else []),
        Milestone.REPLIED,
        Milestone.GOAL,
    ]
    stages = []
    for each in shown:
        number = found.number(Face.PEOPLE, each)
        key, label = STAGE_NAMES.get(each, (each.value, str(each.label)))
        stages.append(FunnelStage(key, label, number, number / enrolled if enrolled else 0))
    return tuple(stages)


def _steps(campaign: Campaign, found: Figures, tracking: Tracking, period: Period) -> tuple[StepNumbers, ...]:
    steps = list(campaign.steps.order_by("order").only("order", "type", "title", "config"))
    by_face = {face: _by_step(found.of(face)) for face in (Face.STEP, Face.STATE, Face.VARIANT)}
    return tuple(
        _step(step, *(by_face[face].get(step.pk, ()) for face in by_face), tracking=tracking, period=period)
        for step in steps
    )


def _by_step(counts: Iterable[Figure]) -> dict[UUID, list[Figure]]:
    groups: dict[UUID, list[Figure]] = {}
    for each in counts:
        if each.step_id is not None:
            groups.setdefault(each.step_id, []).append(each)
    return groups


def _step(
    step: CampaignStep,
    actions: Sequence[Figure],
    states: Sequence[Figure],
    people: Sequence[Figure],
    *,
    tracking: Tracking,
    period: Period,
) -> StepNumbers:
    def number(*statuses: ActivityStatus) -> int:
        metrics = [f"activity_{status}" for status in statuses]
        return sum(each.number for each in actions if each.metric in metrics)

    said = measured(actions)
    spec = step_types.get(step.type) if step.type in step_types else None
    reaches = spec is not None and spec.reaches_lead
    carried_out = number(*CARRIED_OUT)
    standing = [each for each in states if each.metric in OPEN]
    # Those who stand at the step and have no activity of it yet. They are not of a day.
    untouched = [each for each in standing if each.detail not in UNDER_WAY] if period.is_everything else []
    variants = _variants(people)
    return StepNumbers(
        id=step.pk,
        order=step.order,
        type=step.type,
        title=step.title,
        reached=number(*ActivityStatus) + sum(each.number for each in untouched),
        waiting=max(sum(each.number for each in standing), number(*WAITING)),
        sent=carried_out if reaches else 0,
        done=0 if reaches else carried_out,
        skipped=number(*SKIPPED),
        failed=number(ActivityStatus.FAILED),
        bounced=said.bounced,
        opened=said.opened if tracking.opens else None,
        clicked=said.clicked if tracking.clicks else None,
        answered=said.replied,
        variants=variants,
        comparison=compare([Sample(each.variant, each.reached, each.answered) for each in variants]),
    )


def _variants(people: Sequence[Figure]) -> tuple[VariantNumbers, ...]:
    def number(variant: str, milestone: Milestone) -> int:
        return sum(each.number for each in people if each.variant == variant and each.metric == milestone)

    return tuple(
        VariantNumbers(
            variant,
            reached=number(variant, Milestone.ASSIGNED),
            answered=number(variant, Milestone.REPLIED),
            opened=number(variant, Milestone.OPENED),
            clicked=number(variant, Milestone.CLICKED),
            interested=number(variant, Milestone.INTERESTED),
            booked=number(variant, Milestone.BOOKED),
            unsubscribed=number(variant, Milestone.UNSUBSCRIBED),
        )
        for variant in sorted({each.variant for each in people})
    )
