"""Small real files, made on the spot."""

import struct
import zlib
from collections.abc import Sequence

_LINES_PER_PAGE = 44
_ESCAPED = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """One page of text that every reader opens."""
    text = [f"BT /F1 18 Tf 56 780 Td ({title.translate(_ESCAPED)}) Tj /F1 11 Tf 0 -30 Td 15 TL"]
    text += [f"({line.translate(_ESCAPED)}) Tj T*" for line in lines[:_LINES_PER_PAGE]]
    stream = "\n".join([*text, "ET"]).encode("latin-1", errors="replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica"
        b" /Encoding /WinAnsiEncoding >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    made, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(made) + end % (len(objects) + 1, table, len(objects) + 1, len(made))


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour that fades to white."""
    rows = bytearray()
    for y in range(height):
        share = y / height
        pixel = bytes(int(part + (255 - part) * share) for part in colour)
        rows += b"\x00" + pixel * width
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def csv(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join(",".join(cell.replace(",", " ") for cell in row) + "\r\n" for row in rows).encode()


def txt(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
