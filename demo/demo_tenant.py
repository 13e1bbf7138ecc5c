"""One demo tenant as each app fills it: its team, the current time, and random people, companies and values."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Final, TypedDict, TypeVar
from uuid import UUID

from django.db import models

from demo import names
from lad import writes
from lad.types import Values
from tenants.accounts.models import User
from tenants.teams.models import Tenant

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=models.Model)

HISTORY_DAYS: Final = 120
_WORKING_HOURS: Final = (8, 18)
_INITIALS: Final = "ABCDEGHJKLMNPRSTVW"
_MAX_NAMES_WITHOUT_INITIAL: Final = 300
_WITHOUT_ACCENTS: Final = str.maketrans("åäöøéèêíóôúñçãâßüąćęłńśźżăđ", "aaooeeeioouncaasuacelnszzad")


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person who does not use LAD: a lead, a student or an employee of a company."""

    first_name: str
    last_name: str
    job: str
    city: str
    country: str
    # Two-letter country code, as ``DemoTenant.phone`` takes it.
    region: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def handle(self) -> str:
        """Return ``first.last`` in ASCII, for addresses and profile links."""
        return plain(f"{self.first_name}.{self.last_name}")

    def email(self, domain: str) -> str:
        return f"{self.handle}@{domain}"


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company that leads work for; no tenant of LAD."""

    name: str
    domain: str
    industry: str
    employees: int
    city: str
    country: str
    region: str

    @property
    def website(self) -> str:
        return f"https://{self.domain}"


class CreatedFields(TypedDict):
    """The fields of a row that say when it was created."""

    id: UUID
    created_at: datetime


@dataclass
class DemoTenant:
    """One demo tenant, passed to ``load(demo)`` of each ``demo.<app>`` package.

    ``staff`` maps first names to users; ``admin`` is LAD's superuser. All random values come from a
    generator seeded with the slug, so every load creates the same data.
    """

    tenant: Tenant
    owner: User
    admin: User
    staff: dict[str, User]
    now: datetime
    random: Random = field(init=False)
    _phones: set[str] = field(init=False, default_factory=set)
    _names: set[tuple[str, str]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(self.slug)  # noqa: S311  (demo data, no secret)

    @property
    def slug(self) -> str:
        return self.tenant.slug

    @property
    def domain(self) -> str:
        """Return the domain of the tenant's e-mail address."""
        return str(self.tenant.email).partition("@")[2]

    @property
    def team(self) -> list[User]:
        """Return all members, the owner first."""
        return list(self.staff.values())

    def people(self, n: int) -> Iterator[Person]:
        """Yield ``n`` people with different names."""
        for _ in range(n):
            first, last = self._name()
            city, country, region = self.random.choice(names.PLACES)
            yield Person(first, last, self.random.choice(names.JOBS), city, country, region)

    def _name(self) -> tuple[str, str]:
        while True:
            firsts, lasts = self.random.choice(names.PEOPLE)
            # The pool of plain names is small; add an initial before it runs out.
            middle = f"{self.random.choice(_INITIALS)}. " if len(self._names) > _MAX_NAMES_WITHOUT_INITIAL else ""
            name = self.random.choice(firsts.split()), middle + self.random.choice(lasts.split())
            if name not in self._names:
                self._names.add(name)
                return name

    def companies(self, n: int) -> Iterator[Company]:
        """Yield ``n`` companies with different names and reserved domains. Raises ValueError above 800."""
        combinations = list(product(names.COMPANY_FIRST, names.COMPANY_SECOND))
        for first, (second, industry) in self.random.sample(combinations, n):
            city, country, region = self.random.choice(names.PLACES)
            employees = int(self.random.lognormvariate(4.6, 1.3)) + 2
            domain = f"{first}-{second}.example".lower()
            yield Company(f"{first} {second}", domain, industry, employees, city, country, region)

    def phone(self, region: str = "") -> str:
        """Return an unused E.164 number from a range reserved for fiction; of a random region by default."""
        region = region if region in names.PHONES else self.random.choice(sorted(names.PHONES))
        for _attempt in range(200):
            start, digits = self.random.choice(names.PHONES[region])
            number = start + "".join(self.random.choice("0123456789") for _ in range(digits))
            if number not in self._phones:
                self._phones.add(number)
                return number
        return self.phone("GB") if region != "GB" else self.phone("AU")

    def ago(self, **length: float) -> datetime:
        """Return the time that long before now, as in ``ago(days=3, hours=2)``."""
        return self.now - timedelta(**length)

    def moment(self, *, days_back: float = HISTORY_DAYS, days_ahead: float = 0, working: bool = True) -> datetime:
        """Return a random time in that range around now, in working hours unless ``working`` is False."""
        earliest, latest = self.now - timedelta(days=days_back), self.now + timedelta(days=days_ahead)
        found = self.between(earliest, latest)
        if not working:
            return found
        at_work = found.replace(hour=self.random.randint(*_WORKING_HOURS))
        return at_work if earliest <= at_work <= latest else found

    def between(self, start: datetime, end: datetime) -> datetime:
        """Return a random time from ``start`` to ``end``, in whole seconds."""
        seconds = max((end - start).total_seconds(), 0)
        return start + timedelta(seconds=int(self.random.random() * seconds))

    def after(self, moment: datetime, *, hours: float) -> datetime:
        """Return a random time up to ``hours`` after the given one, but not in the future."""
        return min(self.between(moment, moment + timedelta(hours=hours)), max(self.now, moment))

    def created(self, moment: datetime) -> CreatedFields:
        """Return ``id`` and ``created_at`` of a row created then, for ``Model(**demo.created(moment), …)``."""
        return {"id": self.key(moment), "created_at": moment}

    def key(self, moment: datetime) -> UUID:
        """Return a UUIDv7 of that time, so that rows ordered by key are ordered by time."""
        milliseconds = int(moment.timestamp() * 1000)
        version, variant = 7 << 76, 2 << 62
        chance = self.random.getrandbits(12) << 64 | self.random.getrandbits(62)
        return UUID(int=milliseconds << 80 | version | variant | chance)

    def pick(self, weighted: Mapping[T, float]) -> T:
        """Return a random key, by weight."""
        return self.random.choices(list(weighted), list(weighted.values()))[0]

    def spread(self, values: Sequence[T] | Mapping[T, float], n: int) -> list[T]:
        """Return ``n`` values in random order, by weight if given. Each value occurs once before any repeats."""
        weights = list(values.values()) if isinstance(values, Mapping) else [1.0] * len(values)
        distinct = list(values)
        drawn = [*distinct[:n], *self.random.choices(distinct, weights, k=max(n - len(distinct), 0))]
        self.random.shuffle(drawn)
        return drawn

    def write(self, model: type[ModelT], values: Values, actor: User | None = None) -> ModelT:
        """Write one row as the API would, with its rules and events. The owner acts by default."""
        return writes.create(model, {"tenant": self.tenant, **values}, actor=actor or self.owner)


def plain(text: str) -> str:
    """Return the text in lower case, reduced to ASCII letters, digits, dots and hyphens."""
    lowered = text.lower().translate(_WITHOUT_ACCENTS)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(c for c in decomposed.replace(" ", "-") if c.isascii() and (c.isalnum() or c in ".-"))
