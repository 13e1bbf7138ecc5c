"""Add forms of the admin: a form that is sent twice, by *Back* and *Save* or by a double click, adds one row.

Each form that is opened has a key of its own. The keys are kept as those of the API are.
"""

from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from lad.admin.forms import KEY_FIELD, AlreadyAdded
from lad.api.idempotency_keys import CONTENT_LOCATION
from lad.db.identifiers import uuid_or_none
from lad.idempotency.keys import KeyClaim, locked_row
from lad.tenancy.context import current_scope

ADD_PAGE: Final = "_add"
# Which button was used, and what differs each time the form is opened.
NOT_COMPARED: Final = frozenset({KEY_FIELD, "csrfmiddlewaretoken", "_save", "_addanother", "_continue"})
ADDED_BEFORE: Final = "This was saved already, so it was not added again."


def is_add_form(request: HttpRequest) -> bool:
    """Return whether the request sends an add form with a key."""
    match = request.resolver_match
    adds = match is not None and match.namespace == "admin" and (match.url_name or "").endswith(ADD_PAGE)
    return adds and request.method == "POST" and bool(request.POST.get(KEY_FIELD))


def claim_form(request: HttpRequest) -> tuple[KeyClaim | None, HttpResponse | None]:
    """Return the claim on a form's key, or where to go if the form was saved before.

    If it was saved with other entries, the form is shown again with AlreadyAdded and a new key. A row that belongs to
    no tenant has no key: only a tenant's keys are kept.
    """
    scope, tenant_id = current_scope(), _tenant_of(request)
    key = uuid_or_none(str(request.POST.get(KEY_FIELD)))
    if scope is None or scope.user_id is None or tenant_id is None or key is None:
        return None, None
    claim = KeyClaim(str(key), "POST", request.path, _fingerprint(request), tenant_id)
    row = locked_row(claim.key, tenant_id, scope.user_id, now=timezone.now())
    if row is None:
        return claim, None
    address = row.response_headers.get(CONTENT_LOCATION, "")
    if not claim.differences(row):
        messages.info(request, ADDED_BEFORE)
        return None, HttpResponseRedirect(address or row.response_headers["Location"])
    if address:
        link = format_html('<a class="lad-link" href="{}">Open what was saved</a> to change it.', address)
        messages.warning(request, link)
    request.lad_refusal = AlreadyAdded()  # type: ignore[attr-defined]  # read by the form's page
    return None, None


def is_added(response: HttpResponse) -> bool:
    """Return whether the form's page saved the row. A page with errors has another status."""
    return response.status_code == HTTPStatus.FOUND


def _tenant_of(request: HttpRequest) -> UUID | None:
    """Return the tenant of the new row: the current one, or the one chosen in the form."""
    scope = current_scope()
    current = scope.tenant_id if scope is not None else None
    return current or uuid_or_none(str(request.POST.get("tenant", "")))


def _fingerprint(request: HttpRequest) -> str:
    entries: list[Any] = [pair for pair in sorted(request.POST.lists()) if pair[0] not in NOT_COMPARED]
    files = [(name, each.name, each.size) for name, found in sorted(request.FILES.lists()) for each in found]
    return sha256(repr((entries, files)).encode(errors="replace")).hexdigest()
