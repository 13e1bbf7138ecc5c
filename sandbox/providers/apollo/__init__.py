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

The log has ``apollo_call`` for every call with its status and the window that refused it, ``apollo_charge`` for
everything that was charged (with ``delivered``, and ``repeat`` for a person or company that the team had paid before;
a phone's has the ``request`` that its number came for), and ``apollo_webhook`` for every attempt to deliver phones,
with the status ``polled`` where somebody asked for them. Asking for the same person again is charged again: Apollo's
documents say that it may be.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.http import Dropped, Request, Response, reply
from sandbox.providers import register
from sandbox.providers.apollo.answers import Answers, Asked, Refused
from sandbox.providers.apollo.filters import BadFilters
from sandbox.providers.apollo.ledger import Ledger
from sandbox.providers.apollo.limits import Count, plan_of
from sandbox.providers.apollo.phones import Phones
from sandbox.providers.apollo.population import Population

BASE: Final = "/apollo/api/v1"
USAGE_ENDPOINTS: Final = frozenset({"usage_stats/api_usage_stats", "usage_stats/credit_usage_stats"})
SCOPED_ENDPOINTS: Final = frozenset(
    {"people/match", "people/bulk_match", "organizations/enrich", "organizations/bulk_enrich", "webhook_result"}
)
SEARCH_ENDPOINTS: Final = frozenset({"mixed_people/api_search", "mixed_companies/search"})
Handler = Callable[[Asked], dict[str, Any]]


@register
class Apollo:
    """The provider."""

    name = "apollo"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._made: Population | None = None
        self._counts: dict[tuple[str, str], Count] = {}
        self._calls: Counter[str] = Counter()
        self._ledger = Ledger(core)
        self._phones = Phones(core, self._population, self._ledger)
        self._answers = Answers(self._population, self._phones, self._ledger, core.web_hosts)

    async def start(self) -> None:
        answers = self._answers
        for method, path, stage, handler in (
            ("POST", "mixed_people/api_search", "SEARCH", answers.search_people),
            ("POST", "mixed_companies/search", "COMPANIES", answers.search_companies),
            ("POST", "people/match", "MATCH", answers.match),
            ("POST", "people/bulk_match", "BULK", answers.bulk_match),
            ("GET", "organizations/enrich", "ORGANIZATION", answers.enrich),
            ("POST", "organizations/bulk_enrich", "ORGANIZATIONS", answers.bulk_enrich),
            ("POST", "usage_stats/api_usage_stats", "USAGE", self._usage),
            ("POST", "usage_stats/credit_usage_stats", "USAGE", answers.credits),
        ):
            self._serve(method, path, path, stage, handler)
        self._serve("GET", "webhook_result/{id}", "webhook_result", "USAGE", answers.webhook_result)

    def reset(self) -> None:
        self._counts.clear()
        self._calls.clear()

    def stats(self) -> dict[str, object]:
        """Count calls by status, and what was charged by team."""
        return {"calls": dict(self._calls), "teams": self._ledger.stats()}

    def _population(self) -> Population:
        # Made when somebody asks first: most tests never do.
        if self._made is None:
            self._made = Population(self._core.seed)
        return self._made

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
            return self._refuse(team, endpoint, 429, _too_many(endpoint, count), headers, window=count.full)
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
            self._answers.afford(asked)
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
            self._ledger.charge(asked.team, kind, id, credits, delivered=not lost, endpoint=endpoint)
        if asked.promised is not None:
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

    def _refuse(
        self,
        team: str,
        endpoint: str,
        status: int,
        body: dict[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        window: str | None = None,
    ) -> Response:
        self._log(team, endpoint, status, window)
        return Response(reply(body).body, status, headers=headers or {})

    def _log(self, team: str, endpoint: str, status: int, window: str | None = None) -> None:
        """Log a call. Status 0 is an answer that did not arrive; ``window`` is the one whose limit refused it."""
        self._calls[str(status)] += 1
        self._core.log.write("apollo_call", team=team, endpoint=endpoint, status=status, window=window)


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
