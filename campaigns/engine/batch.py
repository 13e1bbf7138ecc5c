"""Work on one batch of enrolments of one campaign: decide, advance, and write the results in a few statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from django.utils import timezone

from campaigns.design.graph import Step
from campaigns.design.step_specs import channel_of
from campaigns.engine import beginning
from campaigns.engine.handlers import Context, Handler, handler_of
from campaigns.engine.outcomes import Advance, Call, Claimed, End, Outcome, Place, Ring, Send, Task, Wait
from campaigns.engine.steps.goal import reached
from campaigns.engine.writing import Activity, Wish, write
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, EnrolmentStatus
from campaigns.enrolment.reasons import IN_PROGRESS, EnrolmentReason
from campaigns.messages.services import Draft
from campaigns.webhooks.services import NewCall
from lad.db.identifiers import uuid7

# A step that was done this long before it was noticed counts from when it should have been done. After a longer
# standstill it counts from now, so that what was missed does not happen all at once.
LATEST: Final = timedelta(hours=1)
NO_METADATA: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(slots=True)
class Results:
    """What a batch writes besides the enrolments themselves."""

    activities: list[Activity] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    calls: list[NewCall] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)


def advance(claimed: Sequence[Claimed], context: Context) -> None:
    """Move the enrolments on as far as they come now, and write everything."""
    results = Results()
    places = [_place(each, context) for each in claimed]
    moving = [place for place in places if _can_move(place)]
    moving = _begin(moving, context)
    moving = _jump_to_goals(moving, context, results)
    while moving:
        moving = _one_step(moving, context, results)
    write(places, results.activities, results.drafts, results.calls, context, wishes=results.wishes)


def _place(claimed: Claimed, context: Context) -> Place:
    return Place(
        id=claimed.id,
        lead_id=claimed.lead_id,
        status=claimed.status,
        step_id=claimed.step_id,
        entered_at=claimed.entered_at or context.now,
        due_at=claimed.due_at,
        reason=claimed.reason,
        order=claimed.order,
        started_at=claimed.started_at,
    )


def _can_move(place: Place) -> bool:
    """Return whether the enrolment can move. Others only lose the time at which they were due."""
    can = place.status in OPEN_ENROLMENTS and place.reason not in IN_PROGRESS
    place.due_at = place.due_at if can else None
    return can


def _begin(places: list[Place], context: Context) -> list[Place]:
    """Put those that have not begun on their first step."""
    new = [place for place in places if place.step_id is None]
    held = beginning.held_back(new, context) if new else {}
    for place in new:
        if place.id in held:
            _wait(place, held[place.id])
            continue
        place.status = EnrolmentStatus.ACTIVE
        place.started_at = place.started_at or context.now
        _enter(place, context.graph.beginning(place.order), context)
    return [place for place in places if place.step_id is not None]


def _jump_to_goals(places: list[Place], context: Context, results: Results) -> list[Place]:
    if not context.graph.goals or not places:
        return places
    goals = reached(places, context)
    for place in places:
        if (step := goals.get(place.id)) is not None:
            goal = {"goal": step.config["goal"]}
            results.activities.append(_activity(place, step, ActivityStatus.DELIVERED, context.now, metadata=goal))
            place.order = step.order
            _end(place, End(EnrolmentStatus.COMPLETED, EnrolmentReason.GOAL, step.title), context)
    return [place for place in places if place.id not in goals]


def _one_step(places: list[Place], context: Context, results: Results) -> list[Place]:
    """Ask the handlers of the steps once, and return the enrolments that have arrived at another step."""
    arrived = []
    for handler, group in _by_handler(_at_steps(places, context), context).items():
        outcomes = handler(group, context)
        arrived += [
            place for place in group if _apply(place, context.step_of(place), outcomes[place.id], context, results)
        ]
    return arrived


def _by_handler(places: Iterable[Place], context: Context) -> dict[Handler, list[Place]]:
    found: dict[Handler, list[Place]] = {}
    for step, group in context.by_step(places).items():
        found.setdefault(handler_of(step.type), []).extend(group)
    return found


def _at_steps(places: Iterable[Place], context: Context) -> list[Place]:
    """Return the enrolments that stand at a step."""
    known = []
    for place in places:
        if place.step_id not in context.graph.by_id:
            # Its step is gone without a trace; go on after the last one that was done.
            _enter(place, context.graph.beginning(place.order), context)
        if place.step_id is not None:
            known.append(place)
    return known


def _apply(place: Place, step: Step, outcome: Outcome, context: Context, results: Results) -> bool:
    """Apply one outcome and return whether the enrolment goes on at once."""
    place.order = step.order
    match outcome:
        case Wait():
            _wait(place, outcome)
        case Advance():
            return _go_on(place, step, outcome, context, results)
        case Send(draft, activity_id):
            activity = _activity(place, step, ActivityStatus.QUEUED, None, metadata={"decision": draft.decision or {}})
            activity["id"] = activity_id
            activity["subject"], activity["message_content"] = draft.subject, draft.body
            results.activities.append(activity)
            results.drafts.append(draft)
            _wait(place, Wait(None, EnrolmentReason.SENDING))
        case Call(endpoint_id):
            activity = _activity(place, step, ActivityStatus.QUEUED, None)
            results.activities.append(activity)
            results.calls.append(NewCall(endpoint_id, context.campaign.pk, place.id, step.id, activity["id"]))
            _wait(place, Wait(None, EnrolmentReason.WEBHOOK))
        case Ring(agent_id, said, decision):
            activity = _activity(place, step, ActivityStatus.QUEUED, None, metadata={"decision": decision})
            activity["message_content"] = said
            results.activities.append(activity)
            results.wishes.append(Wish(place.id, place.lead_id, step.id, activity["id"], agent_id))
            _wait(place, Wait(None, EnrolmentReason.CALLING))
        case Task(instructions):
            activity = _activity(place, step, ActivityStatus.PENDING, None)
            activity["subject"], activity["message_content"] = step.title, instructions
            results.activities.append(activity)
            _wait(place, Wait(None, EnrolmentReason.MANUAL_TASK))
        case End():
            if outcome.activity is not None:
                results.activities.append(
                    _activity(place, step, outcome.activity, context.now, metadata=outcome.metadata)
                )
            _end(place, outcome, context)
    return False


def _go_on(place: Place, step: Step, outcome: Advance, context: Context, results: Results) -> bool:
    done_at = outcome.at if outcome.at and context.now - outcome.at < LATEST else context.now
    if outcome.status is not None:
        activity = _activity(place, step, outcome.status, done_at, metadata=outcome.metadata)
        activity["error_message"] = outcome.error
        results.activities.append(activity)
    following = context.graph.after(step, outcome.outcome)
    if following is not None and (following.id, done_at) in place.visited:
        _end(place, End(EnrolmentStatus.ERROR, EnrolmentReason.ENDLESS_LOOP, following.title), context)
        return False
    _enter(place, following, context, at=done_at)
    return place.step_id is not None


def _enter(place: Place, step: Step | None, context: Context, *, at: datetime | None = None) -> None:
    """Put the enrolment on a step, or end it after the last one."""
    place.reason, place.detail, place.due_at = "", "", None
    if step is None:
        _end(place, End(EnrolmentStatus.COMPLETED, EnrolmentReason.FINISHED), context)
        return
    place.step_id, place.entered_at = step.id, at or context.now
    place.visited.add((step.id, place.entered_at))


def _wait(place: Place, outcome: Wait) -> None:
    place.due_at, place.reason, place.detail = outcome.until, outcome.reason, outcome.detail


def _end(place: Place, outcome: End, context: Context) -> None:
    place.status, place.reason, place.detail = outcome.status, outcome.reason, outcome.detail
    place.step_id = place.due_at = None
    place.has_ended = True
    if outcome.status == EnrolmentStatus.COMPLETED:
        place.completed_at = max(context.now, place.started_at or context.now)


def _activity(
    place: Place,
    step: Step,
    status: ActivityStatus,
    executed_at: datetime | None,
    *,
    metadata: Mapping[str, Any] = NO_METADATA,
) -> Activity:
    created = timezone.now()
    return {
        "id": uuid7(),
        "created_at": created,
        "updated_at": created,
        "campaign_lead_id": place.id,
        "step_id": step.id,
        "step_type": step.type,
        "action_type": step.type,
        "channel": channel_of(step.type),
        "status": status,
        "subject": "",
        "message_content": "",
        "error_message": "",
        "metadata": {**metadata},
        "executed_at": executed_at,
    }
