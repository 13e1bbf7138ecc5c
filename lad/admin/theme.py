"""unfold's colours, and the functions that settings.UNFOLD names for its files."""

from typing import Final

from django.http import HttpRequest
from django.templatetags.static import static

COLOURS: Final = {
    "primary": {
        "50": "oklch(97.7% .013 236.6)",
        "100": "oklch(95.1% .026 236.8)",
        "200": "oklch(90.1% .058 230.9)",
        "300": "oklch(82.8% .111 230.3)",
        "400": "oklch(74.6% .16 232.7)",
        "500": "oklch(63.5% .155 240)",
        "600": "oklch(54.6% .16 252)",
        "700": "oklch(48% .15 254)",
        "800": "oklch(42% .12 254)",
        "900": "oklch(37% .1 254)",
        "950": "oklch(28% .08 256)",
    }
}


def styles(request: HttpRequest) -> str:
    return static("lad/admin/lad.css")


def badges(request: HttpRequest) -> str:
    return static("lad/admin/badges.js")


def favicon(request: HttpRequest) -> str:
    return static("lad/admin/favicon.svg")
