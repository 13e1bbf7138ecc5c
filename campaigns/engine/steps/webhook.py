"""Call a system of the tenant with the lead's data, and go on by what it answers."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Call, Outcome, Place
from campaigns.enrolment.models import ActivityStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.webhooks.models import WebhookEndpoint

SETTLED: Final = {EnrolmentReason.WEBHOOK_DONE: "ok", EnrolmentReason.WEBHOOK_FAILED: "failed"}
GONE: Final = "The webhook does not exist any more, or is not active."


@handles("webhook")
def call(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Queue a call for those that have just arrived. Let those go on whose call has ended."""
    endpoint = UUID(step.config["endpoint"])
    known = WebhookEndpoint.objects.filter(pk=endpoint, is_active=True).exists()
    return [_outcome(place, endpoint, known=known) for place in places]


def _outcome(place: Place, endpoint: UUID, *, known: bool) -> Outcome:
    if place.reason in SETTLED:
        return Advance(SETTLED[EnrolmentReason(place.reason)], status=None)
    return Call(endpoint) if known else Advance("failed", status=ActivityStatus.FAILED, error=GONE)
