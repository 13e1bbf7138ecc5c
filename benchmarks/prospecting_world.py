"""Who asks for whom in chaos_prospecting.py: tenants, their accounts at the sandbox, their credit and their requests.

A person's place in the list decides what is asked of them: the address only, the number only, both at once, or each
by a request of its own. So it is known how often the directory may be asked for somebody.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from benchmarks.chaos_world import SandboxControl

ADDRESS: Final = "http://127.0.0.1:{port}/apollo/api/v1"
EMAIL, PHONE, PAGE = "email", "phone", "company_search"
# What a fresh installation costs, where the price list does not say it.
USUAL_PRICES: Final = {EMAIL: Decimal("0.02"), PHONE: Decimal("0.10"), PAGE: Decimal("0.01")}
PROVIDERS: Final = ("apollo", "apollo_own_account")
# By a person's place: what each request for them names.
WAYS: Final = (((EMAIL,),), ((PHONE,),), ((EMAIL, PHONE),), ((EMAIL,), (PHONE,)))
OWN, SHARED = 3, 2
PER_PAGE: Final = 100
TINY_PEOPLE: Final = 60
POOR_PEOPLE: Final = 40
POOR_CREDIT: Final = 15
JOB_SIZES: Final = (1, 1, 1, 4, 9, 17, 30)
# Of the requests that are made once more, for some of the same people.
REPEATED_SHARE: Final = 0.4
TEAM: Final = "sandbox-organization-{}"
TINY_TEAM: Final = "sandbox-tiny-chaos"
LOCATIONS: Final = ("United Arab Emirates", "Germany", "France", "Spain", "Nowhere at all")


@dataclass(frozen=True, slots=True)
class Request:
    """People that somebody of a tenant asks for, and what of them."""

    tenant: "Asker"
    people: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass
class Asker:
    """A tenant, and what it asked for. ``team`` is its account's name in the sandbox's log."""

    name: str
    id: UUID
    team: str
    funded: Decimal
    people: list[str] = field(default_factory=list)
    wanted: set[tuple[str, str]] = field(default_factory=set)
    # What a person decided about answers that were lost.
    asked_again: list[tuple[str, str]] = field(default_factory=list)
    given_up: set[tuple[str, str]] = field(default_factory=set)

    def ask(self, request: Request) -> None:
        """Ask for the people of a request, as the API does."""
        from lad.tenancy.context import tenant_context
        from leads.companies.reveals import services

        with tenant_context(self.id):
            services.request(request.people, request.kinds)
        self.wanted |= {(person, kind) for person in request.people for kind in request.kinds}

    def known(self) -> set[tuple[str, str]]:
        """Return what was found, or is known not to be there."""
        from lad.tenancy.context import tenant_context
        from leads.companies.reveals.models import Reveal, RevealState

        with tenant_context(self.id):
            rows = Reveal.objects.filter(state__in=(RevealState.FOUND, RevealState.EMPTY))
            return set(rows.values_list("person_id", "kind"))

    def decide(self) -> int:
        """Ask again for two thirds of the lost answers, and give the others up. Return how many there were."""
        from lad.tenancy.context import tenant_context
        from leads.companies.reveals import services
        from leads.companies.reveals.models import Reveal, RevealState

        with tenant_context(self.id):
            rows = list(Reveal.objects.filter(state=RevealState.UNKNOWN).order_by("pk"))
            for place, row in enumerate(rows):
                key = (row.person_id, row.kind)
                if place % 3:
                    services.ask_again(reveal=row)
                    self.asked_again.append(key)
                else:
                    services.give_up(reveal=row)
                    self.given_up.add(key)
        return len(rows)

    def requests(self, chance: random.Random) -> Iterator[Request]:
        """Yield jobs and single requests for everybody, and some of them once more."""
        for way, named in enumerate(WAYS):
            of_way = self.people[way :: len(WAYS)]
            for kinds in named:
                for people in _jobs(of_way, chance):
                    yield Request(self, people, kinds)
                    if chance.random() < REPEATED_SHARE:
                        others = chance.sample(of_way, min(len(of_way), 3))
                        yield Request(self, tuple(dict.fromkeys((*people, *others))), kinds)


def _jobs(people: Sequence[str], chance: random.Random) -> Iterator[tuple[str, ...]]:
    left = list(people)
    chance.shuffle(left)
    while left:
        size = chance.choice(JOB_SIZES)
        yield tuple(left[:size])
        del left[:size]


@dataclass
class World:
    """All tenants, and the prices that they pay."""

    prices: dict[str, Decimal]
    askers: list[Asker]

    @classmethod
    def build(cls, control: SandboxControl, port: int, people: int) -> "World":
        # The sandbox makes its population at the first search, which takes longer than LAD waits.
        control.ask(
            "POST", "/apollo/api/v1/mixed_people/api_search?per_page=1", headers={"x-api-key": TEAM.format("first")}
        )
        world = cls(_list_prices(), [])
        funds = 3 * people * (world.prices[EMAIL] + world.prices[PHONE]) + 100
        for number in range(OWN):
            world._join(f"own{number}", TEAM.format(f"own{number}"), port, funds, people)
        _account(None, TEAM.format("shared"), port)
        for number in range(SHARED):
            world._join(f"shared{number}", TEAM.format("shared"), port, funds, people, own=False)
        world._join("tiny", TINY_TEAM, port, funds, TINY_PEOPLE)
        world._join("poor", TEAM.format("poor"), port, POOR_CREDIT * world.prices[EMAIL], POOR_PEOPLE)
        return world

    def requests(self, chance: random.Random) -> list[Request]:
        """Return every request in the order in which they are made: the poor tenant's first, the tiny one's last."""
        poor = self.askers[-1]
        jobs = [Request(poor, tuple(poor.people[start : start + 10]), (EMAIL,)) for start in range(0, POOR_PEOPLE, 10)]
        others = [each for asker in self.askers[:-2] for each in asker.requests(chance)]
        chance.shuffle(others)
        return jobs + others + list(self.askers[-2].requests(chance))

    def searches(self, chance: random.Random) -> list[Callable[[], None]]:
        """Return searches for companies, some of them for the same page or for nothing."""
        made = [
            _search(asker, location, page)
            for asker in self.askers[: OWN + SHARED]
            for location in LOCATIONS
            for page in (1, 1, 2)
        ]
        chance.shuffle(made)
        return made

    def _join(self, name: str, team: str, port: int, funds: Decimal, people: int, *, own: bool = True) -> None:
        from billing.ledger.services import ledger, wallets
        from lad.tenancy.context import platform_context, tenant_context
        from tenants.teams.models import PlanTier, Tenant

        with platform_context():
            tenant = Tenant.objects.create(name=name, slug=name, timezone="UTC", plan_tier=PlanTier.ENTERPRISE)
        if own:
            _account(tenant.pk, team, port)
        with tenant_context(tenant.pk):
            ledger.topup(wallet=wallets.open_wallet(), amount=funds, key="fund")
        self.askers.append(Asker(name, tenant.pk, team, funds, _found(tenant.pk, people)))


def _list_prices() -> dict[str, Decimal]:
    """Make sure that everything has a price, and return the price list's."""
    from django.utils import timezone

    from billing.pricing.models import Price
    from lad.tenancy.context import platform_context

    with platform_context():
        for provider in PROVIDERS:
            for component, price in USUAL_PRICES.items():
                key = {"tenant": None, "category": "enrichment", "provider": provider, "model": component}
                if not Price.objects.filter(**key).exists():
                    since = timezone.now() - timedelta(days=1)
                    Price.objects.create(**key, unit="record", unit_price=price, effective_from=since)
        rows = Price.objects.filter(tenant=None, category="enrichment", provider="apollo", model__in=USUAL_PRICES)
        return dict(rows.values_list("model", "unit_price"))


def _account(tenant_id: UUID | None, team: str, port: int) -> None:
    from lad.tenancy.context import platform_context, tenant_context
    from leads.companies.accounts.models import DirectoryAccount

    with tenant_context(tenant_id) if tenant_id else platform_context():
        DirectoryAccount.objects.create(
            tenant_id=tenant_id, name="Sandbox", base_url=ADDRESS.format(port=port), api_key=team
        )


def _found(tenant_id: UUID, many: int) -> list[str]:
    """Return the ids of so many people whom the tenant found by searching."""
    from leads.companies.apollo.queries import PeopleQuery
    from leads.companies.search.services import search_people

    ids: list[str] = []
    while len(ids) < many:
        query = PeopleQuery(seniorities=("director", "vp", "manager"), page=len(ids) // PER_PAGE + 1, per_page=PER_PAGE)
        ids += [each.id for each in search_people(query, tenant_id=tenant_id).results]
    return ids[:many]


def _search(asker: Asker, location: str, page: int) -> Callable[[], None]:
    from leads.companies.apollo.queries import CompanyFilters, CompanyQuery
    from leads.companies.search.services import search_companies

    query = CompanyQuery(CompanyFilters(locations=(location,)), page=page, per_page=PER_PAGE)

    def search() -> None:
        search_companies(query, tenant_id=asker.id)

    return search
