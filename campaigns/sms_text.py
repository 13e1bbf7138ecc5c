"""Count the segments of an SMS: what it is cut into on its way, and what it costs.

A text of the letters of GSM 03.38 has seven bits a letter, every other one sixteen. A text that fits one segment needs
no header; longer ones lose seven or three letters of each segment to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GSM_LETTERS: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as an escape and a letter.
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
ONE_GSM: Final = 160
EACH_GSM: Final = 153
ONE_UCS2: Final = 70
EACH_UCS2: Final = 67
# Twilio refuses longer texts.
MAX_LETTERS: Final = 1_600


class Encoding(StrEnum):
    """How the letters of a text are sent."""

    GSM = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text is cut into. ``units`` are septets of GSM-7, or UTF-16 units.

    ``foreign`` are the letters that GSM-7 lacks, each once, in the order of the text: without them it would be shorter.
    """

    encoding: Encoding
    units: int
    count: int
    foreign: tuple[str, ...] = ()


def segments_of(text: str) -> Segments:
    """Return what the text is cut into. An empty text is none."""
    foreign = tuple(dict.fromkeys(each for each in text if each not in GSM_LETTERS and each not in GSM_EXTENSION))
    if foreign:
        sizes = [2 if ord(each) > 0xFFFF else 1 for each in text]
        return Segments(Encoding.UCS2, sum(sizes), _count(sizes, ONE_UCS2, EACH_UCS2), foreign)
    sizes = [2 if each in GSM_EXTENSION else 1 for each in text]
    return Segments(Encoding.GSM, sum(sizes), _count(sizes, ONE_GSM, EACH_GSM))


def _count(sizes: Iterable[int], one: int, each: int) -> int:
    """Return the number of segments. No letter is cut in two: one that does not fit begins the next segment."""
    sizes = list(sizes)
    if not sizes:
        return 0
    if sum(sizes) <= one:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
