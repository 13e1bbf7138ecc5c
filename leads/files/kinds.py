"""Which files may be put on a lead, told from their content.

A file is taken when its content is of one of these kinds and its extension says the same. What a
browser or a desktop would run, and what is two kinds at once, is refused. Macros cannot be told
apart in the old Office formats, so those are not among the kinds.
"""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, is_zipfile

import puremagic

from lad.errors import Invalid

HEAD: Final = 8 * 1024
CHUNK: Final = 64 * 1024
# What an archive may take to list its parts: some thousands of them.
LARGEST_DIRECTORY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. ``parts`` are the beginnings of names that its archive must hold, where it is one."""

    media_type: str
    label: str
    extensions: tuple[str, ...]
    text: bool = False
    parts: tuple[str, ...] = ()

    @property
    def extension(self) -> str:
        """The extension under which the storage keeps it."""
        return self.extensions[0]


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
KINDS: Final = (
    Kind("application/pdf", "PDF", ("pdf",)),
    Kind("image/png", "PNG image", ("png",)),
    Kind("image/jpeg", "JPEG image", ("jpg", "jpeg")),
    Kind("image/gif", "GIF image", ("gif",)),
    Kind("image/webp", "WebP image", ("webp",)),
    Kind("text/plain", "Text", ("txt",), text=True),
    Kind("text/csv", "CSV table", ("csv",), text=True),
    Kind(f"{_OFFICE}.wordprocessingml.document", "Word", ("docx",), parts=("[Content_Types].xml", "word/")),
    Kind(f"{_OFFICE}.spreadsheetml.sheet", "Excel", ("xlsx",), parts=("[Content_Types].xml", "xl/")),
    Kind(f"{_OFFICE}.presentationml.presentation", "PowerPoint", ("pptx",), parts=("[Content_Types].xml", "ppt/")),
    Kind(f"{_OPEN}.text", "OpenDocument text", ("odt",), parts=("mimetype", "content.xml")),
    Kind(f"{_OPEN}.spreadsheet", "OpenDocument table", ("ods",), parts=("mimetype", "content.xml")),
    Kind("audio/mpeg", "MP3 audio", ("mp3",)),
    Kind("audio/wav", "WAV audio", ("wav",)),
)
BY_EXTENSION: Final = {extension: kind for kind in KINDS for extension in kind.extensions}
LABELS: Final = {kind.media_type: kind.label for kind in KINDS}

# What a browser or an interpreter would run, wherever in the head of a file it stands.
_ACTIVE: Final = re.compile(rb"<\s*(script|html|svg|iframe|body|!doctype html|\?php)", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\s*(<[!?a-z/]|#!|%!ps)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MACROS: Final = re.compile(r"vbaproject|activex|^basic/|^scripts/", re.IGNORECASE)
_PDF: Final = b"%PDF-"
# Readers look for a PDF's beginning in so many bytes.
_PDF_WITHIN: Final = 1024
# The record at an archive's end: its signature, its length, and where it is looked for, as the reader does.
_END: Final = b"PK\x05\x06"
_END_LENGTH: Final = 22
_LONGEST_END: Final = _END_LENGTH + 65_536
# Of archives beyond four gigabytes, which nothing here can be.
_LARGE_ARCHIVE: Final = b"PK\x06\x07"
_BYTE_ORDER_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class FileRefused(Invalid):
    """This file cannot be attached."""

    code = "file_refused"

    def __init__(self, says: str) -> None:
        super().__init__(f"This file cannot be attached. {says}", errors={"file": [says]})


def kind_of(content: IO[bytes], extension: str) -> Kind:
    """The kind of the content, which must be what the extension says. Raises FileRefused."""
    kind = BY_EXTENSION.get(extension)
    if kind is None:
        allowed = ", ".join(sorted(BY_EXTENSION))
        raise FileRefused(f"Files may be of these kinds: {allowed}.")
    content.seek(0)
    head = content.read(HEAD)
    if not head:
        raise FileRefused("It is empty.")
    if _ACTIVE.search(head):
        raise FileRefused("It holds something a browser would run.")
    if kind.text:
        _check_text(content)
    else:
        _check_binary(content, head, kind)
    content.seek(0)
    return kind


def _check_binary(content: IO[bytes], head: bytes, kind: Kind) -> None:
    if not set(kind.extensions) & _recognised(head):
        raise FileRefused(f"Its content is no {kind.label}, whatever its name says.")
    if kind.media_type != "application/pdf" and _PDF in head[:_PDF_WITHIN]:
        raise FileRefused("It is two kinds of file at once.")
    if kind.parts:
        _check_archive(content, kind)
    elif is_zipfile(content):
        raise FileRefused("It is two kinds of file at once.")


def _recognised(head: bytes) -> set[str]:
    try:
        return {match.extension.lstrip(".").lower() for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _check_archive(content: IO[bytes], kind: Kind) -> None:
    """Reads names only: nothing is unpacked, so nothing can blow up, but the few bytes that name an OpenDocument."""
    if _directory_size(content) > LARGEST_DIRECTORY:
        raise FileRefused("It has too many parts.")
    try:
        with ZipFile(content) as archive:
            names = archive.namelist()
            named = archive.open("mimetype").read(len(kind.media_type) + 1) if kind.parts[0] == "mimetype" else b""
    except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileRefused(f"Its content is no {kind.label}, whatever its name says.") from error
    complete = all(any(name.startswith(part) for name in names) for part in kind.parts)
    if not complete or (named and named.decode(errors="replace") != kind.media_type):
        raise FileRefused(f"Its content is no {kind.label}, whatever its name says.")
    if any(_MACROS.search(name) for name in names):
        raise FileRefused("It holds macros.")


def _directory_size(content: IO[bytes]) -> int:
    """How long the archive says its list of parts is, before anything reads it; endless where it cannot be told."""
    size = content.seek(0, io.SEEK_END)
    content.seek(max(0, size - _LONGEST_END))
    tail = content.read()
    plain = tail[-_END_LENGTH:]
    place = len(tail) - _END_LENGTH if plain.startswith(_END) and plain.endswith(b"\0\0") else tail.rfind(_END)
    record = tail[place : place + _END_LENGTH]
    if place < 0 or len(record) < _END_LENGTH or _LARGE_ARCHIVE in tail:
        return size
    return int.from_bytes(record[12:16], "little")


def _check_text(content: IO[bytes]) -> None:
    begun = False
    for text in _decoded(content):
        if not begun and text.strip():
            begun = True
            if _MARKUP.match(text):
                raise FileRefused("It holds something a browser or a shell would run.")
        if _CONTROL.search(text):
            raise FileRefused("It is not text.")


def _decoded(content: IO[bytes]) -> Iterator[str]:
    """The text piece by piece: UTF-16 where it says so, else UTF-8, else the single bytes of Windows."""
    content.seek(0)
    beginning = content.read(2)
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if beginning == mark), "")
    for candidate in [encoding] if encoding else ["utf-8-sig", "cp1252"]:
        try:
            yield from _decoded_as(content, candidate)
        except UnicodeDecodeError:
            continue
        return
    raise FileRefused("It is not text.")


def _decoded_as(content: IO[bytes], encoding: str) -> Iterator[str]:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := content.read(CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
