"""Stop, wake and pause enrolments, many in one statement, and let the engine look at their campaigns."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest

from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from campaigns.enrolment.reasons import CALLED, IN_PROGRESS, EnrolmentReason, sentence
from campaigns.messages import services as messages
from lad.db.queries import execute
from lad.outbox.emission import NewEvent, emit_many

# These report back; a rest does not take them from where they stand.
_KEEPS_PLACE: Final = (EnrolmentReason.MANUAL_TASK, EnrolmentReason.WEBHOOK, EnrolmentReason.CALLING, *CALLED)
LOOKED_AT_AGAIN: Final = "The lead is looked at again before anything is sent."

# The lock comes first: the engine locks the campaign, too, before it looks when it is due next, so that no
# enrolment that becomes due meanwhile is missed.
WAKE_CAMPAIGNS: Final = """
WITH locked AS (
    SELECT campaigns.id, next_run_at, greatest(given.at, starts_at) AS due
    FROM campaigns JOIN unnest(%(ids)s::uuid[], %(times)s::timestamptz[]) AS given (id, at) USING (id)
    ORDER BY campaigns.id FOR NO KEY UPDATE OF campaigns
)
UPDATE campaigns SET next_run_at = due FROM locked
WHERE campaigns.id = locked.id AND status = 'running' AND deleted_at IS NULL
    AND (locked.next_run_at IS NULL OR locked.next_run_at > due)
"""


def open_enrolments() -> QuerySet[CampaignLead]:
    """Return the enrolments of the current tenant that have not ended."""
    return CampaignLead.objects.filter(status__in=OPEN_ENROLMENTS)


@transaction.atomic
def stop(
    enrolments: QuerySet[CampaignLead],
    *,
    reason: EnrolmentReason,
    now: datetime,
    status: EnrolmentStatus = EnrolmentStatus.STOPPED,
) -> list[UUID]:
    """End those of the enrolments that are open, cancel their queued messages, and return their ids.

    Emits ``campaigns.lead.ended`` for each. Messages that are being sent are left alone.
    """
    locked = enrolments.filter(status__in=OPEN_ENROLMENTS).order_by("pk").select_for_update(no_key=True, of=("self",))
    found = dict(locked.values_list("pk", "started_at"))
    ids = list(found)
    if not ids:
        return []
    times = {"completed_at": Greatest("started_at", now)} if status == EnrolmentStatus.COMPLETED else {}
    CampaignLead.objects.filter(pk__in=ids).update(
        status=status, next_step=None, next_action_at=None, reason=reason, reason_detail="", **times
    )
    messages.cancel(reason=sentence(reason), campaign_lead_ids=ids)
    announce_ended((each, status, reason) for each in ids)
    return ids


def announce_ended(ended: Iterable[tuple[UUID, str, str]]) -> None:
    """Emit ``campaigns.lead.ended`` for enrolments, given with their status and reason."""
    emit_many(
        NewEvent(
            "campaigns.lead.ended",
            aggregate_type="campaigns.lead",
            aggregate_id=key,
            payload={"status": str(status), "reason": str(reason)},
        )
        for key, status, reason in ended
    )


def wake(enrolments: QuerySet[CampaignLead], *, now: datetime, limit: int | None = None) -> int:
    """Let the engine look at those of the enrolments that wait for a time or a condition. Return how many.

    With a ``limit``, call it again until it returns fewer.
    """
    waiting = enrolments.filter(status=EnrolmentStatus.ACTIVE).exclude(reason__in=[*IN_PROGRESS, "out_of_office"])
    waiting = waiting.filter(Q(next_action_at__isnull=True) | Q(next_action_at__gt=now))
    locked = waiting.order_by("pk").select_for_update(no_key=True, of=("self",))
    found = list(locked.values_list("pk", "campaign")[:limit])
    CampaignLead.objects.filter(pk__in=[key for key, _campaign in found]).update(next_action_at=now)
    wake_campaigns({campaign for _key, campaign in found}, at=now)
    return len(found)


@transaction.atomic
def pause_until(enrolments: QuerySet[CampaignLead], *, until: datetime, reason: EnrolmentReason) -> int:
    """Let the open enrolments rest until then, and take back their queued messages. Return how many.

    Those whose message is being sent go on when it is settled.
    """
    found = _locked(enrolments.exclude(reason__in=_KEEPS_PLACE))
    # First take back what can be taken back: what is left with the reason "sending" is being sent.
    messages.cancel(reason=sentence(reason), campaign_lead_ids=list(found))
    resting = CampaignLead.objects.filter(pk__in=list(found)).exclude(reason=EnrolmentReason.SENDING)
    # GREATEST leaves the empty times of enrolments out that have not begun.
    number = resting.update(next_action_at=Greatest("next_action_at", until), reason=reason, reason_detail="")
    wake_campaigns(found.values(), at=until)
    return number


@transaction.atomic
def take_back(enrolments: QuerySet[CampaignLead], *, now: datetime) -> int:
    """Cancel the queued messages of the enrolments and let the engine look at them. Return how many messages.

    The enrolments stay at their step: if nothing has changed for them, the message is written again.
    """
    found = _locked(enrolments.filter(reason=EnrolmentReason.SENDING))
    number = messages.cancel(reason=LOOKED_AT_AGAIN, campaign_lead_ids=list(found))
    CampaignLead.objects.filter(pk__in=list(found), reason=EnrolmentReason.SEND_CANCELLED).update(
        reason="", reason_detail="", next_action_at=now
    )
    wake_campaigns(found.values(), at=now)
    return number


def _locked(enrolments: QuerySet[CampaignLead]) -> dict[UUID, UUID]:
    """Lock those of the enrolments that are open and return them with their campaigns."""
    open_ones = enrolments.filter(status__in=OPEN_ENROLMENTS).order_by("pk")
    return dict(open_ones.select_for_update(no_key=True, of=("self",)).values_list("pk", "campaign"))


def wake_campaigns(ids: Iterable[UUID], *, at: datetime) -> None:
    """Let the engine work on the running campaigns at that time, if it would come later.

    Write the enrolments first: the campaigns stay locked until the transaction ends.
    """
    wake_campaigns_at(dict.fromkeys(ids, at))


def wake_campaigns_at(times: Mapping[UUID, datetime]) -> None:
    """Do as ``wake_campaigns`` with a time for each campaign."""
    if times:
        execute(WAKE_CAMPAIGNS, {"ids": list(times), "times": list(times.values())})
