"""Throw-away views that write and then end in each way a request can end."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from lad.errors import Conflict
from lad.tenancy.context import current_scope
from lad.urls import handler400, handler403, handler404, handler500
from lad.urls import urlpatterns as real
from tenants.features.models import TenantFeature

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ENDINGS: dict[str, Any] = {
    "fine": lambda: HttpResponse("fine"),
    "redirect": lambda: HttpResponse(status=302, headers={"Location": "/"}),
    "refused": lambda: HttpResponse("refused", status=409),
    "broken": lambda: HttpResponse("broken", status=500),
    "crash": lambda: 1 / 0,
    "denied": lambda: _raise(PermissionDenied()),
    "domain-error": lambda: _raise(Conflict("no")),
}


def _raise(error: Exception) -> None:
    raise error


def write_then_end(request: HttpRequest, ending: str) -> HttpResponse:
    TenantFeature.objects.create(feature_key="written")
    return ENDINGS[ending]()


def write_in_scope(request: HttpRequest, ending: str) -> HttpResponse:
    """As a self-scoped view does: what it wrote is committed before it ends."""
    assert current_scope() is None
    with request.access.scope():  # type: ignore[attr-defined]
        return write_then_end(request, ending)


def lazy(request: HttpRequest) -> TemplateResponse:
    """The rows are asked for when the template is rendered, after the view has returned."""
    template = engines["django"].from_string("{% for feature in features %}{{ feature.feature_key }} {% endfor %}")
    return TemplateResponse(request, template, {"features": TenantFeature.objects.order_by("feature_key")})


def scope(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr(current_scope()))


urlpatterns = [
    path("api/trial/write/<ending>", write_then_end),
    path("api/trial/self-scoped/<ending>", write_in_scope),
    path("api/trial/lazy", lazy),
    path("api/trial/scope", scope),
    *real,
]
