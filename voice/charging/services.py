"""Credits of calls: held before a call is placed, charged by what it used, released if it was not placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing.entitlements.services.quotas import NotEntitled, QuotaExceeded
from billing.usage.services import held
from billing.usage.services.held import HeldUse, PlannedUse
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.charging import credit, settling
from voice.charging.components import Payee, expected, payee_of
from voice.charging.selling import Sale, sell
from voice.dialer.hooks import CallOver, DetailsCame, when_details_came, when_over_at_last
from voice.dialer.models import CallPlacement, DialingPolicy
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

# Longer than a call lasts, with the time that its fate may stay unknown. A hold that ends earlier is renewed.
HOLD_TTL: Final = timedelta(days=2)
ASK_AGAIN_AFTER: Final = timedelta(minutes=1)
NOT_PLACED: Final = "The call was not placed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be placed now, and when to ask again. ``ends`` says that its batch is paused for it."""

    detail: str
    until: datetime
    ends: bool = False


@dataclass(frozen=True, slots=True)
class HeldCredits:
    """The calls that may be placed, and why the others may not, by the id of the call."""

    allowed: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, Refusal] = field(default_factory=dict)


def hold_for(placements: Sequence[CallPlacement], *, now: datetime, policy: DialingPolicy | None = None) -> HeldCredits:
    """Hold the credits of calls that are about to be placed, in the transaction that claims them.

    ``policy`` has the tenant's rules, if the caller has read them. Components without a price are free. Sets
    ``hold_id`` of each placement, stored too. Idempotent: a call that is tried again keeps its hold. The rows must be
    locked and have their number. A refused call waits until the time of its refusal; where that ends the batch, whoever
    claims pauses it with the reason, and it goes on by itself once there is credit. Raises what the database raises, so
    that nobody is called unpaid.
    """
    if not placements:
        return HeldCredits()
    sales = _sales(placements, policy or DialingPolicy.objects.first() or DialingPolicy(), now)
    planned = [_planned(each, sale) for each in placements if (sale := sales[each.pk]).items]
    uses = held.hold_many(uses=planned, ttl=HOLD_TTL, now=now) if planned else {}
    refused: dict[UUID, Refusal] = {}
    changed = []
    for each in placements:
        use = uses.get(settling.reference_of(each.call_log_id), HeldUse())
        if use.error is not None:
            refused[each.call_log_id] = _refusal(use, now)
        elif use.hold_id != each.hold_id:
            each.hold_id = use.hold_id
            changed.append(each)
    CallPlacement.objects.bulk_update(changed, ["hold_id"])
    return HeldCredits(frozenset(each.call_log_id for each in placements if each.call_log_id not in refused), refused)


@transaction.atomic
def release(placements: Sequence[CallPlacement], *, now: datetime | None = None) -> None:
    """Release the credits of calls that were certainly not placed and wait again. Idempotent."""
    references = [settling.reference_of(each.call_log_id) for each in placements]
    held.settle_many(used=[], unused=references, reason=NOT_PLACED, now=now)


@transaction.atomic
def settle(call: CallLog, placement: CallPlacement | None, *, wait: bool = False, now: datetime | None = None) -> None:
    """Charge a call that is over for what it used, and write down what each part cost. Idempotent.

    When more becomes known, call it again: what was charged is reversed and charged as it was. With ``wait`` a held
    call that was answered stays held while its usage is not known.
    """
    settling.settle(call, placement, wait=wait, now=now or timezone.now())


@when_over_at_last
def _over(over: CallOver) -> None:
    # Whoever finds that a call is over has locked it.
    settling.settle_locked(over.call, over.placement, wait=over.placement is not None, now=timezone.now())


@when_details_came
def _details_came(came: DetailsCame) -> None:
    settle(came.call, came.placement, wait=came.placement is not None)


def _sales(placements: Sequence[CallPlacement], policy: DialingPolicy, now: datetime) -> dict[UUID, Sale]:
    """Return what each call is expected to cost. Calls that are paid alike are priced once."""
    known: dict[Payee, Sale] = {}
    found = {}
    for each in placements:
        number: VoiceNumber | None = each.number
        account: CarrierAccount | None = each.carrier_account or (number.carrier_account if number else None)
        payee = payee_of(account, number.provider if number else "")
        if payee not in known:
            known[payee] = sell(expected(payee, policy.max_minutes * 60), at=now)
        found[each.pk] = known[payee]
    return found


def _planned(placement: CallPlacement, sale: Sale) -> PlannedUse:
    first, *further = sale.items
    about = {"call": str(placement.call_log_id)}
    return PlannedUse(settling.reference_of(placement.call_log_id), first, VOICE_AGENT, about, further=tuple(further))


def _refusal(use: HeldUse, now: datetime) -> Refusal:
    error = use.error
    if isinstance(error, QuotaExceeded):
        return Refusal(error.detail, error.extra["resets_at"])
    detail = error.detail if error is not None else ""
    text = detail if isinstance(error, NotEntitled) else credit.CREDIT_ENDED.format(detail)
    return Refusal(text, now + ASK_AGAIN_AFTER, ends=True)
