"""Small files of every kind, and some that pretend."""

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
    """A zip with these members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, contents.get(name, b"<x/>"))
    return made.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")
PPTX = archive("[Content_Types].xml", "ppt/presentation.xml")
ODT = archive("mimetype", "content.xml", mimetype=b"application/vnd.oasis.opendocument.text")

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
    "an archive": ("all.zip", archive("a.txt")),
    "binary that calls itself text": ("notes.txt", b"abc\x00def"),
    "nothing at all": ("empty.txt", b""),
    "no extension": ("README", TEXT),
    "an extension alone": (".pdf", EXE),
}
