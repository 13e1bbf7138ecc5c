"""Puts every request into its caller's scope."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from lad.observability import bind_access
from lad.tenancy import access

# From here on a response is a refusal or a failure, and nothing the request wrote may stay.
FIRST_FAILURE_STATUS = 400


class TenancyMiddleware:
    """Resolves who is asking and runs the view, and the rendering of its response, inside their scope.

    The scope owns the transaction. A response of 400 or above rolls it back. Writes that the settings
    name as self-scoped enter the scope in their view, for as long as they need it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.access = access.resolve(request)
        bind_access(request.access)
        scoped = request.access.scoped and not _is_self_scoped(request)
        if scoped:
            _receive_upload(request)
        with request.access.scope() if scoped else nullcontext():
            response = self.get_response(request)
            if scoped and response.status_code >= FIRST_FAILURE_STATUS:
                transaction.set_rollback(True)
            return response


def _is_self_scoped(request: HttpRequest) -> bool:
    return request.method == "POST" and re.match(settings.SELF_SCOPED_WRITES, request.path_info) is not None


def _receive_upload(request: Any) -> None:
    """Read a form with files before the transaction begins: who sends slowly must not keep one open."""
    if request.method == "POST" and request.content_type == "multipart/form-data":
        _ = request.FILES
