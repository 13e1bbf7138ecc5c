"""Build the answer of FETCH about a message: header, text, parts, envelope and structure."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Final

from sandbox.providers.mail.imap.grammar import GrammarError, literal, quote
from sandbox.providers.mail.mailboxes import Mailboxes, StoredMail, header_fields, header_of

SECTION: Final = re.compile(rb"BODY(\.PEEK)?\[(.*)\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE | re.DOTALL)
FIELDS: Final = re.compile(rb"HEADER\.FIELDS(\.NOT)? \((.*)\)", re.IGNORECASE | re.DOTALL)
MACROS: Final = {
    b"ALL": [b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE"],
    b"FAST": [b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"],
    b"FULL": [b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY"],
}
WHOLE: Final = {b"RFC822": b"", b"RFC822.HEADER": b"HEADER", b"RFC822.TEXT": b"TEXT"}


class Fetched:
    """One message while its items are written. The content is read only when an item needs it."""

    def __init__(self, mailboxes: Mailboxes, folder: int, mail: StoredMail) -> None:
        self._mailboxes = mailboxes
        self._folder = folder
        self.mail = mail
        # Whether an item was asked for that marks the message as read.
        self.marks_read = False
        self._content: bytes | None = None

    @property
    def content(self) -> bytes:
        if self._content is None:
            self._content = self._mailboxes.content(self._folder, self.mail.uid)
        return self._content

    def item(self, name: bytes) -> bytes:
        """Return an item's name and value as the server writes them. Raise GrammarError for an unknown one."""
        upper = name.upper()
        match upper:
            case b"UID":
                return b"UID %d" % self.mail.uid
            case b"FLAGS":
                return b"FLAGS (" + self.mail.flags.encode() + b")"
            case b"INTERNALDATE":
                return b"INTERNALDATE " + quote(_date(self.mail.received))
            case b"RFC822.SIZE":
                return b"RFC822.SIZE %d" % self.mail.size
            case b"ENVELOPE":
                return b"ENVELOPE " + envelope(header_fields(self.content))
            case b"BODY" | b"BODYSTRUCTURE":
                return upper + b" " + structure(message_from_bytes(self.content), extended=upper == b"BODYSTRUCTURE")
        if upper in WHOLE:
            self.marks_read |= upper != b"RFC822.HEADER"
            return upper + b" " + literal(self._section(WHOLE[upper]))
        found = SECTION.fullmatch(name)
        if found is None:
            raise GrammarError(f"FETCH does not know {name!r}")
        self.marks_read |= not found[1]
        value = self._section(found[2])
        label = b"BODY[" + found[2].upper() + b"]"
        if found[3] is not None:
            start = int(found[3])
            value = value[start : start + int(found[4])]
            label += b"<%d>" % start
        return label + b" " + literal(value)

    def _section(self, section: bytes) -> bytes:
        header = header_of(self.content)
        if not section:
            return self.content
        upper = section.upper()
        if upper == b"HEADER":
            return header
        if upper == b"TEXT":
            return self.content[len(header) :]
        if fields := FIELDS.fullmatch(section):
            names = {name.strip(b'"').lower() for name in fields[2].split()}
            return _fields(header, names, without=bool(fields[1]))
        return _part(message_from_bytes(self.content), section)


def _fields(header: bytes, names: set[bytes], *, without: bool) -> bytes:
    lines = re.split(rb"\r?\n(?![ \t])", header.rstrip(b"\r\n"))
    chosen = [line for line in lines if (line.partition(b":")[0].strip().lower() in names) is not without]
    return b"".join(line + b"\r\n" for line in chosen) + b"\r\n"


def _part(message: Message, section: bytes) -> bytes:
    """Return a numbered part such as ``1.2`` or ``2.MIME``. A part that does not exist is empty."""
    path = section.upper().removesuffix(b".MIME")
    for digits in path.split(b"."):
        if not digits.isdigit():
            raise GrammarError(f"FETCH does not know the section {section!r}")
        payload = message.get_payload()
        if not isinstance(payload, list):
            return message.as_bytes().partition(b"\n\n")[2] if digits == b"1" else b""
        if not 1 <= int(digits) <= len(payload):
            return b""
        part = payload[int(digits) - 1]
        assert isinstance(part, Message)
        message = part
    written = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = written.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" if section.upper().endswith(b".MIME") else body


def envelope(message: Message) -> bytes:
    def field(name: str) -> bytes:
        value = message.get(name)
        return b"NIL" if value is None else quote(" ".join(str(value).split()))

    def people(name: str, instead: str = "") -> bytes:
        values = message.get_all(name) or (message.get_all(instead) if instead else None) or []
        pairs = [pair for pair in getaddresses([str(value) for value in values]) if pair[1]]
        return b"(" + b"".join(_address(*pair) for pair in pairs) + b")" if pairs else b"NIL"

    parts = [field("Date"), field("Subject"), people("From"), people("Sender", "From"), people("Reply-To", "From")]
    parts += [people("To"), people("Cc"), people("Bcc"), field("In-Reply-To"), field("Message-ID")]
    return b"(" + b" ".join(parts) + b")"


def _address(name: str, address: str) -> bytes:
    local, _, domain = address.rpartition("@")
    return b"(" + b" ".join([quote(name) if name else b"NIL", b"NIL", quote(local), quote(domain)]) + b")"


def structure(message: Message, *, extended: bool) -> bytes:
    """Return the BODYSTRUCTURE of a message or a part, or without what is ``extended`` its BODY."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        parts = b"".join(
            structure(part, extended=extended) for part in message.get_payload() if isinstance(part, Message)
        )
        return b"(" + parts + b" " + quote(message.get_content_subtype().upper()) + b")"
    body = message.as_bytes().partition(b"\n\n")[2]
    words = [
        quote(message.get_content_maintype().upper()),
        quote(message.get_content_subtype().upper()),
        _parameters(message, "content-type"),
        b"NIL",
        b"NIL",
        quote(str(message.get("Content-Transfer-Encoding", "7BIT")).upper()),
        b"%d" % len(body),
    ]
    if message.get_content_type() == "message/rfc822":
        inner = message.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            words += [envelope(inner[0]), structure(inner[0], extended=extended)]
    if message.get_content_maintype() == "text" or message.get_content_type() == "message/rfc822":
        words.append(b"%d" % body.count(b"\n"))
    if extended:
        kind = message.get_content_disposition()
        named = (
            b"(" + quote(kind.upper()) + b" " + _parameters(message, "content-disposition") + b")" if kind else b"NIL"
        )
        words += [b"NIL", named, b"NIL"]
    return b"(" + b" ".join(words) + b")"


def _parameters(message: Message, header: str) -> bytes:
    parts = [part for pair in message.get_params(failobj=[], header=header)[1:] for part in pair]
    return b"(" + b" ".join(quote(_plain(part)) for part in parts) + b")" if parts else b"NIL"


def _plain(value: str) -> str:
    return "".join(
        part.decode(errors="replace") if isinstance(part, bytes) else part for part, _ in decode_header(value)
    )


def _date(received: float) -> str:
    return datetime.fromtimestamp(received, UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
