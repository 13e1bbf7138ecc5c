"""Ask what the engine would do with an enrolment now, without doing it."""

from django.db import transaction

import campaigns.engine.steps  # noqa: F401  (registers the handlers)
from campaigns.engine import beginning
from campaigns.engine.handlers import Context, handler_of
from campaigns.engine.outcomes import Outcome, Place
from campaigns.enrolment.models import CampaignLead


def outcome_now(enrolment: CampaignLead, context: Context) -> Outcome | None:
    """Return what the engine would do next with an open enrolment, and undo what asking wrote.

    None if no step is left.
    """
    place = Place(
        id=enrolment.pk,
        lead_id=enrolment.lead_id,
        status=enrolment.status,
        step_id=enrolment.next_step_id,
        entered_at=enrolment.step_entered_at or context.now,
        due_at=enrolment.next_action_at,
        reason=enrolment.reason,
        order=enrolment.current_step_order,
        started_at=enrolment.started_at,
    )
    with transaction.atomic():
        outcome = _ask(place, context)
        transaction.set_rollback(True)
    return outcome


def _ask(place: Place, context: Context) -> Outcome | None:
    if place.step_id is None and (held := beginning.held_back([place], context)):
        return held[place.id]
    known = context.graph.by_id.get(place.step_id) if place.step_id else None
    step = known or context.graph.beginning(place.order)
    if step is None:
        return None
    place.step_id = step.id
    return handler_of(step.type)([place], context)[place.id]
