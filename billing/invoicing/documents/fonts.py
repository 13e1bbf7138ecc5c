"""The fonts of documents: shipped with LAD, so that every machine sets the same text alike.

Each script has a font of its own. Characters that China, Japan and Korea share look different in each country, so
the font for them follows the text and the recipient. Its 20 MB are loaded only for a text that needs them.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typst

FONTS: Final = Path(__file__).parent / "fonts"
# In the order in which they are asked for a character.
ALPHABETS: Final = (
    "Inter",
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Gujarati",
    "Noto Sans Gurmukhi",
    "Noto Sans Kannada",
    "Noto Sans Malayalam",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Sinhala",
    "Noto Sans Thai",
    "Noto Sans Lao",
    "Noto Sans Khmer",
    "Noto Sans Myanmar",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
    "Noto Sans Ethiopic",
    # These are part of the layout engine.
    "Libertinus Serif",
    "New Computer Modern",
    "DejaVu Sans Mono",
)

# East Asian characters, their punctuation and their wide forms of other characters.
_EAST_ASIAN: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)
_KANA: Final = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HANGUL: Final = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]")
_FORM_OF_COUNTRY: Final = {"JP": "JP", "KR": "KR", "TW": "TC", "HK": "HK", "MO": "HK"}


@dataclass(frozen=True, slots=True)
class FontChoice:
    """The families to set a text with, in order, and whether they include the East Asian ones."""

    families: tuple[str, ...]
    east_asian: bool


def fonts_for(text: str, *, country: str) -> FontChoice:
    """Return the fonts for a text to a recipient in this country."""
    if not _EAST_ASIAN.search(text):
        return FontChoice(ALPHABETS, east_asian=False)
    form = "JP" if _KANA.search(text) else "KR" if _HANGUL.search(text) else _FORM_OF_COUNTRY.get(country, "SC")
    return FontChoice((*ALPHABETS, f"Noto Sans CJK {form}"), east_asian=True)


@cache
def loaded(*, east_asian: bool, system: bool) -> "typst.Fonts":
    """Return the fonts as the layout engine takes them, with the machine's own fonts if asked for."""
    import typst

    folders = [FONTS / "alphabets", *([FONTS / "east-asian"] if east_asian else [])]
    return typst.Fonts(include_system_fonts=system, font_paths=folders)
