"""The tenant switcher in the header: it shows and changes the tenant that the user works in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import Access, access_of

# The access resolver reads the tenant from this session key.
SESSION_KEY: Final = "tenant_id"
MAX_OPTIONS_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class TenantOption:
    """A tenant the caller may work in. ``hint`` is the caller's role or the tenant's status."""

    id: UUID
    name: str
    hint: str = ""


TenantSource = Callable[..., Sequence[TenantOption]]

_source: TenantSource | None = None


def set_tenant_source(source: TenantSource) -> None:
    """Set the function that lists the caller's tenants: ``source(access, search=…, limit=…, only=…)``.

    ``only`` is the id of a single tenant. Platform staff may choose any tenant, others those they belong to.
    """
    global _source
    _source = source


def tenant_options(access: Access, *, search: str = "", only: UUID | None = None) -> Sequence[TenantOption]:
    return _source(access, search=search, limit=MAX_OPTIONS_SHOWN + 1, only=only) if _source else ()


@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """Return the list of the open switcher."""
    access = access_of(request)
    found = list(tenant_options(access, search=request.GET.get("q", "").strip()))
    context: dict[str, Any] = {
        "choices": found[:MAX_OPTIONS_SHOWN],
        "more": len(found) > MAX_OPTIONS_SHOWN,
        "access": access,
        "next": request.GET.get("next", ""),
    }
    return TemplateResponse(request, "lad/admin/switcher_options.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Switch to another tenant or, for platform staff, to all tenants."""
    access = access_of(request)
    wanted = request.POST.get("tenant_id", "")
    back = HttpResponseRedirect(_return_url(request))
    if not wanted and access.platform:
        request.session.pop(SESSION_KEY, None)
        return back
    chosen = next(iter(tenant_options(access, only=uuid_or_none(wanted))), None) if uuid_or_none(wanted) else None
    if chosen is None:
        messages.error(request, "You cannot work in that tenant.")
        return back
    request.session[SESSION_KEY] = str(chosen.id)
    return back


def _return_url(request: HttpRequest) -> str:
    """Return the page the caller came from; for a row's page its list, because the new tenant may lack the row."""
    target = request.POST.get("next", "")
    index = reverse("admin:index")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return index
    try:
        match = resolve(urlsplit(target).path)
    except Resolver404:
        return index
    if match.namespaces != ["admin"]:
        return index
    if match.kwargs.get("object_id"):
        prefix = match.url_name.rsplit("_", 1)[0] if match.url_name else ""
        return _list_of(prefix, fallback=index)
    return urlsplit(target).path


def _list_of(prefix: str, *, fallback: str) -> str:
    parts = prefix.split("_")
    # A row action's URL name is longer: <app>_<model>_<action>.
    for end in range(len(parts), 1, -1):
        try:
            return reverse(f"admin:{'_'.join(parts[:end])}_changelist")
        except NoReverseMatch:
            continue
    return fallback
