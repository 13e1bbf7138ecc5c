"""The caller's ``Idempotency-Key`` as the ledger keeps it: its answer is permanent."""

from typing import Final

from rest_framework.request import Request

from lad.idempotency.middleware import HEADER, MalformedKey, require_key

PREFIX: Final = "api:"
# What the column of the ledger leaves for the caller's own.
LONGEST: Final = 255 - len(PREFIX)


def permanent_key(request: Request) -> str:
    """The ledger's key of the request. Raises KeyRequired or MalformedKey."""
    require_key(request)
    key = request.headers[HEADER]
    if len(key) > LONGEST:
        raise MalformedKey(f"An Idempotency-Key of a write that moves money has at most {LONGEST} characters.")
    return f"{PREFIX}{key}"
