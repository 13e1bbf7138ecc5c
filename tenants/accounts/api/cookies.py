"""The HttpOnly cookie that holds a browser's refresh token."""

from typing import Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

NAME: Final = "lad_refresh"
PATH: Final = "/api/v1/auth"


def read(request: Request) -> str:
    """Return the refresh token of the cookie, or an empty string."""
    return str(request.COOKIES.get(NAME, ""))


def set_cookie(response: Response, refresh_token: str) -> None:
    response.set_cookie(
        NAME,
        refresh_token,
        max_age=int(settings.REFRESH_TOKEN_LIFETIME.total_seconds()),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        # Other sites' POST requests do not send it, so they cannot use it up.
        samesite="Lax",
    )


def delete_cookie(response: Response) -> None:
    response.delete_cookie(NAME, path=PATH, samesite="Lax")
