"""Send the Content-Security-Policy. Django 6 has a middleware of its own for the same setting."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER: Final = "Content-Security-Policy"


class ContentSecurityPolicyMiddleware:
    """Adds ``SECURE_CSP`` to every response but the API's documents, which no browser shows as a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = policy(settings.SECURE_CSP)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.get("Content-Type", "").startswith(("application/json", "application/problem+json")):
            response.setdefault(HEADER, self.policy)
        return response


def policy(directives: Mapping[str, Iterable[str]]) -> str:
    """Return the header's value for sources by directive."""
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
