"""The OpenAPI document: what the framework finds in the views, and what the kernel adds to every one of them."""

import inspect
import json
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from lad.api import includes
from lad.api.errors import CONTENT_TYPE
from lad.api.etag import _digest
from lad.api.serializers import ModelSerializer, StrictFields
from lad.idempotency import middleware as idempotency

# The name under which the document keeps the header of writes that must carry it.
REQUIRED_KEY: Final = "Idempotency-Key-Required"
MEDIA_TYPE: Final = "application/vnd.oai.openapi+json"
# Whatever a call does, it may be throttled; the rest depends on the call.
ALWAYS: Final = (400, 429)
SIGNED_IN: Final = (401, 403)
WRITES: Final = (409,)
ROW_CHANGES: Final = ("update", "partial_update", "destroy", "restore")
SHOWS_ROW: Final = ("retrieve", "create", "update", "partial_update", "restore")


PROBLEM: Final = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is stable; `detail` says what happened and what to do next.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "What is wrong with each field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "additionalProperties": {},
}
PROBLEM_STATUSES: Final = (400, 401, 403, 404, 409, 412, 415, 429)


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """Problem responses for ``extend_schema(responses={200: …, **problems(401, 410)})``."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {(each, CONTENT_TYPE): OpenApiResponse(schema, HTTPStatus(each).phrase) for each in statuses}


class AccessScheme(OpenApiAuthenticationExtension):
    """How callers say who they are."""

    target_class = "lad.api.authentication.AccessAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class LadAutoSchema(AutoSchema):
    """Adds to each operation the problems, headers and parameters that the kernel gives it."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        # Asked even for public views: it is what puts the scheme into the document.
        schemes: list[dict[str, list[str]]] = super().get_auth()
        return [] if getattr(self.view, "public", False) else schemes

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._add_parameters(operation)
            self._add_problems(operation)
            self._add_headers(operation)
            self._add_includes(operation)
        return operation

    def get_operation_id(self) -> str:
        # An action is called what its address says: memberships_restore, auth_sign_in.
        standard = {"list", "retrieve", "create", "update", "partial_update", "destroy"}
        if self.method == "POST" and (self._action not in standard or not self._is_row):
            return "_".join(self._tokenize_path()).replace("-", "_")
        return str(super().get_operation_id())

    def get_description(self) -> str:  # type: ignore[override]
        """What the method says of itself, or else its own view; a base class speaks to developers."""
        method = getattr(self.view, self._action or self.method.lower(), None)
        return inspect.cleandoc(getattr(method, "__doc__", None) or vars(type(self.view)).get("__doc__") or "")

    def get_summary(self) -> str | None:
        summary = super().get_summary()
        if summary or not self._is_row:
            return summary
        meta = self.view.model._meta  # type: ignore[attr-defined]
        one, many = meta.verbose_name, meta.verbose_name_plural
        says = {
            "list": f"List {many}",
            "retrieve": f"Read one {one}",
            "create": f"Create a {one}",
            "update": f"Replace a {one}",
            "partial_update": f"Change a {one}",
            "destroy": f"Delete a {one}",
            "restore": f"Restore a deleted {one}",
        }
        return says.get(self._action)

    @property
    def _action(self) -> str:
        return str(getattr(self.view, "action", "") or "")

    @property
    def _is_row(self) -> bool:
        return bool(getattr(self.view, "shows_rows", False))

    @property
    def _writes(self) -> bool:
        return self.method in idempotency.METHODS

    def _add_parameters(self, operation: dict[str, Any]) -> None:
        names = []
        if not getattr(self.view, "public", False):
            names.append("X-Tenant-ID")
            if self._writes and getattr(self.view, "replayable", True):
                required = idempotency.needs_key(self.view, self.method)
                names.append(REQUIRED_KEY if required else idempotency.HEADER)
        if self._is_row and self._action in ROW_CHANGES:
            names.append("If-Match")
        if self._is_row and self._action == "retrieve":
            names.append("If-None-Match")
        if names:
            references = [{"$ref": f"#/components/parameters/{name}"} for name in names]
            operation["parameters"] = [*operation.get("parameters", []), *references]

    def _add_problems(self, operation: dict[str, Any]) -> None:
        statuses = [*ALWAYS]
        if not getattr(self.view, "public", False):
            statuses += SIGNED_IN
        if "{" in self.path:
            statuses.append(404)
        if self._writes:
            statuses += WRITES
        if self._is_row and self._action in ROW_CHANGES:
            statuses.append(412)
        if "requestBody" in operation:
            statuses.append(415)
        responses = operation["responses"]
        for each in statuses:
            responses.setdefault(str(each), {"$ref": f"#/components/responses/Problem{each}"})
        if self._is_row and self._action == "retrieve":
            responses["304"] = {"description": "Not changed since the entity tag you named."}
        operation["responses"] = dict(sorted(responses.items()))

    def _add_headers(self, operation: dict[str, Any]) -> None:
        responses = operation["responses"]
        if self._is_row and self._action in SHOWS_ROW:
            for each in ("200", "201", "304"):
                _response_header(responses, each, "ETag", "The state of the row, for If-Match and If-None-Match.")
        if self._is_row and self._action == "create":
            _response_header(responses, "201", "Location", "Where the new row is.")

    def _add_includes(self, operation: dict[str, Any]) -> None:
        offered = getattr(self.view, "includes", None)
        if not offered or self._action != "retrieve":
            return
        operation["parameters"] = [includes.parameter(offered), *operation.get("parameters", [])]
        [answer] = operation["responses"]["200"]["content"].values()
        children = {
            name: includes.schema_of(each, self.resolve_serializer(each.resource.serializer, "response").ref)
            for name, each in sorted(offered.items())
        }
        answer["schema"] = {"allOf": [answer["schema"], {"type": "object", "properties": children}]}

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "request" and isinstance(serializer, StrictFields):
            schema["additionalProperties"] = False
        if direction == "response" and isinstance(serializer, ModelSerializer) and schema.get("properties"):
            # A row is always shown whole, whatever may be left out when it is written.
            schema["required"] = sorted(schema["properties"])
        return schema


def finish_document(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add what operations share, and drop the generator's notes to itself.

    Value lists stay where they are used, under no invented names.
    """
    _drop(result, "x-spec-enum-id")
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["parameters"] = _parameters()
    components["responses"] = {f"Problem{each}": _problem_response(each) for each in PROBLEM_STATUSES}
    return result


@lru_cache(maxsize=1)
def document() -> bytes:
    """The document as JSON; the same for everybody, so made once per process."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()


@condition(etag_func=lambda request: f'"{_digest(document().decode(), 20)}"')
def schema_view(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(document(), content_type=MEDIA_TYPE)


def _parameters() -> dict[str, dict[str, Any]]:
    names_write = "Names this write: sent again, it gets the first answer and does nothing."
    key = {"minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
    return {
        "X-Tenant-ID": _header("X-Tenant-ID", "Another tenant of yours than the token's.", format="uuid"),
        "If-Match": _header("If-Match", "The entity tag of what you read; 412 when it changed since."),
        "If-None-Match": _header("If-None-Match", "The entity tag you have; 304 when it is still that."),
        idempotency.HEADER: _header(idempotency.HEADER, names_write, **key),
        REQUIRED_KEY: {**_header(idempotency.HEADER, names_write, **key), "required": True},
    }


def _problem_response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] = {"WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}}}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return response


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string", **schema}}


def _response_header(responses: Any, status: str, name: str, description: str, **schema: Any) -> None:
    if status in responses:
        header = {"description": description, "schema": {"type": "string", **schema}}
        responses[status].setdefault("headers", {})[name] = header


def _drop(node: Any, name: str) -> None:
    if isinstance(node, dict):
        node.pop(name, None)
        for value in node.values():
            _drop(value, name)
    elif isinstance(node, list):
        for value in node:
            _drop(value, name)
