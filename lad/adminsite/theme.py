"""Files that unfold asks for by name in settings.UNFOLD."""

from django.http import HttpRequest
from django.templatetags.static import static


def styles(request: HttpRequest) -> str:
    return static("lad/admin/lad.css")


def favicon(request: HttpRequest) -> str:
    return static("lad/admin/favicon.svg")
