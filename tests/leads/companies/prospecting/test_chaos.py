"""Limits, lost answers, workers that die, and deliveries that are lost or come twice: paid once, and for what came."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.usage.models import UsageEvent, UsageStatus
from lad.tenancy.context import platform_context, tenant_context
from leads.companies.apollo.errors import AnswerLost, DirectoryDown, LimitReached
from leads.companies.apollo.phones import PhoneDelivery
from leads.companies.apollo.records import PeopleAnswer
from leads.companies.reveals import recording, services, worker
from leads.companies.reveals.models import Reveal, RevealState
from tenants.teams.models import Tenant
from tests.leads.companies.prospecting.directory import (
    MOBILE,
    PRICES,
    Directory,
    books,
    fund,
    matched,
    person_id,
    phones,
)

PEOPLE = 30


class Killed(BaseException):
    """The worker's process ends here."""


@dataclass
class Chaos:
    """A directory that fails in every way that the real one can, and counts what it charged for."""

    inner: Directory
    tenant: Tenant
    random: random.Random
    seen: Counter[str] = field(default_factory=Counter)
    owed: list[PhoneDelivery] = field(default_factory=list)
    charged: set[str] = field(default_factory=set)

    def bulk_match(self, ids: Sequence[str], *, phones: bool = False, webhook_url: str = "") -> PeopleAnswer:
        before = self._pick("limit", "down", "killed before", "", "", "")
        if before == "limit":
            raise LimitReached(timezone.now() + timedelta(hours=1), window="hour")
        if before == "down":
            raise DirectoryDown
        if before == "killed before":
            raise Killed
        answer = self.inner.bulk_match(ids, phones=phones, webhook_url=webhook_url)
        self.charged |= {each for each in ids if answer.people[each] is not None}
        self._promise(ids)
        if self._pick("early", "", "") == "early":
            self.deliver()
        after = self._pick("lost", "killed after", "", "", "")
        if after == "lost":
            raise AnswerLost
        if after == "killed after":
            raise Killed
        return answer

    def phone_result(self, request_id: str) -> PhoneDelivery | None:
        return None

    def deliver(self) -> None:
        """Deliver what is owed: some of it never, some of it twice."""
        for delivery in self.owed:
            for _time in range(self.random.choice((0, 1, 2))):
                recording.deliver(self.tenant.pk, delivery)

    def _promise(self, ids: Sequence[str]) -> None:
        for each in self.charged.intersection(ids):
            number = int(each.partition("-")[2])
            self.owed.append(phones(*([MOBILE] if number % 3 else []), of=number))

    def _pick(self, *ways: str) -> str:
        way = self.random.choice(ways)
        self.seen[way] += 1
        return way


def let_time_pass(tenant: Tenant, *, expire: bool) -> None:
    """Let leases and waiting times end, and have a person ask again for lost answers."""
    past = timezone.now() - timedelta(seconds=1)
    with platform_context():
        mine = Reveal.objects.filter(tenant=tenant)
        mine.filter(state=RevealState.ASKING).update(lease_until=past)
        mine.filter(state=RevealState.QUEUED).update(next_attempt_at=past)
        if expire:
            mine.filter(state=RevealState.WAITING).update(expires_at=past)
    with tenant_context(tenant.pk):
        for row in Reveal.objects.filter(state__in=(RevealState.UNKNOWN, RevealState.FAILED)):
            services.ask_again(reveal=row)


@pytest.mark.parametrize("seed", range(3))
def test_everything_that_can_go_wrong_is_paid_once_and_only_for_what_came(
    tenant: Tenant, directory: Directory, known: Callable[..., list[str]], settings: Any, seed: int
) -> None:
    settings.PUBLIC_URL = "https://lad.example"
    fund(tenant, 1_000)
    for number in range(1, PEOPLE + 1, 5):
        directory.people[person_id(number)] = matched(number, email="")
    directory.people[person_id(2)] = None
    chaos = Chaos(directory, tenant, random.Random(seed))
    with tenant_context(tenant.pk):
        services.request(known(PEOPLE), ["email", "phone"])
    for turn in range(60):
        with suppress(Killed):
            worker.run_due(directory_of=lambda _account: chaos)
        chaos.deliver()
        with tenant_context(tenant.pk):
            states = Counter(Reveal.objects.values_list("state", flat=True))
        if set(states) <= {RevealState.FOUND, RevealState.EMPTY}:
            break
        let_time_pass(tenant, expire=turn % 4 == 3)
    assert set(states) <= {RevealState.FOUND, RevealState.EMPTY}, states
    assert {"limit", "down", "killed before", "killed after", "lost", "early"} & set(chaos.seen)
    with tenant_context(tenant.pk):
        found = list(Reveal.objects.filter(state=RevealState.FOUND))
        paid = UsageEvent.objects.filter(status=UsageStatus.CHARGED).values_list("external_reference_id", flat=True)
        assert sorted(paid) == sorted(str(row.pk) for row in found)
        assert not UsageEvent.objects.filter(status__in=(UsageStatus.PENDING, UsageStatus.FAILED)).exists()
    expected = {
        "email": {each for each in chaos.charged if getattr(directory.people[each], "email", "")},
        "phone": {each for each in chaos.charged if int(each.partition("-")[2]) % 3},
    }
    assert {
        kind: {row.person_id for row in found if row.kind == kind} for kind in PRICES if kind in expected
    } == expected
    assert books(tenant) == (sum(len(people) * PRICES[kind] for kind, people in expected.items()), 0)
