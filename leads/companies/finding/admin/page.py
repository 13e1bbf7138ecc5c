"""“Find people”: search a directory, and reveal, save and enrol those who were found."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from billing.pricing.services.quoting import NoPrice
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.site import add_view
from lad.api.permissions import has_feature
from lad.errors import DomainError, Invalid
from lad.tenancy.access import Access, access_of
from lad.tenancy.middleware import outside_scope
from leads.companies import charging
from leads.companies.accounts.selectors import find_account
from leads.companies.apollo.queries import PeopleQuery
from leads.companies.charging import ZERO, money
from leads.companies.features import FEATURE
from leads.companies.finding.admin.acting import back_of, reveal_page, save_page
from leads.companies.finding.admin.forms import FilterForm
from leads.companies.reveals.models import RevealRequest, RevealState
from leads.companies.reveals.selectors import progress_of, results_of
from leads.companies.search.services import search_people, stored_people

SEARCH: Final = "companies.search"
VIEW: Final = "companies.view"
NAME: Final = "find_people"
ONE_TENANT_ONLY: Final = "Choose a tenant first: what is found belongs to one."
NOTHING_ENTERED: Final = "Enter at least one filter."
COLOURS: Final = {
    RevealState.FOUND: "success",
    RevealState.WAITING: "info",
    RevealState.FAILED: "danger",
    RevealState.UNKNOWN: "warning",
}


def find_people(request: HttpRequest) -> HttpResponse:
    """Show filters and what was found. Only a sent form asks the directory, because that may cost credits."""
    if not may_see(request):
        raise PermissionDenied
    access = access_of(request)
    if access.tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return HttpResponseRedirect(reverse("admin:index"))
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action == "search":
            return _search(request, access.tenant_id)
        return reveal_page(request) if action.startswith("reveal") else save_page(request)
    form = FilterForm(request.GET)
    found, query, error = None, None, ""
    if form.is_valid():
        try:
            query = form.query()
            hides = form.cleaned_data["hide_contacted"]
            found = stored_people(query, hide_contacted=hides) if query is not None else None
        except Invalid as refused:
            error = _sentence(refused)
    return _shown(request, form, found=found, query=query, error=error)


def reveal_results(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show how far a request has come, and its results."""
    access = access_of(request)
    if not (access.signed_in and access.allows(VIEW) and has_feature(access, FEATURE)):
        raise PermissionDenied
    row = RevealRequest.objects.filter(pk=pk).first()
    if row is None:
        messages.warning(request, "This request does not exist, or you cannot see it.")
        return HttpResponseRedirect(reverse("admin:leads_revealrequest_changelist"))
    reveals = results_of(row)
    progress = progress_of(reveals)
    spent = money(sum((each.credits for each in reveals), ZERO))
    context = {
        **admin.site.each_context(request),
        "title": f"Reveal {row}",
        "request_row": row,
        "progress": progress,
        "spent": f"{spent} is spent or held" if progress.open or progress.unknown else f"{spent} was spent",
        "rows": [(each, money(each.credits), COLOURS.get(RevealState(each.state), "default")) for each in reveals],
        "address": request.get_full_path(),
        "back": back_of(request) if may_see(request) else "",
        "people": row.person_ids,
        "may_save": may_see(request) and access.allows("leads.create"),
    }
    part = "HX-Request" in request.headers
    template = "leads/admin/reveal_progress.html" if part else "leads/admin/reveal_results.html"
    return TemplateResponse(request, template, context)


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may search."""
    access = access_of(request)
    return access.signed_in and access.allows(SEARCH) and has_feature(access, FEATURE)


def _search(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Ask the directory, unless the page is stored, and lead to the stored page."""
    form = FilterForm(request.POST)
    if not form.is_valid():
        return _shown(request, form, error="Some filters are not valid.")
    try:
        query = form.query()
        if query is None:
            return _shown(request, form, error=NOTHING_ENTERED)
        actor = access_of(request).user
        with outside_scope(request):
            page = search_people(query, tenant_id=tenant_id, actor=actor, refresh="refresh" in request.POST)
    except DomainError as error:
        return _shown(request, form, error=_sentence(error))
    if page.credits:
        messages.info(request, f"Finding the companies cost {money(page.credits)}.")
    return HttpResponseRedirect(f"{request.path}?{_parameters(form)}")


def _shown(request: HttpRequest, form: FilterForm, **more: Any) -> HttpResponse:
    access = access_of(request)
    query: PeopleQuery | None = more.get("query")
    found = more.get("found")
    asks = query is not None and found is None
    context = {
        **admin.site.each_context(request),
        **_obstacles(access, paid=asks and query is not None and query.needs_companies),
        "title": "Find people",
        "form": form,
        "page": query.page if query else 1,
        "previous": query.page - 1 if query and query.page > 1 else 0,
        "next": query.page + 1 if query and found is not None and found.has_more else 0,
        "repeated": list(_repeated(form)) if found is not None else [],
        "asks": asks,
        "first": (query.page - 1) * query.per_page + 1 if query else 0,
        "last": (query.page - 1) * query.per_page + len(found.results) + found.hidden if query and found else 0,
        "may_reveal": access.allows("companies.reveal"),
        "may_save": access.allows("leads.create"),
        "back": request.get_full_path(),
        **more,
    }
    return TemplateResponse(request, "leads/admin/find_people.html", context)


def _obstacles(access: Access, *, paid: bool) -> dict[str, Any]:
    """Return what a search costs, and what stands in its way with where to mend it."""
    found: dict[str, Any] = {"price": "", "connected": True}
    if access.tenant_id is None or find_account(access.tenant_id) is None:
        may_connect = access.allows("directories.create")
        address = reverse("admin:leads_directoryaccount_add") if may_connect else ""
        return {**found, "connected": False, "connect_url": address}
    if paid:
        try:
            funds = charging.funds([charging.COMPANY_SEARCH])
        except NoPrice as error:
            return {**found, "no_price": error.detail}
        price = funds.cost([charging.COMPANY_SEARCH])
        found["price"] = money(price)
        found["poor"] = price > funds.available
        found["wallet_url"] = reverse("admin:billing_wallet_changelist") if access.allows("billing.view") else ""
    return found


def _parameters(form: FilterForm) -> str:
    values = {name: value for name, value in form.cleaned_data.items() if value not in (None, "", [], False)}
    return urlencode(values, doseq=True)


def _repeated(form: FilterForm) -> Iterator[tuple[str, str]]:
    """Yield the filters as names and values, without the page."""
    for name, value in form.cleaned_data.items():
        if name != "page":
            for each in value if isinstance(value, list) else [value]:
                if each not in (None, "", False):
                    yield name, str(each)


def _sentence(error: DomainError) -> str:
    told = [message for each in getattr(error, "errors", {}).values() for message in each]
    return " ".join(told) or error.detail


add_view("find-people/", find_people, NAME)
add_view("find-people/<uuid:pk>/", reveal_results, "reveal_results")
add_page(SidebarPage("Find people", f"admin:{NAME}", "Leads", "travel_explore", 15, may_see))
