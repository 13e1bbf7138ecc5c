"""Accept API addresses with and without the trailing slash, for every method."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import is_valid_path

from lad.api.errors import API_PREFIX


class ApiSlashMiddleware:
    """Serve ``/api/v1/activity`` as ``/api/v1/activity/``. A redirect would turn a POST into a GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = request.path_info
        if address.startswith(API_PREFIX) and not address.endswith("/") and is_valid_path(f"{address}/"):
            request.path_info = f"{address}/"
            request.path = f"{request.path}/"
        return self.get_response(request)
