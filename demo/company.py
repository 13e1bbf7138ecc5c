"""What each app is handed to fill one company with data: who works there, when it is, and invented strangers."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from demo import names
from lad import writes
from tenants.accounts.models import User
from tenants.teams.models import Tenant

T = TypeVar("T")

# How far back the demo's history goes.
HISTORY_DAYS: Final = 120
_WORKING_HOURS: Final = (8, 18)
_INITIALS: Final = "ABCDEGHJKLMNPRSTVW"
_PLAIN_NAMES: Final = 300
_WITHOUT_ACCENTS: Final = str.maketrans("åäöøéèêíóôúñçãâßüąćęłńśźżăđ", "aaooeeeioouncaasuacelnszzad")


@dataclass(frozen=True, slots=True)
class Stranger:
    """An invented person outside LAD: a lead, a student, somebody's employee."""

    first_name: str
    last_name: str
    job: str
    city: str
    country: str
    # Two letters; ``DemoCompany.phone`` knows numbers of it.
    region: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def handle(self) -> str:
        """``first.last`` in plain letters, for addresses and profiles."""
        return plain(f"{self.first_name}.{self.last_name}")

    def email(self, domain: str) -> str:
        return f"{self.handle}@{domain}"


@dataclass(frozen=True, slots=True)
class Business:
    """An invented company outside LAD."""

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


@dataclass
class DemoCompany:
    """One company of the demo, for ``load(company)`` in an app's ``demo`` module.

    ``staff`` finds its people by first name, ``admin`` is LAD's own superuser. Everything random comes
    from the company's own generator, so that the demo is the same whenever it is loaded.
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
        """The company's own domain."""
        return str(self.tenant.email).partition("@")[2]

    @property
    def team(self) -> list[User]:
        """Everybody who works there, the owner first."""
        return list(self.staff.values())

    def people(self, n: int) -> Iterator[Stranger]:
        """``n`` people, no two of the same name."""
        for _ in range(n):
            first, last = self._name()
            city, country, region = self.random.choice(names.PLACES)
            yield Stranger(first, last, self.random.choice(names.JOBS), city, country, region)

    def _name(self) -> tuple[str, str]:
        while True:
            firsts, lasts = self.random.choice(names.PEOPLE)
            # When plain names run short, people have an initial more.
            middle = f"{self.random.choice(_INITIALS)}. " if len(self._names) > _PLAIN_NAMES else ""
            name = self.random.choice(firsts.split()), middle + self.random.choice(lasts.split())
            if name not in self._names:
                self._names.add(name)
                return name

    def companies(self, n: int) -> Iterator[Business]:
        """``n`` companies of different names, at domains that can never exist; at most 800."""
        everything = list(product(names.COMPANY_FIRST, names.COMPANY_SECOND))
        for first, (second, industry) in self.random.sample(everything, n):
            city, country, region = self.random.choice(names.PLACES)
            employees = int(self.random.lognormvariate(4.6, 1.3)) + 2
            domain = f"{first}-{second}.example".lower()
            yield Business(f"{first} {second}", domain, industry, employees, city, country, region)

    def phone(self, region: str = "") -> str:
        """A number in E.164 that belongs to nobody and was not given before; of any region by default."""
        region = region if region in names.PHONES else self.random.choice(sorted(names.PHONES))
        for _attempt in range(200):
            start, digits = self.random.choice(names.PHONES[region])
            number = start + "".join(self.random.choice("0123456789") for _ in range(digits))
            if number not in self._phones:
                self._phones.add(number)
                return number
        return self.phone("GB") if region != "GB" else self.phone("AU")

    def ago(self, **length: float) -> datetime:
        """``ago(days=3, hours=2)``: that long before now."""
        return self.now - timedelta(**length)

    def moment(self, *, days_back: float = HISTORY_DAYS, days_ahead: float = 0, working: bool = True) -> datetime:
        """A moment in that span around now; by day unless ``working`` is False. Never later than asked for."""
        earliest, latest = self.now - timedelta(days=days_back), self.now + timedelta(days=days_ahead)
        found = self.between(earliest, latest)
        if not working:
            return found
        at_work = found.replace(hour=self.random.randint(*_WORKING_HOURS))
        return at_work if earliest <= at_work <= latest else found

    def between(self, start: datetime, end: datetime) -> datetime:
        """A moment from ``start`` to ``end``, to the second."""
        seconds = max((end - start).total_seconds(), 0)
        return start + timedelta(seconds=int(self.random.random() * seconds))

    def after(self, moment: datetime, *, hours: float) -> datetime:
        """Up to ``hours`` after the moment, and not in the future."""
        return min(self.between(moment, moment + timedelta(hours=hours)), max(self.now, moment))

    def born(self, moment: datetime) -> dict[str, Any]:
        """``id`` and ``created_at`` of a row made at that moment, for ``Model(**company.born(moment), …)``."""
        return {"id": self.key(moment), "created_at": moment}

    def key(self, moment: datetime) -> UUID:
        """A time-ordered key of that moment, so that lists ordered by key are ordered by time."""
        milliseconds = int(moment.timestamp() * 1000)
        version, variant = 7 << 76, 2 << 62
        chance = self.random.getrandbits(12) << 64 | self.random.getrandbits(62)
        return UUID(int=milliseconds << 80 | version | variant | chance)

    def one(self, weighted: Mapping[T, float]) -> T:
        """One of the keys, by weight."""
        return self.random.choices(list(weighted), list(weighted.values()))[0]

    def spread(self, values: Sequence[T] | Mapping[T, float], n: int) -> list[T]:
        """``n`` of the values in random order, by weight if given; each occurs while there is room."""
        weights = list(values.values()) if isinstance(values, Mapping) else [1.0] * len(values)
        every = list(values)
        drawn = [*every[:n], *self.random.choices(every, weights, k=max(n - len(every), 0))]
        self.random.shuffle(drawn)
        return drawn

    def write(self, model: Any, values: Mapping[str, Any], actor: User | None = None) -> Any:
        """Write one row as the API would, with its rules and events; on behalf of the owner by default."""
        return writes.create(model, {"tenant": self.tenant, **values}, actor=actor or self.owner)


def plain(text: str) -> str:
    """The text in lower case with only letters, digits, dots and hyphens a to z."""
    lowered = text.lower().translate(_WITHOUT_ACCENTS)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(c for c in decomposed.replace(" ", "-") if c.isascii() and (c.isalnum() or c in ".-"))
