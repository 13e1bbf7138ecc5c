"""When somebody who was not reached is called again, by the rules of the batch or the tenant."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from leads.bookings.models import MAX_RETRIES as MOST_BOOKED
from leads.channels import Channel
from leads.contactability.decisions import Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide, open_from
from voice.batches.models import MAX_RETRIES, CallBatch
from voice.carriers.outcomes import Outcome
from voice.dialer.campaign_hours import windows_of
from voice.dialer.models import CallPlacement, DialingPolicy
from voice.json_schemas import RETRIED, default_retry_delays
from voice.statuses import BATCH_OPEN

# Nobody heard from LAD. Rules for a carrier that failed say when to try again.
_AS_FAILED: Final = (Outcome.CARRIER_FAILED, Outcome.OVER_LIMIT, Outcome.AGENT_FAILED)


def retry_at(placement: CallPlacement, outcome: Outcome, *, now: datetime) -> datetime | None:
    """Return when the person is called again after a call that ended so, or None if never.

    The moment is one at which the person may be called by what is known now; who calls asks again. There is none after
    an answer, a refusal, a wrong number or a cancelled call, nor for a person who is on the do-not-contact list, nor in
    a batch that is over, and none when it is not known how the call ended: it may have been answered. Call it in the
    tenant's scope, before the entry's ``retry_count`` is raised.
    """
    rule = _rule_of(placement, outcome)
    if rule is None or placement.hang_up_asked_at is not None or _is_over(placement):
        return None
    minutes = _delay(_delays_of(placement).get(rule, ()), attempts_before(placement), _most(placement))
    if minutes is None:
        return None
    return _allowed_from(placement, now + timedelta(minutes=minutes))


def attempts_before(placement: CallPlacement) -> int:
    """Return how many attempts there were to reach the person for the same reason before this one."""
    if placement.entry is not None:
        return placement.entry.retry_count
    return placement.booking.retry_count if placement.booking is not None else 0


def _rule_of(placement: CallPlacement, outcome: Outcome) -> str | None:
    """Return the key of the rule for an outcome; None after an outcome that ends the matter."""
    if outcome in _AS_FAILED:
        # A person who answered heard something, if only silence, and is left alone.
        return None if placement.answered else str(Outcome.CARRIER_FAILED)
    return str(outcome) if outcome in RETRIED else None


def _is_over(placement: CallPlacement) -> bool:
    batch = placement.batch
    return batch is not None and (batch.deleted_at is not None or batch.status not in BATCH_OPEN)


def _delays_of(placement: CallPlacement) -> Mapping[str, Sequence[int]]:
    """Return the minutes before each further attempt, by outcome: of the batch, else the tenant's, else the defaults.

    A batch or policy that names no outcome at all means that there are no further attempts.
    """
    batch: CallBatch | None = placement.batch
    if batch is not None and batch.retry_delays is not None:
        return batch.retry_delays
    policy = DialingPolicy.objects.filter(tenant=placement.tenant_id).values_list("retry_delays", flat=True).first()
    return default_retry_delays() if policy is None else policy


def _most(placement: CallPlacement) -> int:
    return MAX_RETRIES if placement.entry_id is not None else MOST_BOOKED


def _delay(delays: Sequence[int], attempts: int, most: int) -> int | None:
    return delays[attempts] if attempts < min(len(delays), most) else None


def _allowed_from(placement: CallPlacement, at: datetime) -> datetime | None:
    """Return the first moment from ``at`` on at which the person may be called; None if it is refused."""
    call, purpose = placement.call_log, Purpose(placement.purpose)
    lead_id = call.lead_id
    if lead_id is None:
        return at
    phones, windows = {lead_id: placement.to_phone}, windows_of({lead_id: call.campaign_id})
    decisions = decide(
        lead_ids=[lead_id], channel=Channel.VOICE, purpose=purpose, at=at, windows=windows, phones=phones
    )
    decision = decisions[lead_id]
    if decision.verdict == Verdict.REFUSE:
        return None
    moment = max(at, decision.until or at)
    # Who asked to be called at night was called then. Whoever did not answer is called by day.
    return open_from(lead_id=lead_id, at=moment, phones=phones) if purpose == Purpose.SERVICE else moment
