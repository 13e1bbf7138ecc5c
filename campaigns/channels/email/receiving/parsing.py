"""Read a received message as far as LAD needs it. Every size is limited, because anybody can write to a mailbox."""

import email
import email.message
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property
from hashlib import sha256
from typing import Final

from campaigns.channels.email.receiving.html_text import text_of_html
from campaigns.mail_text import plain_lines

MAX_HEADER_BYTES: Final = 64_000
MAX_HEADER_LENGTH: Final = 2_000
MAX_MESSAGE_BYTES: Final = 512_000
MAX_BOUNDARIES: Final = 40
MAX_CONTENT_HEADER: Final = 4_000
FOLDED_LINES: Final = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*")
MAX_PARTS: Final = 100
MAX_TEXT_LENGTH: Final = 50_000
MAX_ADDRESSES: Final = 50
MAX_REFERENCES: Final = 50
MAX_MESSAGE_ID_LENGTH: Final = 255
MAX_ADDRESS_LENGTH: Final = 320
MAX_REPORT_BLOCKS: Final = 20


class Unreadable(ValueError):
    """The message cannot be read. The text says why."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The part of a message that a report gives back."""

    message_id: str = ""
    recipient: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Mail:
    """One received message. Addresses and message ids are as LAD stores them: without brackets, in lower case.

    Message ids keep their case and brackets. ``text`` is the whole text, with the quoted message. ``report`` is the
    type of a multipart/report, ``blocks`` are its groups of fields with lower-case names.
    """

    headers: Mapping[str, Sequence[str]]
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    date: datetime | None
    text: str = ""
    report: str = ""
    blocks: tuple[Mapping[str, str], ...] = ()
    returned: Returned = field(default_factory=Returned)
    has_attachments: bool = False

    def header(self, name: str) -> str:
        """Return the first header of the name, decoded and stripped, or an empty string."""
        values = self.headers.get(name)
        return decoded(values[0]) if values else ""

    @cached_property
    def mentioned_ids(self) -> tuple[str, ...]:
        """Return the ids of messages that this one answers or reports about, the nearest first."""
        found = [self.returned.message_id, self.in_reply_to, *reversed(self.references)]
        return tuple(dict.fromkeys(each for each in found if each))


def read_headers(raw: bytes) -> Mail:
    """Return the message without its content. Raises Unreadable."""
    head, _body = _split(raw)
    return _mail(_parsed(head))


def read(raw: bytes) -> Mail:
    """Return the message. What is longer than the limits is left out. Raises Unreadable."""
    head, body = _split(raw[:MAX_MESSAGE_BYTES])
    whole = head + b"\n" + body
    lower = whole.lower()
    if lower.count(b"boundary=") > MAX_BOUNDARIES:
        raise Unreadable("It has too many parts inside each other.")
    # The standard library reads a long list of parameters in quadratic time.
    if any(
        len(header[0]) > MAX_CONTENT_HEADER
        for header in map(FOLDED_LINES.match, lower.split(b"\ncontent-")[1:])
        if header
    ):
        raise Unreadable("A header of it is too long.")
    return _mail(_parsed(whole))


def unreadable(name: str) -> Mail:
    """Return what stands for a message that cannot be read. ``name`` identifies it in its mailbox."""
    return Mail({}, f"<{name}@unreadable.invalid>", "", (), "", "", (), "", None)


def decoded(value: str) -> str:
    """Return a header's value with its encoded words decoded, on one line, without control characters."""
    value = value[:MAX_HEADER_LENGTH]
    try:
        pieces = decode_header(value) if "=?" in value else [(value, None)]
    except (HeaderParseError, ValueError):
        pieces = [(value, None)]
    text = "".join(_text(piece, charset) for piece, charset in pieces)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def normalised_address(text: str) -> str:
    """Return an address as it is compared: without a route, in lower case."""
    address = text.strip().strip("<>").lower()
    kind, separator, rest = address.partition(";")
    if separator and kind.strip() in ("rfc822", "utf-8", "x-local"):
        address = rest.strip().strip("<>")
    return "".join(letter for letter in address if letter.isprintable())[:MAX_ADDRESS_LENGTH]


def message_ids(text: str) -> tuple[str, ...]:
    """Return the message ids of a header, in order."""
    found = []
    for piece in text[: MAX_REFERENCES * MAX_MESSAGE_ID_LENGTH].split("<")[1:]:
        name, closed, _rest = piece.partition(">")
        name = "".join(name.split())
        if closed and name and len(name) + 2 <= MAX_MESSAGE_ID_LENGTH:
            found.append(f"<{name}>")
    return tuple(found[-MAX_REFERENCES:])


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return the headers, up to their limit, and the rest."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\0", b"")
    head, _blank, body = raw.partition(b"\n\n")
    if len(head) > MAX_HEADER_BYTES:
        head = head[:MAX_HEADER_BYTES].rpartition(b"\n")[0]
    return head + b"\n", body


def _parsed(raw: bytes) -> email.message.Message:
    try:
        return email.message_from_bytes(raw, policy=compat32)
    except RecursionError as error:
        raise Unreadable("It has too many parts inside each other.") from error
    except Exception as error:
        # The parser of the standard library fails in many ways on hostile messages.
        raise Unreadable(f"It cannot be parsed: {type(error).__name__}.") from error


def _mail(message: email.message.Message) -> Mail:
    headers: dict[str, list[str]] = {}
    for name, value in message.items():
        headers.setdefault(name.lower(), []).append(_plain(value))
    sender_name, sender = _addresses(headers, "from")[0]
    parts = _Parts(message)
    text = plain_lines(parts.text())
    return Mail(
        headers=headers,
        message_id=_own_id(headers),
        in_reply_to=next(iter(message_ids(_first(headers, "in-reply-to"))), ""),
        references=message_ids(_first(headers, "references")),
        sender=sender,
        sender_name=sender_name,
        recipients=tuple(address for name in ("to", "cc") for _name, address in _addresses(headers, name) if address),
        subject=decoded(_first(headers, "subject"))[:500],
        date=_date(_first(headers, "date")),
        text=text,
        report=parts.report,
        blocks=tuple(parts.blocks),
        returned=parts.returned if parts.returned.message_id else _returned_in(text, parts.returned),
        has_attachments=parts.has_attachments,
    )


def _returned_in(text: str, known: Returned) -> Returned:
    """Return what a server without a proper report gives back: headers in the text of its message."""
    for line in text.split("\n"):
        name, colon, value = line.lstrip("> ").partition(":")
        if colon and name.lower() == "message-id" and (found := message_ids(value)):
            return replace(known, message_id=found[0])
    return known


def _own_id(headers: Mapping[str, Sequence[str]]) -> str:
    """Return the message's id. One without gets an id made of its headers, so that it is recorded once."""
    found = message_ids(_first(headers, "message-id"))
    if found:
        return found[0]
    digest = sha256(repr(sorted(headers.items())).encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:40]}@without-id.invalid>"


def _first(headers: Mapping[str, Sequence[str]], name: str) -> str:
    values = headers.get(name)
    return values[0] if values else ""


def _addresses(headers: Mapping[str, Sequence[str]], name: str) -> list[tuple[str, str]]:
    try:
        found = getaddresses([decoded(value) for value in headers.get(name, ())[:3]])
    except (RecursionError, ValueError, IndexError):
        found = []
    clean = [(shown[:255], normalised_address(address)) for shown, address in found[:MAX_ADDRESSES]]
    return [each for each in clean if "@" in each[1]] or [("", "")]


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value[:100])
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _plain(value: object) -> str:
    """Return a header's value as text. Bytes that are no ASCII are read as UTF-8, or else as Latin-1."""
    text = str(value)
    try:
        raw = text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return text
    return _text(raw, None)


def _text(raw: str | bytes, charset: str | None) -> str:
    if isinstance(raw, str):
        return raw
    for name in (charset, "utf-8"):
        try:
            if name and name.lower() not in ("unknown-8bit", "default"):
                return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")


class _Parts:
    """The parts of a message that matter: its texts, and the fields of a report."""

    def __init__(self, message: email.message.Message) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.blocks: list[Mapping[str, str]] = []
        self.returned = Returned()
        self.has_attachments = False
        self.report = ""
        if message.get_content_type() == "multipart/report":
            self.report = _parameter(message, "report-type")
        self._room = MAX_TEXT_LENGTH
        self._sort(message)

    def text(self) -> str:
        """Return the plain text, or that of the HTML."""
        return ("\n".join(self.plain) if any(map(str.strip, self.plain)) else "\n".join(self.html)).strip()

    def _sort(self, message: email.message.Message) -> None:
        for part in self._walk(message):
            kind = part.get_content_type()
            if kind in ("message/delivery-status", "message/global-delivery-status"):
                self.report = self.report or "delivery-status"
                self._add_blocks(part)
            elif kind in ("message/feedback-report", "message/disposition-notification"):
                self.report = self.report or kind.removeprefix("message/")
                self._add_blocks(part)
            elif kind in ("text/rfc822-headers", "message/global-headers"):
                self._give_back(_parsed(_content(part)[:MAX_HEADER_BYTES]))
            elif kind in ("message/rfc822", "message/global"):
                inner = part.get_payload()
                if isinstance(inner, list) and inner and isinstance(inner[0], email.message.Message):
                    self._give_back(inner[0])
            elif part.get_filename() or part.get_content_disposition() == "attachment":
                self.has_attachments = True
            elif kind in ("text/plain", "text/html"):
                self._add_text(part, kind)

    def _walk(self, message: email.message.Message) -> Iterator[email.message.Message]:
        """Yield the parts, but not those of an enclosed message. Nothing is unpacked."""
        waiting = [message]
        for _number in range(MAX_PARTS):
            if not waiting:
                return
            part = waiting.pop()
            inner = part.get_payload()
            if part.get_content_maintype() == "multipart" and isinstance(inner, list):
                waiting.extend(each for each in reversed(inner) if isinstance(each, email.message.Message))
            else:
                yield part

    def _add_text(self, part: email.message.Message, kind: str) -> None:
        text = _text(_content(part), _charset(part))[: self._room]
        if kind == "text/html":
            self.html.append(text_of_html(text))
        else:
            self.plain.append(text)
            self._room -= len(text)

    def _add_blocks(self, part: email.message.Message) -> None:
        inner = part.get_payload()
        if isinstance(inner, list):
            groups = [each for each in inner if isinstance(each, email.message.Message)]
        else:
            groups = [
                _parsed(block.encode()) for block in _text(_content(part), None).split("\n\n")[:MAX_REPORT_BLOCKS]
            ]
        for group in groups[:MAX_REPORT_BLOCKS]:
            fields = {name.lower(): decoded(_plain(value)) for name, value in group.items()}
            # Some servers put the fields into an enclosed message, or leave a blank line before them.
            self.blocks += [fields] if fields else []
            text = group.get_payload()
            if not fields and isinstance(text, str) and ":" in text:
                self.blocks.append(
                    {
                        name.lower(): decoded(_plain(value))
                        for name, value in _parsed(text.encode("utf-8", "replace")).items()
                    }
                )

    def _give_back(self, message: email.message.Message) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in message.items():
            headers.setdefault(name.lower(), []).append(_plain(value))
        own = message_ids(_first(headers, "message-id"))
        self.returned = Returned(
            message_id=own[0] if own else "",
            recipient=_addresses(headers, "to")[0][1],
            subject=decoded(_first(headers, "subject"))[:500],
        )


def _content(part: email.message.Message) -> bytes:
    """Return a part's content, decoded from its transfer encoding as far as it can be."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode("utf-8", "replace") if isinstance(payload, str) else b""


def _charset(part: email.message.Message) -> str:
    return _parameter(part, "charset")


def _parameter(part: email.message.Message, name: str) -> str:
    try:
        value = part.get_param(name)
    except (ValueError, LookupError, TypeError):
        return ""
    return (value if isinstance(value, str) else value[-1] if value else "").strip().lower()
