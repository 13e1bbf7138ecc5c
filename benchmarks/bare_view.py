"""The application of benchmarks/web.py: LAD, and a bare view of leads in the same process under ``/bare``.

``/bare/api/v1/leads/…`` answers with the same JSON bytes as ``/api/v1/leads/…``, without authentication, rights,
throttling, events, ORM or API framework: one transaction, one statement that sets tenant and role, one on ``leads``.
Only the INSERT goes through the ORM, which knows the columns' defaults.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import connection, models, transaction

from lad.serving.threads import ThreadedApplication
from lad.wsgi import application as product
from leads.contacts.models import Lead
from leads.contacts.selectors import MAX_KEYS

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

PREFIX: Final = "/bare"
PAGE: Final = 50
# A term that finds more leads than are named by their keys is looked for in each row of the list.
HAS_WORD: Final = (
    " AND (strpos(search_text, lad_search_text(%s)) > 0 OR strpos(search_text, lad_search_within(%s)) > 0"
    " AND strpos(split_part(search_text, E'\\n', 2), lad_search_within(%s)) > 0)"
)
NOT_SHOWN: Final = ("is_deleted", "deletion_id", "last_activity_on", "search_text")
SHOWN: Final = [each for each in Lead._meta.concrete_fields if each.name not in NOT_SHOWN]
NAMES: Final = [each.name for each in SHOWN]
COLUMNS: Final = ", ".join(f'"{each.column}"' for each in SHOWN)
JSON_NAMES: Final = [each.name for each in SHOWN if isinstance(each, models.JSONField)]
FILTERS: Final = {"stage": "stage", "assigned_user": "assigned_user_id"}
SCOPE: Final = (
    "SELECT set_config('role', 'lad_app', true), set_config('lad.tenant_id', %s, true),"
    " set_config('lad.user_id', %s, true)"
)

Environment = dict[str, Any]


def wsgi_application(environment: Environment, start_response: "StartResponse") -> Iterable[bytes]:
    if not environment["PATH_INFO"].startswith(PREFIX):
        return product(environment, start_response)
    try:
        status, body = _answer(environment)
    finally:
        connection.close()
    content = json.dumps(body, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    start_response(f"{status} {status.phrase}", headers)
    return [content]


def _answer(environment: Environment) -> tuple[HTTPStatus, dict[str, Any]]:
    tenant, user = environment["HTTP_X_TENANT_ID"], environment["HTTP_X_USER_ID"]
    path, method = environment["PATH_INFO"].removeprefix(PREFIX), environment["REQUEST_METHOD"]
    key = path.removeprefix("/api/v1/leads/").rstrip("/")
    body = json.loads(environment["wsgi.input"].read()) if method in ("PATCH", "POST") else {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(SCOPE, [tenant, user])
        if method == "POST":
            return HTTPStatus.CREATED, _insert(tenant, user, body)
        if method == "PATCH":
            return HTTPStatus.OK, _update(tenant, key, body)
        if key:
            return HTTPStatus.OK, _rows("AND id = %s", [tenant, key])[0]
        return HTTPStatus.OK, _list(tenant, environment, path)


def _rows(rest: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM leads WHERE tenant_id = %s AND deleted_at IS NULL {rest}", values)
        return [_row(each) for each in cursor]


def _list(tenant: str, environment: Environment, path: str) -> dict[str, Any]:
    query = dict(parse_qsl(environment["QUERY_STRING"]))
    conditions = ""
    values: list[Any] = [tenant]
    if search := query.get("search"):
        words = search.split()
        with connection.cursor() as finder:
            finder.execute("SELECT ids FROM leads_found(%s, NULL, %s, %s)", [words, MAX_KEYS, MAX_KEYS])
            [ids] = finder.fetchone()
        if ids is not None:
            conditions += " AND id = ANY((SELECT %s::uuid[])::uuid[])"
            values.append(ids)
        for word in words if ids is None else ():
            conditions += HAS_WORD
            values += [word] * 3
    for name, column in FILTERS.items():
        if name in query:
            conditions += f" AND {column} = %s"
            values.append(query[name])
    found = _rows(f"{conditions} ORDER BY created_at DESC, id DESC LIMIT {PAGE + 1}", values)
    following = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        position = [["-created_at", "-id"], [last["created_at"].isoformat(), str(last["id"])], False]
        cursor = signing.Signer(salt="lad.api.cursor").sign_object(position, compress=True)
        address = urlencode(sorted({**query, "cursor": cursor}.items()))
        following = f"http://{environment['HTTP_HOST']}{path}?{address}"
    return {"next": following, "previous": None, "results": found[:PAGE]}


def _update(tenant: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE leads SET stage = %s, title = %s WHERE tenant_id = %s AND id = %s AND deleted_at IS NULL"
            f" RETURNING {COLUMNS}",
            [body["stage"], body["title"], tenant, key],
        )
        return _row(cursor.fetchone())


def _insert(tenant: str, user: str, body: dict[str, Any]) -> dict[str, Any]:
    lead = Lead(tenant_id=UUID(tenant), created_by_user_id=UUID(user), **body)
    lead.save_base(raw=True, force_insert=True)
    return {each.name: getattr(lead, each.attname) for each in SHOWN}


def _row(values: Iterable[Any]) -> dict[str, Any]:
    row = dict(zip(NAMES, values, strict=True))
    for name in JSON_NAMES:
        row[name] = row[name] and json.loads(row[name])
    return row


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    assert isinstance(value, UUID | Decimal)
    return str(value)


application = ThreadedApplication(
    wsgi_application, threads=settings.WEB_THREADS, max_body=1024 * 1024, max_upload=1024 * 1024, unfinished_bodies=64
)
