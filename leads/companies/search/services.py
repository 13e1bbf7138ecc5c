"""Search people and companies in a directory: the tenant's stored pages first, then the directory.

Searches run outside any scope, because they wait for a foreign server. A page of companies that is fetched is paid
for unless it is empty; people are found for nothing. What is stored costs nothing.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.tenancy.context import current_tenant_id, require_no_scope, tenant_context
from lad.types import Actor
from leads.companies import caching, charging, sources
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.accounts.selectors import account_for
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.queries import MAX_PAGE, CompanyQuery, PeopleQuery
from leads.companies.apollo.records import MAX_SHOWN, CompanyPage, PeoplePage
from leads.companies.search import results
from leads.companies.search.models import DirectorySearch, SearchKind
from leads.companies.search.results import SearchPage
from leads.companies.search.turns import turn

# What a reference of the credits of a page begins with.
REFERENCE: Final = "company-search:"
HOLD_TTL: Final = timedelta(hours=1)
NOTHING_FOUND: Final = "The search brought nothing."


class Directory(Protocol):
    """The searches of a directory."""

    def search_people(self, query: PeopleQuery) -> PeoplePage: ...

    def search_companies(self, query: CompanyQuery) -> CompanyPage: ...


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored page: the ids on it and how many results there are in all."""

    ids: Sequence[str]
    total: int
    fetched_at: datetime | None
    credits: Decimal = charging.ZERO
    cached: bool = False


def search_people(
    query: PeopleQuery,
    *,
    tenant_id: UUID,
    actor: Actor = None,
    hide_contacted: bool = False,
    refresh: bool = False,
    directory: Directory | None = None,
) -> SearchPage:
    """Return one page of people, marked with what the tenant knows of them. Call it outside any scope.

    A filter by the company's keywords or industry searches the companies first, which costs a page of companies unless
    it is stored. ``refresh`` asks the directory even so. Raises BadQuery, NoDirectory, a DirectoryError, NoPrice, or
    what the ledger raises if the credit is not enough.
    """
    require_no_scope("A search in a directory")
    query.companies().pairs() if query.needs_companies else query.pairs()
    paid = charging.ZERO

    def fetch() -> _Stored:
        nonlocal paid
        asked: PeopleQuery | None = query
        if query.needs_companies:
            found = _companies(query.companies(), tenant_id, actor, refresh, directory)
            paid = found.credits
            asked = query.within(found.ids) if found.ids else None
        if asked is None:
            with tenant_context(tenant_id):
                return _keep(SearchKind.PEOPLE, query, (), 0, timezone.now())
        page = (directory or _directory(tenant_id)).search_people(asked)
        with tenant_context(tenant_id):
            now = timezone.now()
            caching.store_found(page.people, now=now)
            return _keep(SearchKind.PEOPLE, query, [each.id for each in page.people], page.total, now)

    stored = _once(SearchKind.PEOPLE, query, tenant_id, refresh, fetch)
    with tenant_context(tenant_id):
        return _marked(query, stored, hide_contacted, paid)


def stored_people(query: PeopleQuery, *, hide_contacted: bool = False) -> SearchPage | None:
    """Return the stored page of people of the current tenant, or None if there is none that is recent."""
    row = _recent(SearchKind.PEOPLE, query).first()
    if row is None:
        return None
    stored = _Stored(row.results, row.total, row.fetched_at, cached=True)
    return _marked(query, stored, hide_contacted, charging.ZERO)


def search_companies(
    query: CompanyQuery,
    *,
    tenant_id: UUID,
    actor: Actor = None,
    refresh: bool = False,
    directory: Directory | None = None,
) -> SearchPage:
    """Return one page of companies. Call it outside any scope. Raises what ``search_people`` raises."""
    require_no_scope("A search in a directory")
    query.pairs()
    stored = _companies(query, tenant_id, actor, refresh, directory)
    with tenant_context(tenant_id):
        found = results.companies(stored.ids)
    return _page(found, stored, query.page, query.per_page, stored.credits)


def _companies(
    query: CompanyQuery, tenant_id: UUID, actor: Actor, refresh: bool, directory: Directory | None
) -> _Stored:
    """Return a page of companies, paying for it if it must be fetched and is not empty."""

    def fetch() -> _Stored:
        return _pay_for_companies(query, tenant_id, actor, directory or _directory(tenant_id))

    return _once(SearchKind.COMPANIES, query, tenant_id, refresh, fetch)


def _once(
    kind: SearchKind,
    query: PeopleQuery | CompanyQuery,
    tenant_id: UUID,
    refresh: bool,
    fetch: Callable[[], _Stored],
) -> _Stored:
    """Return the stored page, or fetch it. Of those who want it at once one fetches it, and the others get that."""
    began = timezone.now()
    if not refresh and (stored := _stored(kind, query, tenant_id)) is not None:
        return stored
    page = f"{tenant_id}:{kind}:{sources.APOLLO}:{key_of(query)}:{query.per_page}:{query.page}"
    with turn(page):
        return _stored(kind, query, tenant_id, since=began if refresh else None) or fetch()


def _pay_for_companies(query: CompanyQuery, tenant_id: UUID, actor: Actor, source: Directory) -> _Stored:
    """Fetch a page of companies and store it, with the credits held before and charged or released after."""
    reference = f"{REFERENCE}{uuid7()}"
    about = {"search": "companies", "user": str(actor.pk) if actor else ""}
    with tenant_context(tenant_id):
        use = charging.hold({reference: charging.COMPANY_SEARCH}, ttl=HOLD_TTL, about=about)[reference]
        if use.error is not None:
            raise use.error
    try:
        page = source.search_companies(query)
    except BaseException:
        # Nobody got anything, whatever the directory charges for it.
        with tenant_context(tenant_id):
            charging.settle(used=(), unused=[reference], reason=NOTHING_FOUND)
        raise
    with tenant_context(tenant_id):
        now = timezone.now()
        caching.store_companies(page.companies, words=_words(query), page=query.page, now=now)
        kept = _keep(SearchKind.COMPANIES, query, [each.id for each in page.companies], page.total, now)
        brought = [reference] if page.credits else []
        charging.settle(used=brought, unused=[] if brought else [reference], reason=NOTHING_FOUND)
        return replace(kept, credits=charging.costs(brought).get(reference, charging.ZERO))


def _marked(query: PeopleQuery, stored: _Stored, hide_contacted: bool, paid: Decimal) -> SearchPage:
    """Return the people of a stored page with their marks."""
    people = results.people(stored.ids)
    shown = [each for each in people if not (hide_contacted and each.marks.contacted_at)]
    page = _page(shown, stored, query.page, query.per_page, paid)
    return replace(page, hidden=len(people) - len(shown))


def _directory(tenant_id: UUID) -> Directory:
    with tenant_context(tenant_id):
        account: DirectoryAccount = account_for(tenant_id)
    return Apollo(account)


def _stored(
    kind: SearchKind, query: PeopleQuery | CompanyQuery, tenant_id: UUID, *, since: datetime | None = None
) -> _Stored | None:
    """Return the stored page, counting its use, if it is not too old, or was fetched since then."""
    with tenant_context(tenant_id):
        now = timezone.now()
        rows = _recent(kind, query)
        if since is not None:
            rows = rows.filter(fetched_at__gt=since)
        row = rows.first()
        if row is None:
            return None
        rows.update(access_count=F("access_count") + 1, last_accessed_at=now)
        if kind == SearchKind.COMPANIES:
            caching.count_companies_used(row.results, now=now)
        return _Stored(row.results, row.total, row.fetched_at, cached=True)


def _keep(
    kind: SearchKind, query: PeopleQuery | CompanyQuery, ids: Sequence[str], total: int, now: datetime
) -> _Stored:
    """Store the page, or renew it."""
    ids = list(dict.fromkeys(each for each in ids if each))
    row = DirectorySearch(
        tenant_id=current_tenant_id(),
        kind=kind,
        source=sources.APOLLO,
        key=key_of(query),
        query=question_of(query),
        page_number=query.page,
        per_page=query.per_page,
        total=total,
        results=ids,
        fetched_at=now,
    )
    DirectorySearch.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["tenant", "kind", "source", "key", "per_page", "page_number"],
        update_fields=["total", "results", "fetched_at"],
    )
    return _Stored(ids, total, now)


def _recent(kind: SearchKind, query: PeopleQuery | CompanyQuery) -> QuerySet[DirectorySearch]:
    """Return the stored page, if it is not too old, as a queryset."""
    hours = settings.DIRECTORY_PEOPLE_HOURS if kind == SearchKind.PEOPLE else settings.DIRECTORY_COMPANIES_HOURS
    rows: QuerySet[DirectorySearch] = DirectorySearch.objects.filter(
        tenant=current_tenant_id(),
        kind=kind,
        source=sources.APOLLO,
        key=key_of(query),
        per_page=query.per_page,
        page_number=query.page,
        fetched_at__gt=timezone.now() - timedelta(hours=hours),
    )
    return rows


def question_of(query: PeopleQuery | CompanyQuery) -> list[list[str]]:
    """Return the filters in the directory's names, in an order of their own and without the page."""
    if isinstance(query, PeopleQuery) and query.needs_companies:
        within = replace(query, company_keyword_tags=(), page=1).pairs() + [
            ("q_organization_keyword_tags[]", tag) for tag in query.company_keyword_tags
        ]
    else:
        within = replace(query, page=1).pairs()
    pairs = ((name, " ".join(value.lower().split())) for name, value in within if name not in ("page", "per_page"))
    return [list(pair) for pair in sorted(pairs)]


def key_of(query: PeopleQuery | CompanyQuery) -> str:
    """Return what the stored pages of a search have in common."""
    return hashlib.sha256(json.dumps(question_of(query)).encode()).hexdigest()


def _words(query: CompanyQuery) -> dict[str, str]:
    words = (query.name, *query.keyword_tags)
    return {"keywords": " ".join(filter(None, words)), "location": " ".join(query.company.locations)}


def _page(found: Sequence[Any], stored: _Stored, page: int, per_page: int, credits: Decimal) -> SearchPage:
    more = bool(stored.ids) and page < MAX_PAGE and page * per_page < min(stored.total, MAX_SHOWN)
    total = stored.total if found or stored.ids else 0
    return SearchPage(found, total, page, per_page, more, stored.cached, stored.fetched_at, credits)
