"""Small files of every kind, and some that are disguised."""

import io
import struct
import zipfile
import zlib

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 64 + b"\xff\xd9"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + b"\x00" * 32 + b";"
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 32
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 32
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\x00" * 64
TEXT = "Herr Müller: ring back at nine.\n".encode()
CSV = b"name,phone\r\nAda,+44 20 7946 0000\r\n"
EXE = b"MZ\x90\x00" + b"\x00" * 256
HTML = b"<!doctype html><html><script>alert(1)</script></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
SHELL = b"#!/bin/sh\nrm -rf /\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\xff\xff"))
    + _chunk(b"IEND", b"")
)


def archive(*names: str, **contents: bytes) -> bytes:
    """Return a zip with these members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, contents.get(name, b"<x/>"))
    return made.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")
PPTX = archive("[Content_Types].xml", "ppt/presentation.xml")


def opendocument(kind: str) -> bytes:
    return archive("mimetype", "content.xml", mimetype=f"application/vnd.oasis.opendocument.{kind}".encode())


def media(brand: bytes) -> bytes:
    """Return the beginning of a picture, a sound or a film in the container of MPEG-4."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1isom" + b"\x00" * 64


def compound(*names: str, content: bytes = b"") -> bytes:
    """Return a file as Microsoft's older programs write it, with streams of these names."""
    entries = b""
    for name in ("Root Entry", *names):
        text = name.encode("utf-16-le")
        kind = b"\x05" if name == "Root Entry" else b"\x02"
        entries += text.ljust(64, b"\0") + struct.pack("<H", len(text) + 2) + kind.ljust(62, b"\0")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + entries.ljust(2048, b"\0") + content


ODT = opendocument("text")
MAIL = (
    b"Return-Path: <ada@example.com>\r\nX-Spam: no\r\n\twhatever\r\nFrom: Ada <ada@example.com>\r\n"
    b"Subject: =?iso-2022-jp?B?GyRCJDMbKEI=?=\r\n\r\n\x1b$B$3\x1b(B<html><script>1</script></html>\r\n"
)
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
MACRO_SLIDES = bytes.fromhex("1f00ff0314000000020000040c0000000500000001000000")
WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d") + b"\x00" * 64

GOOD = {
    "offer.pdf": (PDF, "application/pdf"),
    "photo.png": (PNG, "image/png"),
    "photo.jpg": (JPEG, "image/jpeg"),
    "photo.JPEG": (JPEG, "image/jpeg"),
    "wave.gif": (GIF, "image/gif"),
    "photo.webp": (WEBP, "image/webp"),
    "call.wav": (WAV, "audio/wav"),
    "call.mp3": (MP3, "audio/mpeg"),
    "notes.txt": (TEXT, "text/plain"),
    "windows.txt": ("Grüße".encode("cp1252"), "text/plain"),
    "wide.txt": ("Grüße".encode("utf-16"), "text/plain"),
    "list.csv": (CSV, "text/csv"),
    "cv.docx": (DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "sums.xlsx": (XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "talk.pptx": (PPTX, "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    "letter.odt": (ODT, "application/vnd.oasis.opendocument.text"),
    "sums.ods": (opendocument("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
    "talk.odp": (opendocument("presentation"), "application/vnd.oasis.opendocument.presentation"),
    "cyrillic.csv": ("имя;телефон".encode("cp1251"), "text/csv"),
    "japanese.txt": ("会社".encode("shift-jis"), "text/plain"),
    "letter.doc": (compound("WordDocument", "1Table"), "application/msword"),
    "sums.xls": (compound("Workbook"), "application/vnd.ms-excel"),
    "older.xls": (compound("Book"), "application/vnd.ms-excel"),
    "talk.ppt": (compound("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    "mail.msg": (compound("__properties_version1.0", content=b"<html>"), "application/vnd.ms-outlook"),
    "letter.rtf": (b"{\\rtf1\\ansi Hello}", "application/rtf"),
    "mail.eml": (MAIL, "message/rfc822"),
    "visit.ics": (CALENDAR, "text/calendar"),
    "ada.vcf": (b"BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD\r\n", "text/vcard"),
    "all.zip": (archive("a.txt", "page.html", "setup.exe"), "application/zip"),
    "photo.heic": (media(b"heic"), "image/heic"),
    "burst.heif": (media(b"mif1"), "image/heic"),
    "photo.avif": (media(b"avif"), "image/avif"),
    "scan.tiff": (b"II*\x00\x08\x00\x00\x00" + b"\x00" * 64, "image/tiff"),
    "bare.mp3": (b"\xff\xfb\x90\x44" + b"\x00" * 64, "audio/mpeg"),
    "note.ogg": (b"OggS\x00\x02" + b"\x00" * 64, "audio/ogg"),
    "note.opus": (b"OggS\x00\x02" + b"\x00" * 64, "audio/ogg"),
    "memo.m4a": (media(b"M4A "), "audio/mp4"),
    "memo.aac": (b"\xff\xf1\x50\x80" + b"\x00" * 64, "audio/aac"),
    "memo.amr": (b"#!AMR\n" + b"\x00" * 64, "audio/amr"),
    "song.flac": (b"fLaC" + b"\x00" * 64, "audio/flac"),
    "visit.mp4": (media(b"isom"), "video/mp4"),
    "visit.mov": (media(b"qt  "), "video/quicktime"),
    "visit.webm": (WEBM, "video/webm"),
}

BAD = {
    "a program by its name": ("setup.exe", EXE),
    "a program that calls itself a PDF": ("setup.pdf", EXE),
    "a program behind a second extension": ("invoice.pdf.exe", PDF),
    "a page": ("page.html", HTML),
    "a page that calls itself text": ("page.txt", HTML),
    "a page that calls itself a table": ("page.csv", HTML),
    "a page that calls itself a picture": ("page.png", HTML),
    "a page with a picture's beginning": ("both.gif", GIF + HTML),
    "a drawing with a script": ("logo.svg", SVG),
    "a drawing that calls itself text": ("logo.txt", SVG),
    "a shell script that calls itself text": ("run.txt", SHELL),
    "a picture that calls itself a PDF": ("photo.pdf", PNG),
    "a PDF that calls itself a picture": ("offer.png", PDF),
    "a PDF hidden in a picture": ("photo.gif", GIF + PDF),
    "an archive hidden in a picture": ("photo.png", PNG + archive("evil.class")),
    "a bare archive that calls itself a document": ("cv.docx", archive("a.txt")),
    "a table that calls itself a document": ("cv.docx", XLSX),
    "a document with macros": ("cv.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
    "half an archive": ("cv.docx", DOCX[:40]),
    "a program that calls itself an archive": ("all.zip", EXE + archive("a.txt")),
    "half an archive without a purpose": ("all.zip", archive("a.txt")[:40]),
    "a web archive": ("app.jar", archive("a.class")),
    "an installer that calls itself a letter": ("letter.doc", compound("!File")),
    "a table that calls itself a letter": ("letter.doc", compound("Workbook")),
    "a page that calls itself a letter": ("letter.doc", HTML),
    "a letter with macros": ("letter.doc", compound("WordDocument", "Macros")),
    "a table with macros": ("sums.xls", compound("Workbook", "_VBA_PROJECT_CUR")),
    "slides with macros": ("talk.ppt", compound("PowerPoint Document", content=MACRO_SLIDES)),
    "a rich text with a program": ("letter.rtf", b"{\\rtf1{\\object\\objdata 0105}}"),
    "a page that calls itself a mail": ("mail.eml", HTML),
    "text that calls itself a mail": ("mail.eml", TEXT),
    "a program that calls itself a mail": ("mail.eml", b"From: a\r\n" + EXE),
    "text that calls itself a calendar": ("visit.ics", TEXT),
    "a film that calls itself a picture": ("photo.heic", media(b"isom")),
    "a picture that calls itself a film": ("visit.mp4", media(b"heic")),
    "a page that calls itself a sound": ("memo.m4a", HTML),
    "an archive hidden in a sound": ("memo.m4a", media(b"M4A ") + archive("evil.class")),
    "a PDF hidden in a sound": ("note.ogg", b"OggS\x00\x02" + PDF),
    "binary that calls itself text": ("notes.txt", b"abc\x00def"),
    "nothing at all": ("empty.txt", b""),
    "no extension": ("README", TEXT),
    "an extension alone": (".pdf", EXE),
}
