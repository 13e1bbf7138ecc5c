"""Bounces of many mail servers: why a message was returned, and which one."""

import pytest

from campaigns.channels.email.receiving.bounces import BounceReason, Severity
from campaigns.channels.email.receiving.parsing import read
from campaigns.messages.models import MessageKind
from tests.campaigns.channels.email.receiving.mails import (
    LEAD,
    SENT_ID,
    classified,
    report,
    server_text,
    status_fields,
)

BOUNCES: dict[str, tuple[bytes, BounceReason, Severity, str]] = {
    "Postfix, unknown": (
        report("delivery-status", status_fields("5.1.1", "550 5.1.1 <kim@northwind.test>: User unknown in table")),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Postfix, unknown domain": (
        report(
            "delivery-status", status_fields("5.4.4", "X-Postfix; Host or domain name not found. Name service error")
        ),
        BounceReason.NO_SUCH_DOMAIN,
        Severity.HARD,
        "5.4.4",
    ),
    "Postfix, expired": (
        report("delivery-status", status_fields("4.4.1", "connect to mx.northwind.test[192.0.2.1]:25: timed out")),
        BounceReason.NOT_REACHED,
        Severity.SOFT,
        "4.4.1",
    ),
    "Exchange Online, unknown": (
        report(
            "delivery-status",
            status_fields("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP lookup"),
            returned_type="message/rfc822",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.10",
    ),
    "Exchange Online, access denied": (
        report(
            "delivery-status",
            status_fields("5.4.1", "550 5.4.1 Recipient address rejected: Access denied."),
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.4.1",
    ),
    "Exchange, full, called permanent": (
        report("delivery-status", status_fields("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception")),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "5.2.2",
    ),
    "full, temporary": (
        report("delivery-status", status_fields("4.2.2", "452 4.2.2 The email account is over quota")),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "4.2.2",
    ),
    "Exchange, group for colleagues only": (
        report("delivery-status", status_fields("5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.133",
    ),
    "Gmail, unknown": (
        report(
            "delivery-status",
            status_fields("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. gsmtp"),
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject="Delivery Status Notification (Failure)",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Gmail, disabled": (
        report("delivery-status", status_fields("5.2.1", "550 5.2.1 The email account that you tried is disabled")),
        BounceReason.MAILBOX_CLOSED,
        Severity.HARD,
        "5.2.1",
    ),
    "Gmail, receiving too fast": (
        report(
            "delivery-status", status_fields("4.2.1", "450 4.2.1 The user is receiving mail at a rate; try again later")
        ),
        BounceReason.MAILBOX_CLOSED,
        Severity.SOFT,
        "4.2.1",
    ),
    "Gmail, unauthenticated": (
        report("delivery-status", status_fields("5.7.26", "550-5.7.26 This mail is unauthenticated")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.26",
    ),
    "policy": (
        report("delivery-status", status_fields("5.7.1", "554 5.7.1 Message rejected as spam by Content Filtering")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.1",
    ),
    "blocklist, called unknown": (
        report(
            "delivery-status", status_fields("5.0.0", "554 Service unavailable; Client host blocked using Spamhaus")
        ),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.0.0",
    ),
    "unknown address as policy": (
        report("delivery-status", status_fields("5.7.1", "550 5.7.1 no such user here")),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.7.1",
    ),
    "too large": (
        report("delivery-status", status_fields("5.3.4", "552 5.3.4 Message size exceeds fixed limit")),
        BounceReason.TOO_LARGE,
        Severity.SOFT,
        "5.3.4",
    ),
    "loop": (
        report("delivery-status", status_fields("5.4.6", "554 5.4.6 Too many hops")),
        BounceReason.LOOP,
        Severity.SOFT,
        "5.4.6",
    ),
    "no null MX": (
        report("delivery-status", status_fields("5.1.0", "556 Domain does not accept mail (nullMX)")),
        BounceReason.NO_SUCH_DOMAIN,
        Severity.HARD,
        "5.1.0",
    ),
    "without headers of the message": (
        report("delivery-status", status_fields("5.1.1", "550 User unknown"), returned=None),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "qmail": (
        server_text(
            "Hi. This is the qmail-send program at mx.northwind.test.\nI'm afraid I wasn't able to deliver your message"
            " to the following addresses.\n\n<kim@northwind.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            f"--- Below this line is a copy of the message.\n\nReturn-Path: <maya@acme.test>\nMessage-ID: {SENT_ID}\n"
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Exim": (
        server_text(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered to one or more of its recipients. This is a permanent error.\n\n  kim@northwind.test\n"
            "    host mx.northwind.test [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:\n"
            "    550 Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n"
            f"Message-ID: {SENT_ID}\nTo: kim@northwind.test\n",
            subject="Mail delivery failed: returning message to sender",
            headers={"X-Failed-Recipients": LEAD},
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.0.0",
    ),
    "old Exchange": (
        server_text(
            "Your message\n\n  Subject: An hour a day\n\ndid not reach the following recipient(s):\n\n"
            "kim@northwind.test on Fri, 20 Feb 2026\n    The recipient name is not recognized\n"
            "    550 5.1.1 user unknown\n\n"
            f"Original message headers:\n\nMessage-ID: {SENT_ID}\n",
            subject="Undeliverable: An hour a day",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "German server": (
        server_text(
            f"Die Nachricht an kim@northwind.test konnte nicht zugestellt werden:\n552 Postfach ist voll\n\n"
            f"----- Original message -----\n\nMessage-ID: {SENT_ID}\n",
            subject="Unzustellbar: An hour a day",
        ),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "5.0.0",
    ),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_tells_why_and_about_which_message(name: str) -> None:
    raw, reason, severity, status = BOUNCES[name]
    found = classified(raw)
    assert found.kind == MessageKind.BOUNCE
    assert found.bounce is not None
    assert (found.bounce.reason, found.bounce.severity, found.bounce.status) == (reason, severity, status)
    assert found.bounce.recipient == LEAD
    assert read(raw).returned.message_id == ("" if name == "without headers of the message" else SENT_ID)
