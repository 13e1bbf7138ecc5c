"""The tenant switcher: shows in the header whose rows are on the screen, and changes it."""

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

from lad.admin.permissions import access_of
from lad.db.identifiers import uuid_or_none
from lad.tenancy.access import Access

# Where the access resolver finds the choice.
SESSION_KEY: Final = "tenant_id"
SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A tenant the caller may work in; ``hint`` says in which role or in what state it is."""

    id: UUID
    name: str
    hint: str = ""


Choices = Callable[..., Sequence[Choice]]

_choices: Choices | None = None


def choices_from(source: Choices) -> None:
    """Name the function that lists the caller's tenants: ``source(access, search=…, limit=…, only=…)``.

    ``only`` asks for one tenant by its id. The platform's staff may choose any, others those they belong to.
    """
    global _choices
    _choices = source


def find_choices(access: Access, *, search: str = "", only: UUID | None = None) -> Sequence[Choice]:
    return _choices(access, search=search, limit=SHOWN + 1, only=only) if _choices else ()


@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """The list in the open switcher."""
    access = access_of(request)
    found = list(find_choices(access, search=request.GET.get("q", "").strip()))
    context: dict[str, Any] = {
        "choices": found[:SHOWN],
        "more": len(found) > SHOWN,
        "access": access,
        "next": request.GET.get("next", ""),
    }
    return TemplateResponse(request, "lad/admin/switcher_options.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Work in another tenant from now on, or, for the platform's staff, in none in particular."""
    access = access_of(request)
    wanted = request.POST.get("tenant_id", "")
    back = HttpResponseRedirect(_way_back(request))
    if not wanted and access.platform:
        request.session.pop(SESSION_KEY, None)
        return back
    chosen = next(iter(find_choices(access, only=uuid_or_none(wanted))), None) if uuid_or_none(wanted) else None
    if chosen is None:
        messages.error(request, "You cannot work in that tenant.")
        return back
    request.session[SESSION_KEY] = str(chosen.id)
    return back


def _way_back(request: HttpRequest) -> str:
    """The page the caller came from; from a row's page to its list, for the row may be out of sight now."""
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
    # The names of row actions are longer than the model's: <app>_<model>_<action>.
    for end in range(len(parts), 1, -1):
        try:
            return reverse(f"admin:{'_'.join(parts[:end])}_changelist")
        except NoReverseMatch:
            continue
    return fallback
