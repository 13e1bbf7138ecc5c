"""Received mails as they look on the wire: answers, absence notes, ticket systems, bounces, complaints, lists."""

import base64
from collections.abc import Mapping
from datetime import date
from email.header import Header
from typing import Final

from campaigns.channels.email.receiving.classification import Classification, classify
from campaigns.channels.email.receiving.parsing import read

ACCOUNT: Final = "maya@acme.test"
LEAD: Final = "kim@northwind.test"
SENT_ID: Final = "<0190aaaa.lad@acme.test>"
FOOTER: Final = "If you do not want to hear from us, unsubscribe here: http://links.acme.test/u/abc"
SENT_BODY: Final = f"Dear Kim,\n\nmay I show you how Acme saves you an hour a day?\n\nMaya\n\n{FOOTER}"
QUOTED: Final = "\n".join(f"> {line}" for line in SENT_BODY.split("\n"))
RECEIVED: Final = date(2026, 2, 20)  # a Friday


def classified(raw: bytes, *, original: str = "") -> Classification:
    """Read a message and classify it as one that came on RECEIVED."""
    return classify(read(raw), own_addresses={ACCOUNT}, received=RECEIVED, original=original)


def mail(
    body: str = "Sounds good, call me.",
    *,
    subject: str = "Re: An hour a day",
    sender: str = f"Kim Park <{LEAD}>",
    to: str = ACCOUNT,
    charset: str = "utf-8",
    subtype: str = "plain",
    answers: str = SENT_ID,
    message_id: str = "<reply-1@northwind.test>",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a message of one part in the character set."""
    shown = subject if subject.isascii() else Header(subject, "utf-8").encode()
    lines = {
        "From": sender,
        "To": to,
        "Subject": shown,
        "Date": "Fri, 20 Feb 2026 10:00:00 +0100",
        "Message-ID": message_id,
        **({"In-Reply-To": answers, "References": answers} if answers else {}),
        **(headers or {}),
        "MIME-Version": "1.0",
        "Content-Type": f'text/{subtype}; charset="{charset}"',
        "Content-Transfer-Encoding": "base64",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    encoded = base64.encodebytes(body.encode(charset)).replace(b"\n", b"\r\n")
    return head.encode() + b"\r\n" + encoded


def report(
    kind: str,
    fields: str,
    *,
    text: str = "Your message could not be delivered.",
    returned: str | None = f"From: {ACCOUNT}\nTo: {LEAD}\nSubject: An hour a day\nMessage-ID: {SENT_ID}\n",
    sender: str = "Mail Delivery System <MAILER-DAEMON@mx.northwind.test>",
    subject: str = "Undelivered Mail Returned to Sender",
    returned_type: str = "text/rfc822-headers",
) -> bytes:
    """Return a multipart/report with its fields and the headers that it gives back."""
    part = "delivery-status" if kind == "delivery-status" else kind
    given_back = f"--edge\nContent-Type: {returned_type}\n\n{returned}\n" if returned is not None else ""
    return (
        f"Return-Path: <>\nFrom: {sender}\nTo: {ACCOUNT}\nSubject: {subject}\n"
        f"Date: Fri, 20 Feb 2026 10:00:00 +0000\nMessage-ID: <report-1@mx.northwind.test>\n"
        f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="edge"\n\n'
        f"--edge\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n"
        f"--edge\nContent-Type: message/{part}\n\n{fields.strip()}\n\n"
        f"{given_back}--edge--\n"
    ).encode()


def status_fields(status: str, diagnostic: str, *, action: str = "failed", recipient: str = LEAD) -> str:
    """Return the fields of RFC 3464 for one recipient."""
    return (
        f"Reporting-MTA: dns; mx.northwind.test\nArrival-Date: Fri, 20 Feb 2026 09:59:58 +0000\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
        f"Remote-MTA: dns; mx.northwind.test\nDiagnostic-Code: smtp; {diagnostic}"
    )


def server_text(text: str, *, subject: str = "failure notice", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a mail server's message in its own words."""
    return mail(
        text,
        subject=subject,
        sender="Mail Delivery Subsystem <mailer-daemon@mx.northwind.test>",
        answers="",
        message_id="<bounce-9@mx.northwind.test>",
        headers={"Return-Path": "<>", **(headers or {})},
    )
