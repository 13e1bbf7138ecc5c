"""The keys of writes that happen once: claimed before the write, kept with its response."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from lad.api.idempotency_keys import CONTENT_LOCATION
from lad.db.identifiers import uuid7
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import require_scope

RETENTION: Final = timedelta(hours=24)
KEPT_HEADERS: Final = ("Content-Type", "ETag", "Location", CONTENT_LOCATION)

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


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The request that a key identifies, and the tenant whose key it is."""

    key: str
    method: str
    path: str
    body_hash: str
    tenant_id: UUID

    def differences(self, row: IdempotencyKey) -> list[str]:
        """Return the attributes in which the row's request differs."""
        return [name for name in ("method", "path", "body_hash") if getattr(self, name) != getattr(row, name)]


def locked_row(key: str, tenant_id: UUID, user_id: UUID | None, *, now: datetime) -> IdempotencyKey | None:
    """Lock the key until the transaction ends. Return its row, or None if it has none that is still valid."""
    owner: list[Any] = [tenant_id, user_id, key]
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


def keep(claim: KeyClaim, response: HttpResponse) -> None:
    """Keep the response for requests that repeat the claim's."""
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    values: list[Any] = [claim.key, claim.method, claim.path, claim.body_hash, timezone.now(), response.status_code]
    owner = [uuid7(), claim.tenant_id, require_scope().user_id]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [*owner, *values, json.dumps(headers), response.content])


def expire_keys(*, now: datetime) -> int:
    """Remove responses older than a day. Return how many were removed. Needs a platform scope."""
    removed, _ = IdempotencyKey.objects.filter(created_at__lt=now - RETENTION).hard_delete()
    return int(removed)
