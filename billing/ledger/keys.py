"""Turn a request's ``Idempotency-Key`` header into a key of the ledger, which is valid forever."""

from typing import Final

from rest_framework.request import Request

from lad.api.idempotency_keys import HEADER, require_key
from lad.idempotency.middleware import MalformedKey

PREFIX: Final = "api:"
# The ledger's column has 255 characters, the prefix included.
MAX_HEADER_LENGTH: Final = 255 - len(PREFIX)


def permanent_key(request: Request) -> str:
    """Return the ledger key of the request. Raises KeyRequired or MalformedKey."""
    require_key(request)
    key = request.headers[HEADER]
    if len(key) > MAX_HEADER_LENGTH:
        raise MalformedKey(f"The Idempotency-Key of this request may have at most {MAX_HEADER_LENGTH} characters.")
    return f"{PREFIX}{key}"
