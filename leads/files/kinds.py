"""The kinds of files that can be attached, with what their content must look like.

A file is accepted if its content and its extension agree on one of these kinds; ``inspection.py`` checks that.
Programs, pages and anything else that a browser or a desktop would run are no kind. Archives and mails may hold
anything, which LAD neither unpacks nor shows: every file is only ever downloaded.
"""

import re
from dataclasses import dataclass
from typing import Final

from lad.errors import Invalid

# The first bytes of an archive, and of a file of Microsoft's older programs.
ZIP: Final = rb"PK(\x03\x04|\x05\x06)"
COMPOUND: Final = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file. ``signature`` is a pattern of its first bytes; text has none.

    ``parts`` are prefixes of names that an archive must contain, ``streams`` names of which a compound file must
    contain one. A kind that ``holds_files`` may have files of any kind inside.
    """

    media_type: str
    label: str
    extensions: tuple[str, ...]
    signature: bytes = b""
    parts: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    holds_files: bool = False

    @property
    def extension(self) -> str:
        """The extension it is stored with."""
        return self.extensions[0]

    @property
    def text(self) -> bool:
        return not self.signature


def _media(*brands: str) -> bytes:
    """Return the signature of a media file of one of these brands, which are patterns."""
    return rb"....ftyp(" + "|".join(brands).encode() + rb")"


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_OPEN_PARTS = ("mimetype", "content.xml")
KINDS: Final = (
    FileKind("application/pdf", "PDF", ("pdf",), rb"%PDF-"),
    # Pictures
    FileKind("image/png", "PNG image", ("png",), rb"\x89PNG\r\n\x1a\n"),
    FileKind("image/jpeg", "JPEG image", ("jpg", "jpeg"), rb"\xff\xd8\xff"),
    FileKind("image/gif", "GIF image", ("gif",), rb"GIF8[79]a"),
    FileKind("image/webp", "WebP image", ("webp",), rb"RIFF....WEBP"),
    FileKind("image/heic", "HEIC image", ("heic", "heif"), _media("hei[cxms]", "hev[cxms]", "mif1", "msf1")),
    FileKind("image/avif", "AVIF image", ("avif",), _media("avi[fs]", "mif1")),
    FileKind("image/tiff", "TIFF image", ("tif", "tiff"), rb"II\*\x00|MM\x00\*"),
    # Text
    FileKind("text/plain", "Text", ("txt",)),
    FileKind("text/csv", "CSV table", ("csv",)),
    FileKind("text/calendar", "Calendar", ("ics",)),
    FileKind("text/vcard", "Contact", ("vcf",)),
    FileKind("message/rfc822", "Mail", ("eml",), holds_files=True),
    FileKind("application/rtf", "Rich text", ("rtf",), rb"\{\\rtf"),
    # Documents
    FileKind(f"{_OFFICE}.wordprocessingml.document", "Word", ("docx",), ZIP, ("[Content_Types].xml", "word/")),
    FileKind(f"{_OFFICE}.spreadsheetml.sheet", "Excel", ("xlsx",), ZIP, ("[Content_Types].xml", "xl/")),
    FileKind(f"{_OFFICE}.presentationml.presentation", "PowerPoint", ("pptx",), ZIP, ("[Content_Types].xml", "ppt/")),
    FileKind("application/msword", "Word 97", ("doc",), COMPOUND, streams=("WordDocument",)),
    FileKind("application/vnd.ms-excel", "Excel 97", ("xls",), COMPOUND, streams=("Workbook", "Book")),
    FileKind("application/vnd.ms-powerpoint", "PowerPoint 97", ("ppt",), COMPOUND, streams=("PowerPoint Document",)),
    FileKind(
        "application/vnd.ms-outlook",
        "Outlook mail",
        ("msg",),
        COMPOUND,
        streams=("__properties_version1.0",),
        holds_files=True,
    ),
    FileKind(f"{_OPEN}.text", "OpenDocument text", ("odt",), ZIP, _OPEN_PARTS),
    FileKind(f"{_OPEN}.spreadsheet", "OpenDocument table", ("ods",), ZIP, _OPEN_PARTS),
    FileKind(f"{_OPEN}.presentation", "OpenDocument slides", ("odp",), ZIP, _OPEN_PARTS),
    # Sound
    FileKind("audio/mpeg", "MP3 audio", ("mp3",), rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfb]"),
    FileKind("audio/wav", "WAV audio", ("wav",), rb"RIFF....WAVE"),
    FileKind("audio/ogg", "Ogg audio", ("ogg", "oga", "opus"), rb"OggS\x00"),
    FileKind("audio/mp4", "M4A audio", ("m4a",), _media("M4[AB] ", "mp4[12]", "iso[m2-9]", "dash")),
    FileKind("audio/aac", "AAC audio", ("aac",), rb"\xff[\xf0\xf1\xf8\xf9]"),
    FileKind("audio/amr", "AMR audio", ("amr",), rb"#!AMR"),
    FileKind("audio/flac", "FLAC audio", ("flac",), rb"fLaC"),
    # Video
    FileKind(
        "video/mp4", "MP4 video", ("mp4", "m4v"), _media("mp4[12]", "iso[m2-9]", "avc1", "M4[AV][ HP]", "dash", "MSNV")
    ),
    FileKind("video/quicktime", "QuickTime video", ("mov",), rb"....(ftypqt  |moov|mdat|wide|free)"),
    FileKind("video/webm", "WebM video", ("webm",), rb"\x1a\x45\xdf\xa3.{1,64}?\x42\x82.{1,8}?webm"),
    FileKind("application/zip", "Zip archive", ("zip",), ZIP, holds_files=True),
)
BY_EXTENSION: Final = {extension: kind for kind in KINDS for extension in kind.extensions}
LABELS: Final = {kind.media_type: kind.label for kind in KINDS}
SIGNATURES: Final = {kind: re.compile(kind.signature, re.DOTALL) for kind in KINDS if not kind.text}


class FileRejected(Invalid):
    """This file cannot be attached."""

    code = "file_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This file cannot be attached. {reason}", errors={"file": [reason]})
