"""Apollo's API on the HTTP port under ``/apollo/api/v1``: searches, enrichments, phones that come later, usage.

A key begins with ``sandbox``; its second word names the plan, and each key is a team of its own: ``sandbox-free``,
``sandbox-basic-7``, ``sandbox-tiny`` (5 calls a minute, 8 an hour, 12 a day), ``sandbox-scoped`` (may enrich only),
``sandbox-poor`` (three credits). ``limits.py`` has them all.

Faults of the protocol ``apollo`` strike at the stages SEARCH, COMPANIES, MATCH, BULK, ORGANIZATION, ORGANIZATIONS and
USAGE, for a key as ``account``: ``answer`` with a code (before anything is charged; ``seconds`` is Retry-After),
``slow``, ``drop`` (``accepted`` says whether it was charged before; after ``seconds``, so that a client gives up), and
``split`` (charged, and cut in the middle).
At the stage WEBHOOK: ``drop`` loses a delivery, ``split`` repeats it, ``slow`` makes it ``seconds`` late, and
``answer`` makes it come before the answer.

The log has ``apollo_call`` for every call with its status, ``apollo_charge`` for everything that was charged (with
``delivered``, and ``repeat`` for a person or company that the team had paid before), and ``apollo_webhook`` for every
attempt to deliver phones. Asking for the same person again is charged again: Apollo's documents say that it may be.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.fetch import LOCAL_HOSTS
from sandbox.http import Dropped, Request, Response, reply
from sandbox.providers import register
from sandbox.providers.apollo import filters, records
from sandbox.providers.apollo.filters import BadFilters, Filters, Searches
from sandbox.providers.apollo.limits import Count, Plan, plan_of
from sandbox.providers.apollo.matching import find_person, wants_phones
from sandbox.providers.apollo.phones import PHONE_CREDITS, Phones
from sandbox.providers.apollo.population import Company, Person, Population

BASE: Final = "/apollo/api/v1"
MAX_AT_ONCE: Final = 10
MAX_SHOWN: Final = 50_000
USAGE_ENDPOINTS: Final = frozenset({"usage_stats/api_usage_stats", "usage_stats/credit_usage_stats"})
SCOPED_ENDPOINTS: Final = frozenset(
    {"people/match", "people/bulk_match", "organizations/enrich", "organizations/bulk_enrich", "webhook_result"}
)


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class Asked:
    """One call that is within the limits: who asks for what, and what it is charged."""

    def __init__(self, request: Request, team: str, plan: Plan) -> None:
        self.request = request
        self.team = team
        self.plan = plan
        # What is charged if the answer is made: kind, id, credits.
        self.charges: list[tuple[str, str, int]] = []
        # A request for phones, to be promised once the answer is charged.
        self.promised: int | None = None

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        return self.request.pairs


Handler = Callable[[Asked], dict[str, Any]]


@register
class Apollo:
    """The provider."""

    name = "apollo"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._made: Population | None = None
        self._searches: Searches | None = None
        self._counts: dict[tuple[str, str], Count] = {}
        self._calls: Counter[str] = Counter()
        core.storage.create(
            "apollo_paid",
            "team TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, credits INTEGER NOT NULL, delivered INTEGER"
            " NOT NULL",
            index="team, kind, id",
        )
        self._phones: Phones | None = None

    @property
    def population(self) -> Population:
        # Made when somebody asks first: most tests never do.
        if self._made is None:
            self._made = Population(self._core.seed)
        return self._made

    async def start(self) -> None:
        self._phones = Phones(self._core, lambda: self.population, self._charge_phone)
        for method, path, stage, handler in (
            ("POST", "mixed_people/api_search", "SEARCH", self._search_people),
            ("POST", "mixed_companies/search", "COMPANIES", self._search_companies),
            ("POST", "people/match", "MATCH", self._match),
            ("POST", "people/bulk_match", "BULK", self._bulk_match),
            ("GET", "organizations/enrich", "ORGANIZATION", self._enrich),
            ("POST", "organizations/bulk_enrich", "ORGANIZATIONS", self._bulk_enrich),
            ("POST", "usage_stats/api_usage_stats", "USAGE", self._usage),
            ("POST", "usage_stats/credit_usage_stats", "USAGE", self._credits),
        ):
            self._serve(method, path, path, stage, handler)
        self._serve("GET", "webhook_result/{id}", "webhook_result", "USAGE", self._webhook_result)

    def reset(self) -> None:
        self._counts.clear()
        self._calls.clear()

    def stats(self) -> dict[str, object]:
        """Count calls by status, and what was charged: all, and what was delivered, by team."""
        rows = self._core.storage.rows(
            "SELECT team, sum(credits), sum(credits * delivered), count(*), sum(delivered) FROM apollo_paid"
            " GROUP BY team"
        )
        return {
            "calls": dict(self._calls),
            "teams": {
                row[0]: {"credits": row[1], "delivered_credits": row[2], "charges": row[3], "delivered": row[4]}
                for row in rows
            },
        }

    def _serve(self, method: str, path: str, endpoint: str, stage: str, handler: Handler) -> None:
        async def answer(request: Request) -> Response:
            return await self._answer(request, endpoint, stage, handler)

        self._core.http.route(method, f"{BASE}/{path}", answer)

    async def _answer(self, request: Request, endpoint: str, stage: str, handler: Handler) -> Response:
        team = request.headers.get("x-api-key", "")
        plan = plan_of(team)
        if plan is None:
            self._log(team, endpoint, 401)
            return Response(b"Invalid access credentials.", 401, "text/plain")
        if plan.scoped and endpoint not in SCOPED_ENDPOINTS:
            return self._refuse(team, endpoint, 403, _inaccessible(endpoint))
        count = self._counts.setdefault((team, endpoint), Count(plan.limits(endpoint)))
        wait = count.take(self._core.clock.now())
        if wait is not None:
            headers = {**count.headers(), "retry-after": str(int(wait) + 1)}
            return self._refuse(team, endpoint, 429, _too_many(endpoint, count), headers)
        fault = self._core.faults.strike("apollo", stage, account=team)
        if fault is not None and fault.kind == FaultKind.ANSWER:
            waiting = {"retry-after": f"{fault.seconds:g}"} if fault.seconds else {}
            body = {"error": fault.text or "The sandbox was asked to fail."}
            return self._refuse(team, endpoint, fault.code, body, {**count.headers(), **waiting})
        if fault is not None and fault.kind == FaultKind.DROP and not fault.accepted:
            self._log(team, endpoint, 0)
            raise Dropped
        asked = Asked(request, team, plan)
        try:
            body = handler(asked)
            self._afford(asked)
        except Refused as refused:
            return self._refuse(team, endpoint, refused.status, refused.body, count.headers())
        except BadFilters as bad:
            problem = {"error": "Invalid search parameters provided.", "errors": bad.errors}
            return self._refuse(team, endpoint, 422, problem, count.headers())
        return await self._finish(asked, endpoint, body, count.headers(), fault)

    async def _finish(
        self, asked: Asked, endpoint: str, body: dict[str, Any], headers: Mapping[str, str], fault: Fault | None
    ) -> Response:
        """Charge, promise phones, and answer, or fail to."""
        lost = fault is not None and fault.kind in (FaultKind.DROP, FaultKind.SPLIT)
        for kind, id, credits in asked.charges:
            self._charge(asked.team, kind, id, credits, delivered=not lost, endpoint=endpoint)
        if asked.promised is not None and self._phones is not None:
            await self._phones.promise(asked.promised)
        self._log(asked.team, endpoint, 0 if lost else 200)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == FaultKind.DROP:
            raise Dropped
        made = orjson.dumps(body)
        if fault is not None and fault.kind == FaultKind.SPLIT:
            return Response(headers=headers, pieces=_half(made))
        return Response(made, headers=headers)

    def _search_people(self, asked: Asked) -> dict[str, Any]:
        wanted = Filters(asked.pairs, lists=filters.PEOPLE_LISTS, ranges=filters.RANGES, texts=filters.PEOPLE_TEXTS)
        found = self._search.people(wanted)
        page = found[(wanted.page - 1) * wanted.per_page : wanted.page * wanted.per_page]
        people = [records.found_person(self.population, self.population.person(number)) for number in page]
        return {"total_entries": len(found), "people": people}

    def _search_companies(self, asked: Asked) -> dict[str, Any]:
        wanted = Filters(
            asked.pairs,
            lists=filters.ORGANIZATION_LISTS,
            ranges=filters.ORGANIZATION_RANGES,
            texts=filters.ORGANIZATION_TEXTS,
        )
        found = self._search.companies(wanted)
        page = found[(wanted.page - 1) * wanted.per_page : wanted.page * wanted.per_page]
        companies = [records.organization(self.population, self.population.companies[number]) for number in page]
        if companies:
            asked.charges.append(("page", f"{wanted.key}|{wanted.page}|{wanted.per_page}", 1))
        pages = -(-min(len(found), MAX_SHOWN) // wanted.per_page)
        return {
            "breadcrumbs": [],
            "partial_results_only": False,
            "has_join": False,
            "pagination": {
                "page": wanted.page,
                "per_page": wanted.per_page,
                "total_entries": len(found),
                "total_pages": pages,
            },
            "accounts": [],
            "organizations": companies,
        }

    def _match(self, asked: Asked) -> dict[str, Any]:
        query = asked.request.query
        person = find_person(self.population, query)
        people = [person] if person is not None else []
        body: dict[str, Any] = {"person": None}
        if person is not None:
            body["person"] = self._told(asked, person)
        body["credits_consumed"] = len(people)
        return {**body, **self._promise(asked, query, people)}

    def _bulk_match(self, asked: Asked) -> dict[str, Any]:
        details = asked.request.json().get("details")
        if not isinstance(details, list) or not 1 <= len(details) <= MAX_AT_ONCE:
            raise Refused(422, {"error": f"details takes 1 to {MAX_AT_ONCE} people", "errors": {"details": ["count"]}})
        found = [find_person(self.population, {k: str(v) for k, v in each.items()}) for each in details]
        people = list({each.number: each for each in found if each is not None}.values())
        told = {person.number: self._told(asked, person) for person in people}
        return {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_enrichments": len(details),
            "unique_enriched_records": len(people),
            "missing_records": sum(1 for each in found if each is None),
            "credits_consumed": len(people),
            "matches": [None if each is None else told[each.number] for each in found],
            **self._promise(asked, asked.request.query, people),
        }

    def _enrich(self, asked: Asked) -> dict[str, Any]:
        domain = asked.request.query.get("domain", "")
        if not domain:
            raise Refused(422, {"error": "domain is missing", "errors": {"domain": ["is missing"]}})
        company = self.population.company_at(domain)
        return {} if company is None else {"organization": self._told_company(asked, company)}

    def _bulk_enrich(self, asked: Asked) -> dict[str, Any]:
        given = asked.request.json().get("domains") or [v for k, v in asked.pairs if k == "domains[]"]
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_AT_ONCE:
            raise Refused(422, {"error": f"domains takes 1 to {MAX_AT_ONCE}", "errors": {"domains": ["count"]}})
        unique = list(dict.fromkeys(str(domain) for domain in given))
        found = [company for domain in unique if (company := self.population.company_at(domain)) is not None]
        return {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_domains": len(given),
            "unique_domains": len(unique),
            "unique_enriched_records": len(found),
            "missing_records": len(unique) - len(found),
            "organizations": [self._told_company(asked, company) for company in found],
        }

    def _usage(self, asked: Asked) -> dict[str, Any]:
        now = self._core.clock.now()
        usage = {}
        for endpoint in sorted(
            SCOPED_ENDPOINTS | USAGE_ENDPOINTS | {"mixed_people/api_search", "mixed_companies/search"}
        ):
            count = self._counts.get((asked.team, endpoint)) or Count(asked.plan.limits(endpoint))
            place, _, action = endpoint.partition("/")
            usage[orjson.dumps([f"api/v1/{place}", action or "show"]).decode()] = count.stats(now)
        return usage

    def _credits(self, asked: Asked) -> dict[str, Any]:
        used = self._spent(asked.team)
        lead = {"limit": asked.plan.credits, "consumed": used, "left_over": max(asked.plan.credits - used, 0)}
        cycle = {"start_date": "2026-11-01T00:00:00Z", "end_date": "2026-12-01T00:00:00Z"}
        return {"credit_usage_stats": {"lead_credit": lead}, "current_credit_cycle": cycle}

    def _webhook_result(self, asked: Asked) -> dict[str, Any]:
        try:
            id = int(asked.request.names["id"])
        except ValueError:
            id = 1 << 64
        if not -(1 << 63) <= id < 1 << 63:
            raise Refused(400, {"error": "request_id is not a number.", "error_code": "invalid_request_id"})
        assert self._phones is not None
        status, body = self._phones.result(asked.team, id)
        if status != 200:
            raise Refused(status, body)
        return body

    @property
    def _search(self) -> Searches:
        if self._searches is None:
            self._searches = Searches(self.population)
        return self._searches

    def _told(self, asked: Asked, person: Person) -> dict[str, Any]:
        id = self.population.person_id(person.number)
        asked.charges.append(("person", id, 1))
        return records.matched_person(self.population, person, known=self._has_paid(asked.team, "person", id))

    def _told_company(self, asked: Asked, company: Company) -> dict[str, Any]:
        asked.charges.append(("company", self.population.company_id(company.number), 1))
        return records.organization(self.population, company)

    def _promise(self, asked: Asked, query: Mapping[str, str], people: list[Person]) -> dict[str, Any]:
        """Keep a request for phones. Raises Refused for a webhook that Apollo would not call."""
        try:
            url = wants_phones(query, local={*LOCAL_HOSTS, *self._core.web_hosts})
        except ValueError as error:
            raise Refused(422, {"error": str(error), "errors": {"webhook_url": [str(error)]}}) from None
        if url is None or not people or self._phones is None:
            return {}
        asked.promised = self._phones.request(asked.team, url, people)
        return {"request_id": asked.promised}

    def _afford(self, asked: Asked) -> None:
        cost = sum(credits for _kind, _id, credits in asked.charges)
        if cost and self._spent(asked.team) + cost > asked.plan.credits:
            raise Refused(422, {"error": "You have insufficient credits. Please upgrade your plan."})

    def _charge_phone(self, team: str, person: Person) -> None:
        id = self.population.person_id(person.number)
        self._charge(team, "phone", id, PHONE_CREDITS, delivered=True, endpoint="webhook")

    def _charge(self, team: str, kind: str, id: str, credits: int, *, delivered: bool, endpoint: str) -> None:
        repeat = self._has_paid(team, kind, id)
        self._core.storage.execute(
            "INSERT INTO apollo_paid VALUES (?, ?, ?, ?, ?)", team, kind, id, credits, int(delivered)
        )
        self._core.log.write(
            "apollo_charge",
            team=team,
            endpoint=endpoint,
            subject=kind,
            id=id,
            credits=credits,
            delivered=delivered,
            repeat=repeat,
        )

    def _has_paid(self, team: str, kind: str, id: str) -> bool:
        return bool(
            self._core.storage.row("SELECT 1 FROM apollo_paid WHERE team = ? AND kind = ? AND id = ?", team, kind, id)
        )

    def _spent(self, team: str) -> int:
        row = self._core.storage.row("SELECT coalesce(sum(credits), 0) FROM apollo_paid WHERE team = ?", team)
        return int(row[0]) if row else 0

    def _refuse(
        self, team: str, endpoint: str, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        self._log(team, endpoint, status)
        return Response(reply(body).body, status, headers=headers or {})

    def _log(self, team: str, endpoint: str, status: int) -> None:
        """Log a call. Status 0 is an answer that did not arrive."""
        self._calls[str(status)] += 1
        self._core.log.write("apollo_call", team=team, endpoint=endpoint, status=status)


async def _half(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body[: len(body) // 2]
    raise Dropped


def _inaccessible(endpoint: str) -> dict[str, Any]:
    return {
        "error": f"This API key is not authorized to access api/v1/{endpoint}.",
        "error_code": "API_INACCESSIBLE",
    }


def _too_many(endpoint: str, count: Count) -> dict[str, Any]:
    return {"message": f"The maximum number of api calls allowed for api/v1/{endpoint} is reached: {count.limits}."}
