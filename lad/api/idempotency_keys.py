"""The ``Idempotency-Key`` header: which calls accept it and which require it. ``lad.idempotency`` keeps the answers."""

from typing import TYPE_CHECKING, Final

from rest_framework.request import Request

from lad.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.views import APIView

HEADER: Final = "Idempotency-Key"
# Kept with an answer: the address of the row that a form added.
CONTENT_LOCATION: Final = "Content-Location"
METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class KeyRequired(Invalid):
    """This write must not happen twice: name it with an Idempotency-Key header."""

    code = "idempotency_key_required"


def needs_key(view: "APIView", method: str) -> bool:
    """Whether a call of the view must name itself, by the view's ``idempotency_required``."""
    declared = getattr(view, "idempotency_required", False)
    if method not in METHODS or not declared:
        return False
    return declared is True or bool({getattr(view, "action", None), method.lower()} & set(declared))


def require_key(request: Request) -> None:
    """Raise KeyRequired when the request names no key."""
    if not request.headers.get(HEADER):
        raise KeyRequired
