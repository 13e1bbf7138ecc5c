"""Names of files, as people gave them, made safe to store and to show."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 255
NAMELESS: Final = "file"

_SEPARATORS: Final = re.compile(r"[/\\]")
_RESERVED: Final = re.compile(r'[<>:"|?*]')
_SPACES: Final = re.compile(r"\s+")
# Control, format (bidi overrides, zero width), surrogate, private and unassigned; line and paragraph separators.
_UNWANTED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICES: Final = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])$", re.IGNORECASE)


def safe_name(given: str) -> str:
    """The last part of the name without what misleads or harms; letters of every script stay.

    A name of nothing but that becomes ``file``. Too long a name loses its middle, never its extension.
    """
    name = _SEPARATORS.split(unicodedata.normalize("NFC", given))[-1]
    name = _SPACES.sub(" ", name)
    name = "".join(letter for letter in name if unicodedata.category(letter) not in _UNWANTED)
    name = _RESERVED.sub("_", name).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    stem = stem.rstrip(" .")
    if not stem or _DEVICES.match(stem.split(".")[0]):
        stem = f"{stem}_" if stem else NAMELESS
    return _shortened(stem, f".{extension}" if extension else "")


def extension_of(name: str) -> str:
    """The extension in lower case without its dot; empty when there is none."""
    _stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""


def _shortened(stem: str, suffix: str) -> str:
    """Within the column's length in characters, and in bytes as file systems count."""
    suffix = suffix.encode()[: LONGEST // 2].decode(errors="ignore")
    room = LONGEST - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + suffix
