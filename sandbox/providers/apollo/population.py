"""Companies and people. All of them follow from the seed; a few numbers of each are kept, the rest is worked out.

Ids look like Apollo's, and tell which company or person of which seed they name.
"""

import bisect
import random
import unicodedata
from array import array
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import accumulate
from typing import Final

from sandbox.providers.apollo import words
from sandbox.providers.apollo.places import MOBILE_POOLS, PHONES, Place, read_places

COMPANIES: Final = 4_000
PEOPLE: Final = 50_000
COMPANY_MARK, PERSON_MARK = "5e66b638", "64a7ff0c"
# From and to how many employees, and how often.
SIZES: Final = (
    ((1, 10), 24),
    ((11, 50), 34),
    ((51, 200), 24),
    ((201, 500), 9),
    ((501, 1_000), 4),
    ((1_001, 20_000), 5),
)
# In a hundred people: with a verified address, a guessed one, none, and a placeholder in its place.
PLACEHOLDER: Final = "email_not_unlocked@domain.com"
EMAILS: Final = (("verified", 76), ("unverified", 10), ("unavailable", 9), ("placeholder", 5))
PHONES_IN_A_HUNDRED: Final = 58
ABROAD_IN_A_HUNDRED: Final = 12
# Where many companies are clinics, as the first industries are.
MEDICAL_COUNTRY: Final = "United Arab Emirates"
MEDICAL_SHARE, MEDICAL_INDUSTRIES = 0.35, 2
PATTERNS: Final = ("{first}.{last}", "{first}.{last}", "{f}{last}", "{first}", "{first}_{last}", "{last}.{first}")


@dataclass(frozen=True, slots=True)
class Company:
    """A company."""

    number: int
    name: str
    domain: str
    industry: words.Industry
    place: Place
    employees: int
    revenue: int
    founded: int
    technologies: tuple[str, ...]
    # None for a company that never raised money.
    round: str
    funding: int
    funded_on: str
    pattern: str
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person. ``email`` is what Apollo would return, which may be empty or a placeholder."""

    number: int
    first: str
    last: str
    title: words.Title
    company: Company
    place: Place
    email: str
    email_status: str
    # An empty phone is none; some that have one are only "maybe" known to the search.
    phone: str
    phone_type: str
    phone_known: bool

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


class Population:
    """All companies and people of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.mark = sha256(f"apollo-{seed}".encode()).hexdigest()[:8]
        self.industries = words.read_industries()
        self.titles = words.read_titles(self.industries)
        self.names = words.read_names()
        self.places, self._weights = read_places()
        self._title_numbers = {title.name: number for number, title in enumerate(self.titles)}

    def company_id(self, number: int) -> str:
        return f"{COMPANY_MARK}{self.mark}{number:08x}"

    def person_id(self, number: int) -> str:
        return f"{PERSON_MARK}{self.mark}{number:08x}"

    def person_of(self, id: str) -> Person | None:
        """Return the person with this id, or None."""
        number = self._number(id, PERSON_MARK, PEOPLE)
        return None if number is None else self.person(number)

    def company_of(self, id: str) -> Company | None:
        """Return the company with this id, or None."""
        number = self._number(id, COMPANY_MARK, COMPANIES)
        return None if number is None else self.companies[number]

    def company_at(self, domain: str) -> Company | None:
        """Return the company with this domain, or None."""
        number = self._domains.get(domain.lower().removeprefix("www."))
        return None if number is None else self.companies[number]

    def people_of(self, company: int) -> range:
        """Return the numbers of a company's people."""
        return range(self._starts[company], self._starts[company + 1])

    def title_of(self, number: int) -> int:
        return self._people[0][number]

    @lru_cache(maxsize=2_000)  # noqa: B019  (there is one population for as long as the process lives)
    def person(self, number: int) -> Person:
        """Return a person. Raise IndexError for a number that is none."""
        titles, places, _firsts, _lasts, chances = self._people
        company = self.companies[bisect.bisect_right(self._starts, number) - 1]
        place = self.places[places[number]]
        first, last = self.name_of(number)
        chance = chances[number]
        status = _of(EMAILS, chance % 100)
        email = PLACEHOLDER if status == "placeholder" else ""
        if status in ("verified", "unverified"):
            email = self._email(number, company)
        has_phone = (chance >> 8) % 100 < PHONES_IN_A_HUNDRED
        phone, phone_type = self._phone(number, place) if has_phone else ("", "")
        return Person(
            number=number,
            first=first,
            last=last,
            title=self.titles[titles[number]],
            company=company,
            place=place,
            email=email,
            email_status="unavailable" if status == "placeholder" else status,
            phone=phone,
            phone_type=phone_type,
            # Apollo is sure of most phones that it has, and unsure of some people without one.
            phone_known=has_phone and (chance >> 16) % 100 < 80,
        )

    def has_email(self, number: int) -> str:
        """Return the status of a person's address without working out the rest."""
        status = _of(EMAILS, self._people[4][number] % 100)
        return "unavailable" if status == "placeholder" else status

    def place_of(self, number: int) -> int:
        return self._people[1][number]

    def name_of(self, number: int) -> tuple[str, str]:
        """Return the first and the last name of a person."""
        _titles, places, firsts, lasts, _chances = self._people
        first, last = self.names[self.places[places[number]].names]
        return first[firsts[number] % len(first)], last[lasts[number] % len(last)]

    @cached_property
    def companies(self) -> list[Company]:
        chance = random.Random(f"companies-{self._seed}")  # noqa: S311  (repeatable is the point)
        taken: set[str] = set()
        cumulated = list(accumulate(industry.weight for industry in self.industries))
        places = list(accumulate(self._weights))
        sizes = list(accumulate(weight for _size, weight in SIZES))
        found = []
        for number in range(COMPANIES):
            industry = chance.choices(self.industries, cum_weights=cumulated)[0]
            place = chance.choices(self.places, cum_weights=places)[0]
            if place.country == MEDICAL_COUNTRY and chance.random() < MEDICAL_SHARE:
                industry = self.industries[number % MEDICAL_INDUSTRIES]
            least, most = chance.choices(SIZES, cum_weights=sizes)[0][0]
            found.append(
                self._company(number, chance, industry, place, int(chance.triangular(least, most + 1, least)), taken)
            )
        return found

    def _company(
        self,
        number: int,
        chance: random.Random,
        industry: words.Industry,
        place: Place,
        employees: int,
        taken: set[str],
    ) -> Company:
        while True:
            first = chance.choice(words.COMPANY_NAMES) + chance.choice(words.COMPANY_MIDDLES)
            kind = chance.choice(industry.kinds)
            slug = f"{first}-{kind}".lower().replace(" ", "-")
            if slug not in taken or len(taken) > COMPANIES:
                break
        taken.add(slug)
        funded = chance.randrange(100) < industry.funded
        stage = min(chance.randrange(len(words.ROUNDS)), 1 + employees // 60) if funded else 0
        revenue = int(employees * industry.revenue * 1_000 * chance.uniform(0.6, 1.5))
        return Company(
            number=number,
            name=f"{first} {kind}",
            domain=f"{slug}.example",
            industry=industry,
            place=place,
            employees=employees,
            revenue=round(revenue, -4),
            founded=chance.randint(1955, 2024),
            technologies=tuple(chance.sample(words.TECHNOLOGIES, chance.randint(3, 11))),
            round=words.ROUNDS[stage] if funded else "",
            funding=round(int(1_500_000 * 3.2**stage * chance.uniform(0.5, 1.6)), -5) if funded else 0,
            funded_on=f"{chance.randint(2019, 2026)}-{chance.randint(1, 12):02d}-15" if funded else "",
            pattern=chance.choice(PATTERNS),
            phone=self._number_in(place.phones, chance.getrandbits(32)),
        )

    @cached_property
    def _domains(self) -> dict[str, int]:
        return {company.domain: company.number for company in self.companies}

    @cached_property
    def _starts(self) -> array:
        """Return the number of each company's first person, and PEOPLE at the end."""
        wanted = [min(company.employees, 12 + int(company.employees**0.55)) for company in self.companies]
        total, seen, starts = sum(wanted), 0, array("I", [0])
        for each in wanted:
            seen += each
            starts.append(round(seen * PEOPLE / total))
        return starts

    @cached_property
    def _people(self) -> tuple[array, array, array, array, array]:
        """Return for each person the numbers of title, place, first and last name, and a number to draw others from."""
        chance = random.Random(f"people-{self._seed}")  # noqa: S311
        at_home: dict[str, list[int]] = {}
        for number, place in enumerate(self.places):
            at_home.setdefault(place.country, []).append(number)
        numbers = {place: number for number, place in enumerate(self.places)}
        titles, places, firsts, lasts = (array("H") for _ in range(4))
        chances = array("I")
        for company in self.companies:
            own = [self._title_numbers[name] for name in company.industry.titles]
            country, here = at_home[company.place.country], numbers[company.place]
            for position in range(len(self.people_of(company.number))):
                bits = chance.getrandbits(96)
                titles.append(self._title(position, company, own, bits & 0xFFFF))
                moved = (bits >> 16) % 100 < ABROAD_IN_A_HUNDRED
                places.append(country[(bits >> 24) % len(country)] if moved else here)
                firsts.append((bits >> 32) & 0xFFFF)
                lasts.append((bits >> 48) & 0xFFFF)
                chances.append((bits >> 64) & 0xFFFFFFFF)
        return titles, places, firsts, lasts, chances

    def _title(self, position: int, company: Company, own: list[int], bits: int) -> int:
        if position == 0:
            return bits % words.LEADERS
        if position <= len(own) and company.employees > 5:
            return own[position - 1]
        # The larger the company, the fewer of its people lead.
        first = words.LEADERS if company.employees < 60 else words.LEADERS + 7 * (bits % 3 != 0)
        return first + (bits >> 4) % (words.COMMON - first)

    def _email(self, number: int, company: Company) -> str:
        local = self._local(number, company.pattern)
        # Later people of the same name have a number.
        earlier = range(self._starts[company.number], number)
        same = sum(1 for each in earlier if self._local(each, company.pattern) == local)
        return f"{local}{same + 1 if same else ''}@{company.domain}"

    def _local(self, number: int, pattern: str) -> str:
        first, last = (_plain(part) for part in self.name_of(number))
        return pattern.format(first=first, last=last, f=first[:1])

    def _phone(self, number: int, place: Place) -> tuple[str, str]:
        phone = self._number_in(place.phones, number)
        mobile = place.phones in MOBILE_POOLS or number % 3 != 0
        return phone, "mobile" if mobile else "work_direct"

    def _number_in(self, pool: str, number: int) -> str:
        """Return a number of the pool, another one for each number as far as the pool goes."""
        ranges = PHONES[pool]
        begins, digits = ranges[number % len(ranges)]
        return f"{begins}{number // len(ranges) % 10**digits:0{digits}d}"

    def _number(self, id: str, mark: str, most: int) -> int | None:
        if len(id) != 24 or not id.startswith(mark + self.mark):
            return None
        try:
            number = int(id[16:], 16)
        except ValueError:
            return None
        return number if number < most else None


def _of(shares: tuple[tuple[str, int], ...], hundredth: int) -> str:
    for name, share in shares:
        hundredth -= share
        if hundredth < 0:
            return name
    return shares[-1][0]


@lru_cache(maxsize=1_000)
def _plain(name: str) -> str:
    """Return a name as it stands in addresses: ``Nguyễn`` is ``nguyen``."""
    folded = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "l").replace("ø", "o").replace("ı", "i"))
    folded = folded.replace("đ", "d").replace("Đ", "d").replace("ß", "ss").replace("Ø", "o")
    return "".join(letter for letter in folded.lower() if letter.isascii() and letter.isalnum())
