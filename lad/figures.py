"""Numbers as text, and their alignment in columns."""

import re
from collections.abc import Iterable
from typing import Final

FIGURE_SPACE: Final = "\N{FIGURE SPACE}"
PUNCTUATION_SPACE: Final = "\N{PUNCTUATION SPACE}"
_NUMBER: Final = re.compile(r"([+\-−]?[\d,]+)(?:\.(\d+))?(?!\d)")


class Figure(str):
    """A number with its unit, such as an amount with its currency. Lists align these by their decimals."""

    __slots__ = ()


def aligned(texts: Iterable[str]) -> list[str]:
    """Return numbers with spaces in place of missing decimals, so that flush right their points stand below each other.

    Texts that do not begin with a number stay as they are.
    """
    found = [(text, _NUMBER.match(text)) for text in texts]
    places = max((len(match[2] or "") for _text, match in found if match), default=0)
    return [_padded(text, match, places) if match else text for text, match in found]


def _padded(text: str, match: re.Match[str], places: int) -> str:
    missing = places - len(match[2] or "")
    point = PUNCTUATION_SPACE if places and match[2] is None else ""
    return f"{match[0]}{point}{FIGURE_SPACE * missing}{text[match.end() :]}"
