"""Write down what became of reveals, and charge or release their credits in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from lad.jobs.leases import Backoff
from lad.tenancy.context import tenant_context
from leads.companies import caching, charging, sources
from leads.companies.apollo.phones import PhoneDelivery
from leads.companies.apollo.records import PeopleAnswer, Person, Phone
from leads.companies.reveals.claims import HOLD_TTL, Batch, answerable_by
from leads.companies.reveals.models import TOO_LATE, Reveal, RevealKind, RevealState
from leads.companies.reveals.services import COMPONENTS
from leads.companies.saving.filling import fill_leads

BACKOFF: Final = Backoff(timedelta(seconds=30), timedelta(hours=1), 8, jitter=0.3)
FIRST_POLL: Final = timedelta(minutes=2)
NOT_FOUND: Final = "The directory has none"
FOR_NOTHING: Final = "The directory charges nothing for it"
NOT_ASKED: Final = "It was not asked for"
LOST: Final = "The directory got the request, but its answer was lost. Ask again, or give up."
# The directory's words for how sure it is, as a share of 100.
CONFIDENCE: Final = {
    "verified": 95,
    "likely to engage": 75,
    "unverified": 40,
    "very_high": 95,
    "high": 90,
    "medium": 60,
    "low": 30,
}
# The directory charges for mobile numbers only.
MOBILE: Final = "mobile"
FREE: Final[Mapping[str, int]] = {"credits": 0}


def record_answer(batch: Batch, answer: PeopleAnswer) -> None:
    """Write down the people of an answer. Rows that somebody has decided about, or asks for again, are left alone."""
    with tenant_context(batch.tenant_id):
        now = timezone.now()
        caching.store_people([each for each in answer.people.values() if each is not None], now=now)
        used: list[Reveal] = []
        unused: list[Reveal] = []
        free: list[Reveal] = []
        for row in _locked(batch):
            values = _answered(row, answer.people.get(row.person_id), answer.request_id, now)
            _write(row, values)
            if values["state"] == RevealState.FOUND:
                (free if FREE.items() <= values.items() else used).append(row)
            elif values["state"] == RevealState.EMPTY:
                unused.append(row)
        _settle(used, unused, NOT_FOUND)
        _settle((), free, FOR_NOTHING)
        # Names and titles are known now, also of people without an address.
        fill_leads(batch.people, now=now)


def record_lost(batch: Batch) -> None:
    """Write down that an answer was lost. Numbers may still be delivered; the rest is unknown."""
    with tenant_context(batch.tenant_id):
        lost(list(_locked(batch)), timezone.now())


def lost(rows: Iterable[Reveal], now: datetime) -> None:
    """Let numbers of lost answers wait for their delivery, and mark addresses as unknown. Their credits stay held."""
    for row in rows:
        if row.kind == RevealKind.PHONE and settings.PUBLIC_URL.startswith("https://"):
            _write(row, _waiting("", now))
        else:
            _write(row, {"state": RevealState.UNKNOWN, "error": LOST, "lease_until": None, "next_attempt_at": None})


def postpone(batch: Batch, until: datetime, reason: str) -> None:
    """Let the batch, and whatever else of the tenant is due before, wait until then. Nothing was charged."""
    with tenant_context(batch.tenant_id):
        rows = list(_locked(batch))
        for row in rows:
            _write(row, _again(until, reason))
        _settle((), rows, NOT_ASKED)
        due = Reveal.objects.filter(tenant=batch.tenant_id, state=RevealState.QUEUED, next_attempt_at__lt=until)
        # In the order of all others, and without what somebody else is changing: nobody waits in a circle.
        others = due.select_for_update(no_key=True, skip_locked=True).order_by("pk").values_list("pk", flat=True)
        Reveal.objects.filter(pk__in=list(others)).update(next_attempt_at=until, error=reason)


def retry(batch: Batch, reason: str) -> None:
    """Try the batch again later, or give up after some tries. Nothing was charged."""
    with tenant_context(batch.tenant_id):
        rows = list(_locked(batch))
        for row in rows:
            tries = row.tries + 1
            over = BACKOFF.exhausted(tries)
            values = _ended(RevealState.FAILED, reason) if over else _again(Now() + BACKOFF.delay(tries), reason)
            _write(row, {**values, "tries": tries})
        _settle((), rows, NOT_ASKED)


def fail(batch: Batch, reason: str) -> None:
    """End the batch for a reason that another try does not change. Nothing was charged."""
    with tenant_context(batch.tenant_id):
        rows = list(_locked(batch))
        for row in rows:
            _write(row, _ended(RevealState.FAILED, reason))
        _settle((), rows, NOT_ASKED)


def deliver(tenant_id: UUID, delivery: PhoneDelivery) -> int:
    """Write down numbers that the directory delivers, and charge for them. Return how many reveals that ended.

    A number that is no mobile one is free, because the directory charges nothing for it. A delivery may come before the
    answer to the request, again, or late. What was found stays, whatever comes after it. A number that comes after its
    credits were released is paid for now, or is not kept.
    """
    with tenant_context(tenant_id):
        now = timezone.now()
        rows = Reveal.objects.exclude(state=RevealState.FOUND).filter(
            tenant=tenant_id,
            source=sources.APOLLO,
            kind=RevealKind.PHONE,
            person_id__in=list(delivery.people),
            sent_at__isnull=False,
        )
        used, unused, free = [], [], []
        for row in rows.select_for_update(no_key=True).order_by("pk"):
            best = best_phone(delivery.people[row.person_id])
            if best is None:
                if row.state != RevealState.EMPTY:
                    _write(row, _ended(RevealState.EMPTY, ""))
                    unused.append(row)
            elif not _is_mobile(best):
                _write(row, _found_phone(best))
                free.append(row)
            elif _is_paid(row, now):
                _write(row, _found_phone(best))
                used.append(row)
        _settle(used, unused, NOT_FOUND)
        _settle((), free, FOR_NOTHING)
        fill_leads([row.person_id for row in (*used, *free)], now=now)
        return len(used) + len(unused) + len(free)


def expire(row: Reveal) -> None:
    """End a reveal whose number did not come in time, and release its credits. Needs the row to be locked."""
    _write(row, {**_ended(RevealState.FAILED, TOO_LATE)})
    _settle((), [row], TOO_LATE)


def best_phone(phones: Sequence[Phone]) -> Phone | None:
    """Return the number to call: a mobile one before others, a surer one before others; None if none can be called."""
    usable = [each for each in phones if caching.storable_phone(each.number)]
    return min(
        usable,
        key=lambda each: (not _is_mobile(each), -CONFIDENCE.get(each.confidence.lower(), 0)),
        default=None,
    )


def _answered(row: Reveal, person: Person | None, request_id: str, now: datetime) -> dict[str, Any]:
    if person is None:
        return _ended(RevealState.EMPTY, "")
    # A search hides a part of the name.
    named = {"person_name": person.name[: caching.MAX_TEXT]} if person.name else {}
    return named | _state(row, person, request_id, now)


def _state(row: Reveal, person: Person, request_id: str, now: datetime) -> dict[str, Any]:
    if row.kind == RevealKind.EMAIL:
        if not person.email:
            return _ended(RevealState.EMPTY, "")
        return _found(person.email, CONFIDENCE.get(person.email_status.lower()))
    best = best_phone(person.phones)
    if best is not None:
        return _found_phone(best)
    return _waiting(request_id, now)


def _locked(batch: Batch) -> Iterable[Reveal]:
    """Yield the rows of the batch that it may still answer, as they are now, in the order of their keys."""
    for row in sorted(batch.rows, key=lambda each: each.pk):
        held: Reveal | None = answerable_by(row).select_for_update(no_key=True).first()
        if held is not None:
            yield held


def _is_paid(row: Reveal, now: datetime) -> bool:
    """Return whether the credits of the reveal are held, holding them if they were released."""
    reference = str(row.pk)
    use = charging.hold(
        {reference: COMPONENTS[RevealKind(row.kind)]}, ttl=HOLD_TTL, about={"reveal": "person"}, now=now
    )[reference]
    if use.error is None:
        row.credits = charging.costs([reference]).get(reference, charging.ZERO)
    return use.error is None


def _write(row: Reveal, values: Mapping[str, Any]) -> None:
    """Write the values to a locked row. What was found goes to the cache too."""
    ended_without = values["state"] not in (RevealState.FOUND, RevealState.WAITING, RevealState.UNKNOWN)
    Reveal.objects.filter(pk=row.pk).update(**{"credits": 0 if ended_without else row.credits, **values})
    value = values.get("value", "")
    if value:
        name = "email" if row.kind == RevealKind.EMAIL else "phone"
        caching.store_contact(row.person_id, **{name: value})


def _found(value: str, confidence: int | None) -> dict[str, Any]:
    return {**_ended(RevealState.FOUND, ""), "value": value, "confidence": confidence}


def _found_phone(phone: Phone) -> dict[str, Any]:
    found = _found(caching.storable_phone(phone.number), CONFIDENCE.get(phone.confidence.lower()))
    return found if _is_mobile(phone) else {**found, **FREE}


def _is_mobile(phone: Phone) -> bool:
    return MOBILE in phone.type.lower()


def _ended(state: RevealState, error: str) -> dict[str, Any]:
    ended = {"lease_until": None, "next_attempt_at": None, "expires_at": None, "finished_at": Now()}
    return {"state": state, "error": error, **ended}


def _waiting(request_id: str, now: datetime) -> dict[str, Any]:
    return {
        "state": RevealState.WAITING,
        "error": "",
        "lease_until": None,
        "request_id": request_id[:100],
        "next_attempt_at": now + FIRST_POLL if request_id else None,
        "expires_at": now + timedelta(hours=settings.DIRECTORY_PHONE_HOURS),
    }


def _again(due: Any, reason: str) -> dict[str, Any]:
    # Nothing of this attempt reached the directory's books, so nothing of it can be delivered.
    return {
        "state": RevealState.QUEUED,
        "error": reason,
        "lease_until": None,
        "next_attempt_at": due,
        "sent_at": None,
    }


def _settle(used: Sequence[Reveal], unused: Sequence[Reveal], reason: str) -> None:
    if used or unused:
        charging.settle(used=[str(row.pk) for row in used], unused=[str(row.pk) for row in unused], reason=reason)
