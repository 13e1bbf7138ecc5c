"""The funnel of a campaign: from enrolled leads to the goal, and the same for each step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.analytics import counting
from campaigns.analytics.counting import CARRIED_OUT, People, StepActivities, StepMessages
from campaigns.analytics.keeping import Kept
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.schedule import Tracking, schedule_of
from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus
from campaigns.enrolment.reasons import EnrolmentReason

# What ends an enrolment with success.
GOALS: Final = (EnrolmentReason.GOAL, EnrolmentReason.BOOKED)
SPLIT: Final = "ab_split"
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
    """The leads that were given a variant of a step, and how many answered."""

    variant: str
    reached: int
    answered: int


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


@dataclass(frozen=True, slots=True)
class Funnel:
    """The numbers of a campaign, as they were at ``counted_at``."""

    enrolled: int
    open: int
    stages: tuple[FunnelStage, ...]
    steps: tuple[StepNumbers, ...]
    tracking: Tracking
    counted_at: datetime = field(default_factory=timezone.now)


def funnel(campaign: Campaign) -> Funnel:
    """Return the campaign's funnel. Runs at most seven statements.

    Large campaigns take seconds to count. Their numbers are kept for a while that grows with that time, ten minutes at
    most, and those of running ones are counted in advance; ``counted_at`` says how old they are.
    """
    return kept_funnels.get(campaign)


def _count(campaign: Campaign) -> Funnel:
    groups = counting.enrolment_groups(campaign)
    enrolled = sum(group.number for group in groups)
    reached_goal = sum(group.number for group in groups if group.reason in GOALS)
    tracking = schedule_of(campaign).tracking
    return Funnel(
        enrolled=enrolled,
        open=sum(group.number for group in groups if group.status in OPEN_ENROLMENTS),
        stages=_stages(enrolled, counting.people(campaign), reached_goal, tracking),
        steps=_steps(campaign, tracking),
        tracking=tracking,
    )


kept_funnels: Final = Kept("funnel", _count)


def _stages(enrolled: int, people: People, goal: int, tracking: Tracking) -> tuple[FunnelStage, ...]:
    numbers = [
        ("enrolled", "Enrolled", enrolled),
        ("contacted", "Contacted", people.contacted),
        ("delivered", "Delivered", people.delivered),
        *([("opened", "Opened", people.opened)] if tracking.opens else []),
        *([("clicked", "Clicked", people.clicked)] if tracking.clicks else []),
        ("answered", "Answered", people.answered),
        ("goal", "Goal", goal),
    ]
    return tuple(
        FunnelStage(key, label, number, number / enrolled if enrolled else 0) for key, label, number in numbers
    )


def _steps(campaign: Campaign, tracking: Tracking) -> tuple[StepNumbers, ...]:
    steps = list(campaign.steps.order_by("order").only("order", "type", "title", "config"))
    activities: dict[UUID | None, list[StepActivities]] = {}
    for each in counting.step_activities(campaign):
        activities.setdefault(each.step_id, []).append(each)
    messages, waiting = counting.step_messages(campaign), counting.at_steps(campaign)
    variants = counting.variants(campaign, [step.pk for step in steps if step.type == SPLIT])
    return tuple(
        _step(
            step, activities.get(step.pk, ()), messages.get(step.pk), waiting.get(step.pk, (0, 0)), variants, tracking
        )
        for step in steps
    )


def _step(
    step: CampaignStep,
    rows: Sequence[StepActivities],
    messages: StepMessages | None,
    at_step: tuple[int, int],
    variants: Mapping[tuple[UUID, str], tuple[int, int]],
    tracking: Tracking,
) -> StepNumbers:
    def number(*statuses: ActivityStatus) -> int:
        return sum(row.number for row in rows if row.status in statuses)

    def alone(*statuses: ActivityStatus) -> int:
        return sum(row.alone for row in rows if row.status in statuses)

    said = messages or StepMessages(step.pk, 0, 0, 0, 0)

    spec = step_types.get(step.type) if step.type in step_types else None
    reaches = spec is not None and spec.reaches_lead
    carried_out = number(*CARRIED_OUT)
    waiting, untouched = at_step
    return StepNumbers(
        id=step.pk,
        order=step.order,
        type=step.type,
        title=step.title,
        reached=sum(row.number for row in rows) + untouched,
        waiting=max(waiting, number(*WAITING)),
        sent=carried_out if reaches else 0,
        done=0 if reaches else carried_out,
        skipped=number(*SKIPPED),
        failed=number(ActivityStatus.FAILED),
        bounced=said.bounced,
        opened=said.opened + alone(*counting.OPENED) if tracking.opens else None,
        clicked=said.clicked + alone(ActivityStatus.CLICKED) if tracking.clicks else None,
        answered=said.answered + alone(ActivityStatus.REPLIED),
        variants=tuple(
            VariantNumbers(variant, reached, answered)
            for (step_id, variant), (reached, answered) in sorted(variants.items(), key=lambda each: each[0][1])
            if step_id == step.pk
        ),
    )
