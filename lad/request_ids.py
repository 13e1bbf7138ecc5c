"""Give every request an id, note where it came from, and log how it ended."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse

from lad.db.identifiers import uuid7
from lad.tenancy.clients import client_of
from lad.tenancy.context import origin

log = structlog.get_logger("lad.request")

# A longer path is cut in the log.
MAX_LOGGED_PATH: Final = 500

REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


class RequestIdMiddleware:
    """Use a well-formed ``X-Request-ID`` or make one, and log the status of the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.match(given) else uuid7().hex
        structlog.contextvars.clear_contextvars()
        client = client_of(request)
        structlog.contextvars.bind_contextvars(request=request_id, address=client.address)
        source = "api" if request.path.startswith("/api/") else "admin"
        with origin(request_id, source=source, client=client):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        log.info(
            "request",
            method=request.method,
            path=request.path[:MAX_LOGGED_PATH],
            status=response.status_code,
            agent=client.agent,
        )
        return response
