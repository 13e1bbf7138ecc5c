"""``Idempotency-Key``: a write that is sent twice happens once, and both requests get the same response.

The request's transaction locks the key before it writes and keeps the response before it commits. A concurrent
duplicate waits for the lock until the first request has committed, and gets its response. If the first fails,
nothing is kept and the duplicate runs. Responses are kept for a day.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lad.api.errors import API_PREFIX, problem_response
from lad.api.idempotency_keys import HEADER, METHODS
from lad.db.identifiers import uuid7
from lad.errors import Conflict, DomainError, Invalid
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import Scope, current_scope, require_scope

REPLAYED: Final = "Idempotent-Replayed"
KEY: Final = re.compile(r"^[\x21-\x7e]{1,255}$")
RETENTION: Final = timedelta(hours=24)
KEPT_HEADERS: Final = ("Content-Type", "ETag", "Location")
FIRST_FAILURE_STATUS: Final = 400

# The second statement sees what the holder of the lock committed.
LOCK_AND_READ: Final = """
SELECT pg_advisory_xact_lock(%s);
SELECT method, path, body_hash, response_status, response_headers::text, response_body
FROM idempotency_keys WHERE tenant_id = %s AND user_id = %s AND key = %s AND created_at >= %s
"""

# An expired row gives way.
KEEP: Final = """
INSERT INTO idempotency_keys
    (id, tenant_id, user_id, key, method, path, body_hash, created_at, response_status, response_headers, response_body)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, user_id, key) DO UPDATE
SET id = EXCLUDED.id, method = EXCLUDED.method, path = EXCLUDED.path, body_hash = EXCLUDED.body_hash,
    created_at = EXCLUDED.created_at,
    response_status = EXCLUDED.response_status, response_headers = EXCLUDED.response_headers,
    response_body = EXCLUDED.response_body
"""


class MalformedKey(Invalid):
    """An Idempotency-Key is 1 to 255 printable ASCII characters without spaces."""

    code = "idempotency_key_malformed"


class KeyReused(Conflict):
    """This Idempotency-Key was used for another request. Use a new one."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The request that a key identifies."""

    key: str
    method: str
    path: str
    body_hash: str

    def differences(self, row: IdempotencyKey) -> list[str]:
        """Return the attributes in which the row's request differs."""
        return [name for name in ("method", "path", "body_hash") if getattr(self, name) != getattr(row, name)]


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
        if claim is not None and response.status_code < FIRST_FAILURE_STATUS and not response.streaming:
            _keep(claim, response)
        return response

    def process_view(
        self, request: ClaimingRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Claim the request's key, or return the response that the key already has."""
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


def claim_key(request: HttpRequest) -> tuple[KeyClaim | None, HttpResponse | None]:
    """Return the claim on a new key, or the response of a used one.

    Waits while a concurrent request holds the key. Raises MalformedKey or KeyReused.
    """
    key = request.headers[HEADER]
    if not KEY.match(key):
        raise MalformedKey
    claim = KeyClaim(key, request.method or "", request.get_full_path(), _fingerprint(request))
    row = _locked_row(key, require_scope(), now=timezone.now())
    if row is None:
        return claim, None
    different = claim.differences(row)
    if different:
        before = {"method": row.method, "path": row.path, "body_hash": "another body"}
        named = ", ".join(before[name] for name in different)
        raise KeyReused(f"This Idempotency-Key was used for another request ({named}). Use a new one.")
    return None, _replay(row)


def expire_keys(*, now: datetime) -> int:
    """Remove responses older than a day. Return how many were removed. Needs a platform scope."""
    removed, _ = IdempotencyKey.objects.filter(created_at__lt=now - RETENTION).hard_delete()
    return int(removed)


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


def _locked_row(key: str, scope: Scope, *, now: datetime) -> IdempotencyKey | None:
    """Lock the key until the transaction ends. Return its row, or None if it has none that is still valid."""
    owner: list[Any] = [scope.tenant_id, scope.user_id, key]
    lock = int.from_bytes(sha256(repr(owner).encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_AND_READ, [lock, *owner, now - RETENTION])
        cursor.nextset()
        found = cursor.fetchone()
    if found is None:
        return None
    method, path, body_hash, status, headers, body = found
    return IdempotencyKey(
        method=method,
        path=path,
        body_hash=body_hash,
        response_status=status,
        response_headers=json.loads(headers),
        response_body=body,
    )


def _keep(claim: KeyClaim, response: HttpResponse) -> None:
    scope = require_scope()
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    values: list[Any] = [claim.key, claim.method, claim.path, claim.body_hash, timezone.now(), response.status_code]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [uuid7(), scope.tenant_id, scope.user_id, *values, json.dumps(headers), response.content])


def _replay(row: IdempotencyKey) -> HttpResponse:
    headers: Mapping[str, str] = row.response_headers
    response = HttpResponse(bytes(row.response_body or b""), status=row.response_status, headers=dict(headers))
    if "Content-Type" not in headers:
        del response["Content-Type"]
    response[REPLAYED] = "true"
    return response
