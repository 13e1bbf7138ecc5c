"""Ask for e-mail addresses and phone numbers of people, and decide about those whose answer was lost."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from lad.errors import Invalid
from lad.notifier import WorkerNotifier
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.companies import caching, charging, sources
from leads.companies.accounts.selectors import account_for
from leads.companies.models import EmployeeCache
from leads.companies.reveals.errors import NotEnoughCredit, RevealDecided
from leads.companies.reveals.models import CANCELLED, GIVEN_UP, Reveal, RevealKind, RevealRequest, RevealState
from leads.companies.reveals.selectors import reveals_of

MAX_PEOPLE: Final = 1_000
# After so long a directory may know what it did not know.
EMPTY_FOR: Final = timedelta(days=30)
COMPONENTS: Final = {RevealKind.EMAIL: charging.EMAIL, RevealKind.PHONE: charging.PHONE}

notifier: Final = WorkerNotifier("leads.reveal_people")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request would cost at most. ``cached`` things are known or under way already and cost nothing.

    ``paid`` ones are asked for; those that the directory does not have cost nothing either. ``refused`` of them are
    beyond what the tenant's plan allows.
    """

    credits: Decimal
    cached: int
    paid: int
    available: Decimal
    refused: int = 0

    @property
    def is_affordable(self) -> bool:
        return self.credits <= self.available


def estimate(people: Sequence[str], kinds: Collection[str], *, now: datetime | None = None) -> Estimate:
    """Return what revealing these kinds of the people would cost at most. Raises Invalid or NoPrice."""
    now = now or timezone.now()
    people, chosen = _read(people, kinds)
    return _estimate(_wanted(people, chosen, now), len(people) * len(chosen), now)


@transaction.atomic
def request(
    people: Sequence[str], kinds: Collection[str], *, actor: Actor = None, now: datetime | None = None
) -> RevealRequest:
    """Ask for these kinds of the people, who must be known from a search. Workers carry it out.

    What was found before, or is under way for somebody else in the tenant, is not asked for again. Raises Invalid,
    NoDirectory, NoPrice, and NotEnoughCredit if the credit is less than it may cost.
    """
    now = now or timezone.now()
    people, chosen = _read(people, kinds)
    known = caching.employees(people)
    if missing := [each for each in people if each not in known]:
        raise Invalid(errors={"people": [f"{len(missing):,} of these people are not known. Search for them first."]})
    wanted = _wanted(people, chosen, now)
    if wanted:
        account_for(current_tenant_id())
        cost = _estimate(wanted, len(people) * len(chosen), now)
        if not cost.is_affordable:
            raise NotEnoughCredit(cost.credits, cost.available)
    _queue(wanted, known)
    _note_known(people, chosen, known, now)
    row = RevealRequest(
        tenant_id=current_tenant_id(),
        created_by_user_id=actor.pk if actor else None,
        person_ids=list(people),
        kinds=sorted(chosen),
    )
    row.save()
    notifier.notify_on_commit()
    return row


@transaction.atomic
def ask_again(*, reveal: Reveal) -> Reveal:
    """Ask once more for what failed or whose answer was lost. The tenant pays once at most. Raises RevealDecided."""
    row = _undecided(reveal, (RevealState.UNKNOWN, RevealState.FAILED))
    if row.state == RevealState.UNKNOWN:
        charging.settle(used=(), unused=[str(row.pk)], reason="It is asked for again")
    Reveal.objects.filter(pk=row.pk).update(**_queued())
    notifier.notify_on_commit()
    return Reveal.objects.get(pk=row.pk)


@transaction.atomic
def give_up(*, reveal: Reveal) -> Reveal:
    """End a reveal whose answer was lost, and release its credits. Raises RevealDecided."""
    row = _undecided(reveal, (RevealState.UNKNOWN,))
    charging.settle(used=(), unused=[str(row.pk)], reason=GIVEN_UP)
    Reveal.objects.filter(pk=row.pk).update(state=RevealState.FAILED, error=GIVEN_UP, credits=0, finished_at=Now())
    return Reveal.objects.get(pk=row.pk)


@transaction.atomic
def cancel(*, request: RevealRequest) -> int:
    """End what of a request is not under way yet. Return how much that was.

    What another request wants as well is kept.
    """
    rows = Reveal.objects.filter(
        tenant=current_tenant_id(),
        source=request.source,
        person_id__in=request.person_ids,
        kind__in=request.kinds,
        state=RevealState.QUEUED,
    )
    others = RevealRequest.objects.filter(tenant=current_tenant_id(), created_at__gt=timezone.now() - timedelta(days=7))
    others = others.exclude(pk=request.pk).filter(person_ids__overlap=request.person_ids)
    kept = {(each, kind) for other in others for each in other.person_ids for kind in other.kinds}
    keys = [
        row.pk
        for row in rows.select_for_update(no_key=True, skip_locked=True).order_by("pk")
        if (row.person_id, row.kind) not in kept
    ]
    return Reveal.objects.filter(pk__in=keys).update(
        state=RevealState.FAILED, error=CANCELLED, next_attempt_at=None, finished_at=Now()
    )


def _read(people: Sequence[str], kinds: Collection[str]) -> tuple[list[str], list[str]]:
    chosen = list(dict.fromkeys(kinds))
    if not chosen or any(kind not in RevealKind.values for kind in chosen):
        raise Invalid(errors={"kinds": [f"Choose from: {', '.join(RevealKind.values)}."]})
    ids = list(dict.fromkeys(each for each in people if each))
    if not 1 <= len(ids) <= MAX_PEOPLE:
        raise Invalid(errors={"people": [f"Choose from 1 to {MAX_PEOPLE:,} people."]})
    return ids, chosen


def _wanted(people: Sequence[str], kinds: Sequence[str], now: datetime) -> list[tuple[str, str]]:
    """Return the people and kinds that must be asked for: never asked for, failed, or long not available."""
    known = caching.employees(people)
    had = {(row.person_id, row.kind) for row in reveals_of(people, kinds=kinds) if not _is_open_to_asking(row, now)}
    return [
        (each, kind)
        for each in people
        for kind in kinds
        if (each, kind) not in had and not (each in known and _value(known[each], kind))
    ]


def _is_open_to_asking(row: Reveal, now: datetime) -> bool:
    long_ago = row.finished_at is not None and row.finished_at < now - EMPTY_FOR
    return row.state == RevealState.FAILED or (row.state == RevealState.EMPTY and long_ago)


def _value(person: EmployeeCache, kind: str) -> str:
    return str(person.employee_email if kind == RevealKind.EMAIL else person.employee_phone)


def _estimate(wanted: Iterable[tuple[str, str]], total: int, now: datetime) -> Estimate:
    components = [COMPONENTS[RevealKind(kind)] for _person, kind in wanted]
    funds = charging.funds(components, now=now)
    refused = funds.refused(len(components))
    cost = funds.cost(components)
    return Estimate(cost, total - len(components), len(components), funds.available, refused)


def _queue(wanted: Sequence[tuple[str, str]], known: dict[str, EmployeeCache]) -> None:
    Reveal.objects.bulk_create(
        [_row(known[each], kind, next_attempt_at=Now()) for each, kind in wanted],
        # Somebody has asked for it before, or at the same moment.
        ignore_conflicts=True,
    )
    if not wanted:
        return
    again = Reveal.objects.filter(tenant=current_tenant_id(), source=sources.APOLLO)
    for kind in {kind for _each, kind in wanted}:
        people = [each for each, wanted_kind in wanted if wanted_kind == kind]
        ended = again.filter(kind=kind, person_id__in=people, state__in=(RevealState.FAILED, RevealState.EMPTY))
        ended.update(**_queued())


def _note_known(people: Sequence[str], kinds: Sequence[str], known: dict[str, EmployeeCache], now: datetime) -> None:
    """Write down what the cache knows without a reveal, so that a request's results are complete."""
    Reveal.objects.bulk_create(
        [
            _row(known[each], kind, state=RevealState.FOUND, value=value, finished_at=now)
            for each in people
            for kind in kinds
            if (value := _value(known[each], kind))
        ],
        ignore_conflicts=True,
    )


def _row(person: EmployeeCache, kind: str, **values: object) -> Reveal:
    return Reveal(
        tenant_id=current_tenant_id(),
        source=sources.APOLLO,
        person_id=person.apollo_person_id,
        person_name=person.employee_name,
        company_name=person.company_name,
        kind=kind,
        **values,
    )


def _queued() -> dict[str, object]:
    return {
        "state": RevealState.QUEUED,
        "next_attempt_at": Now(),
        "lease_until": None,
        "tries": 0,
        "error": "",
        "credits": 0,
        "expires_at": None,
        "finished_at": None,
    }


def _undecided(reveal: Reveal, states: Collection[str]) -> Reveal:
    row: Reveal = Reveal.objects.select_for_update(no_key=True).get(pk=reveal.pk)
    if row.state not in states:
        raise RevealDecided
    return row
