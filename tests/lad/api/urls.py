"""LAD's addresses and a few throw-away views, for what no real view does."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView
from lad.errors import Conflict, Throttled
from lad.urls import handler400, handler403, handler404, handler500
from lad.urls import urlpatterns as real
from tenants.features.models import TenantFeature

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

calls: list[str] = []


class Undeclared(LadAPIView):
    def get(self, request: Request) -> Response:
        return Response({})


class Public(LadAPIView):
    public = True

    def get(self, request: Request) -> Response:
        return Response({"stranger": request.user.is_anonymous})


class Personal(LadAPIView):
    personal = True

    def get(self, request: Request) -> Response:
        return Response({"email": self.access.user.email})


class Gated(LadAPIView):
    personal = True
    feature = "flux-capacitor"

    def get(self, request: Request) -> Response:
        return Response({})


class OtherRight(LadAPIView):
    area = "team"
    rights = {"post": "team.transfer"}

    def get(self, request: Request) -> Response:
        return Response({})

    post = get


class Pay(LadAPIView):
    personal = True
    idempotency_required = True

    def post(self, request: Request) -> Response:
        calls.append("paid")
        return Response({"times": len(calls)}, status=201)


class Token(LadAPIView):
    personal = True
    replayable = False

    def post(self, request: Request) -> Response:
        calls.append("token")
        return Response({"token": len(calls)})


class WriteThenFail(LadAPIView):
    personal = True

    def post(self, request: Request) -> Response:
        TenantFeature.objects.create(feature_key="half-done")
        if dict(request.data).get("fail"):
            raise Conflict("Not today.")
        return Response({}, status=201)


class Items(InputSerializer):
    class Item(InputSerializer):
        amount = serializers.IntegerField(min_value=1)

    items = Item(many=True)


class Nested(LadAPIView):
    personal = True

    def post(self, request: Request) -> Response:
        serializer = Items(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.validated_data)


class Broken(LadAPIView):
    """Fails in the way its address says."""

    personal = True

    def get(self, request: Request, how: str) -> Response:
        return Response(FAILURES[how]())


def _raise(error: Exception) -> Any:
    raise error


def _sql(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)


FAILURES: dict[str, Any] = {
    "bug": lambda: _raise(RuntimeError("secret inside")),
    "forbidden": lambda: _raise(PermissionDenied()),
    "invalid": lambda: _raise(ValidationError({"name": ["Too odd."]})),
    "throttled": lambda: _raise(Throttled(retry_after=7)),
    "extra": lambda: _raise(Conflict("Taken.", by="somebody", status=200)),
    "privilege": lambda: _sql("DELETE FROM domain_events"),
    "data": lambda: _sql("SELECT 1 / 0"),
    "integrity": lambda: _sql(
        "INSERT INTO tenant_features (tenant_id, feature_key)"
        " SELECT current_setting('lad.tenant_id')::uuid, 'twice' FROM generate_series(1, 2)"
    ),
    "cancelled": lambda: _sql("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)"),
}

urlpatterns = [
    path("api/v1/test/undeclared/", Undeclared.as_view()),
    path("api/v1/test/public/", Public.as_view()),
    path("api/v1/test/personal/", Personal.as_view()),
    path("api/v1/test/gated/", Gated.as_view()),
    path("api/v1/test/other-right/", OtherRight.as_view()),
    path("api/v1/test/pay/", Pay.as_view()),
    path("api/v1/test/token/", Token.as_view()),
    path("api/v1/test/write-then-fail/", WriteThenFail.as_view()),
    path("api/v1/test/nested/", Nested.as_view()),
    path("api/v1/test/broken/<slug:how>/", Broken.as_view()),
    *real,
]
