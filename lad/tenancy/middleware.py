"""Run every request in its caller's scope."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from lad import moments
from lad.observability import bind_caller
from lad.tenancy import access
from lad.times import in_zone

# A response from here on is a failure: nothing the request wrote is kept.
FIRST_FAILURE_STATUS = 400


class ScopedRequest(access.AccessRequest):
    """A request with the scope it runs in, which closes when the response is ready."""

    open_scope: ExitStack
    transaction: ExitStack
    scoped: bool


class TenancyMiddleware:
    """Find out who is asking, then run the view and render its response in their scope.

    The scope owns the transaction; a response of 400 or above rolls it back. It opens after the URL is
    resolved, because the view declares whether it opens its own scope (``self_scoped_actions``).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scoped_request = cast(ScopedRequest, request)
        with ExitStack() as scoped_request.open_scope:
            scoped_request.scoped = False
            response = self.get_response(request)
            if scoped_request.scoped and response.status_code >= FIRST_FAILURE_STATUS:
                transaction.set_rollback(True)
            return response

    def process_view(
        self, request: ScopedRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> None:
        """Open the caller's scope and time zone unless the view opens its own."""
        request.access = access.resolve(request)
        user = request.access.user
        request.open_scope.enter_context(moments.reading_in(request.access.time_zone))
        bind_caller(tenant_id=request.access.tenant_id, user_id=user.pk if user is not None else None)
        if request.access.scoped and not access.is_self_scoped(request):
            _receive_upload(request)
            request.open_scope.enter_context(in_zone(request.access.zone))
            request.transaction = request.open_scope.enter_context(ExitStack())
            request.transaction.enter_context(request.access.scope())
            request.scoped = True


@contextmanager
def outside_scope(request: HttpRequest) -> Iterator[None]:
    """Commit what the request wrote so far, run the block outside its scope, and open the scope again.

    For the question to a foreign server, which may be slow: no transaction is open and no connection is held while it
    is asked. Enter it in no other transaction than the request's own. A view that opens its own scopes enters it
    between two of them.
    """
    scoped = cast(ScopedRequest, request)
    was_open = getattr(scoped, "scoped", False)
    if was_open:
        scoped.transaction.close()
        scoped.scoped = False
    if not connection.in_atomic_block:
        # The connection goes back to the pool.
        connection.close()
    try:
        yield
    finally:
        if was_open:
            scoped.transaction.enter_context(scoped.access.scope())
            scoped.scoped = True


def _receive_upload(request: HttpRequest) -> None:
    """Read uploaded files before the transaction begins, so that a slow sender does not keep it open."""
    if request.method == "POST" and request.content_type == "multipart/form-data":
        _ = request.FILES
