"""The client of Apollo's API. What it returns and raises is all that callers know of Apollo."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lad.errors import Invalid
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo import records
from leads.companies.apollo.errors import DirectoryError
from leads.companies.apollo.phones import PhoneDelivery, read_delivery
from leads.companies.apollo.queries import CompanyQuery, PeopleQuery
from leads.companies.apollo.records import (
    CompanyAnswer,
    CompanyPage,
    CreditUse,
    PeopleAnswer,
    PeoplePage,
    PersonAnswer,
    WindowUse,
)
from leads.companies.apollo.refusals import keep_refusal
from leads.companies.apollo.transport import Call, NotReady, Transport

MAX_AT_ONCE: Final = 10
# Credits that Apollo charges: for a person with data, and on top for one with a mobile number.
PERSON_CREDITS: Final = 1
PHONE_CREDITS: Final = 8
COMPANY_CREDITS: Final = 1
SEARCH_PEOPLE: Final = Call("POST", "/mixed_people/api_search")
SEARCH_COMPANIES: Final = Call("POST", "/mixed_companies/search", charged=True)
MATCH: Final = Call("POST", "/people/match", charged=True)
BULK_MATCH: Final = Call("POST", "/people/bulk_match", charged=True)
ENRICH_COMPANY: Final = Call("GET", "/organizations/enrich", charged=True)
ENRICH_COMPANIES: Final = Call("POST", "/organizations/bulk_enrich", charged=True)
USAGE: Final = Call("POST", "/usage_stats/api_usage_stats")
CREDITS: Final = Call("POST", "/usage_stats/credit_usage_stats")
WEBHOOK_RESULT: Final = "/webhook_result"
# Names of the windows in Apollo's usage.
WINDOWS: Final = ("minute", "hour", "day")


class Apollo:
    """Apollo with the key of one account. Call it outside a transaction.

    Every method may raise KeyRefused, PlanRefused, LimitReached, DirectoryDown and BadQuery, after which nothing was
    charged. Those that are charged may also raise AnswerLost.
    """

    def __init__(self, account: DirectoryAccount, *, clock: Callable[[], float] | None = None) -> None:
        self._account = account
        self._transport = Transport(account.base_url, account.api_key, clock)

    def search_people(self, query: PeopleQuery) -> PeoplePage:
        """Return one page of people, without e-mail addresses and phones. Free. Needs a master key."""
        answer = self._ask(SEARCH_PEOPLE, query.pairs())
        people = tuple(records.found_person(value) for value in records.objects(answer.get("people")))
        return PeoplePage(people, _total(answer, len(people)), query.page, query.per_page)

    def search_companies(self, query: CompanyQuery) -> CompanyPage:
        """Return one page of companies. Charged one credit, unless it is empty."""
        answer = self._ask(SEARCH_COMPANIES, query.pairs())
        # Companies that the team saved at Apollo come as its accounts.
        saved = [
            {**value, "id": value.get("organization_id") or value.get("id")}
            for value in records.objects(answer.get("accounts"))
        ]
        found = [*records.objects(answer.get("organizations")), *saved]
        companies = {each.id: each for each in map(records.company, found)}
        return CompanyPage(tuple(companies.values()), _total(answer, len(companies)), query.page, query.per_page)

    def match(
        self,
        person_id: str = "",
        *,
        name: str = "",
        domain: str = "",
        email: str = "",
        linkedin_url: str = "",
        webhook_url: str = "",
        phones: bool = False,
    ) -> PersonAnswer:
        """Return a person with their e-mail address. Charged ``PERSON_CREDITS`` if Apollo knows them.

        ``phones`` also asks for phone numbers, which arrive later: at ``webhook_url``, an https address that names
        this request, or without one for ``phone_result``. A mobile number is charged ``PHONE_CREDITS`` more.
        """
        named = {
            "id": person_id,
            "name": name,
            "domain": domain,
            "email": email,
            "linkedin_url": linkedin_url,
        }
        pairs = [(key, value) for key, value in named.items() if value]
        if not pairs:
            raise Invalid(errors={"person_id": ["Say who is looked for."]})
        answer = self._ask(MATCH, [*pairs, *_phone_pairs(phones, webhook_url)])
        found = answer.get("person")
        known = records.person(found) if isinstance(found, Mapping) and found.get("id") else None
        return PersonAnswer(known, _request_id(answer), records.whole(answer.get("credits_consumed")))

    def bulk_match(self, ids: Sequence[str], *, phones: bool = False, webhook_url: str = "") -> PeopleAnswer:
        """Return up to ten people by their ids, as ``match`` does, in one call. Charged for each person alike."""
        asked = list(dict.fromkeys(ids))
        if not 1 <= len(asked) <= MAX_AT_ONCE:
            raise Invalid(errors={"ids": [f"Ask for 1 to {MAX_AT_ONCE} people at once."]})
        body = {"details": [{"id": each} for each in asked]}
        answer = self._ask(BULK_MATCH, _phone_pairs(phones, webhook_url), body)
        matches = (records.person(value) for value in records.objects(answer.get("matches")))
        found = {each.id: each for each in matches}
        return PeopleAnswer(
            {each: found.get(each) for each in asked},
            _request_id(answer),
            records.whole(answer.get("credits_consumed")),
        )

    def phone_result(self, request_id: str) -> PhoneDelivery | None:
        """Return the phones of a request, or None while Apollo still looks for them. Free; kept for thirty days.

        Raises NotReady, with a ``reason``, for a request that Apollo does not know any more.
        """
        call = Call("GET", f"{WEBHOOK_RESULT}/{request_id}", endpoint=WEBHOOK_RESULT)
        try:
            answer = self._transport.ask(call)
        except NotReady as error:
            if error.reason == "result_pending":
                return None
            raise
        result = answer.get("webhook_result")
        return read_delivery({"request_id": request_id, **result}) if isinstance(result, Mapping) else None

    def enrich_company(self, domain: str) -> CompanyAnswer:
        """Return the company of a domain. Charged ``COMPANY_CREDITS`` if Apollo knows it."""
        answer = self._ask(ENRICH_COMPANY, [("domain", domain)])
        found = answer.get("organization")
        return CompanyAnswer(records.company(found) if isinstance(found, Mapping) and found.get("id") else None)

    def enrich_companies(self, domains: Sequence[str]) -> Mapping[str, CompanyAnswer]:
        """Return up to ten companies by their domains, in one call. Charged for each as ``enrich_company``."""
        asked = list(dict.fromkeys(each.strip().lower() for each in domains))
        if not 1 <= len(asked) <= MAX_AT_ONCE:
            raise Invalid(errors={"domains": [f"Ask for 1 to {MAX_AT_ONCE} companies at once."]})
        answer = self._ask(ENRICH_COMPANIES, body={"domains": asked})
        found = {each.domain: each for each in map(records.company, records.objects(answer.get("organizations")))}
        return {domain: CompanyAnswer(found.get(domain)) for domain in asked}

    def usage(self) -> dict[str, dict[str, WindowUse]]:
        """Return calls by endpoint and window (``minute``, ``hour``, ``day``). Free. Needs a master key."""
        answer = self._transport.ask(USAGE)
        return {
            _endpoint(name): {window: use for window in WINDOWS if (use := _use(WindowUse, value.get(window)))}
            for name, value in answer.items()
            if isinstance(value, Mapping)
        }

    def credits(self) -> dict[str, CreditUse]:
        """Return the team's credits by kind. Apollo updates them within seconds. Free. Needs a master key."""
        stats = self._transport.ask(CREDITS).get("credit_usage_stats")
        kinds = stats if isinstance(stats, Mapping) else {}
        return {str(kind): use for kind, value in kinds.items() if (use := _use(CreditUse, value))}

    def _ask(self, call: Call, pairs: Sequence[tuple[str, str]] = (), body: Any = None) -> Mapping[str, Any]:
        """Return an answer. A refusal of the key or the plan is kept on the account."""
        try:
            return self._transport.ask(call, pairs, body)
        except DirectoryError as error:
            keep_refusal(self._account, error)
            raise


def _phone_pairs(phones: bool, webhook_url: str) -> list[tuple[str, str]]:
    if not phones:
        return []
    delivery = ("webhook_url", webhook_url) if webhook_url else ("poll_only", "true")
    return [("reveal_phone_number", "true"), delivery]


def _request_id(answer: Mapping[str, Any]) -> str:
    value = answer.get("request_id")
    return "" if value is None else str(value)


def _total(answer: Mapping[str, Any], least: int) -> int:
    pagination = answer.get("pagination")
    nested = pagination.get("total_entries") if isinstance(pagination, Mapping) else None
    return max(records.whole(answer.get("total_entries") or nested) or 0, least)


def _use(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return None
    limit, used = records.whole(value.get("limit")), records.whole(value.get("consumed"))
    left = records.whole(value.get("left_over"))
    return None if limit is None or used is None else kind(limit, used, max(limit - used, 0) if left is None else left)


def _endpoint(name: str) -> str:
    """Return ``people/match`` for Apollo's ``["api/v1/people", "match"]``."""
    parts = [part for part in name.replace('"', "").strip("[]").replace(",", " ").split() if part]
    return "/".join(parts).removeprefix("api/v1/")
