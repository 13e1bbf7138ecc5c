"""Hold LAD's books of chaos_prospecting.py against the sandbox's log and its population, which know nothing of LAD."""

from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.chaos_world import LOG_LIMIT, SandboxControl
from benchmarks.prospecting_world import EMAIL, PAGE, PHONE, WAYS, Asker, World
from sandbox.providers.apollo.population import PLACEHOLDER, Population

SEED: Final = 1
PAID: Final = """
SELECT reveals.person_id, reveals.kind FROM billing_usage_events AS events
JOIN reveals ON reveals.tenant_id = events.tenant_id AND reveals.id::text = events.external_reference_id
WHERE events.tenant_id = %s AND events.status = 'charged'
"""
PAGES: Final = """
SELECT count(*) FROM billing_usage_events
WHERE tenant_id = %s AND status = 'charged' AND external_reference_id LIKE 'company-search:%%'
"""
DEBITED: Final = """
SELECT coalesce(-sum(amount), 0) FROM billing_ledger_transactions WHERE tenant_id = %s AND transaction_type = 'debit'
"""
WALLET: Final = "SELECT current_balance, reserved_balance FROM billing_wallets WHERE tenant_id = %s"
OPEN_USES: Final = """
SELECT count(*) FROM billing_usage_events WHERE tenant_id = %s AND status NOT IN ('charged', 'voided')
"""
STATES: Final = "SELECT state, kind, count(*) FROM reveals WHERE tenant_id = %s GROUP BY state, kind"


@dataclass(frozen=True, slots=True)
class Log:
    """What the sandbox's log says, by team."""

    # How often a person, a number or a page was charged, and how often such an answer was handed over. Numbers are
    # handed over to a tenant, whose address they go to, and not to a team.
    charged: Mapping[tuple[str, str], Counter[str]]
    handed_over: Mapping[tuple[str, str], Counter[str]]
    lost_answers: int
    webhooks: Counter[str]

    @classmethod
    def read(cls, control: SandboxControl) -> "Log":
        charged: dict[tuple[str, str], Counter[str]] = {}
        handed: dict[tuple[str, str], Counter[str]] = {}
        webhooks = list(_entries(control, "apollo_webhook"))
        arrived = {
            each["request"]: tenant_of(each["url"])
            for each in webhooks
            if each["status"] == "polled" or each["status"][0] == "2"
        }
        for each in _entries(control, "apollo_charge"):
            charged.setdefault((each["team"], each["subject"]), Counter())[each["id"]] += 1
            request = each.get("request")
            if request in arrived:
                handed.setdefault((arrived[request], each["subject"]), Counter())[each["id"]] += 1
            elif request is None and each["delivered"]:
                handed.setdefault((each["team"], each["subject"]), Counter())[each["id"]] += 1
        lost = sum(1 for each in _entries(control, "apollo_call") if each["status"] == 0)
        return cls(charged, handed, lost, _webhooks(webhooks))

    def charges(self) -> int:
        return sum(sum(each.values()) for each in self.charged.values())


def tenant_of(url: str) -> str:
    """Return the id of the tenant whose address for deliveries this is."""
    return str(UUID(bytes=urlsafe_b64decode(url.rstrip("/").rpartition("/")[2] + "==")[:16]))


def _webhooks(entries: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count deliveries: lost, polled, arrived, repeated."""
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for each in entries:
        status = each["status"] if each["status"] in ("lost", "polled") else "arrived"
        counts[status if status != "arrived" or each["request"] not in seen else "repeated"] += 1
        seen.add(each["request"])
    return counts


def _entries(control: SandboxControl, kind: str) -> Iterable[dict[str, Any]]:
    since = 0
    while entries := control.ask("GET", f"/log?kind={kind}&since={since}&limit={LOG_LIMIT}")["entries"]:
        yield from entries
        since = entries[-1]["n"]


@dataclass(frozen=True, slots=True)
class Books:
    """LAD's books of one tenant, and what they should be by the sandbox's log."""

    asker: Asker
    expected: set[tuple[str, str]]
    paid: Counter[tuple[str, str]]
    expected_pages: int
    pages: int
    expected_amount: Decimal
    debited: Decimal
    balance: Decimal
    reserved: Decimal
    open_uses: int
    states: dict[tuple[str, str], int]

    @property
    def are_exact(self) -> bool:
        """Return whether the tenant paid for the sandbox's paid answers, each once, and for nothing else."""
        return (
            self.paid == Counter(self.expected)
            and self.pages == self.expected_pages
            and self.debited == self.expected_amount
            and self.balance == self.asker.funded - self.expected_amount
        )

    def many(self, *states: str) -> int:
        return sum(many for (state, _kind), many in self.states.items() if state in states)

    def sentence(self) -> str:
        wrong = ""
        if not self.are_exact:
            missing, more = self.expected - self.paid.keys(), self.paid - Counter(self.expected)
            wrong = f"; not paid {sorted(missing)[:5]}, paid in vain {sorted(more)[:5]}"
        states = ", ".join(f"{many} {kind} {state}" for (state, kind), many in sorted(self.states.items()))
        return (
            f"{self.asker.name}: paid {self.debited} for {len(self.paid)} reveals and {self.pages} pages;"
            f" by the sandbox {self.expected_amount.normalize()} for {len(self.expected)} and {self.expected_pages};"
            f" {states}{wrong}"
        )


class Judge:
    """Compares."""

    def __init__(self, world: World, control: SandboxControl, database: psycopg.Connection[Any]) -> None:
        self._world = world
        self._database = database
        self._population = Population(SEED)
        self.log = Log.read(control)
        self.books = [self._books(asker) for asker in world.askers]

    def shared_pages(self) -> bool:
        """Return whether teams were charged for the pages that their tenants paid, where several share an account."""
        by_team: Counter[str] = Counter()
        for each in self.books:
            by_team[each.asker.team] += each.pages
        return all(
            many == sum(self.log.handed_over.get((team, "page"), Counter()).values()) for team, many in by_team.items()
        )

    def twice(self) -> list[str]:
        """Return people who were revealed more often than somebody decided, by team."""
        found = []
        for team in dict.fromkeys(asker.team for asker in self._world.askers):
            allowed = {subject: self._allowed(team, subject) for subject in ("person", "phone")}
            for subject, counter in allowed.items():
                charged = self.log.charged.get((team, subject), Counter())
                found += [f"{team} {subject} {id}: {many}" for id, many in charged.items() if many > counter[id]]
        return found

    def _allowed(self, team: str, subject: str) -> Counter[str]:
        """Return how often each person may be charged: once for each way of asking, and for each decision."""
        allowed: Counter[str] = Counter()
        for asker in self._world.askers:
            if asker.team != team:
                continue
            for place, person in enumerate(asker.people):
                ways = [(EMAIL,)] if asker.name == "poor" else list(WAYS[place % len(WAYS)])
                allowed[person] += sum(subject == "person" or PHONE in kinds for kinds in ways)
            # A number that is asked for again is a person that is charged again, too.
            allowed.update(person for person, kind in asker.asked_again if subject == "person" or kind == PHONE)
        return allowed

    def _books(self, asker: Asker) -> Books:
        expected = {key for key in asker.wanted if self._is_paid_answer(asker, *key)}
        pages = self._pages(asker)
        prices = self._world.prices
        row = self._one(WALLET, asker)
        return Books(
            asker=asker,
            expected=expected,
            paid=Counter((person, kind) for person, kind in self._database.execute(PAID, [asker.id])),
            expected_pages=pages,
            pages=self._one(PAGES, asker)[0],
            expected_amount=sum((prices[kind] for _person, kind in expected), prices[PAGE] * pages),
            debited=self._one(DEBITED, asker)[0],
            balance=row[0],
            reserved=row[1],
            open_uses=self._one(OPEN_USES, asker)[0],
            states={(state, kind): many for state, kind, many in self._database.execute(STATES, [asker.id])},
        )

    def _is_paid_answer(self, asker: Asker, person_id: str, kind: str) -> bool:
        """Return whether an answer that the sandbox charged was handed over, and held what was asked for."""
        if (person_id, kind) in asker.given_up:
            return False
        if kind == PHONE:
            return person_id in self.log.handed_over.get((str(asker.id), "phone"), ())
        person = self._population.person_of(person_id)
        has_email = person is not None and person.email not in ("", PLACEHOLDER)
        return has_email and person_id in self.log.handed_over.get((asker.team, "person"), ())

    def _pages(self, asker: Asker) -> int:
        """Return the pages that were handed over. Of tenants that share a team, their own count is taken."""
        if sum(each.team == asker.team for each in self._world.askers) > 1:
            return int(self._one(PAGES, asker)[0])
        return sum(self.log.handed_over.get((asker.team, "page"), Counter()).values())

    def _one(self, query: str, asker: Asker) -> Any:
        row = self._database.execute(query, [asker.id]).fetchone()
        assert row is not None
        return row
