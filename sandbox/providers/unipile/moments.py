"""Times as the gateway writes them, and pages of lists."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.answering import Refused

USUAL_PAGE: Final = 100
LARGEST_PAGE: Final = 250


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str | None) -> float | None:
    """Return a time of a query in seconds. Raises Refused."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused(400, "invalid_parameters", f"{text} is not a time.") from None


def page(name: str, items: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of a list with the cursor of the next. Raises Refused."""
    try:
        limit = int(query.get("limit") or USUAL_PAGE)
        start = int(urlsafe_b64decode(query["cursor"].encode())) if query.get("cursor") else 0
    except ValueError:
        raise Refused(400, "invalid_parameters", "limit and cursor must be as they were given.") from None
    if not 1 <= limit <= LARGEST_PAGE:
        raise Refused(400, "invalid_parameters", f"limit must be between 1 and {LARGEST_PAGE}.")
    end = start + limit
    cursor = urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return {"object": name, "items": list(items[start:end]), "cursor": cursor}
