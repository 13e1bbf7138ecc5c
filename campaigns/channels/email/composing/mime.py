"""Build the mail of a message. Building it again for the same attempt gives the same bytes."""

from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.composing import headers
from campaigns.channels.email.composing.attachments import Attached
from campaigns.channels.email.tracking import with_tracking
from campaigns.channels.email.unsubscribing import unsubscribe_links
from campaigns.mail_text import ascii_address, one_line
from campaigns.messages.models import Message
from campaigns.templates.cleaning import TooMuchHtml, clean, from_text, text_of
from campaigns.templates.rendering import with_unsubscribe_link
from campaigns.templates.variables import UNSUBSCRIBE_MARKER
from leads.contactability.models import Purpose

# Long lines survive only in this encoding, and every server takes it.
_ENCODING: Final = "quoted-printable"
_POLICY: Final = SMTP.clone(max_line_length=76)
SHORT_ID: Final = 12


class Unsendable(ValueError):
    """The message cannot become a mail. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail with its envelope. ``needs_smtputf8`` is true if an address cannot be written in ASCII."""

    sender: str
    recipient: str
    content: bytes
    needs_smtputf8: bool = False


def compose(message: Message, account: EmailAccount, attached: Sequence[Attached] = ()) -> Composed:
    """Return the mail of a message from this account. Raises Unsendable.

    The date is when the attempt began, so that a copy made later is the same mail.
    """
    sender, recipient = ascii_address(account.email), _recipient(message)
    text, html = _texts(message, account)
    utf8 = not recipient.isascii()
    head = "".join(_header_lines(message, account, sender, recipient))
    body = _body(message.pk, text, html, attached)
    return Composed(sender, recipient, head.encode("utf-8" if utf8 else "ascii") + body, utf8)


def _recipient(message: Message) -> str:
    address = ascii_address(one_line(message.to_address))
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(letter.isspace() or letter in '<>(),;:"\\' for letter in address):
        raise Unsendable("The lead has no e-mail address that mail can be sent to. Correct it and send again.")
    return address


def _header_lines(message: Message, account: EmailAccount, sender: str, recipient: str) -> Iterator[str]:
    yield headers.mailbox_header("From", account.from_name, sender)
    yield headers.mailbox_header("To", "", recipient)
    yield headers.text_header("Subject", message.subject)
    yield headers.date_header(message.begun_at or timezone.now())
    yield headers.ids_header("Message-ID", [message.message_id])
    yield headers.ids_header("In-Reply-To", [message.in_reply_to])
    yield headers.ids_header("References", message.metadata.get("references", ()))
    if message.purpose != Purpose.OUTREACH:
        return
    # Mail that looks written by a machine is neither: no Auto-Submitted and no Precedence.
    for name, value in unsubscribe_links(message).headers.items():
        yield headers.plain_header(name, value)
    if message.campaign_id is not None:
        # Google shows complaints per campaign by this.
        yield headers.plain_header("Feedback-ID", f"{_short(message.campaign_id)}:{_short(message.tenant_id)}:mail:lad")


def _short(key: UUID) -> str:
    # The end of a time-ordered key is the random part.
    return key.hex[-SHORT_ID:]


def _texts(message: Message, account: EmailAccount) -> tuple[str, str]:
    """Return the plain text, which every mail has, and the HTML, which may be empty."""
    html = ""
    try:
        text = message.body.strip("\n") if message.body.strip() else text_of(message.html)
        if not text:
            raise Unsendable("The message has no text. Write one and send it again.")
        signature = _signature(account, text)
        if message.html.strip():
            html = clean(message.html + from_text(signature))
    except TooMuchHtml as error:
        raise Unsendable(str(error)) from error
    text = f"{text}\n\n{signature}" if signature else text
    if UNSUBSCRIBE_MARKER in text or UNSUBSCRIBE_MARKER in html:
        link = unsubscribe_links(message).http
        text, html = with_unsubscribe_link(text, link), with_unsubscribe_link(html, link)
    return text, with_tracking(html, message, message.campaign) if html else ""


def _signature(account: EmailAccount, text: str) -> str:
    """Return the account's signature; an empty text if the message has it already, as a template may write it."""
    signature = account.signature.strip()
    return "" if " ".join(signature.split()) in " ".join(text.split()) else signature


def _body(key: UUID, text: str, html: str, attached: Sequence[Attached]) -> bytes:
    """Return the rest of the mail, from the headers that describe its content on."""
    version = b"MIME-Version: 1.0\r\n"
    if attached:
        return _with_files(key, text, html, attached)
    if not html:
        return version + _part("plain", text)
    boundary = _boundary(key, 0)
    kind = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    between, end = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    return b"".join([version, kind.encode(), between, _part("plain", text), between, _part("html", html), end])


def _part(subtype: str, text: str) -> bytes:
    """Return a part of the mail. Written by hand: Python's own writer takes most of the time that a mail costs."""
    described = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {_ENCODING}\r\n\r\n'
    lines = b"\r\n".join(text.encode().splitlines()) + b"\r\n"
    return described.encode() + b2a_qp(lines, istext=True)


def _with_files(key: UUID, text: str, html: str, attached: Sequence[Attached]) -> bytes:
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(text, charset="utf-8", cte=_ENCODING)
    if html:
        mail.add_alternative(html, subtype="html", charset="utf-8", cte=_ENCODING)
    for each in attached:
        main, _slash, sub = each.media_type.partition("/")
        mail.add_attachment(each.content, maintype=main, subtype=sub or "octet-stream", filename=one_line(each.name))
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(_boundary(key, number))
    return mail.as_bytes()


def _boundary(key: UUID, number: int) -> str:
    # Encoded text has no equals sign before an underscore.
    return f"=_{key.hex}_{number}"
