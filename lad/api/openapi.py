"""The OpenAPI document: what the framework reads from the views, plus what the kernel adds to each operation."""

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
from rest_framework import serializers

from lad.api import idempotency_keys, includes
from lad.api.errors import CONTENT_TYPE, status_phrase
from lad.api.etag import _digest
from lad.api.serializers import ModelSerializer, StrictFields

# The component for writes that must send the header.
REQUIRED_KEY: Final = "Idempotency-Key-Required"
MEDIA_TYPE: Final = "application/vnd.oai.openapi+json"
# Every call can be malformed or throttled; other problems depend on the call.
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
        "errors_omitted": {"type": "integer", "description": "How many more messages `errors` would have."},
    },
    "additionalProperties": {},
}
PROBLEM_STATUSES: Final = (400, 401, 403, 404, 409, 412, 413, 415, 429)


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """Return problem responses for ``extend_schema(responses={200: …, **problems(401, 410)})``."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {(each, CONTENT_TYPE): OpenApiResponse(schema, status_phrase(each)) for each in statuses}


class AccessScheme(OpenApiAuthenticationExtension):
    """The bearer token that authenticates callers."""

    target_class = "lad.api.authentication.AccessAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


# A time of day has no zone here, which the format "time" would demand.
TIME_OF_DAY: Final = {"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$", "example": "09:00"}


class LadAutoSchema(AutoSchema):
    """Add to each operation the problems, headers and parameters that all views share."""

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, serializers.TimeField) and isinstance(schema, dict):
            schema.pop("format", None)
            schema |= TIME_OF_DAY
        return schema

    def get_auth(self) -> list[dict[str, list[str]]]:
        # Called for public views too, because the call adds the scheme to the document.
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
        # Name an operation after its address: memberships_restore, auth_sign_in.
        standard = {"list", "retrieve", "create", "update", "partial_update", "destroy"}
        if self.method == "POST" and (self._action not in standard or not self._is_row):
            return "_".join(self._tokenize_path()).replace("-", "_")
        return str(super().get_operation_id())

    def get_description(self) -> str:  # type: ignore[override]
        """Return the docstring of the method or of its view. A base class's docstring is for developers."""
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
        return self.method in idempotency_keys.METHODS

    def _add_parameters(self, operation: dict[str, Any]) -> None:
        names = []
        if not getattr(self.view, "public", False):
            names.append("X-Tenant-ID")
            if self._writes and getattr(self.view, "replayable", True):
                required = idempotency_keys.needs_key(self.view, self.method)
                names.append(REQUIRED_KEY if required else idempotency_keys.HEADER)
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
            statuses += [413, 415]
        responses = operation["responses"]
        for each in statuses:
            responses.setdefault(str(each), {"$ref": f"#/components/responses/Problem{each}"})
        if self._is_row and self._action == "retrieve":
            responses["304"] = {"description": "Unchanged since the entity tag you sent."}
        operation["responses"] = dict(sorted(responses.items()))

    def _add_headers(self, operation: dict[str, Any]) -> None:
        responses = operation["responses"]
        if self._is_row and self._action in SHOWS_ROW:
            for each in ("200", "201", "304"):
                _response_header(responses, each, "ETag", "The version of the row, for If-Match and If-None-Match.")
        if self._is_row and self._action == "create":
            _response_header(responses, "201", "Location", "The address of the new row.")

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

    def _postprocess_serializer_schema(self, schema: dict[str, Any], serializer: Any, direction: str) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "request" and isinstance(serializer, StrictFields):
            schema["additionalProperties"] = False
        if direction == "response" and isinstance(serializer, ModelSerializer) and schema.get("properties"):
            # Responses always hold every field, also those that are optional in requests.
            schema["required"] = sorted(schema["properties"])
        return schema


def finish_document(result: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
    """Add the shared components and drop the generator's internal extensions.

    Enums stay inline instead of becoming components with generated names.
    """
    _drop(result, "x-spec-enum-id")
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["parameters"] = _parameters()
    components["responses"] = {f"Problem{each}": _problem_response(each) for each in PROBLEM_STATUSES}
    return result


@lru_cache(maxsize=1)
def document() -> bytes:
    """Return the document as JSON. It is the same for every caller, so each process builds it once."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()


@condition(etag_func=lambda request: f'"{_digest(document().decode(), 20)}"')
def schema_view(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(document(), content_type=MEDIA_TYPE)


def _parameters() -> dict[str, dict[str, Any]]:
    names_write = "Identifies this write. A repeat gets the first response and changes nothing."
    key = {"minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
    return {
        "X-Tenant-ID": _header("X-Tenant-ID", "One of your tenants, if not the one in the token.", format="uuid"),
        "If-Match": _header("If-Match", "The entity tag you read. The response is 412 if the row has changed since."),
        "If-None-Match": _header(
            "If-None-Match", "The entity tag you have. The response is 304 if it is still current."
        ),
        idempotency_keys.HEADER: _header(idempotency_keys.HEADER, names_write, **key),
        REQUIRED_KEY: {**_header(idempotency_keys.HEADER, names_write, **key), "required": True},
    }


def _problem_response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": status_phrase(status),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] = {"WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}}}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return response


def _header(name: str, description: str, **schema: object) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string", **schema}}


def _response_header(responses: dict[str, Any], status: str, name: str, description: str, **schema: object) -> None:
    if status in responses:
        header = {"description": description, "schema": {"type": "string", **schema}}
        responses[status].setdefault("headers", {})[name] = header


def _drop(node: object, name: str) -> None:
    if isinstance(node, dict):
        node.pop(name, None)
        for value in node.values():
            _drop(value, name)
    elif isinstance(node, list):
        for value in node:
            _drop(value, name)
