"""The kinds of files that can be attached, recognised by their content.

A file is accepted if its content and its extension agree on one of these kinds. Files that a browser or a
desktop would run, and files of two kinds at once, are rejected. Macros cannot be detected in the old Office
formats, so those formats are not accepted.
"""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, is_zipfile

from lad.errors import Invalid

HEAD_SIZE: Final = 8 * 1024
CHUNK_SIZE: Final = 64 * 1024
# The size of an archive's directory: enough for some thousands of parts.
MAX_DIRECTORY_SIZE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file. If it is an archive, ``parts`` are prefixes of names that it must contain."""

    media_type: str
    label: str
    extensions: tuple[str, ...]
    text: bool = False
    parts: tuple[str, ...] = ()

    @property
    def extension(self) -> str:
        """The extension it is stored with."""
        return self.extensions[0]


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
KINDS: Final = (
    FileKind("application/pdf", "PDF", ("pdf",)),
    FileKind("image/png", "PNG image", ("png",)),
    FileKind("image/jpeg", "JPEG image", ("jpg", "jpeg")),
    FileKind("image/gif", "GIF image", ("gif",)),
    FileKind("image/webp", "WebP image", ("webp",)),
    FileKind("text/plain", "Text", ("txt",), text=True),
    FileKind("text/csv", "CSV table", ("csv",), text=True),
    FileKind(f"{_OFFICE}.wordprocessingml.document", "Word", ("docx",), parts=("[Content_Types].xml", "word/")),
    FileKind(f"{_OFFICE}.spreadsheetml.sheet", "Excel", ("xlsx",), parts=("[Content_Types].xml", "xl/")),
    FileKind(f"{_OFFICE}.presentationml.presentation", "PowerPoint", ("pptx",), parts=("[Content_Types].xml", "ppt/")),
    FileKind(f"{_OPEN}.text", "OpenDocument text", ("odt",), parts=("mimetype", "content.xml")),
    FileKind(f"{_OPEN}.spreadsheet", "OpenDocument table", ("ods",), parts=("mimetype", "content.xml")),
    FileKind("audio/mpeg", "MP3 audio", ("mp3",)),
    FileKind("audio/wav", "WAV audio", ("wav",)),
)
BY_EXTENSION: Final = {extension: kind for kind in KINDS for extension in kind.extensions}
LABELS: Final = {kind.media_type: kind.label for kind in KINDS}

# Code that a browser or an interpreter would run, anywhere in the head of a file.
_ACTIVE: Final = re.compile(rb"<\s*(script|html|svg|iframe|body|!doctype html|\?php)", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\A\s*(<[!?a-z/]|#!|%!ps)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MACROS: Final = re.compile(r"vbaproject|activex|^basic/|^scripts/", re.IGNORECASE)
_PDF: Final = b"%PDF-"
# Readers accept a PDF whose signature is in the first 1,024 bytes.
_PDF_SIGNATURE_WITHIN: Final = 1024
# The record at an archive's end: its signature, its length, and the range where readers look for it.
_END: Final = b"PK\x05\x06"
_END_LENGTH: Final = 22
_END_SEARCH_RANGE: Final = _END_LENGTH + 65_536
# The signature of archives over four gigabytes. No accepted file is one.
_ZIP64_SIGNATURE: Final = b"PK\x06\x07"
_BYTE_ORDER_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class FileRejected(Invalid):
    """This file cannot be attached."""

    code = "file_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This file cannot be attached. {reason}", errors={"file": [reason]})


def kind_of(content: IO[bytes], extension: str) -> FileKind:
    """Return the kind of the content. Raise FileRejected unless it is the one that the extension names."""
    kind = BY_EXTENSION.get(extension)
    if kind is None:
        allowed = ", ".join(sorted(BY_EXTENSION))
        raise FileRejected(f"Accepted file types: {allowed}.")
    content.seek(0)
    head = content.read(HEAD_SIZE)
    if not head:
        raise FileRejected("It is empty.")
    if _ACTIVE.search(head):
        raise FileRejected("It contains code that a browser would run.")
    if kind.text:
        _check_text(content)
    else:
        _check_binary(content, head, kind)
    content.seek(0)
    return kind


def _check_binary(content: IO[bytes], head: bytes, kind: FileKind) -> None:
    if not set(kind.extensions) & _recognised(head):
        raise FileRejected(f"Its content is not {kind.label}, although its name says so.")
    if kind.media_type != "application/pdf" and _PDF in head[:_PDF_SIGNATURE_WITHIN]:
        raise FileRejected("It is two types of file at once.")
    if kind.parts:
        _check_archive(content, kind)
    elif is_zipfile(content):
        raise FileRejected("It is two types of file at once.")


def _recognised(head: bytes) -> set[str]:
    # Its table of signatures takes a megabyte in every process, of which few receive files.
    import puremagic

    try:
        return {match.extension.lstrip(".").lower() for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _check_archive(content: IO[bytes], kind: FileKind) -> None:
    """Check the names in the archive. Unpack nothing but the few bytes that name an OpenDocument's type."""
    if _directory_size(content) > MAX_DIRECTORY_SIZE:
        raise FileRejected("It has too many parts.")
    try:
        with ZipFile(content) as archive:
            names = archive.namelist()
            named = archive.open("mimetype").read(len(kind.media_type) + 1) if kind.parts[0] == "mimetype" else b""
    except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileRejected(f"Its content is not {kind.label}, although its name says so.") from error
    complete = all(any(name.startswith(part) for name in names) for part in kind.parts)
    if not complete or (named and named.decode(errors="replace") != kind.media_type):
        raise FileRejected(f"Its content is not {kind.label}, although its name says so.")
    if any(_MACROS.search(name) for name in names):
        raise FileRejected("It contains macros.")


def _directory_size(content: IO[bytes]) -> int:
    """Return the size of the directory as the archive states it, or the whole size if it cannot be read."""
    size = content.seek(0, io.SEEK_END)
    content.seek(max(0, size - _END_SEARCH_RANGE))
    tail = content.read()
    plain = tail[-_END_LENGTH:]
    position = len(tail) - _END_LENGTH if plain.startswith(_END) and plain.endswith(b"\0\0") else tail.rfind(_END)
    record = tail[position : position + _END_LENGTH]
    if position < 0 or len(record) < _END_LENGTH or _ZIP64_SIGNATURE in tail:
        return size
    return int.from_bytes(record[12:16], "little")


def _check_text(content: IO[bytes]) -> None:
    started = False
    for text in _decoded(content):
        if not started and text.strip():
            started = True
            if _MARKUP.match(text):
                raise FileRejected("It contains code that a browser or a shell would run.")
        if _CONTROL.search(text):
            raise FileRejected("It is not text.")


def _decoded(content: IO[bytes]) -> Iterator[str]:
    """Yield the text in chunks, decoded as UTF-16 if marked so, else as UTF-8, else as Windows-1252."""
    content.seek(0)
    mark = content.read(2)
    encoding = next((name for known, name in _BYTE_ORDER_MARKS if mark == known), "")
    for candidate in [encoding] if encoding else ["utf-8-sig", "cp1252"]:
        try:
            yield from _decoded_as(content, candidate)
        except UnicodeDecodeError:
            continue
        return
    raise FileRejected("It is not text.")


def _decoded_as(content: IO[bytes], encoding: str) -> Iterator[str]:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := content.read(CHUNK_SIZE):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
