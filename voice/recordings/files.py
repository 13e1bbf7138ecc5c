"""Recordings in the storage of files: what they are, under which key, and parts of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from uuid import UUID

from lad.errors import DomainError

CHUNK: Final = 256 * 1024
EXTENSIONS: Final = {
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/webm": "webm",
    "audio/flac": "flac",
}


class NoRecording(DomainError):
    """What the carrier sent is no recording that can be played."""

    code = "no_recording"
    status = 422
    title = "No recording"


class RangeRefused(DomainError):
    """The recording is shorter than that."""

    code = "range_refused"
    status = 416
    title = "No such part"


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from ``first`` to ``last`` of a file of so many bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.size}"


def key_of(*, tenant_id: UUID, recording_id: UUID, attempt: int, media_type: str) -> str:
    """Return the key of the file that one attempt stores. No two attempts write the same one."""
    return f"{tenant_id}/recordings/{recording_id}-{attempt}.{EXTENSIONS[media_type]}"


def media_type_of(content: IO[bytes]) -> str:
    """Return the media type, by how the content begins. Raises NoRecording."""
    content.seek(0)
    head = content.read(16)
    content.seek(0)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:4] == b"OggS":
        return "audio/ogg"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm"
    if head[:4] == b"fLaC":
        return "audio/flac"
    raise NoRecording


def part_of(header: str, size: int) -> Part | None:
    """Return the part that a Range header asks for; None for the whole file. Raises RangeRefused.

    Of several ranges, and of units other than bytes, the header is ignored, as HTTP allows.
    """
    unit, _, wanted = header.partition("=")
    first, dash, last = wanted.strip().partition("-")
    digits = [each for each in (first, last) if each]
    known = unit.strip().lower() == "bytes" and dash and digits
    if not known or not all(each.isascii() and each.isdigit() and len(each) < 20 for each in digits):
        return None
    if not first:
        begin, end = max(size - int(last), 0), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and first and int(last) < int(first):
        return None
    if begin > end or (not first and not int(last)):
        raise RangeRefused(size=size)
    return Part(begin, end, size)


def read_part(content: IO[bytes], part: Part) -> Iterator[bytes]:
    """Yield the bytes of a part, and close the file."""
    with content:
        content.seek(part.first)
        left = part.length
        while left and (piece := content.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
