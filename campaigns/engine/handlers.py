"""The handlers of step types. Each answers for all enrolments that stand at steps of its types, in few statements."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.schedule import Schedule, schedule_of
from campaigns.design.step_specs import step_types
from campaigns.engine.outcomes import Advance, Outcome, Place, Wait
from campaigns.enrolment.models import ActivityStatus
from campaigns.enrolment.reasons import EnrolmentReason
from leads.contactability.models import Holiday
from leads.contactability.whereabouts import Whereabouts


@dataclass
class Context:
    """The campaign of a batch, and the moment at which the batch is worked on.

    What is read of the tenant and of where leads are serves all steps of the batch.
    """

    campaign: Campaign
    now: datetime
    places: dict[UUID, Whereabouts] = field(default_factory=dict)

    @cached_property
    def graph(self) -> Graph:
        return graph_of(self.campaign)

    def step_of(self, place: Place) -> Step:
        """Return the step at which an enrolment stands."""
        assert place.step_id is not None
        return self.graph.by_id[place.step_id]

    def by_step(self, places: Iterable[Place]) -> dict[Step, list[Place]]:
        """Return the enrolments by the step at which each stands, in the order of the steps."""
        found: dict[Step, list[Place]] = {}
        for place in sorted(places, key=lambda place: self.step_of(place).order):
            found.setdefault(self.step_of(place), []).append(place)
        return found

    @cached_property
    def schedule(self) -> Schedule:
        return schedule_of(self.campaign)

    @cached_property
    def tenant_zone(self) -> ZoneInfo:
        return ZoneInfo(self.campaign.tenant.timezone)

    @cached_property
    def holidays(self) -> Mapping[str, frozenset[date]]:
        """The tenant's holidays by country; "" is everywhere."""
        closed: dict[str, set[date]] = {}
        for country, day in Holiday.objects.filter(tenant=self.campaign.tenant_id).values_list("country", "day"):
            closed.setdefault(country, set()).add(day)
        return {country: frozenset(days) for country, days in closed.items()}


StepHandler = Callable[[Step, Sequence[Place], Context], Sequence[Outcome]]
Handler = Callable[[Sequence[Place], Context], Mapping[UUID, Outcome]]

_handlers: Final[dict[str, Handler]] = {}


def handles(*types: str) -> Callable[[StepHandler], StepHandler]:
    """Register the function for the step types. It is asked about one step, and returns outcomes in their order."""

    def register(handler: StepHandler) -> StepHandler:
        handles_together(*types)(_step_by_step(handler))
        return handler

    return register


def handles_together(*types: str) -> Callable[[Handler], Handler]:
    """Register the function for the step types. It is asked about all their steps at once, and returns by enrolment."""

    def register(handler: Handler) -> Handler:
        for type_ in types:
            if type_ in _handlers:
                raise ValueError(f"The step type {type_} is handled twice.")
            _handlers[type_] = handler
        return handler

    return register


def _step_by_step(handler: StepHandler) -> Handler:
    def handle(places: Sequence[Place], context: Context) -> dict[UUID, Outcome]:
        found: dict[UUID, Outcome] = {}
        for step, group in context.by_step(places).items():
            outcomes = handler(step, group, context)
            found |= {place.id: outcome for place, outcome in zip(group, outcomes, strict=True)}
        return found

    return handle


def handler_of(type_: str) -> Handler:
    """Return the handler of a type. A step that LAD cannot do yet waits; one for everybody concerns no single lead."""
    if type_ in _handlers:
        return _handlers[type_]
    if type_ not in step_types or step_types.get(type_).finds_leads or step_types.get(type_).for_everybody:
        return _pass
    return _wait_for_channel


def can_do(type_: str) -> bool:
    """Return whether LAD can do steps of a type. Enrolments wait at those that it cannot do yet."""
    return handler_of(type_) is not _wait_for_channel


def acts(type_: str) -> bool:
    """Return whether steps of a type do something of their own. Others are passed over, or waited at."""
    return type_ in _handlers


@_step_by_step
def _pass(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    return [Advance(step.outcomes[0], status=ActivityStatus.SKIPPED) for _place in places]


@_step_by_step
def _wait_for_channel(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    return [Wait(None, EnrolmentReason.CHANNEL_NOT_CONNECTED, step.title) for _place in places]
