"""Send the calls that are due, fair to tenants, each under a lease and outside any transaction.

A call is sent at least once: after a crash, or without an answer, it is sent again with the same key.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.design.models import CampaignStatus
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services.states import wake_campaigns
from campaigns.webhooks.models import CallState, WebhookCall
from campaigns.webhooks.sending import TOTAL_SECONDS, Answer, post
from campaigns.webhooks.services import notifier
from lad.jobs.leases import Backoff, LeaseQueue
from lad.tenancy.context import platform_context, read_across_tenants, tenant_context
from leads.contacts.models import Lead

RUN_SECONDS: Final = 10.0
# Longer than any try takes.
LEASE: Final = timedelta(seconds=3 * TOTAL_SECONDS)
# The calls of one tenant at the same time: whoever has a slow server waits for it alone.
CALLS_AT_ONCE: Final = 2
# With so many tenants that wait, a second worker helps: most of the time each waits for an answer.
MANY_TENANTS: Final = 2
PAUSED_FOR: Final = timedelta(minutes=2)
NOT_WAITED_FOR: Final = "The lead does not wait for the call any more."
CAMPAIGN_ENDED: Final = "The campaign has ended."
INACTIVE: Final = "The webhook is not active any more."
LEAD_FIELDS: Final = (
    *("first_name", "last_name", "email", "phone", "title", "company_name", "company_domain", "location"),
    *("linkedin_url", "stage", "status", "source", "tags", "custom_fields"),
)

# The oldest due call of each tenant that has not too many under way, those with the fewest first. The recursion steps
# from tenant to tenant through the index.
CANDIDATES: Final = """
WITH RECURSIVE waiting(tenant_id) AS (
    (SELECT tenant_id FROM webhook_calls WHERE state = 'queued' ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT following.tenant_id FROM webhook_calls following
            WHERE following.state = 'queued' AND following.tenant_id > waiting.tenant_id
            ORDER BY following.tenant_id LIMIT 1)
    FROM waiting WHERE waiting.tenant_id IS NOT NULL
)
SELECT due.id FROM waiting
JOIN tenants ON tenants.id = waiting.tenant_id AND tenants.deleted_at IS NULL
    AND tenants.status NOT IN ('suspended', 'cancelled')
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM webhook_calls
    WHERE webhook_calls.tenant_id = waiting.tenant_id AND state = 'sending' AND lease_until >= statement_timestamp()
) AS busy
CROSS JOIN LATERAL (
    SELECT id, next_attempt_at FROM webhook_calls
    WHERE webhook_calls.tenant_id = waiting.tenant_id AND state = 'queued'
        AND next_attempt_at <= statement_timestamp()
    ORDER BY next_attempt_at LIMIT 1
) AS due
WHERE busy.number < %s
ORDER BY busy.number, due.next_attempt_at LIMIT %s
"""
ROUND_SIZE: Final = 50

log = structlog.get_logger("lad.campaigns.webhooks")

call_queue: Final = LeaseQueue(
    WebhookCall,
    backoff=Backoff(timedelta(seconds=30), timedelta(hours=1), 8, jitter=0.3),
    lease=LEASE,
    waiting=CallState.QUEUED,
    working=CallState.SENDING,
    unknown=CallState.QUEUED,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one try sends."""

    url: str
    secret: str
    payload: dict[str, Any]


def has_work() -> bool:
    """Return whether a call may be sent now, or was left by its worker. Needs a platform scope."""
    return bool(_candidates(limit=1)) or call_queue.expired().exists()


def run_due(*, seconds: float = RUN_SECONDS) -> dict[str, int]:
    """Send due calls until there are none or the time is up. Return the number of tries by what became of them."""
    deadline = time.monotonic() + seconds
    counts: dict[str, int] = {}
    recover()
    while time.monotonic() < deadline and (candidates := _candidates(limit=ROUND_SIZE)):
        if len(candidates) >= MANY_TENANTS:
            notifier.ask_for_help()
        claimed = 0
        for key in candidates:
            if time.monotonic() >= deadline:
                return counts
            if (call := _claim(key)) is not None:
                claimed += 1
                became = _send(call)
                counts[became] = counts.get(became, 0) + 1
        if not claimed:
            break
    return counts


def recover() -> int:
    """Let calls wait again whose worker died. They are sent with the same key. Return how many there were."""
    with platform_context():
        lost = list(call_queue.expired().select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
        return call_queue.requeue(WebhookCall.objects.filter(pk__in=lost)) if lost else 0


def _candidates(*, limit: int) -> list[UUID]:
    return [key for (key,) in read_across_tenants(CANDIDATES, [CALLS_AT_ONCE, limit])]


def _claim(key: UUID) -> WebhookCall | None:
    """Claim the call, unless somebody else has it by now. The claim is committed before this returns."""
    with transaction.atomic(durable=True), platform_context():
        rows = WebhookCall.objects.filter(pk=key, state=CallState.QUEUED, next_attempt_at__lte=Now())
        if rows.select_for_update(no_key=True, skip_locked=True).first() is None:
            return None
        WebhookCall.objects.filter(pk=key).update(
            state=CallState.SENDING, attempts=F("attempts") + 1, lease_until=Now() + LEASE, error=""
        )
        return WebhookCall.objects.get(pk=key)


def _send(call: WebhookCall) -> str:
    """Make one try of a claimed call and record it. Return what became of it."""
    with tenant_context(call.tenant_id):
        prepared = _prepared(call)
    if not isinstance(prepared, Prepared):
        return prepared
    answer = post(
        prepared.url,
        key=str(call.activity_id),
        secret=prepared.secret,
        payload=prepared.payload,
        now=timezone.now(),
    )
    with tenant_context(call.tenant_id):
        return _record(call, answer)


def _prepared(call: WebhookCall) -> Prepared | CallState:
    """Return what to send now. A call that nobody waits for any more is cancelled, one of a paused campaign waits."""
    campaign, endpoint = call.campaign, call.endpoint
    if campaign.status == CampaignStatus.PAUSED and campaign.deleted_at is None:
        later: dict[str, Any] = {"state": CallState.QUEUED, "lease_until": None, "next_attempt_at": Now() + PAUSED_FOR}
        call_queue.write_back(call, **later)
        return CallState.QUEUED
    if campaign.status != CampaignStatus.RUNNING or campaign.deleted_at is not None:
        return _finish(call, CallState.CANCELLED, CAMPAIGN_ENDED)
    enrolment = _waiting(call).select_related("lead").first()
    if enrolment is None or enrolment.lead.deleted_at is not None:
        return _finish(call, CallState.CANCELLED, NOT_WAITED_FOR)
    if endpoint.deleted_at is not None or not endpoint.is_active:
        return _finish(call, CallState.FAILED, INACTIVE)
    return Prepared(endpoint.url, endpoint.secret, _payload(call, enrolment.lead))


def _payload(call: WebhookCall, lead: Lead) -> dict[str, Any]:
    return {
        "type": "campaign.step",
        "id": str(call.activity_id),
        "timestamp": call.created_at.isoformat(),
        "data": {
            "campaign": {"id": str(call.campaign_id), "name": call.campaign.name},
            "step": {"id": str(call.step_id), "title": call.step.title} if call.step else None,
            "enrolment": {"id": str(call.campaign_lead_id)},
            "lead": {"id": str(lead.pk), **{name: getattr(lead, name) for name in LEAD_FIELDS}},
        },
    }


def _record(call: WebhookCall, answer: Answer) -> str:
    """Write what became of a try: the end of the call, or when it is tried again."""
    tries = call.tries + 1
    said: dict[str, Any] = {"status_code": answer.status, "tries": tries}
    if answer.ok:
        return _finish(call, CallState.SUCCEEDED, "", **said)
    if answer.final or call_queue.backoff.exhausted(tries):
        return _finish(call, CallState.FAILED, answer.error, **said)
    due = Now() + call_queue.backoff.delay(tries)
    again: dict[str, Any] = {
        "state": CallState.QUEUED,
        "error": answer.error,
        "lease_until": None,
        "next_attempt_at": due,
    }
    call_queue.write_back(call, **again, **said)
    return CallState.QUEUED


def _finish(call: WebhookCall, state: CallState, error: str, **said: Any) -> CallState:
    """End the call and its activity, and let the enrolment go on, if this worker still holds it."""
    ended: dict[str, Any] = {
        "state": state,
        "error": error,
        "lease_until": None,
        "next_attempt_at": None,
        "finished_at": Now(),
    }
    with transaction.atomic():
        if call_queue.write_back(call, **ended, **said):
            _tell(call, state, error, said.get("status_code"))
    log.info("webhook call ended", call=str(call.pk), state=state, status=said.get("status_code"), reason=error)
    return state


def _tell(call: WebhookCall, state: CallState, error: str, status_code: int | None) -> None:
    now = timezone.now()
    status = {
        CallState.SUCCEEDED: ActivityStatus.DELIVERED,
        CallState.FAILED: ActivityStatus.FAILED,
    }.get(state, ActivityStatus.CANCELLED)
    metadata = {"status_code": status_code} if status_code else {}
    activity = CampaignLeadActivity.objects.filter(pk=call.activity_id, status=ActivityStatus.QUEUED)
    activity.update(status=status, error_message=error, executed_at=now, metadata=metadata)
    if state == CallState.CANCELLED:
        return
    reason = EnrolmentReason.WEBHOOK_DONE if state == CallState.SUCCEEDED else EnrolmentReason.WEBHOOK_FAILED
    if _waiting(call).update(reason=reason, reason_detail="", next_action_at=now, step_entered_at=now):
        wake_campaigns([call.campaign_id], at=now)


def _waiting(call: WebhookCall) -> Any:
    """Return the enrolment, if it waits for the call."""
    return CampaignLead.objects.filter(
        pk=call.campaign_lead_id,
        status__in=OPEN_ENROLMENTS,
        next_step=call.step_id,
        reason=EnrolmentReason.WEBHOOK,
    )
