"""Delivery status notifications as Postfix, Exchange, Gmail and qmail write them, and complaints as ARF."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.mime.text import MIMEText
from email.policy import Policy
from email.utils import format_datetime
from typing import Final

from sandbox.providers.mail.mailboxes import header_of
from sandbox.providers.mail.people.originals import Original
from sandbox.providers.mail.people.persons import Behaviour, Person
from sandbox.providers.mail.people.replies import message_id, wire

MAX_RETURNED: Final = 20_000


@dataclass(frozen=True)
class Failure:
    """Why a message was not delivered."""

    status: str
    code: int
    text: str
    # "failed" is final; "delayed" means that the server goes on trying.
    action: str = "failed"


FAILURES: Final = {
    Behaviour.HARD_BOUNCE: Failure("5.1.1", 550, "The email account that you tried to reach does not exist"),
    Behaviour.BLOCKED: Failure("5.7.1", 554, "Message rejected by content policy"),
    Behaviour.MAILBOX_FULL: Failure("4.2.2", 452, "The recipient's mailbox is over its storage limit"),
    Behaviour.SOFT_BOUNCE: Failure("4.4.1", 451, "Connection timed out", action="delayed"),
}


def failure_of(person: Person) -> Failure:
    """Return why mail to a person fails. Exchange calls a full mailbox 5.2.2."""
    failure = FAILURES[person.behaviour]
    if person.dialect == "exchange" and failure.status == "4.2.2":
        return Failure("5.2.2", 554, failure.text)
    return failure


def bounce(person: Person, original: Original, sender: str, now: datetime, number: int) -> bytes:
    """Return the notification of a person's server to the envelope sender."""
    failure = failure_of(person)
    notification = _DIALECTS[person.dialect](person, original, failure, now)
    notification["To"] = sender
    notification["Date"] = format_datetime(now)
    notification["Message-ID"] = message_id(person, "bounce", number, original.message_id)
    notification["Return-Path"] = "<>"
    return wire(notification)


def complaint(person: Person, original: Original, sender: str, now: datetime, number: int) -> bytes:
    """Return the report of a feedback loop. A ``redacted`` one does not say who complained."""
    redacted = "redacted" in person.details
    fields = [
        "Feedback-Type: abuse",
        "User-Agent: SandboxLoop/1.0",
        "Version: 1",
        f"Original-Mail-From: {sender}",
        f"Arrival-Date: {format_datetime(now)}",
        f"Reported-Domain: {sender.rpartition('@')[2]}",
        "Source-IP: 192.0.2.1",
    ]
    if not redacted:
        fields.append(f"Original-Rcpt-To: {person.address}")
    returned = original.content[:MAX_RETURNED]
    if redacted:
        returned = returned.replace(person.address.encode(), b"[redacted]")
    parts = [
        ("text/plain; charset=utf-8", f"This is an abuse report for a message from {sender}.\n".encode()),
        ("message/feedback-report", ("\n".join(fields) + "\n").encode()),
        ("message/rfc822", returned),
    ]
    report = _Report("feedback-report", parts)
    report["From"] = f"Feedback loop <feedback@{person.domain}>"
    report["To"] = sender
    report["Subject"] = f"FW: {original.subject}"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = message_id(person, "complaint", number, original.message_id)
    return wire(report)


def _postfix(person: Person, original: Original, failure: Failure, now: datetime) -> Message:
    """A report with the status as RFC 3464 has it and the whole original."""
    server = f"mail.{person.domain}"
    opening = "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients."
    if failure.action == "delayed":
        opening = "Your message could not be delivered for 1.0 hours.\nIt will be retried until it is 5.0 days old."
    notice = (
        f"This is the mail system at host {server}.\n\n{opening}\nIt's attached below.\n\n"
        f"<{person.address}>: host {server}[192.0.2.25] said: {failure.code} {failure.status}\n"
        f"    {failure.text} (in reply to RCPT TO command)\n"
    )
    message = _report(notice, _status(person, original, failure, now, server), "message", "rfc822", original.content)
    message["From"] = f"MAILER-DAEMON@{server} (Mail Delivery System)"
    delayed = failure.action == "delayed"
    message["Subject"] = "Delayed Mail (still being retried)" if delayed else "Undelivered Mail Returned to Sender"
    message["Auto-Submitted"] = "auto-replied"
    return message


def _exchange(person: Person, original: Original, failure: Failure, now: datetime) -> Message:
    """A report with HTML, threading headers, and only the headers of the original."""
    server = f"EX01.{person.domain}"
    notice = (
        f"<html><body><p><b>Delivery has failed to these recipients or groups:</b></p>"
        f'<p><a href="mailto:{person.address}">{person.address}</a><br>{failure.text}.</p>'
        f"<p>Diagnostic information for administrators:<br>Generating server: {server}<br>"
        f"{person.address}<br>Remote server returned '{failure.code} {failure.status} {failure.text}'</p></body></html>"
    )
    headers = header_of(original.content)
    status = _status(person, original, failure, now, server)
    message = _report(notice, status, "text", "rfc822-headers", headers, html=True)
    message["From"] = f"Microsoft Outlook <postmaster@{person.domain}>"
    delayed = failure.action == "delayed"
    message["Subject"] = f"{'Delivery delayed' if delayed else 'Undeliverable'}: {original.subject}"
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = original.message_id
    message["X-MS-Exchange-Message-Is-Ndr"] = ""
    message["Auto-Submitted"] = "auto-replied"
    return message


def _gmail(person: Person, original: Original, failure: Failure, now: datetime) -> Message:
    """A report with threading headers and X-Failed-Recipients."""
    failed = failure.action != "delayed"
    notice = (
        f"\n** {'Address not found' if failed else 'Delivery incomplete'} **\n\nYour message wasn't delivered to "
        f"{person.address}.\n\nThe response was:\n{failure.code} {failure.status} {failure.text}. "
        f"For more information, go to https://support.google.example/mail/?p=NoSuchUser - gsmtp\n"
    )
    status = _status(person, original, failure, now, "googlemail.example")
    message = _report(notice, status, "message", "rfc822", original.content)
    message["From"] = "Mail Delivery Subsystem <mailer-daemon@googlemail.example>"
    message["Subject"] = f"Delivery Status Notification ({'Failure' if failed else 'Delay'})"
    message["X-Failed-Recipients"] = person.address
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = original.message_id
    message["Auto-Submitted"] = "auto-replied"
    return message


def _qmail(person: Person, original: Original, failure: Failure, now: datetime) -> Message:
    """Free text with the original below it."""
    apology = (
        "This is a permanent error; I've given up. Sorry it didn't work out."
        if failure.action == "failed"
        else "I'm not going to try again; this message has been in the queue too long."
    )
    text = (
        f"Hi. This is the qmail-send program at mail.{person.domain}.\n"
        f"I'm afraid I wasn't able to deliver your message to the following addresses.\n{apology}\n\n"
        f"<{person.address}>:\n192.0.2.25 does not like recipient.\n"
        f"Remote host said: {failure.code} {failure.status} {failure.text}\nGiving up on 192.0.2.25.\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <>\n"
    )
    copy = original.content[:MAX_RETURNED].decode("utf-8", "replace").replace("\r\n", "\n")
    message = MIMEText(text + copy, "plain", "utf-8" if not copy.isascii() else "us-ascii")
    message["From"] = f"MAILER-DAEMON@mail.{person.domain}"
    message["Subject"] = "failure notice"
    return message


def _bare(person: Person, original: Original, failure: Failure, now: datetime) -> Message:
    """Free text that says nothing of the original, as some appliances send."""
    text = f"Your message to {person.address} was rejected.\n\nReason: {failure.code} {failure.status} {failure.text}\n"
    message = MIMEText(text)
    message["From"] = f"postmaster@{person.domain}"
    message["Subject"] = "Mail delivery failed"
    message["Auto-Submitted"] = "auto-generated"
    return message


_DIALECTS: Final[dict[str, Callable[[Person, Original, Failure, datetime], Message]]] = {
    "postfix": _postfix,
    "exchange": _exchange,
    "gmail": _gmail,
    "qmail": _qmail,
    "bare": _bare,
}


def _status(person: Person, original: Original, failure: Failure, now: datetime, server: str) -> str:
    return (
        f"Reporting-MTA: dns; {server}\n"
        + (f"X-Original-Message-ID: {original.message_id}\n" if original.message_id else "")
        + f"Arrival-Date: {format_datetime(now)}\n\n"
        f"Final-Recipient: rfc822; {person.address}\n"
        f"Original-Recipient: rfc822;{person.address}\n"
        f"Action: {failure.action}\nStatus: {failure.status}\nRemote-MTA: dns; mail.{person.domain}\n"
        f"Diagnostic-Code: smtp; {failure.code} {failure.status} {failure.text}\n"
    )


def _report(notice: str, status: str, kind: str, subtype: str, returned: bytes, *, html: bool = False) -> Message:
    charset = "us-ascii" if notice.isascii() else "utf-8"
    parts = [
        (f"text/{'html' if html else 'plain'}; charset={charset}", notice.encode()),
        ("message/delivery-status", status.encode()),
        (f"{kind}/{subtype}", returned[:MAX_RETURNED]),
    ]
    return _Report("delivery-status", parts)


class _Report(Message):
    """A message in parts, each exactly as given: the library's generator would write returned messages anew."""

    def __init__(self, report_type: str, parts: list[tuple[str, bytes]]) -> None:
        super().__init__()
        boundary = hashlib.sha256(b"".join(content for _, content in parts)).hexdigest()[:32]
        kind = f'multipart/report; report-type={report_type};\n boundary="{boundary}"'
        pieces = [f"--{boundary}\nContent-Type: {each}\n\n".encode() + content + b"\n" for each, content in parts]
        self._head = f"MIME-Version: 1.0\nContent-Type: {kind}\n".encode()
        self._body = b"".join(pieces) + f"--{boundary}--\n".encode()

    def as_bytes(self, unixfrom: bool = False, policy: Policy | None = None) -> bytes:
        return self._head + super().as_bytes(unixfrom, policy) + self._body
