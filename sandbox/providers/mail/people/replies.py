"""Write the mails of people and their systems: answers, absence notices, ticket numbers, requests to unsubscribe."""

import hashlib
from datetime import date, datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from html import escape
from typing import Final

from sandbox.providers.mail.people.languages import LANGUAGES
from sandbox.providers.mail.people.originals import Original
from sandbox.providers.mail.people.persons import Person

MAX_REFERENCES: Final = 20


def message_id(person: Person, *parts: object) -> str:
    """Return an identifier that is the same in every run with the same messages."""
    digest = hashlib.sha256("\x1f".join(map(str, (person.address, *parts))).encode()).hexdigest()[:24]
    return f"<{digest}@{person.domain}>"


def answer(person: Person, original: Original, now: datetime, number: int, *, agrees: bool) -> bytes:
    """Return an answer that quotes the original, from the person, from an alias, or from a colleague."""
    language = LANGUAGES[person.language]
    said = language.agrees if agrees else language.declines
    name, address = _writer(person)
    said += f"\n\n{name}"
    introduction = language.introduction(now, original.sender_name, original.sender)
    if "html" in person.details:
        quoted = original.html or f"<p>{escape(original.text)}</p>"
        paragraphs = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in said.split("\n"))
        text = (
            f'<div dir="ltr">{paragraphs}</div><br><div class="gmail_quote"><div class="gmail_attr">'
            f"{escape(introduction)}</div><blockquote>{quoted}</blockquote></div>"
        )
    else:
        text = f"{said}\n\n{introduction}\n" + "".join(f"> {line}\n" for line in original.text.splitlines())
    reply = _text(text, language.charset, "html" if "html" in person.details else "plain")
    _address(reply, formataddr((name, address)), original.reply_to, now)
    _subject(reply, language.reply_prefix + _stripped(original.subject), language.charset)
    reply["Message-ID"] = message_id(person, "answer", number, original.message_id)
    _thread(reply, original)
    return wire(reply)


def out_of_office(person: Person, original: Original, now: datetime, number: int, returns: date) -> bytes:
    """Return an absence notice with the day of return. An ``unmarked`` one lacks the headers that say so."""
    language = LANGUAGES[person.language]
    text = language.away.format(day=language.written(returns)) + f"\n\n{person.name}\n"
    reply = _text(text, language.charset)
    _address(reply, formataddr((person.name, person.address)), original.reply_to, now)
    _subject(reply, language.automatic_prefix + original.subject, language.charset)
    reply["Message-ID"] = message_id(person, "away", number, original.message_id)
    _thread(reply, original)
    if "unmarked" not in person.details:
        reply["Auto-Submitted"] = "auto-replied"
        reply["X-Auto-Response-Suppress"] = "All"
        reply["Precedence"] = "bulk"
    return wire(reply)


def ticket(person: Person, original: Original, now: datetime, number: int, ticket_number: int) -> bytes:
    """Return the receipt of a ticket system, with the headers that such systems send."""
    text = (
        f"## Please reply above this line ##\n\nYour request ({ticket_number}) has been received and is being "
        f"reviewed by our support staff.\n\nSubject: {original.subject}\n"
    )
    reply = _text(text, "utf-8")
    _address(reply, formataddr(("Support", person.address)), original.reply_to, now)
    _subject(reply, f"[#{ticket_number}] We received your request: {original.subject}", "utf-8")
    reply["Reply-To"] = f"support+{ticket_number}@{person.domain}"
    reply["Message-ID"] = message_id(person, "ticket", number, original.message_id)
    _thread(reply, original)
    reply["Auto-Submitted"] = "auto-generated"
    reply["X-Auto-Response-Suppress"] = "All"
    reply["Precedence"] = "bulk"
    reply["X-Mailer"] = "Ticket system"
    return wire(reply)


def unsubscribe(person: Person, original: Original, now: datetime, number: int) -> bytes:
    """Return the mail that List-Unsubscribe asks for."""
    address, subject = original.unsubscribe_address
    language = LANGUAGES[person.language]
    request = _text(language.unsubscribe, language.charset)
    _address(request, formataddr((person.name, person.address)), address, now)
    _subject(request, subject, "utf-8")
    request["Message-ID"] = message_id(person, "unsubscribe", number, original.message_id)
    return wire(request)


def wire(message: Message) -> bytes:
    """Return the message as it travels: lines end with CR LF."""
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _writer(person: Person) -> tuple[str, str]:
    """Return name and address that an answer comes from."""
    if "colleague" in person.details:
        return "Robin Office", f"office@{person.domain}"
    if "alias" in person.details:
        first, last = person.name.lower().encode("ascii", "ignore").decode().split()
        return person.name, f"{first}.{last}@{person.domain}"
    return person.name, person.address


def _text(text: str, charset: str, kind: str = "plain") -> MIMEText:
    how = Charset(charset)
    if charset != "iso-2022-jp":
        how.body_encoding = QP
    message = MIMEText(text.encode(charset, "replace").decode(charset), kind, charset)
    if charset.startswith(("iso-8859", "windows")):
        del message["Content-Transfer-Encoding"]
        message.set_payload(text.encode(charset, "replace").decode(charset), how)
    return message


def _address(message: Message, sender: str, recipient: str, now: datetime) -> None:
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(now)


def _subject(message: Message, subject: str, charset: str) -> None:
    try:
        subject.encode("ascii")
        message["Subject"] = subject
    except UnicodeEncodeError:
        subject = subject.encode(charset, "replace").decode(charset)
        message["Subject"] = Header(subject, charset, maxlinelen=70).encode()


def _thread(message: Message, original: Original) -> None:
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        references = [*original.references.split(), original.message_id]
        message["References"] = " ".join(references[-MAX_REFERENCES:])


def _stripped(subject: str) -> str:
    return subject[4:] if subject.lower().startswith("re: ") else subject
