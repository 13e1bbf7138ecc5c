"""The answers to calls that are within the limits, and what each is charged."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from sandbox.fetch import LOCAL_HOSTS
from sandbox.http import Request
from sandbox.providers.apollo import filters, records
from sandbox.providers.apollo.filters import Filters, Searches
from sandbox.providers.apollo.ledger import Ledger
from sandbox.providers.apollo.limits import Plan
from sandbox.providers.apollo.matching import find_person, wants_phones
from sandbox.providers.apollo.phones import Phones
from sandbox.providers.apollo.population import Company, Person, Population

MAX_AT_ONCE: Final = 10
MAX_SHOWN: Final = 50_000


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


class Answers:
    """Makes answers. Nothing is charged here: ``Asked.charges`` says what will be."""

    def __init__(
        self, population: Callable[[], Population], phones: Phones, ledger: Ledger, web_hosts: Collection[str]
    ) -> None:
        self._population = population
        self._phones = phones
        self._ledger = ledger
        self._web_hosts = web_hosts
        self._searches: Searches | None = None

    def search_people(self, asked: Asked) -> dict[str, Any]:
        wanted = Filters(asked.pairs, lists=filters.PEOPLE_LISTS, ranges=filters.RANGES, texts=filters.PEOPLE_TEXTS)
        found = self._search.people(wanted)
        page = found[(wanted.page - 1) * wanted.per_page : wanted.page * wanted.per_page]
        people = [records.found_person(self._population(), self._population().person(number)) for number in page]
        return {"total_entries": len(found), "people": people}

    def search_companies(self, asked: Asked) -> dict[str, Any]:
        wanted = Filters(
            asked.pairs,
            lists=filters.ORGANIZATION_LISTS,
            ranges=filters.ORGANIZATION_RANGES,
            texts=filters.ORGANIZATION_TEXTS,
        )
        found = self._search.companies(wanted)
        page = found[(wanted.page - 1) * wanted.per_page : wanted.page * wanted.per_page]
        companies = [records.organization(self._population(), self._population().companies[number]) for number in page]
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

    def match(self, asked: Asked) -> dict[str, Any]:
        query = asked.request.query
        person = find_person(self._population(), query)
        people = [person] if person is not None else []
        body: dict[str, Any] = {"person": None}
        if person is not None:
            body["person"] = self._told(asked, person)
        body["credits_consumed"] = len(people)
        return {**body, **self._promise(asked, query, people)}

    def bulk_match(self, asked: Asked) -> dict[str, Any]:
        details = asked.request.json().get("details")
        if not isinstance(details, list) or not 1 <= len(details) <= MAX_AT_ONCE:
            raise Refused(422, {"error": f"details takes 1 to {MAX_AT_ONCE} people", "errors": {"details": ["count"]}})
        found = [find_person(self._population(), {k: str(v) for k, v in each.items()}) for each in details]
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

    def enrich(self, asked: Asked) -> dict[str, Any]:
        domain = asked.request.query.get("domain", "")
        if not domain:
            raise Refused(422, {"error": "domain is missing", "errors": {"domain": ["is missing"]}})
        company = self._population().company_at(domain)
        return {} if company is None else {"organization": self._told_company(asked, company)}

    def bulk_enrich(self, asked: Asked) -> dict[str, Any]:
        given = asked.request.json().get("domains") or [v for k, v in asked.pairs if k == "domains[]"]
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_AT_ONCE:
            raise Refused(422, {"error": f"domains takes 1 to {MAX_AT_ONCE}", "errors": {"domains": ["count"]}})
        unique = list(dict.fromkeys(str(domain) for domain in given))
        found = [company for domain in unique if (company := self._population().company_at(domain)) is not None]
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

    def credits(self, asked: Asked) -> dict[str, Any]:
        used = self._ledger.spent(asked.team)
        lead = {"limit": asked.plan.credits, "consumed": used, "left_over": max(asked.plan.credits - used, 0)}
        cycle = {"start_date": "2026-11-01T00:00:00Z", "end_date": "2026-12-01T00:00:00Z"}
        return {"credit_usage_stats": {"lead_credit": lead}, "current_credit_cycle": cycle}

    def webhook_result(self, asked: Asked) -> dict[str, Any]:
        try:
            id = int(asked.request.names["id"])
        except ValueError:
            id = 1 << 64
        if not -(1 << 63) <= id < 1 << 63:
            raise Refused(400, {"error": "request_id is not a number.", "error_code": "invalid_request_id"})
        status, body = self._phones.result(asked.team, id)
        if status != 200:
            raise Refused(status, body)
        return body

    @property
    def _search(self) -> Searches:
        if self._searches is None:
            self._searches = Searches(self._population())
        return self._searches

    def _told(self, asked: Asked, person: Person) -> dict[str, Any]:
        id = self._population().person_id(person.number)
        asked.charges.append(("person", id, 1))
        return records.matched_person(self._population(), person, known=self._ledger.has_paid(asked.team, "person", id))

    def _told_company(self, asked: Asked, company: Company) -> dict[str, Any]:
        asked.charges.append(("company", self._population().company_id(company.number), 1))
        return records.organization(self._population(), company)

    def _promise(self, asked: Asked, query: Mapping[str, str], people: list[Person]) -> dict[str, Any]:
        """Keep a request for phones. Raises Refused for a webhook that Apollo would not call."""
        try:
            url = wants_phones(query, local={*LOCAL_HOSTS, *self._web_hosts})
        except ValueError as error:
            raise Refused(422, {"error": str(error), "errors": {"webhook_url": [str(error)]}}) from None
        if url is None or not people:
            return {}
        asked.promised = self._phones.request(asked.team, url, people)
        return {"request_id": asked.promised}

    def afford(self, asked: Asked) -> None:
        """Raise Refused if the team's credits are not enough."""
        cost = sum(credits for _kind, _id, credits in asked.charges)
        if cost and self._ledger.spent(asked.team) + cost > asked.plan.credits:
            raise Refused(422, {"error": "You have insufficient credits. Please upgrade your plan."})
