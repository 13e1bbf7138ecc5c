"""Phones that come later: to a webhook, or to whoever asks with the id of the request."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.faults import FaultKind
from sandbox.fetch import Elsewhere, Fetcher
from sandbox.providers.apollo.ledger import PHONE_CREDITS, Ledger
from sandbox.providers.apollo.population import Person, Population
from sandbox.providers.apollo.records import phone_entry
from sandbox.schedule import Action

DELIVER: Final = "apollo.deliver"
# Simulated seconds until Apollo has the numbers, from and to, and between attempts to deliver them.
FIRST_SECONDS, LAST_SECONDS = 40.0, 240.0
RETRY_SECONDS: Final = 60.0
ATTEMPTS: Final = 4
REPEATS: Final = 2
KEPT_SECONDS: Final = 30 * 86_400
AGENT: Final = "Apollo"
# In a hundred deliveries of ``make up``, where no fault was asked for.
REPEATED, LOST, LATE, EARLY = 8, 3, 5, 3
LATE_SECONDS: Final = 7_200.0


class Phones:
    """Deliveries that are planned, made and lost."""

    def __init__(self, core: Core, population: Callable[[], Population], ledger: Ledger) -> None:
        self._core = core
        self._population = population
        self._ledger = ledger
        self._fetcher = Fetcher(core.web_hosts)
        core.schedule.handle(DELIVER, self._act)
        core.storage.create(
            "apollo_requests",
            "id INTEGER PRIMARY KEY, team TEXT NOT NULL, url TEXT NOT NULL, people TEXT NOT NULL, began REAL NOT NULL,"
            " payload TEXT",
        )

    def request(self, team: str, url: str, people: list[Person]) -> int:
        """Keep a request. Return its id, a signed number of 64 bits as Apollo's are."""
        chance = self._core.chance("apollo-request", self._core.log.number, team, *(each.number for each in people))
        id = chance.getrandbits(62) - (1 << 61)
        self._core.storage.execute(
            "INSERT INTO apollo_requests (id, team, url, people, began) VALUES (?, ?, ?, ?, ?)",
            id,
            team,
            url,
            orjson.dumps([each.number for each in people]).decode(),
            self._core.clock.now(),
        )
        return id

    async def promise(self, id: int) -> None:
        """Plan the delivery of a request; one that comes early is made before this returns."""
        how, seconds = self._how(id)
        if how == "early":
            await self._deliver(id, times=1, attempt=1)
            return
        data = {"id": id, "how": how, "attempt": 1}
        self._core.schedule.plan(DELIVER, after=seconds, data=data)

    def result(self, team: str, id: int) -> tuple[int, dict[str, Any]]:
        """Return status and body for somebody who asks."""
        row = self._core.storage.row(
            "SELECT began, payload, url FROM apollo_requests WHERE id = ? AND team = ?", id, team
        )
        if row is None:
            return 404, {"error": "The request_id is not known.", "error_code": "request_id_unknown"}
        if self._core.clock.now() > row[0] + KEPT_SECONDS:
            return 410, {"error": "The result has expired.", "error_code": "request_id_expired"}
        if row[1] is None:
            pending = {"error": "The result is not ready.", "error_code": "result_pending", "retry_after_seconds": 30}
            return 404, pending
        self._core.log.write("apollo_webhook", request=str(id), url=row[2], status="polled", attempt=0)
        return 200, {"request_id": id, "webhook_status": "success", "webhook_result": orjson.loads(row[1])}

    def _how(self, id: int) -> tuple[str, float]:
        """Return how a delivery goes, and after how many seconds."""
        chance = self._core.chance("apollo-delivery", id)
        usual = chance.uniform(FIRST_SECONDS, LAST_SECONDS)
        fault = self._core.faults.strike("apollo", "WEBHOOK")
        if fault is not None:
            named = {
                FaultKind.DROP: "lost",
                FaultKind.SPLIT: "repeated",
                FaultKind.ANSWER: "early",
                FaultKind.SLOW: "once",
            }
            return named.get(fault.kind, "once"), fault.seconds or usual
        if not self._core.mixed_people:
            return "once", usual
        drawn = chance.randrange(100)
        for share, how in ((REPEATED, "repeated"), (LOST, "lost"), (EARLY, "early")):
            if drawn < share:
                return how, usual
            drawn -= share
        return "once", usual + (LATE_SECONDS if drawn < LATE else 0.0)

    async def _act(self, action: Action) -> None:
        data = action.data
        if data["how"] == "lost":
            self._payload(data["id"])
            self._core.log.write("apollo_webhook", request=str(data["id"]), status="lost", attempt=0)
            return
        times = 1 + REPEATS if data["how"] == "repeated" else 1
        await self._deliver(data["id"], times=times, attempt=data["attempt"])

    async def _deliver(self, id: int, *, times: int, attempt: int) -> None:
        payload = self._payload(id)
        row = self._core.storage.row("SELECT url FROM apollo_requests WHERE id = ?", id)
        if payload is None or row is None or not row[0]:
            return
        for _ in range(times):
            status = await self._post(row[0], payload)
            self._core.log.write("apollo_webhook", request=str(id), url=row[0], status=status, attempt=attempt)
        if not status.startswith("2") and attempt < ATTEMPTS:
            data = {"id": id, "how": "once", "attempt": attempt + 1}
            self._core.schedule.plan(DELIVER, after=RETRY_SECONDS * 2**attempt, data=data)

    async def _post(self, url: str, payload: str) -> str:
        try:
            fetched = await self._fetcher.fetch("POST", url, agent=AGENT, body=payload, content_type="application/json")
        except (Elsewhere, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            return f"failed: {type(error).__name__}"
        return str(fetched.status)

    def _payload(self, id: int) -> str | None:
        """Return what is delivered. Charges the phones that are found, the first time."""
        row = self._core.storage.row("SELECT team, people, payload FROM apollo_requests WHERE id = ?", id)
        if row is None or row[2] is not None:
            return None if row is None else str(row[2])
        people = [self._population().person(number) for number in orjson.loads(row[1])]
        credits = 0
        for person in people:
            if person.phone_type == "mobile":
                credits += PHONE_CREDITS
                person_id = self._population().person_id(person.number)
                self._ledger.charge(
                    row[0], "phone", person_id, PHONE_CREDITS, delivered=True, endpoint="webhook", request=str(id)
                )
        entries = [phone_entry(self._population(), person) for person in people]
        found = sum(1 for entry in entries if entry["phone_numbers"])
        payload = {
            "request_id": id,
            "status": "success",
            "total_requested_enrichments": len(people),
            "unique_enriched_records": found,
            "missing_records": len(people) - found,
            "credits_consumed": credits,
            "people": entries,
        }
        text = orjson.dumps(payload).decode()
        self._core.storage.execute("UPDATE apollo_requests SET payload = ? WHERE id = ?", text, id)
        return text
