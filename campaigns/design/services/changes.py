"""Preview a change of a campaign's steps, and make it.

The preview says what the change does to each enrolment that is under way: whether it will skip a step, wait no longer
at one, or run one again. ``apply_change`` makes exactly the change that was previewed.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.design.services import steps as step_services
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, CampaignLead, CampaignLeadActivity
from lad import writes
from lad.db.identifiers import uuid7
from lad.errors import Invalid, NotFound
from lad.types import Actor, Values

NOT_DONE: Final = (ActivityStatus.CANCELLED, ActivityStatus.SKIPPED, ActivityStatus.PENDING, ActivityStatus.QUEUED)


@dataclass(frozen=True, slots=True)
class Insert:
    """Add a step at this place; at the end without one."""

    type: str
    title: str
    config: Mapping[str, Any] = field(default_factory=dict)
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a step."""

    step_id: UUID


@dataclass(frozen=True, slots=True)
class Reorder:
    """Put all steps in this order."""

    step_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Change the settings of a step."""

    step_id: UUID
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Let an outcome of a step lead to another step, or end there without one."""

    step_id: UUID
    outcome: str
    target_id: UUID | None


@dataclass(frozen=True, slots=True)
class Unlink:
    """Let an outcome of a step lead to the next step again."""

    step_id: UUID
    outcome: str


Change = Insert | Remove | Reorder | Settings | Link | Unlink


@dataclass(frozen=True, slots=True)
class StepEffect:
    """The effect of the change at one step, in numbers of enrolments.

    ``skipping`` would have come to the step, or came past the place of a new one, and will not do it. ``again`` have
    done it and will come to it again. ``waiting`` stand at it and go on to the step titled ``goes_on_to``, or are
    looked at again if the step stays; the title is empty if they finish.
    """

    title: str
    skipping: int = 0
    again: int = 0
    waiting: int = 0
    goes_on_to: str = ""
    is_removed: bool = False

    def sentences(self) -> Iterator[str]:
        """Yield the effects in words."""
        if self.skipping:
            yield f"{_leads(self.skipping)} will skip “{self.title}”."
        if self.again:
            yield f"{_leads(self.again)} did “{self.title}” already and will come to it again."
        if self.waiting and not self.is_removed:
            yield f"{_leads(self.waiting)} at “{self.title}” will be looked at again under the new settings."
        elif self.waiting and self.goes_on_to:
            yield f"{_leads(self.waiting)} at “{self.title}” will go on to “{self.goes_on_to}”."
        elif self.waiting:
            yield f"{_leads(self.waiting)} at “{self.title}” will finish."


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """The effects of a change, by step. No effects means that no enrolment under way is touched."""

    effects: tuple[StepEffect, ...]

    @property
    def sentences(self) -> list[str]:
        return [text for effect in self.effects for text in effect.sentences()]


def preview_change(*, campaign: Campaign, change: Change) -> ChangePreview:
    """Return what the change would do to the enrolments under way. Raises NotFound and Invalid."""
    before = graph_of(campaign)
    changed = {change.step_id} if isinstance(change, Settings) else set()
    return effects_between(campaign, before, _changed(before, change), changed=changed)


@transaction.atomic
def apply_change(*, campaign: Campaign, change: Change, actor: Actor) -> ChangePreview:
    """Make the change and return what it did. Raises StepsLocked, NotFound and Invalid."""
    step_services.require_editable(campaign)
    effects = preview_change(campaign=campaign, change=change)
    match change:
        case Insert(type_, title, config, order):
            values = {"campaign": campaign, "type": type_, "title": title, "config": dict(config), "order": order}
            writes.create(CampaignStep, values, actor=actor)
        case Remove(step_id):
            writes.delete(_step(campaign, step_id), actor=actor)
        case Reorder(step_ids):
            step_services.reorder(campaign=campaign, step_ids=step_ids, actor=actor)
        case Settings(step_id, config):
            writes.update(_step(campaign, step_id), {"config": dict(config)}, actor=actor)
        case Link(step_id, outcome, target_id):
            target = _step(campaign, target_id) if target_id else None
            _link(_step(campaign, step_id), outcome, {"target": target}, actor)
        case Unlink(step_id, outcome):
            for row in StepLink.objects.filter(step=step_id, campaign=campaign, outcome=outcome):
                writes.delete(row, actor=actor)
    return effects


def _link(step: CampaignStep, outcome: str, values: Values, actor: Actor) -> None:
    row = StepLink.objects.filter(step=step, outcome=outcome).first()
    if row is None:
        writes.create(StepLink, {"step": step, "outcome": outcome, **values}, actor=actor)
    else:
        writes.update(row, values, actor=actor)


def _step(campaign: Campaign, key: UUID) -> CampaignStep:
    step = CampaignStep.objects.filter(pk=key, campaign=campaign).first()
    if step is None:
        raise NotFound
    return step


def _changed(graph: Graph, change: Change) -> Graph:
    """Return the graph as it will be."""
    rows = {step.id: step for step in graph.steps}
    match change:
        case Insert(type_, title, config, order):
            place = order if order is not None else (graph.steps[-1].order + 1 if graph.steps else 1)
            moved = [replace(step, order=step.order + 1) if step.order >= place else step for step in graph.steps]
            return Graph([*moved, Step(uuid7(), type_, place, title, config)])
        case Remove(step_id):
            following = graph.usual_next(_known(rows, step_id))
            target = None if following is None or following.id == step_id else following.id
            return Graph(_without(step, step_id, target) for step in graph.steps if step.id != step_id)
        case Reorder(step_ids):
            if sorted(step_ids) != sorted(rows):
                raise Invalid(errors={"steps": ["Name every step of the campaign exactly once."]})
            return Graph(replace(rows[key], order=order) for order, key in enumerate(step_ids, start=1))
        case Settings(step_id, config):
            return Graph([*_others(graph, step_id), replace(_known(rows, step_id), config=config)])
        case Link(step_id, outcome, target_id):
            step = _known(rows, step_id)
            if target_id is not None:
                _known(rows, target_id)
            return Graph([*_others(graph, step_id), replace(step, links={**step.links, outcome: target_id})])
        case Unlink(step_id, outcome):
            step = _known(rows, step_id)
            links = {name: target for name, target in step.links.items() if name != outcome}
            return Graph([*_others(graph, step_id), replace(step, links=links)])


def _others(graph: Graph, step_id: UUID) -> list[Step]:
    return [step for step in graph.steps if step.id != step_id]


def _known(rows: Mapping[UUID, Step], key: UUID) -> Step:
    if key not in rows:
        raise NotFound
    return rows[key]


def _without(step: Step, gone: UUID, target: UUID | None) -> Step:
    """Return the step with its links to the removed one leading on."""
    return replace(step, links={name: target if to == gone else to for name, to in step.links.items()})


def effects_between(
    campaign: Campaign, before: Graph, after: Graph, *, changed: Collection[UUID] = ()
) -> ChangePreview:
    """Return what replacing one graph by another does to the enrolments under way.

    ``changed`` are the steps that stay, but with other settings.
    """
    standing = _standing(campaign)
    skipping: dict[UUID, int] = {}
    come_again: dict[UUID, set[UUID]] = {}
    for place, number in standing.items():
        if place not in before.by_id:
            continue
        then, now = _ahead(before, place), _ahead(after, _place_after(before, after, place))
        for step in after.steps:
            is_new = step.id not in before.by_id
            if step.id not in now and (is_new or step.id in then):
                skipping[step.id] = skipping.get(step.id, 0) + number
            if not is_new and step.id in now and step.id not in then:
                come_again.setdefault(step.id, set()).add(place)
    again = _have_done(campaign, come_again)
    effects = [
        StepEffect(step.title, skipping=skipping.get(step.id, 0), again=again.get(step.id, 0))
        for step in after.steps
        if step.id in skipping or again.get(step.id)
    ]
    return ChangePreview((*_at_the_steps(before, after, changed, standing), *effects))


def _at_the_steps(
    before: Graph, after: Graph, changed: Collection[UUID], standing: Mapping[UUID, int]
) -> Iterator[StepEffect]:
    """Yield the effect on those who stand at a step that is removed or changed."""
    for step in before.steps:
        number = standing.get(step.id, 0)
        if number and step.id not in after.by_id:
            place = _place_after(before, after, step.id)
            title = after.by_id[place].title if place is not None else ""
            yield StepEffect(step.title, waiting=number, goes_on_to=title, is_removed=True)
        elif number and step.id in changed:
            yield StepEffect(step.title, waiting=number)


def _standing(campaign: Campaign) -> dict[UUID, int]:
    """Return how many open enrolments stand at each step."""
    rows = CampaignLead.objects.filter(campaign=campaign, status__in=OPEN_ENROLMENTS, next_step__isnull=False)
    return dict(rows.order_by().values("next_step").annotate(number=Count("pk")).values_list("next_step", "number"))


def _ahead(graph: Graph, place: UUID | None) -> frozenset[UUID]:
    """Return the steps that an enrolment at this place has before it, the one where it stands included."""
    return frozenset() if place is None else frozenset({place}) | graph.reachable(place)


def _place_after(before: Graph, after: Graph, place: UUID) -> UUID | None:
    """Return where an enrolment stands after the change: past removed steps, on their usual outcomes."""
    seen: set[UUID] = set()
    while place not in after.by_id:
        following = before.usual_next(before.by_id[place])
        if following is None or following.id in seen:
            return None
        seen.add(place)
        place = following.id
    return place


def _have_done(campaign: Campaign, come_again: Mapping[UUID, set[UUID]]) -> dict[UUID, int]:
    """Return for each step how many of the enrolments at these places have done it."""
    if not come_again:
        return {}
    places = set().union(*come_again.values())
    rows = CampaignLeadActivity.objects.filter(
        campaign=campaign,
        step__in=list(come_again),
        campaign_lead__next_step__in=places,
        campaign_lead__status__in=OPEN_ENROLMENTS,
    ).exclude(status__in=NOT_DONE)
    counted = (
        rows.order_by().values("step", "campaign_lead__next_step").annotate(n=Count("campaign_lead", distinct=True))
    )
    found: dict[UUID, int] = {}
    for step, place, number in counted.values_list("step", "campaign_lead__next_step", "n"):
        if place in come_again[step]:
            found[step] = found.get(step, 0) + number
    return found


def _leads(number: int) -> str:
    return "1 lead" if number == 1 else f"{number:,} leads"
