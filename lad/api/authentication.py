"""Give the API framework the caller that the tenancy middleware resolved."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from lad.errors import NotAuthenticated


class AccessAuthentication(BaseAuthentication):
    """Authenticate as the user of ``request.access``. A rejected credential is an error except on public views."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        view = (request.parser_context or {}).get("view")
        access = getattr(request._request, "access", None)
        if access is None or getattr(view, "public", False):
            return None
        if access.error is not None and not (getattr(view, "allows_closed_tenant", False) and access.user is not None):
            raise access.error
        if access.user is None:
            return None
        # Another site can make a browser send the session cookie, but not this header.
        if "Authorization" not in request.headers:
            SessionAuthentication().enforce_csrf(request)
        return access.user, access

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="LAD"'


def require_user(request: Request) -> Any:
    """Return the signed-in user. Raise NotAuthenticated if there is none."""
    if not getattr(request.user, "is_authenticated", False):
        raise NotAuthenticated
    return request.user
