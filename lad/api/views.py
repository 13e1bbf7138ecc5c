"""The base of every API view, and the viewset of a registered model."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import models
from django.db.models import QuerySet
from django.http import Http404
from django_filters import Filter
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from lad import writes
from lad.api import etag
from lad.api.compiled import only_shown
from lad.api.filters import BOOLEANS, DELETED, reject_unknown_parameters
from lad.api.idempotency_keys import needs_key, require_key
from lad.api.includes import INCLUDE, Include, requested_includes
from lad.api.parsers import AlwaysJson, JsonParser
from lad.api.permissions import MissingRight
from lad.api.renderers import JsonRenderer, RenderedResponse, to_json
from lad.api.serializers import InputSerializer
from lad.api.throttling import ScopeThrottle
from lad.db.constraints import RowSecurity
from lad.db.models import LadModel
from lad.errors import Invalid, NotAllowed
from lad.tenancy.access import Access, access_of, actor_of
from lad.tenancy.context import current_scope, platform_context, require_scope


class TenantRequired(Invalid):
    """Choose a tenant: send its id in the X-Tenant-ID header."""

    code = "tenant_required"


class SharedRow(NotAllowed):
    """This row is shared by all tenants and only LAD's staff can change it. Create a row of your own instead."""

    code = "shared_row"


class LadAPIView(APIView):
    """Base of every API view: JSON, throttling, problem documents and rights declared on the class.

    See ``lad.api.permissions.HasRight`` for ``public``, ``personal``, ``area``, ``rights``, ``feature`` and
    ``step_up``.
    """

    parser_classes = [JsonParser]
    renderer_classes = [JsonRenderer]
    throttle_classes = [ScopeThrottle]
    content_negotiation_class = AlwaysJson
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    public: ClassVar[bool] = False
    personal: ClassVar[bool] = False
    allows_closed_tenant: ClassVar[bool] = False
    area: str = ""
    rights: ClassVar[dict[str, str]] = {}
    feature: str | None = None
    throttle_scope: str | None = None
    # False for views about the person, such as signing in: they work without a usable tenant.
    needs_tenant: ClassVar[bool] = True
    # Actions, or methods, that open their caller's scope themselves: they commit before they answer with
    # a refusal, or call an outside provider between two transactions.
    self_scoped_actions: ClassVar[frozenset[str]] = frozenset()
    # Actions, or methods, for which the caller must have entered their password or code a short time ago.
    step_up: ClassVar[frozenset[str]] = frozenset()
    # Writes that must not happen twice, such as payments and phone calls, require an Idempotency-Key.
    # True for all writes of the view, or the names of the actions or methods.
    idempotency_required: ClassVar[bool | tuple[str, ...]] = False
    # False for responses that hold a secret, such as a token: they are not stored for replay.
    replayable: ClassVar[bool] = True

    @property
    def default_response_headers(self) -> dict[str, str]:
        # Responses are specific to the caller and must be revalidated.
        return {
            "Allow": ", ".join(self.allowed_methods),
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization, X-Tenant-ID, Cookie",
        }

    @property
    def access(self) -> Access:
        """The caller."""
        return access_of(self.request._request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before the rights check, so that a wrong method is 405 and not 403.
        if not hasattr(self, (request.method or "").lower()):
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)
        if needs_key(self, request.method or ""):
            require_key(request)


class ResourceViewSet(LadAPIView, GenericViewSet):
    """The rows of one model. The area decides what a role may do, the model what a row may hold.

    Writes go through ``lad.writes``. For a resource with its own actions, pass a subclass to
    ``router.register``.
    """

    shows_rows: ClassVar[bool] = True
    model: ClassVar[Any] = None
    order: ClassVar[tuple[str, ...]] = ("-created_at",)
    can_delete: ClassVar[bool] = False
    # Filters over more than one column, by the name of their query parameter.
    extra_filters: ClassVar[dict[str, Filter]] = {}
    lookup_value_converter = "uuid"
    # Rows that can be read with a row, by name.
    includes: ClassVar[dict[str, Include]] = {}
    # Serializers of the query parameters of actions, by the action's name.
    queries: ClassVar[dict[str, type[InputSerializer]]] = {}

    def get_queryset(self) -> Any:
        """Return the rows that the caller sees; with ``?deleted=true`` the deleted ones."""
        if self.action == "list" and self._wants_deleted():
            return self.narrow(self.model.all_objects.deleted())
        return self.narrow(self.model.objects.all())

    def narrow(self, rows: QuerySet) -> Any:
        """Return the rows that this caller may see. Override it for rows that are private to a user."""
        return rows

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in self.queries:
            reject_unknown_parameters(request, self.queries[self.action]().fields)
        elif self.action != "list":
            reject_unknown_parameters(request, [INCLUDE] if self.action == "retrieve" and self.includes else [])

    def query(self) -> dict[str, Any]:
        """Return the validated query parameters of an action in ``queries``."""
        return self.queries[self.action].read(self.request.query_params.dict())

    def filter_queryset(self, queryset: QuerySet) -> Any:
        """Apply filters and ordering to lists only; a single row is found by its key."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def representation(self, row: LadModel) -> dict[str, Any]:
        """Return the serialized row."""
        return dict(self.get_serializer(row).data)

    def included(self, row: LadModel) -> dict[str, Any]:
        """Return the rows that ``?include=`` names."""
        if self.action != "retrieve":
            return {}
        return {each.name: each.of(row, self.request) for each in requested_includes(self.request, self.includes)}

    def row_response(self, row: LadModel, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
        """Return a response with the row, its includes and its entity tag."""
        return self.shown_response(row, {**self.representation(row), **self.included(row)}, status_code, **headers)

    def shown_response(
        self, row: LadModel, shown: dict[str, Any], status_code: int = status.HTTP_200_OK, **headers: str
    ) -> Response:
        """Return a response with what is shown of the row, and its entity tag."""
        content = to_json(shown)
        return RenderedResponse(
            shown, content, status=status_code, headers={"ETag": etag.etag(row, content), **headers}
        )

    def locked_object(self) -> Any:
        """Return the row, locked until the end of the request. Raise PreconditionFailed if ``If-Match`` differs."""
        row = self._read_and_lock() or lock(require_writable(self.get_object()))
        etag.require_match(self.request.headers.get("If-Match"), row)
        return row

    def _read_and_lock(self) -> Any:
        """Return the row, locked, in one statement. None if the tenant role cannot lock it, or not see it."""
        if not _may_lock(self.model):
            return None
        rows = self.filter_queryset(self.get_queryset()).select_for_update(of=("self",))
        row = rows.filter(pk=self.kwargs["pk"]).first()
        return row and require_writable(row)

    def _wants_deleted(self) -> bool:
        word = self.request.query_params.get(DELETED)
        if word is None or not self.can_delete or not self.model.soft_deletable:
            return False
        if word not in BOOLEANS:
            raise Invalid(errors={DELETED: [f"Enter one of: {', '.join(BOOLEANS)}."]})
        right = f"{self.area}.delete"
        if BOOLEANS[word] and not self.access.allows(self.rights.get("destroy", right)):
            raise MissingRight(right=right)
        return BOOLEANS[word]


class ListRows:
    def list(self: Any, request: Request) -> Response:
        rows = only_shown(self.filter_queryset(self.get_queryset()), self.get_serializer_class())
        page = self.paginate_queryset(rows)
        return cast(Response, self.get_paginated_response(self.get_serializer(page, many=True).data))


class RetrieveRow:
    def retrieve(self: Any, request: Request, pk: UUID | int) -> Response:
        answer = self.row_response(self.get_object())
        known = request.headers.get("If-None-Match")
        if known and etag.is_known(known, answer["ETag"]):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": answer["ETag"]})
        return cast(Response, answer)


class CreateRow:
    def create(self: Any, request: Request) -> Response:
        require_tenant(self.model)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = writes.create(self.model, serializer.validated_data, actor=actor_of(request))
        address = f"{request.path}{row.pk}/"
        return cast(Response, self.row_response(row, status.HTTP_201_CREATED, Location=address))


class UpdateRow:
    @writes.in_transaction
    def update(self: Any, request: Request, pk: UUID | int, partial: bool = False) -> Response:
        row = self.locked_object()
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return cast(Response, self.row_response(writes.update(row, serializer.validated_data, actor=actor_of(request))))

    def partial_update(self: Any, request: Request, pk: UUID | int) -> Response:
        return cast(Response, self.update(request, pk, partial=True))


class DeleteRow:
    @writes.in_transaction
    def destroy(self: Any, request: Request, pk: UUID | int) -> Response:
        writes.delete(self.locked_object(), actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestoreRow:
    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def restore(self: Any, request: Request, pk: UUID | int) -> Response:
        """Restore a deleted row and what was deleted with it.

        Rows that went with it and whose place was taken since stay deleted: `not_restored` names them, if there are
        any.
        """
        row = self.narrow(self.model.all_objects.filter(pk=pk)).first()
        if row is None:
            raise Http404
        row = lock(require_writable(row))
        etag.require_match(request.headers.get("If-Match"), row)
        restored = writes.restore(row, actor=actor_of(request))
        left = [
            {"id": str(each.row.pk), "type": each.row._meta.verbose_name, "name": str(each.row), "reason": each.reason}
            for each in restored.left
        ]
        shown = {**self.representation(restored.row), **({"not_restored": left} if left else {})}
        return cast(Response, self.shown_response(restored.row, shown))


def require_tenant(model: type[LadModel]) -> None:
    """Raise TenantRequired if a caller without a tenant creates a row that belongs to one."""
    tenancy, scope = getattr(model, "tenancy", None), current_scope()
    if tenancy and tenancy.field and not tenancy.shared and (scope is None or scope.tenant_id is None):
        raise TenantRequired


def require_writable(row: LadModel) -> Any:
    """Return the row. Raise SharedRow if it is shared and the caller belongs to a tenant."""
    tenancy, scope = getattr(row, "tenancy", None), current_scope()
    if tenancy and tenancy.shared and getattr(row, f"{tenancy.field}_id") is None and not (scope and scope.platform):
        raise SharedRow
    return row


def lock(row: LadModel) -> Any:
    """Return the row's current state, locked. Raise Http404 if it no longer exists.

    Locking needs the UPDATE privilege. If the tenant role lacks it, the platform role locks the row.
    """
    model = type(row)
    rows = model.all_objects if getattr(row, "deleted_at", None) else model.objects
    with nullcontext() if _may_lock(model) else _platform_scope():
        locked = rows.select_for_update().filter(pk=row.pk).first()
    if locked is None:
        raise Http404
    return locked


def _may_lock(model: type[models.Model]) -> bool:
    scope = current_scope()
    security = next((each for each in model._meta.constraints if isinstance(each, RowSecurity)), None)
    return scope is None or scope.platform or security is None or "UPDATE" in security.privileges


def _platform_scope() -> AbstractContextManager[None]:
    scope = require_scope()
    return platform_context(tenant_id=scope.tenant_id, user_id=scope.user_id)
