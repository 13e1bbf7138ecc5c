"""Pay for uses whose outcome is not known yet: record them and hold their cost, then capture or release it.

A use is known by its reference, which the caller owns. It is priced and counted against the quotas when it is held,
so that what is held is exactly what is charged. Until it is settled it is a pending usage event that nothing
charges by itself. A use that was settled as unused is voided; held again, it becomes a new event.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing.ledger.errors import HoldExpired, HoldResolved
from billing.ledger.models import Hold, HoldStatus, Wallet
from billing.ledger.services import holds, ledger, wallets
from billing.ledger.services.ledger import Reference, ReferenceKind
from billing.pricing.services import locks, quoting
from billing.pricing.services.quoting import NoPrice, PricedItem, UsageItem
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import charging, counting, lowering, usage
from lad.errors import DomainError
from lad.tenancy.context import current_tenant_id

# A hold that ends sooner is extended before its use is tried again.
MIN_REMAINING: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """One use that is about to be tried. ``reference`` names what it is for, and only that.

    ``further`` are components that are paid with it, such as what a model writes beside what it reads.
    """

    reference: str
    item: UsageItem
    feature_key: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    further: tuple[UsageItem, ...] = ()

    @property
    def items(self) -> tuple[UsageItem, ...]:
        return (self.item, *self.further)


@dataclass(frozen=True, slots=True)
class HeldUse:
    """A use whose cost is held. ``hold_id`` is None if it costs nothing. A refused use has only its ``error``."""

    event_id: UUID | None = None
    hold_id: UUID | None = None
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class SettledUses:
    """How many uses were paid, are still to be paid, and were voided."""

    paid: int = 0
    unpaid: int = 0
    voided: int = 0


@transaction.atomic
def hold_many(*, uses: Sequence[PlannedUse], ttl: timedelta, now: datetime | None = None) -> dict[str, HeldUse]:
    """Record the uses and hold their cost in the tenant's wallet. Return what became of each, by reference.

    Idempotent: a use that is held keeps its hold, and one whose hold has ended gets another at the same price. A use
    that is refused changes nothing and carries NoPrice, QuotaExceeded, NotEntitled, WalletCurrencyMismatch or an
    error of ``ledger.reserve``. Lock what the references name first. A price list or a wallet that cannot be read
    raises.
    """
    now = now or timezone.now()
    if not uses:
        return {}
    locks.share_price_list()
    earlier = _earlier([use.reference for use in uses])
    results: dict[str, HeldUse] = {}
    planned: list[tuple[PlannedUse, UsageEvent]] = []
    for (feature_key, items), group in _grouped(uses).items():
        fresh = [use for use in group if _live(earlier.get(use.reference, ())) is None]
        try:
            priced = quoting.price_items(items, at=now) if fresh else []
        except NoPrice as error:
            results |= {use.reference: HeldUse(error=error) for use in fresh}
            continue
        made = [_event(use, priced, len(earlier.get(use.reference, ())), now) for use in fresh]
        refused = counting.count(feature_key, items, made, now)
        results |= {
            event.external_reference_id: HeldUse(error=refused[event.pk]) for event in made if event.pk in refused
        }
        planned += [(use, event) for use, event in zip(fresh, made, strict=True) if event.pk not in refused]
    live = [row for rows in earlier.values() if (row := _live(rows)) is not None]
    results |= _hold(wallets.paying_wallet(), [event for _use, event in planned], live, ttl, now)
    return results


@transaction.atomic
def settle_many(
    *,
    used: Collection[str],
    unused: Collection[str],
    reason: str,
    quantities: Mapping[str, Sequence[Decimal]] | None = None,
    now: datetime | None = None,
) -> SettledUses:
    """Charge the uses that happened and void the others for ``reason``, each by its reference. Idempotent.

    ``quantities`` says of a use how much of each of its components was used, where that is known only afterwards. It
    lowers what is charged, and never raises it above what was held.
    A use whose hold has ended is charged to the wallet like any other, and is retried if that cannot be paid.
    References that nothing is held for are ignored.
    """
    rows = UsageEvent.objects.select_for_update(no_key=True).filter(
        tenant=current_tenant_id(), external_reference_id__in=[*used, *unused]
    )
    events = list(rows.exclude(status=UsageStatus.VOIDED).order_by("pk").defer(*charging.UNUSED_COLUMNS))
    open_holds = {hold.reference_id: hold for hold in _holds_of(events) if hold.status == HoldStatus.HELD}
    unpaid = [event for event in events if event.status in charging.UNPAID]
    happened = [event for event in unpaid if event.external_reference_id in used]
    idle = [event for event in unpaid if event.external_reference_id not in used]
    lowering.lower(happened, quantities or {})
    # Quotas are locked before wallets, as in hold_many.
    for event in idle:
        usage.void(event=event, reason=reason, now=now)
    paid = _capture(happened, open_holds, now)
    _release([hold for event_id, hold in open_holds.items() if event_id not in paid], now)
    left = [event.pk for event in happened if event.pk not in paid]
    failed = [result for result in charging.charge_many(event_ids=left, now=now) if result.error] if left else []
    return SettledUses(len(happened) - len(failed), len(failed), len(idle))


def _grouped(uses: Sequence[PlannedUse]) -> dict[tuple[str, tuple[UsageItem, ...]], list[PlannedUse]]:
    groups: dict[tuple[str, tuple[UsageItem, ...]], list[PlannedUse]] = {}
    for use in {use.reference: use for use in uses}.values():
        groups.setdefault((use.feature_key, use.items), []).append(use)
    return groups


def _earlier(references: Sequence[str]) -> dict[str, list[UsageEvent]]:
    """Return the events of each reference, the oldest first."""
    rows = UsageEvent.objects.filter(tenant=current_tenant_id(), external_reference_id__in=references)
    found: dict[str, list[UsageEvent]] = {}
    for row in rows.defer(*charging.UNUSED_COLUMNS).order_by("pk"):
        found.setdefault(row.external_reference_id, []).append(row)
    return found


def _live(events: Sequence[UsageEvent]) -> UsageEvent | None:
    return next((event for event in events if event.status != UsageStatus.VOIDED), None)


def _event(use: PlannedUse, priced: Sequence[PricedItem], earlier: int, now: datetime) -> UsageEvent:
    """Return the event of one use, which nothing charges before it is settled."""
    return UsageEvent(
        tenant_id=current_tenant_id(),
        feature_key=use.feature_key,
        occurred_at=now,
        created_at=now,
        usage_items=[item.as_json() for item in priced],
        total_quantity=sum((item.quantity for item in use.items), Decimal(0)),
        total_cost=sum((item.cost for item in priced), Decimal(0)),
        idempotency_key=f"held:{use.reference}:{earlier}" if earlier else f"held:{use.reference}",
        external_reference_id=use.reference,
        metadata=dict(use.metadata),
        next_charge_at=None,
    )


def _hold(
    wallet: Wallet, fresh: Sequence[UsageEvent], live: Sequence[UsageEvent], ttl: timedelta, now: datetime
) -> dict[str, HeldUse]:
    """Hold the cost of new events, and of earlier ones whose hold has ended. Store the new events that are held."""
    results: dict[str, HeldUse] = {}
    wanting: list[tuple[UsageEvent, int]] = [(event, 0) for event in fresh]
    counts: dict[UUID | None, int] = {}
    kept: dict[UUID | None, Hold] = {}
    for hold in _holds_of(live):
        counts[hold.reference_id] = counts.get(hold.reference_id, 0) + 1
        if hold.status == HoldStatus.HELD and _kept(hold, ttl, now):
            kept[hold.reference_id] = hold
    for event in live:
        if event.status not in charging.UNPAID or event.pk in kept:
            found = kept.get(event.pk)
            results[event.external_reference_id] = HeldUse(event.pk, found.pk if found else None)
        else:
            wanting.append((event, counts.get(event.pk, 0)))
    answers = _reserve(wallet, wanting, ttl, now)
    refused = [event for event in fresh if answers[event.pk].error is not None]
    for event in refused:
        counting.give_back(event, event.quota_units)
    UsageEvent.objects.bulk_create([event for event in fresh if answers[event.pk].error is None])
    return results | {event.external_reference_id: answers[event.pk] for event, _number in wanting}


def _reserve(
    wallet: Wallet, wanting: Sequence[tuple[UsageEvent, int]], ttl: timedelta, now: datetime
) -> dict[UUID, HeldUse]:
    """Reserve the cost of each event. ``number`` tells a later hold of an event from its first."""
    answers = {event.pk: HeldUse(event.pk) for event, _number in wanting}
    costly = [(event, number) for event, number in wanting if event.total_cost]
    if costly and wallet.currency != quoting.LIST_CURRENCY:
        return answers | {event.pk: HeldUse(error=charging.WalletCurrencyMismatch()) for event, _number in costly}
    posted = holds.reserve_many(
        wallet=wallet,
        reservations=[
            holds.Reservation(
                event.total_cost,
                key=f"hold_usage_{event.pk}:{number}" if number else f"hold_usage_{event.pk}",
                reference=Reference(ReferenceKind.USAGE_EVENT, event.pk),
                description=f"Use of {event.feature_key}",
            )
            for event, number in costly
        ],
        ttl=ttl,
        now=now,
    )
    for (event, _number), answer in zip(costly, posted, strict=True):
        hold_id = answer.posted.hold_id if answer.posted else None
        answers[event.pk] = HeldUse(error=answer.error) if answer.error else HeldUse(event.pk, hold_id)
    return answers


def _kept(hold: Hold, ttl: timedelta, now: datetime) -> bool:
    """Make sure that the hold lasts for another try. Return False if it has ended."""
    if hold.expires_at > now + min(MIN_REMAINING, ttl / 2):
        return True
    until = now + ttl
    try:
        ledger.extend(hold=hold, key=f"extended:{hold.pk}:{until.isoformat()}", until=until, now=now)
    except (HoldExpired, HoldResolved):
        _expire(hold, now)
        return False
    return True


def _expire(hold: Hold, now: datetime | None) -> None:
    """Return what a hold reserves whose time has passed, if nobody has done so."""
    try:
        ledger.expire(hold=hold, now=now)
    except HoldResolved:
        return


def _holds_of(events: Sequence[UsageEvent]) -> list[Hold]:
    rows = Hold.objects.filter(
        tenant=current_tenant_id(),
        reference_id__in=[event.pk for event in events],
        reference_type=ReferenceKind.USAGE_EVENT,
    )
    return list(rows.order_by("pk")) if events else []


def _capture(events: Sequence[UsageEvent], open_holds: Mapping[UUID | None, Hold], now: datetime | None) -> set[UUID]:
    """Charge the events to their holds. Return those that are paid; the others have no hold to be paid from."""
    held = [event for event in events if event.pk in open_holds]
    answers = holds.capture_many(
        captures=[
            holds.Capture(
                open_holds[event.pk],
                event.total_cost,
                charging.charge_key(event.pk),
                Reference(ReferenceKind.USAGE_EVENT, event.pk),
                f"Use of {event.feature_key}",
            )
            for event in held
        ],
        now=now,
    )
    pairs = [(event, answer.posted) for event, answer in zip(held, answers, strict=True) if answer.posted]
    charging.mark_charged([event for event, _debit in pairs], [debit for _event, debit in pairs])
    return {event.pk for event, _debit in pairs}


def _release(unneeded: Sequence[Hold], now: datetime | None) -> None:
    """Release holds that charged nothing. One that has expired returns what it reserves as well."""
    for result in holds.release_many(holds=unneeded, now=now):
        if result.error is not None and not isinstance(result.error, HoldResolved):
            raise result.error
