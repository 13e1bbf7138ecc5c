"""``Idempotency-Key``: a write that is sent twice happens once, and both get the same answer.

The key is claimed inside the request's own transaction. A simultaneous duplicate waits at the
unique key until the first has committed, and replays; when the first fails, its claim rolls back
with everything else and the duplicate goes ahead. Answers are kept for a day.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lad.api.errors import API_PREFIX, problem_response
from lad.db.identifiers import uuid7
from lad.errors import Conflict, DomainError, Invalid
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import Scope, current_scope, require_scope

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEY: Final = re.compile(r"^[\x21-\x7e]{1,255}$")
RETENTION: Final = timedelta(hours=24)
KEPT_HEADERS: Final = ("Content-Type", "ETag", "Location")
FIRST_FAILURE_STATUS: Final = 400


class KeyRequired(Invalid):
    """This write must not happen twice: name it with an Idempotency-Key header."""

    code = "idempotency_key_required"


class MalformedKey(Invalid):
    """An Idempotency-Key is 1 to 255 printable ASCII characters without spaces."""

    code = "idempotency_key_malformed"


class KeyReused(Conflict):
    """This Idempotency-Key named another request before; use a new one."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Claim:
    """The request a key names. ``row_id`` is the claim's own row; None when the answer is known already."""

    key: str
    method: str
    path: str
    body_hash: str
    row_id: Any = None

    def differences(self, row: Any) -> list[str]:
        return [name for name in ("method", "path", "body_hash") if getattr(self, name) != getattr(row, name)]


def needs_key(view: Any, method: str) -> bool:
    """Whether a call of the view must name itself, by the view's ``idempotency_required``."""
    declared = getattr(view, "idempotency_required", False)
    if method not in METHODS or not declared:
        return False
    return declared is True or bool({getattr(view, "action", None), method.lower()} & set(declared))


def require_key(request: Any) -> None:
    """Raise KeyRequired when the request names no key."""
    if not request.headers.get(HEADER):
        raise KeyRequired


class IdempotencyMiddleware:
    """Innermost of all, so that it sees the answer as it will be sent and works inside the request's scope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        claim: Claim | None = getattr(request, "idempotency_claim", None)
        if claim is not None and response.status_code < FIRST_FAILURE_STATUS and not response.streaming:
            _keep(claim, response)
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not _applies(request, view):
            return None
        try:
            claim, answer = claim_key(request)
        except DomainError as problem:
            return problem_response(problem)
        request.idempotency_claim = claim
        return answer


def _applies(request: Any, view: Any) -> bool:
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


def claim_key(request: Any) -> tuple[Claim | None, HttpResponse | None]:
    """The claim on a free key, or the answer that a used one has.

    Waits while a simultaneous request holds the key. Raises MalformedKey or KeyReused.
    """
    key = request.headers[HEADER]
    if not KEY.match(key):
        raise MalformedKey
    claim = Claim(key, request.method, request.get_full_path(), _fingerprint(request))
    scope = require_scope()
    row_id = _insert(claim, scope, now=timezone.now())
    if row_id is not None:
        return replace(claim, row_id=row_id), None
    row = IdempotencyKey.objects.get(tenant=scope.tenant_id, user=scope.user_id, key=key)
    different = claim.differences(row)
    if different:
        before = {"method": row.method, "path": row.path, "body_hash": "another body"}
        named = ", ".join(before[name] for name in different)
        raise KeyReused(f"This Idempotency-Key named another request before ({named}); use a new one.")
    return None, _replay(row)


def expire_keys(*, now: datetime) -> int:
    """Remove answers that are older than a day; returns how many. Called as the platform."""
    removed, _ = IdempotencyKey.objects.filter(created_at__lt=now - RETENTION).hard_delete()
    return int(removed)


def _fingerprint(request: Any) -> str:
    """The SHA-256 of the body; an upload is read in pieces, for it need not fit in memory."""
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


def _insert(claim: Claim, scope: Scope, *, now: datetime) -> Any:
    """The id of the row made for the claim, or of the outdated one it took over; None when the key is taken."""
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


def _keep(claim: Claim, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    IdempotencyKey.objects.filter(pk=claim.row_id).update(
        response_status=response.status_code, response_headers=headers, response_body=response.content
    )


def _replay(row: Any) -> HttpResponse:
    headers: Mapping[str, str] = row.response_headers
    response = HttpResponse(bytes(row.response_body or b""), status=row.response_status, headers=dict(headers))
    if "Content-Type" not in headers:
        del response["Content-Type"]
    response[REPLAYED] = "true"
    return response
