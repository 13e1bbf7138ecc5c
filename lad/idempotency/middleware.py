"""``Idempotency-Key``: a write that is sent twice happens once, and both requests get the same response.

The key is claimed inside the request's transaction. A concurrent duplicate waits at the unique key until the
first request has committed, and gets its response. If the first fails, its claim rolls back with everything
else and the duplicate runs. Responses are kept for a day.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

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


class MalformedKey(Invalid):
    """An Idempotency-Key is 1 to 255 printable ASCII characters without spaces."""

    code = "idempotency_key_malformed"


class KeyReused(Conflict):
    """This Idempotency-Key was used for another request. Use a new one."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The request that a key identifies. ``row_id`` is the claimed row, None until it is claimed."""

    key: str
    method: str
    path: str
    body_hash: str
    row_id: UUID | None = None

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
    scope = require_scope()
    row_id = _insert(claim, scope, now=timezone.now())
    if row_id is not None:
        return replace(claim, row_id=row_id), None
    row = IdempotencyKey.objects.get(tenant=scope.tenant_id, user=scope.user_id, key=key)
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


def _insert(claim: KeyClaim, scope: Scope, *, now: datetime) -> UUID | None:
    """Insert the claim, or take over an expired row. Return the row's id, or None if the key is in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO idempotency_keys AS kept (id, tenant_id, user_id, key, method, path, body_hash, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, user_id, key) DO UPDATE SET id = EXCLUDED.id, method = EXCLUDED.method,"
            " path = EXCLUDED.path, body_hash = EXCLUDED.body_hash, created_at = EXCLUDED.created_at,"
            " response_status = NULL, response_body = NULL"
            " WHERE kept.created_at < %s RETURNING id",
            [
                uuid7(),
                scope.tenant_id,
                scope.user_id,
                claim.key,
                claim.method,
                claim.path,
                claim.body_hash,
                now,
                now - RETENTION,
            ],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _keep(claim: KeyClaim, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    IdempotencyKey.objects.filter(pk=claim.row_id).update(
        response_status=response.status_code, response_headers=headers, response_body=response.content
    )


def _replay(row: IdempotencyKey) -> HttpResponse:
    headers: Mapping[str, str] = row.response_headers
    response = HttpResponse(bytes(row.response_body or b""), status=row.response_status, headers=dict(headers))
    if "Content-Type" not in headers:
        del response["Content-Type"]
    response[REPLAYED] = "true"
    return response
