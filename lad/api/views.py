"""The base of every view, and the viewset that a registered model gets."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, cast

from django.db import models, transaction
from django.http import Http404
from django_filters import Filter
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from lad import writes
from lad.api import etag
from lad.api.filters import BOOLEANS, DELETED, refuse_unknown
from lad.api.includes import INCLUDE, Include, asked_for
from lad.api.parsers import AlwaysJson, JsonParser
from lad.api.permissions import MissingRight
from lad.api.throttling import ScopeThrottle
from lad.db.constraints import RowSecurity
from lad.errors import Invalid, NotAllowed
from lad.idempotency.middleware import needs_key, require_key
from lad.tenancy.access import Access
from lad.tenancy.context import current_scope, platform_context


class TenantRequired(Invalid):
    """Say in which tenant: send its id in X-Tenant-ID."""

    code = "tenant_required"


class SharedRow(NotAllowed):
    """This row is everybody's: only LAD's own staff change it. Make a row of your own instead."""

    code = "shared_row"


class LadAPIView(APIView):
    """What every view of the API shares: JSON, throttling, one shape of errors, rights declared on the class.

    See ``lad.api.permissions.HasRight`` for ``public``, ``personal``, ``area``, ``rights`` and ``feature``.
    """

    parser_classes = [JsonParser]
    renderer_classes = [JSONRenderer]
    throttle_classes = [ScopeThrottle]
    content_negotiation_class = AlwaysJson
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    public: ClassVar[bool] = False
    personal: ClassVar[bool] = False
    open_to_closed: ClassVar[bool] = False
    area: str = ""
    rights: ClassVar[dict[str, str]] = {}
    feature: str | None = None
    throttle_scope: str | None = None
    # Money and calls: a write that must not happen twice has to be named by its caller.
    # True for all of the view's writes, or the names of the actions or methods concerned.
    idempotency_required: ClassVar[bool | tuple[str, ...]] = False
    # Answers that hold a secret, such as a token, are never kept for replay.
    replayable: ClassVar[bool] = True

    @property
    def default_response_headers(self) -> dict[str, str]:
        # What one caller sees is no other's, and is asked for again before it is shown again.
        return {
            "Allow": ", ".join(self.allowed_methods),
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization, X-Tenant-ID, Cookie",
        }

    @property
    def access(self) -> Access:
        """The caller."""
        return cast(Access, self.request._request.access)  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before rights are asked for, so that a wrong method is told from a forbidden one.
        if not hasattr(self, (request.method or "").lower()):
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)
        if needs_key(self, request.method or ""):
            require_key(request)


class ResourceViewSet(LadAPIView, GenericViewSet):
    """The rows of one model: what a role may do with them follows from the area, what they may hold from the model.

    Writes go through ``lad.writes``. Subclass it for a resource with actions of its own and hand
    the subclass to ``router.register``.
    """

    shows_rows: ClassVar[bool] = True
    model: ClassVar[Any] = None
    order: ClassVar[tuple[str, ...]] = ("-created_at",)
    can_delete: ClassVar[bool] = False
    # Filters that no single column answers, by the name they have in the query.
    extra_filters: ClassVar[dict[str, Filter]] = {}
    lookup_value_converter = "uuid"
    # Rows that one row can be read with, by name.
    includes: ClassVar[dict[str, Include]] = {}

    def get_queryset(self) -> Any:
        """The rows the caller sees; with ``?deleted=true`` the deleted ones."""
        if self.action == "list" and self._wants_deleted():
            return self.narrow(self.model.all_objects.deleted())
        return self.narrow(self.model.objects.all())

    def narrow(self, rows: Any) -> Any:
        """Those of the tenant's rows that this caller may see; override where rows are private to people."""
        return rows

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action != "list":
            refuse_unknown(request, [INCLUDE] if self.action == "retrieve" and self.includes else [])

    def filter_queryset(self, queryset: Any) -> Any:
        """A list's filters and order; one row is found by its key alone."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def representation(self, row: Any) -> dict[str, Any]:
        """The row as it is shown."""
        return dict(self.get_serializer(row).data)

    def included(self, row: Any) -> dict[str, Any]:
        """The rows that a read of this one names in ``?include=``."""
        if self.action != "retrieve":
            return {}
        return {each.name: each.of(row, self.request) for each in asked_for(self.request, self.includes)}

    def answer(self, row: Any, status_code: int = status.HTTP_200_OK, **headers: str) -> Response:
        """The row, with what else was asked for, and its entity tag."""
        shown = {**self.representation(row), **self.included(row)}
        return Response(shown, status=status_code, headers={"ETag": etag.etag(row, shown), **headers})

    def locked_object(self) -> Any:
        """The row of the address, locked until the end of the request and held against ``If-Match``."""
        row = lock(require_own(self.get_object()))
        etag.require_match(self.request.headers.get("If-Match"), row)
        return row

    def _wants_deleted(self) -> bool:
        word = self.request.query_params.get(DELETED)
        if word is None or not self.can_delete or not self.model.soft_deletable:
            return False
        if word not in BOOLEANS:
            raise Invalid(errors={DELETED: [f"One of: {', '.join(BOOLEANS)}."]})
        right = f"{self.area}.delete"
        if BOOLEANS[word] and not self.access.allows(self.rights.get("destroy", right)):
            raise MissingRight(right=right)
        return BOOLEANS[word]


class ListRows:
    def list(self: Any, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return cast(Response, self.get_paginated_response(self.get_serializer(page, many=True).data))


class RetrieveRow:
    def retrieve(self: Any, request: Request, pk: Any) -> Response:
        answer = self.answer(self.get_object())
        known = request.headers.get("If-None-Match")
        if known and etag.is_known(known, answer["ETag"]):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": answer["ETag"]})
        return cast(Response, answer)


class CreateRow:
    def create(self: Any, request: Request) -> Response:
        require_tenant(self.model)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = writes.create(self.model, serializer.validated_data, actor=request.user)
        address = f"{request.path}{row.pk}/"
        return cast(Response, self.answer(row, status.HTTP_201_CREATED, Location=address))


class UpdateRow:
    @transaction.atomic
    def update(self: Any, request: Request, pk: Any, partial: bool = False) -> Response:
        row = self.locked_object()
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return cast(Response, self.answer(writes.update(row, serializer.validated_data, actor=request.user)))

    def partial_update(self: Any, request: Request, pk: Any) -> Response:
        return cast(Response, self.update(request, pk, partial=True))


class DeleteRow:
    @transaction.atomic
    def destroy(self: Any, request: Request, pk: Any) -> Response:
        writes.delete(self.locked_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestoreRow:
    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def restore(self: Any, request: Request, pk: Any) -> Response:
        """Bring back a deleted row with everything that was deleted with it."""
        row = self.narrow(self.model.all_objects.filter(pk=pk)).first()
        if row is None:
            raise Http404
        row = lock(require_own(row))
        etag.require_match(request.headers.get("If-Match"), row)
        return cast(Response, self.answer(writes.restore(row, actor=request.user)))


def require_tenant(model: Any) -> None:
    """Raise TenantRequired when a tenant's row is to be made by a caller who is in none."""
    tenancy, scope = getattr(model, "tenancy", None), current_scope()
    if tenancy and tenancy.field and not tenancy.shared and (scope is None or scope.tenant_id is None):
        raise TenantRequired


def require_own(row: Any) -> Any:
    """The row, unless it is nobody's and the caller is a tenant's. Raises SharedRow then."""
    tenancy, scope = getattr(row, "tenancy", None), current_scope()
    if tenancy and tenancy.shared and getattr(row, f"{tenancy.field}_id") is None and not (scope and scope.platform):
        raise SharedRow
    return row


def lock(row: Any) -> Any:
    """The row as it is now, locked. Raises Http404 when it has gone meanwhile.

    Where the tenant role may not update the table, and so not lock it, the platform does it for them.
    """
    model = type(row)
    rows = model.all_objects if getattr(row, "deleted_at", None) else model.objects
    with _lock_scope(model):
        locked = rows.select_for_update().filter(pk=row.pk).first()
    if locked is None:
        raise Http404
    return locked


def _lock_scope(model: type[models.Model]) -> AbstractContextManager[None]:
    scope = current_scope()
    security = next((each for each in model._meta.constraints if isinstance(each, RowSecurity)), None)
    if scope is None or scope.platform or security is None or "UPDATE" in security.privileges:
        return nullcontext()
    return platform_context(tenant_id=scope.tenant_id, user_id=scope.user_id)
