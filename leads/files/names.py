"""Make file names safe to store and to show."""

import re
import unicodedata
from typing import Final

MAX_NAME_BYTES: Final = 255
DEFAULT_NAME: Final = "file"

_SEPARATORS: Final = re.compile(r"[/\\]")
_RESERVED: Final = re.compile(r'[<>:"|?*]')
_SPACES: Final = re.compile(r"\s+")
# Control, format (bidi overrides, zero width), surrogate, private and unassigned; line and paragraph separators.
_UNWANTED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICES: Final = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])$", re.IGNORECASE)


def safe_name(given: str) -> str:
    """Return the last part of a path without characters that mislead or harm. Letters of every script stay.

    A name without any other character becomes ``file``. A name that is too long is cut before its extension.
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
        stem = f"{stem}_" if stem else DEFAULT_NAME
    return _shortened(stem, f".{extension}" if extension else "")


def extension_of(name: str) -> str:
    """Return the extension in lower case without its dot, or an empty string."""
    _stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""


def _shortened(stem: str, suffix: str) -> str:
    """Shorten the name to the column's length, counted in bytes as file systems do."""
    suffix = suffix.encode()[: MAX_NAME_BYTES // 2].decode(errors="ignore")
    room = MAX_NAME_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + suffix
