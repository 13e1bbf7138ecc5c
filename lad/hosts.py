"""Serve the public links of messages at any host name: tenants let domains of their own point to LAD."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class PublicLinkHostMiddleware:
    """Take requests for public links as if they named LAD's own host.

    Every other path is served at ``ALLOWED_HOSTS`` only. A public link's token says what it opens, not its host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.host = urlsplit(settings.PUBLIC_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.PUBLIC_LINK_PATHS):
            request.META["HTTP_HOST"] = self.host
            request.META.pop("HTTP_X_FORWARDED_HOST", None)
        return self.get_response(request)
