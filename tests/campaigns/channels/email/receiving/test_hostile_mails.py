"""Mails that are made to harm their reader."""

import time
from typing import Any

import pytest

from campaigns.channels.email.receiving.classification import classify
from campaigns.channels.email.receiving.parsing import Unreadable, read, read_headers
from tests.campaigns.channels.email.receiving.mails import (
    ACCOUNT,
    RECEIVED,
    report,
)

NESTED = b"".join(b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (n, n + 1) for n in range(5_000))
HEAD = b"From: kim@northwind.test\nTo: maya@acme.test\nMessage-ID: <h@x.test>\n"
HOSTILE: dict[str, bytes] = {
    "100,000 header lines": HEAD + b"X-Filler: 1\n" * 100_000 + b"Subject: late\n\nbody",
    "deep parts": HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n' + NESTED,
    "deep messages": HEAD + b"Content-Type: message/rfc822\n\n" * 3_000,
    "unknown character set": HEAD + b"Content-Type: text/plain; charset=no-such-set\n\n\xff\xfe hello",
    "character set that decodes to bytes": HEAD + b"Content-Type: text/plain; charset=hex\n\n68656c6c6f",
    "encoded words without an end": HEAD + b"Subject: " + b"=?utf-8?q?" * 10_000 + b"\n\nbody",
    "comments in an address": b"From: " + b"(" * 50_000 + b"kim@northwind.test\nMessage-ID: <h@x.test>\n\nbody",
    "parameters without an end": HEAD + b"Content-Type: multipart/mixed; " + b'";' * 20_000 + b"\n\nbody",
    "parameters in a part": HEAD
    + b'Content-Type: multipart/mixed; boundary="b0"\n\n--b0\nContent-Type: text/plain; '
    + b'";' * 100_000
    + b"\n\nx\n--b0--\n",
    "quoted-printable without sense": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\n=" * 50_000,
    "base64 without sense": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=A=" * 50_000,
    "broken HTML": HEAD + b"Content-Type: text/html\n\n" + b"<div <a <!-- <blockquote>" * 20_000,
    "a million quotes": HEAD + b"\n" + b"> " * 250_000,
    "attributions": HEAD + b"\n" + b"On 3 March a@b wrote:\n" * 20_000,
    "dates": HEAD + b"Auto-Submitted: auto-replied\n\nout of office " + b"until 3 march " * 30_000,
    "references": HEAD + b"References: " + b"<a@b>" * 10_000 + b"\n\nbody",
    "nothing": b"",
    "no headers": b"\n\nbody",
    "no colon": b"garbage\x00\xff\n\n",
    "an archive": HEAD + b"Content-Type: application/zip; name=bomb.zip\n\nPK\x03\x04" + b"\0" * 1_000,
    "report without fields": report("delivery-status", ""),
    "report with wrong fields": report("delivery-status", "Action: \xa0failed\nStatus: 99999.9.9\n: :\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_or_refused_quickly(name: str) -> None:
    started = time.process_time()
    try:
        found: Any = classify(read(HOSTILE[name]), own_addresses={ACCOUNT}, received=RECEIVED).kind
    except Unreadable as reason:
        found = str(reason)
    assert found
    read_headers(HOSTILE[name])
    assert time.process_time() - started < 2.0


def test_hostile_mails_are_refused_with_a_reason_or_read_without_what_is_too_much() -> None:
    with pytest.raises(Unreadable, match="too many parts"):
        read(HOSTILE["deep parts"])
    with pytest.raises(Unreadable, match="too long"):
        read(HOSTILE["parameters in a part"])
    assert read(HOSTILE["unknown character set"]).text.endswith("hello")
    assert len(read(HOSTILE["references"]).references) <= 50
    archive = read(HOSTILE["an archive"])
    assert (archive.text, archive.has_attachments) == ("", True)
