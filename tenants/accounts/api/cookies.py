"""The refresh token of a browser, kept where its scripts cannot read it."""

from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

NAME: Final = "lad_refresh"
PATH: Final = "/api/v1/auth"


def read(request: Request) -> str:
    """The token in the cookie, or nothing."""
    return str(request.COOKIES.get(NAME, ""))


def keep(response: Response, refresh_token: str) -> None:
    response.set_cookie(
        NAME,
        refresh_token,
        max_age=int(settings.REFRESH_TOKEN_LIFETIME.total_seconds()),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        # Not sent along when another site posts here, so that it cannot use it up.
        samesite="Lax",
    )


def drop(response: Any) -> None:
    response.delete_cookie(NAME, path=PATH, samesite="Lax")
