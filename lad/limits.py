"""How large requests, JSON columns, error lists and answers may be. Every refusal names its limit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.utils.deconstruct import deconstructible

from lad.errors import DomainError

KILOBYTE: Final = 1024

# A request's JSON: names and list items together, and levels of nesting.
MAX_REQUEST_VALUES: Final = 50_000
MAX_REQUEST_DEPTH: Final = 64

# A JSON column, unless its model allows more.
MAX_COLUMN_BYTES: Final = 64 * KILOBYTE
MAX_COLUMN_VALUES: Final = 5_000
MAX_COLUMN_DEPTH: Final = 32

# A text column without a limit of its own.
MAX_TEXT_LENGTH: Final = 100_000

# A list's page ends early if its rows are longer than this. One row is always shown.
MAX_PAGE_BYTES: Final = 5 * 1024 * KILOBYTE

# A search for more finds nothing: no name is that long, and each word is compared with each searched column.
MAX_SEARCH_LENGTH: Final = 200
MAX_SEARCH_WORDS: Final = 20

# Field errors of one answer, unknown fields named in it, and characters of one message or name.
MAX_ERRORS: Final = 50
MAX_UNKNOWN_FIELDS: Final = 20
MAX_MESSAGE_LENGTH: Final = 1_000
MAX_NAME_LENGTH: Final = 200


def longest_form() -> int:
    """Return the most bytes that a form with files may have: what the web server reads, and the proxy lets through."""
    return int(settings.UPLOAD_MAX_SIZE + settings.UPLOAD_FORM_OVERHEAD)


class RequestTooLarge(DomainError, RequestDataTooBig):
    """The request is larger than LAD accepts. Send it in several parts."""

    code = "request_too_large"
    status = 413
    title = "Too large"


@deconstructible
class JsonLimit:
    """Limit a JSON column: its size as compact JSON, its names and list items together, and its nesting."""

    def __init__(self, max_bytes: int = MAX_COLUMN_BYTES, max_values: int = MAX_COLUMN_VALUES) -> None:
        self.max_bytes, self.max_values = max_bytes, max_values

    def __call__(self, value: object) -> None:
        fault = excess(value, max_values=self.max_values, max_depth=MAX_COLUMN_DEPTH)
        if not fault and (size := _size(value)) > self.max_bytes:
            kilobytes = self.max_bytes // KILOBYTE
            fault = f"This takes {size // KILOBYTE + 1:,} KB as JSON; at most {kilobytes:,} KB can be stored here."
        if fault:
            raise ValidationError(fault, code="too_large")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonLimit) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.max_bytes, self.max_values))


# Answers of outside services, kept as they came.
PROVIDER_DATA: Final = JsonLimit(max_bytes=256 * KILOBYTE, max_values=20_000)


def excess(value: object, *, max_values: int, max_depth: int) -> str:
    """Return which limit a JSON value exceeds, or an empty string. Looks at no more than the limit allows."""
    level: list[Any] = [value]
    count = depth = 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        count += sum(map(len, level))
        if count > max_values:
            return f"It has more than {max_values:,} names and list items. At most {max_values:,} are accepted."
        if depth > max_depth:
            return f"It is nested too deeply. At most {max_depth} levels are accepted."
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return ""


def searchable(term: str) -> bool:
    """Return whether the term is short enough to be searched for."""
    return len(term) <= MAX_SEARCH_LENGTH and len(term.split()) <= MAX_SEARCH_WORDS


def shortened(text: str, length: int = MAX_MESSAGE_LENGTH) -> str:
    """Return the text with its middle left out if it is longer, so that an answer does not repeat a huge input."""
    if len(text) <= length:
        return text
    half = length // 2
    return f"{text[:half]} … {text[-half:]}"


def shortened_errors(errors: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[str]], int]:
    """Return the first messages of each field, and how many messages were left out."""
    kept: dict[str, list[str]] = {}
    room = MAX_ERRORS
    for name, messages in errors.items():
        if not room:
            break
        shown = [shortened(message) for message in messages[:room]]
        kept[shortened(name, MAX_NAME_LENGTH)] = shown
        room -= len(shown)
    omitted = sum(map(len, errors.values())) - sum(map(len, kept.values()))
    return kept, omitted


def _size(value: object) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        # Whole numbers of more than 64 bits, or values that only the column's encoder knows.
        return len(str(value))
