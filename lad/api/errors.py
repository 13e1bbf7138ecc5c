"""Turn every failure of the API into an RFC 9457 problem document with a stable ``code``."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from lad.errors import (
    DomainError,
    InUse,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Refused,
    Throttled,
    Unavailable,
)
from lad.limits import KILOBYTE, RequestTooLarge, shortened, shortened_errors
from lad.tenancy.context import current_request_id
from lad.writes import invalid

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
# PostgreSQL's code for an operation that grants or row-level security deny.
INSUFFICIENT_PRIVILEGE = "42501"
# Serialization failure, deadlock, lock timeout, statement timeout, an idle or long transaction that was ended, and a
# server that became read-only in a failover: a retry may succeed.
RETRYABLE_STATES = {"40001", "40P01", "55P03", "57014", "25P03", "25P04", "25006"}
OPERATIONAL_ERRORS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

log = logging.getLogger(__name__)


# Python 3.13 took over these names of RFC 9110; older versions have those of RFC 7231.
RFC_9110_PHRASES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


def status_phrase(status: int) -> str:
    """Return the name of the HTTP status, the same on every Python version."""
    return RFC_9110_PHRASES.get(status) or HTTPStatus(status).phrase


class Problem(DomainError):
    """A failure reported by the framework, with its own status and code."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.problem_status, self.problem_code = status, code
        self.problem_title = status_phrase(status)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Return the problem response for an exception. None leaves it to Django, which answers 500."""
    problem = as_domain_error(error)
    if problem is None:
        return None
    document, headers = problem_document(problem), problem_headers(problem)
    return Response(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)


def problem_response(problem: DomainError) -> HttpResponse:
    """Return the problem as a plain Django response, for middleware and error pages."""
    document, headers = problem_document(problem), problem_headers(problem)
    return JsonResponse(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)


def problem_document(problem: DomainError) -> dict[str, Any]:
    """Return the members of the document. The error's ``extra`` never overrides a standard member."""
    code = getattr(problem, "problem_code", problem.code)
    errors, omitted = shortened_errors(getattr(problem, "errors", None) or {})
    document = {
        **{name: value for name, value in problem.extra.items() if value is not None},
        "type": f"urn:lad:problem:{code}",
        "title": getattr(problem, "problem_title", problem.title),
        "status": getattr(problem, "problem_status", problem.status),
        "detail": shortened(problem.detail),
        "code": code,
        "request_id": current_request_id(),
    }
    if errors:
        document["errors"] = errors
    if omitted:
        document["errors_omitted"] = omitted
    return document


def problem_headers(problem: DomainError) -> dict[str, str]:
    headers = {}
    if problem.status == NotAuthenticated.status:
        headers["WWW-Authenticate"] = 'Bearer realm="LAD"'
    if isinstance(problem, Throttled):
        headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, Unavailable):
        headers["Retry-After"] = "1"
    return headers


def as_domain_error(error: Exception) -> DomainError | None:
    """Return the domain error that an exception stands for, or None if it is a bug."""
    match error:
        case DomainError():
            return error
        case Http404():
            return NotFound()
        case RequestDataTooBig():
            return body_too_large()
        case PermissionDenied():
            return NotAllowed()
        case ValidationError():
            return invalid(error)
        case exceptions.APIException():
            return _framework_error(error)
        case ProtectedError() | RestrictedError():
            return InUse()
    if is_operational(error):
        log.error("database unavailable", exc_info=error)
        return Unavailable("The database is not available right now. Try again in a moment.")
    return _database_error(error) if isinstance(error, DatabaseError | InterfaceError) else None


def is_operational(error: BaseException | None) -> bool:
    """Return whether an error stands for a database that failed, timed out or was restarted.

    Also true of what the failure caused: Django refuses further statements of the transaction with another error.
    """
    while error is not None:
        if isinstance(error, OPERATIONAL_ERRORS) or getattr(error, "sqlstate", None) in RETRYABLE_STATES:
            return True
        error = error.__cause__
    return False


def body_too_large() -> RequestTooLarge:
    """Return the error for a request whose body is too long."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // KILOBYTE
    return RequestTooLarge(f"A request can have at most {most:,} KB. Send it in several parts.")


def field_errors(detail: object) -> dict[str, list[str]]:
    """Flatten the framework's nested error detail to one path per field, for example ``items.2.amount``."""
    errors: dict[str, list[str]] = {}
    for path, message in _flatten(detail, ()):
        errors.setdefault(path or "non_field_errors", []).append(message)
    return errors


def _flatten(detail: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flatten(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from _flatten(inner, (*path, str(index)) if nested and inner else path)
    else:
        yield ".".join(path), str(detail)


def _framework_error(error: exceptions.APIException) -> DomainError:
    match error:
        case exceptions.ValidationError():
            return Invalid(errors=field_errors(error.detail))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return NotAuthenticated(str(error.detail))
        case exceptions.PermissionDenied():
            return NotAllowed(str(error.detail) if error.detail != exceptions.PermissionDenied.default_detail else "")
        case exceptions.NotFound():
            return NotFound()
        case exceptions.Throttled():
            return Throttled(retry_after=int(getattr(error, "wait", None) or 1))
        case exceptions.ParseError():
            return Problem(error.status_code, "not_json", f"The body is not valid JSON. {error.detail}")
    return Problem(error.status_code, str(error.default_code), str(error.detail))


def _database_error(error: Exception) -> DomainError | None:
    state = getattr(error.__cause__, "sqlstate", None)
    if state == INSUFFICIENT_PRIVILEGE:
        # A check in Python should have caught this earlier.
        log.warning("denied by the database", exc_info=error)
        return NotAllowed()
    if isinstance(error, IntegrityError):
        return Refused()
    if isinstance(error, DataError):
        return Invalid("A value is outside the range that the database can store.")
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler400``: requests that Django itself rejects, such as an unknown host or a body that is too large."""
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        detail = f"The form has more than {most:,} fields. Select fewer rows, or all rows of the list at once."
        exception = RequestTooLarge(detail)
    elif isinstance(exception, RequestDataTooBig) and not isinstance(exception, DomainError):
        exception = body_too_large()
    if request.path.startswith(API_PREFIX):
        unknown = Problem(400, "bad_request", "The request is malformed.")
        return problem_response(exception if isinstance(exception, DomainError) else unknown)
    if isinstance(exception, DomainError):
        return render(request, "lad/refused.html", {"problem": exception}, status=exception.status)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler403``."""
    if request.path.startswith(API_PREFIX):
        return problem_response(NotAllowed())
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler404``: unknown addresses under /api/ get a problem document."""
    if request.path.startswith(API_PREFIX):
        return problem_response(NotFound("The API has no such address. See /api/v1/docs/ for those it has."))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """``handler500``: report a bug with the request id and without internal details.

    Middleware, the end of a transaction and pages of the admin fail outside of the API's views, so that a database
    that is not available is noticed here.
    """
    error = sys.exc_info()[1]
    problem = as_domain_error(error) if isinstance(error, Exception) and is_operational(error) else None
    if problem is not None:
        return _unavailable(request, problem)
    if request.path.startswith(API_PREFIX):
        detail = "LAD failed to process the request. Send the request_id to support so that they can find the cause."
        return problem_response(Problem(500, "internal_error", detail))
    return defaults.server_error(request)


def _unavailable(request: HttpRequest, problem: DomainError) -> HttpResponse:
    """Return a 503 with ``Retry-After``. The page is rendered without the request, which might ask the database."""
    if request.path.startswith(API_PREFIX):
        return problem_response(problem)
    page = render_to_string("lad/refused.html", {"problem": problem})
    return HttpResponse(page, status=problem.status, headers=problem_headers(problem))
