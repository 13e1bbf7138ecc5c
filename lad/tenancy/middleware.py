"""Puts every request into its caller's scope."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from lad.observability import bind_access
from lad.tenancy import access

# From here on a response is a refusal or a failure, and nothing the request wrote may stay.
FIRST_FAILURE_STATUS = 400


class TenancyMiddleware:
    """Resolves who is asking and runs the view, and the rendering of its response, inside their scope.

    The scope owns the transaction. A response of 400 or above rolls it back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.access = access.resolve(request)
        bind_access(request.access)
        if request.access.scoped:
            _receive_upload(request)
        with request.access.scope():
            response = self.get_response(request)
            if request.access.scoped and response.status_code >= FIRST_FAILURE_STATUS:
                transaction.set_rollback(True)
            return response


def _receive_upload(request: Any) -> None:
    """Read a form with files before the transaction begins: who sends slowly must not keep one open."""
    if request.method == "POST" and request.content_type == "multipart/form-data":
        _ = request.FILES
