"""Write the header of a mail, line by line.

Python's own writer turns a long Message-ID into an encoded word, which breaks threads, so each kind of value has its
own way here. Every value passes ``one_line``: no text can begin a header of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from typing import Final

from campaigns.mail_text import one_line

LINE_END: Final = "\r\n"
FOLDED: Final = "\r\n "
LINE_LENGTH: Final = 76
# A receiver may refuse longer lines. RFC 5322 allows 998.
MAX_WORD_LENGTH: Final = 900
# What an ASCII text may hold without being written as an encoded word.
_LOOKS_ENCODED: Final = "=?"


def text_header(name: str, value: str) -> str:
    """Return a header with free text, encoded where it is not ASCII."""
    text = one_line(value)
    plain = text.isascii() and _LOOKS_ENCODED not in text and all(len(word) < MAX_WORD_LENGTH for word in text.split())
    if plain and len(name) + len(": ") + len(text) <= LINE_LENGTH:
        return f"{name}: {text}{LINE_END}"
    written = Header(text, "us-ascii" if plain else "utf-8", maxlinelen=LINE_LENGTH, header_name=name)
    return f"{name}: {written.encode(linesep=LINE_END)}{LINE_END}"


def mailbox_header(name: str, display: str, address: str) -> str:
    """Return a header with one address and the name that is shown for it."""
    shown, plain_address = one_line(display), one_line(address).replace(" ", "")
    if not shown:
        return f"{name}: {plain_address}{LINE_END}"
    if shown.isascii() and _LOOKS_ENCODED not in shown:
        quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}: "{quoted}"{FOLDED}<{plain_address}>{LINE_END}'
    encoded = Header(shown, "utf-8", maxlinelen=LINE_LENGTH, header_name=name).encode(linesep=LINE_END)
    return f"{name}: {encoded}{FOLDED}<{plain_address}>{LINE_END}"


def ids_header(name: str, ids: Sequence[str]) -> str:
    """Return a header with Message-IDs, each on a line of its own. Ones that are none are left out."""
    good = [each for each in (one_line(each).replace(" ", "") for each in ids) if _is_message_id(each)]
    return f"{name}: {FOLDED.join(good)}{LINE_END}" if good else ""


def date_header(moment: datetime) -> str:
    """Return the date of the mail, to the second."""
    return f"Date: {format_datetime(moment.replace(microsecond=0))}{LINE_END}"


def plain_header(name: str, value: str) -> str:
    """Return a header whose value LAD made itself of ASCII, folded after its commas."""
    return f"{name}: {one_line(value).replace(', ', ',' + FOLDED)}{LINE_END}"


def _is_message_id(text: str) -> bool:
    inner = text[1:-1]
    return (
        text.startswith("<") and text.endswith(">") and text.isascii() and len(text) < MAX_WORD_LENGTH
        and not set("<>") & set(inner)
    )  # fmt: skip
