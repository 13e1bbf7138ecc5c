"""Write the results of a batch: one update of enrolments, one insert of activities, messages, calls and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Place
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services.states import announce_ended
from campaigns.messages import services as messages
from campaigns.messages.services import Draft
from campaigns.webhooks import services as webhooks
from campaigns.webhooks.services import NewCall
from lad.db.queries import execute
from lad.db.recordsets import as_json, insert_rows
from lad.outbox.emission import NewEvent, emit_many

MAX_DETAIL: Final = CampaignLead._meta.get_field("reason_detail").max_length

UPDATE: Final = """
UPDATE campaign_leads SET
    status = new.status, next_step_id = new.next_step_id, step_entered_at = new.step_entered_at,
    next_action_at = new.next_action_at, reason = new.reason, reason_detail = new.reason_detail,
    current_step_order = new.current_step_order, started_at = new.started_at,
    completed_at = coalesce(new.completed_at, campaign_leads.completed_at)
FROM json_to_recordset(%s) AS new(
    id uuid, status text, next_step_id uuid, step_entered_at timestamptz, next_action_at timestamptz, reason text,
    reason_detail text, current_step_order int, started_at timestamptz, completed_at timestamptz
)
WHERE campaign_leads.tenant_id = %s AND campaign_leads.id = new.id
"""


class Activity(TypedDict):
    """The columns of an activity that the engine writes. Tenant and campaign are those of the batch."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    campaign_lead_id: UUID
    step_id: UUID
    step_type: str
    action_type: str
    channel: str | None
    status: str
    subject: str
    message_content: str
    error_message: str
    metadata: dict[str, Any]
    executed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that a step asks for. Whoever can call listens to ``campaigns.call.requested``."""

    campaign_lead_id: UUID
    lead_id: UUID
    step_id: UUID
    activity_id: UUID
    agent_id: int


def write(
    places: Sequence[Place],
    activities: Sequence[Activity],
    drafts: Sequence[Draft],
    calls: Sequence[NewCall],
    context: Context,
    *,
    wishes: Sequence[Wish] = (),
) -> None:
    """Write where the enrolments stand now and what was done for them."""
    campaign = context.campaign
    execute(UPDATE, [as_json([_row(place) for place in places]), campaign.tenant_id])
    insert_rows(CampaignLeadActivity, activities, common={"tenant_id": campaign.tenant_id, "campaign_id": campaign.pk})
    if drafts:
        messages.queue(drafts)
    if calls:
        webhooks.queue(calls, tenant_id=campaign.tenant_id)
    if wishes:
        _ask_for_calls(wishes, context)
    announce_ended((place.id, place.status, place.reason) for place in places if place.has_ended)


def _ask_for_calls(wishes: Sequence[Wish], context: Context) -> None:
    emit_many(
        NewEvent(
            "campaigns.call.requested",
            aggregate_type="campaigns.lead",
            aggregate_id=wish.campaign_lead_id,
            payload={
                "campaign_id": context.campaign.pk,
                "lead_id": wish.lead_id,
                "step_id": wish.step_id,
                "activity_id": wish.activity_id,
                "agent_id": wish.agent_id,
            },
        )
        for wish in wishes
    )


def _row(place: Place) -> dict[str, object]:
    return {
        "id": place.id,
        "status": place.status,
        "next_step_id": place.step_id,
        "step_entered_at": place.entered_at if place.step_id else None,
        "next_action_at": place.due_at,
        "reason": place.reason,
        "reason_detail": place.detail[:MAX_DETAIL],
        "current_step_order": place.order,
        "started_at": place.started_at,
        "completed_at": place.completed_at,
    }
