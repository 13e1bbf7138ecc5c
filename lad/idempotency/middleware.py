"""``Idempotency-Key``: a write that is sent twice happens once, and both requests get the same response.

The request's transaction locks the key before it writes and keeps the response before it commits. A concurrent
duplicate waits for the lock until the first request has committed, and gets its response. If the first fails,
nothing is kept and the duplicate runs. Of a response that is streamed, what says where to read its result is kept.
Responses are kept for a day. Add forms of the admin have keys as well,
see ``lad.idempotency.forms``.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lad.api.errors import API_PREFIX, problem_response
from lad.api.idempotency_keys import HEADER, METHODS
from lad.errors import Conflict, DomainError, Invalid
from lad.idempotency.forms import claim_form, is_add_form, is_added
from lad.idempotency.keys import KeyClaim, keep, locked_row
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import current_scope, current_tenant_id, require_scope

REPLAYED: Final = "Idempotent-Replayed"
KEY: Final = re.compile(r"^[\x21-\x7e]{1,255}$")
FIRST_FAILURE_STATUS: Final = 400


class MalformedKey(Invalid):
    """An Idempotency-Key is 1 to 255 printable ASCII characters without spaces."""

    code = "idempotency_key_malformed"


class KeyReused(Conflict):
    """This Idempotency-Key was used for another request. Use a new one."""

    code = "idempotency_key_reused"


class ClaimingRequest(HttpRequest):
    """A request with the claim on its key, if it has one."""

    idempotency_claim: KeyClaim | None


class IdempotencyMiddleware:
    """Replays the response of a repeated request. It is innermost: it runs in the scope and sees the final response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        claim: KeyClaim | None = getattr(request, "idempotency_claim", None)
        kept = response if not response.streaming else getattr(response, "repeated", None)
        if claim is not None and kept is not None and _succeeded(request, response):
            keep(claim, kept)
        return response

    def process_view(
        self, request: ClaimingRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Claim the request's key, or return the response that the key already has."""
        if is_add_form(request):
            request.idempotency_claim, answer = claim_form(request)
            return answer
        if not _applies(request, view):
            return None
        try:
            claim, answer = claim_key(request)
        except DomainError as problem:
            return problem_response(problem)
        request.idempotency_claim = claim
        return answer


def _applies(request: HttpRequest, view: Callable[..., HttpResponse]) -> bool:
    scope = current_scope()
    return (
        request.method in METHODS
        and HEADER in request.headers
        and request.path.startswith(API_PREFIX)
        and getattr(getattr(view, "cls", None), "replayable", True)
        and scope is not None
        and scope.tenant_id is not None
        and scope.user_id is not None
    )


def _succeeded(request: HttpRequest, response: HttpResponse) -> bool:
    return is_added(response) if is_add_form(request) else response.status_code < FIRST_FAILURE_STATUS


def claim_key(request: HttpRequest) -> tuple[KeyClaim | None, HttpResponse | None]:
    """Return the claim on a new key, or the response of a used one.

    Waits while a concurrent request holds the key. Raises MalformedKey or KeyReused.
    """
    key = request.headers[HEADER]
    if not KEY.match(key):
        raise MalformedKey
    claim = KeyClaim(key, request.method or "", request.get_full_path(), _fingerprint(request), current_tenant_id())
    row = locked_row(key, claim.tenant_id, require_scope().user_id, now=timezone.now())
    if row is None:
        return claim, None
    different = claim.differences(row)
    if different:
        before = {"method": row.method, "path": row.path, "body_hash": "another body"}
        named = ", ".join(before[name] for name in different)
        raise KeyReused(f"This Idempotency-Key was used for another request ({named}). Use a new one.")
    return None, _replay(row)


def _fingerprint(request: HttpRequest) -> str:
    """Return the SHA-256 of the body. Uploads are read in chunks, because they may not fit in memory."""
    if not (request.content_type or "").startswith("multipart/"):
        return sha256(request.body).hexdigest()
    digest = sha256(repr(sorted(request.POST.lists())).encode(errors="replace"))
    for name, files in sorted(request.FILES.lists()):
        for each in files:
            digest.update(repr((name, each.name, each.size)).encode(errors="replace"))
            for piece in each.chunks():
                digest.update(piece)
            each.seek(0)
    return digest.hexdigest()


def _replay(row: IdempotencyKey) -> HttpResponse:
    headers: Mapping[str, str] = row.response_headers
    response = HttpResponse(bytes(row.response_body or b""), status=row.response_status, headers=dict(headers))
    if "Content-Type" not in headers:
        del response["Content-Type"]
    response[REPLAYED] = "true"
    return response
