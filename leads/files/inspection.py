"""Decide by its content whether a file is what its name says, and whether it is safe to keep.

Files that a browser or a desktop would run, and files of two kinds at once, are rejected. So are documents with
macros, as far as they can be seen without unpacking: macros of Excel 4.0 in an ``xls`` cannot.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, is_zipfile

from leads.files import compound
from leads.files.kinds import BY_EXTENSION, COMPOUND, SIGNATURES, ZIP, FileKind, FileRejected

HEAD_SIZE: Final = 8 * 1024
CHUNK_SIZE: Final = 64 * 1024
# The size of an archive's directory: enough for some thousands of parts.
MAX_DIRECTORY_SIZE: Final = 1024 * 1024

# Code that a browser or an interpreter would run, anywhere in the head of a file.
_ACTIVE: Final = re.compile(rb"<\s*(script|html|svg|iframe|body|!doctype html|\?php)", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\A\s*(<[!?a-z/]|#!|%!ps)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_NO_CHARACTER: Final = re.compile(r"\x00")
_MACROS: Final = re.compile(r"vbaproject|activex|^basic/|^scripts/", re.IGNORECASE)
# A program that a rich text holds. Pictures are held in another way.
_EMBEDDED: Final = re.compile(rb"\\objdata\b|\\objupdate\b")
# Kinds of text begin with their own words; a mail with fields, of which one of these is among the first.
_BEGINNINGS: Final = {
    "text/calendar": re.compile(r"\A\s*BEGIN:VCALENDAR\b", re.IGNORECASE),
    "text/vcard": re.compile(r"\A\s*BEGIN:VCARD\b", re.IGNORECASE),
    "message/rfc822": re.compile(
        r"\A(?:[!-9;-~]+:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*)*?"
        r"(?:from|to|date|subject|received|return-path|delivered-to|message-id|mime-version):",
        re.IGNORECASE,
    ),
}
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
    if not kind.holds_files and _ACTIVE.search(head):
        raise FileRejected("It contains code that a browser would run.")
    if kind.text:
        _check_text(content, kind)
    else:
        _check_binary(content, head, kind)
    content.seek(0)
    return kind


def _disagrees(kind: FileKind) -> FileRejected:
    return FileRejected(f"Its content is not {kind.label}, although its name says so.")


def _check_binary(content: IO[bytes], head: bytes, kind: FileKind) -> None:
    if not SIGNATURES[kind].match(head):
        raise _disagrees(kind)
    if kind.media_type != "application/pdf" and _PDF in head[:_PDF_SIGNATURE_WITHIN] and not kind.holds_files:
        raise FileRejected("It is two types of file at once.")
    check = _CHECKS.get(kind.signature, _check_single)
    check(content, kind)


def _check_single(content: IO[bytes], kind: FileKind) -> None:
    if is_zipfile(content):
        raise FileRejected("It is two types of file at once.")
    if kind.media_type == "application/rtf" and any(map(_EMBEDDED.search, compound.chunks(content, overlap=16))):
        raise FileRejected("It contains an embedded object.")


def _check_compound(content: IO[bytes], kind: FileKind) -> None:
    """Check the streams of a file of Microsoft's older programs. A mail may hold documents with macros."""
    names = compound.names_in(content, {*kind.streams, *compound.MACRO_STORAGES})
    if not names & {*kind.streams}:
        raise _disagrees(kind)
    if not kind.holds_files and (names & compound.MACRO_STORAGES or compound.has_slide_macros(content)):
        raise FileRejected("It contains macros.")


def _check_archive(content: IO[bytes], kind: FileKind) -> None:
    """Check the names in the archive. Unpack nothing but the few bytes that name an OpenDocument's type."""
    if _directory_size(content) > MAX_DIRECTORY_SIZE:
        raise FileRejected("It has too many parts.")
    with_type = "mimetype" in kind.parts
    try:
        with ZipFile(content) as archive:
            names = archive.namelist()
            named = archive.open("mimetype").read(len(kind.media_type) + 1) if with_type else b""
    except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _disagrees(kind) from error
    complete = all(any(name.startswith(part) for name in names) for part in kind.parts)
    if not complete or (with_type and named.decode(errors="replace") != kind.media_type):
        raise _disagrees(kind)
    if not kind.holds_files and any(_MACROS.search(name) for name in names):
        raise FileRejected("It contains macros.")


_CHECKS: Final[dict[bytes, Callable[[IO[bytes], FileKind], None]]] = {ZIP: _check_archive, COMPOUND: _check_compound}


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


def _check_text(content: IO[bytes], kind: FileKind) -> None:
    # Japanese mails switch between their alphabets with control characters.
    control = _NO_CHARACTER if kind.holds_files else _CONTROL
    started = False
    for text in _decoded(content):
        if not started and text.strip():
            started = True
            _check_beginning(text, kind)
        if control.search(text):
            raise FileRejected("It is not text.")


def _check_beginning(text: str, kind: FileKind) -> None:
    beginning = _BEGINNINGS.get(kind.media_type)
    if beginning is not None and not beginning.match(text):
        raise _disagrees(kind)
    if _MARKUP.match(text):
        raise FileRejected("It contains code that a browser or a shell would run.")


def _decoded(content: IO[bytes]) -> Iterator[str]:
    """Yield the text in chunks, decoded as UTF-16 if marked so, else as UTF-8, else byte by byte."""
    content.seek(0)
    mark = content.read(2)
    encoding = next((name for known, name in _BYTE_ORDER_MARKS if mark == known), "")
    for candidate in [encoding] if encoding else ["utf-8-sig", "latin-1"]:
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
