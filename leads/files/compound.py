"""Read what a compound file of Microsoft's older programs contains, without opening it.

Its directory has an entry of 128 bytes for each stream and storage. Entries are found where they stand, whichever
chain of sectors they belong to. Source: [MS-CFB], section 2.6, and [MS-PPT], section 2.4.10.
"""

import re
from collections.abc import Iterable, Iterator
from typing import IO, Final

# The storages in which Word and Excel keep macros.
MACRO_STORAGES: Final = frozenset({"Macros", "_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"})

_ENTRY_SIZE: Final = 128
_LENGTH_AT: Final = 64
_TYPE_AT: Final = 66
_STORAGE_OR_STREAM: Final = (1, 2)
_CHUNK_SIZE: Final = 512 * _ENTRY_SIZE
# Where a presentation says that it has macros: two record heads, a reference, and 1.
_SLIDE_MACROS: Final = re.compile(
    rb"\x1f\x00\xff\x03\x14\x00\x00\x00\x02\x00\x00\x04\x0c\x00\x00\x00.{4}\x01\x00\x00\x00", re.DOTALL
)


def names_in(content: IO[bytes], wanted: Iterable[str]) -> set[str]:
    """Return those of the wanted names that streams or storages of the file have."""
    encoded = {name: name.encode("utf-16-le") for name in wanted}
    found = set()
    for chunk in chunks(content, overlap=0):
        found |= {name for name, text in encoded.items() if any(_entries(chunk, text))}
    return found


def has_slide_macros(content: IO[bytes]) -> bool:
    """Return whether the file is a presentation with macros."""
    return any(map(_SLIDE_MACROS.search, chunks(content, overlap=_ENTRY_SIZE)))


def chunks(content: IO[bytes], *, overlap: int) -> Iterator[bytes]:
    """Yield the content in chunks, each with the last bytes of the one before, so that no match is cut in two."""
    content.seek(0)
    before = b""
    while chunk := content.read(_CHUNK_SIZE):
        yield before + chunk
        before = chunk[-overlap:] if overlap else b""


def _entries(chunk: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the directory entries of this name. They never cross the end of a chunk."""
    length = (len(name) + 2).to_bytes(2, "little")
    start = chunk.find(name)
    while start >= 0:
        entry = chunk[start : start + _ENTRY_SIZE]
        named = entry[_LENGTH_AT : _LENGTH_AT + 2] == length and start % _ENTRY_SIZE == 0
        if named and entry[_TYPE_AT] in _STORAGE_OR_STREAM:
            yield entry
        start = chunk.find(name, start + 1)
