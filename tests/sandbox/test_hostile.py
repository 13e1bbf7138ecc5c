"""People react to whatever is sent to them: malformed messages, odd charsets, no text at all."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from sandbox.core import Core
from sandbox.providers.mail import Mail
from sandbox.providers.mail.people.persons import DIALECTS, Behaviour
from tests.support.loops import run

SENDER = "maya@kestrel.example"
FROM = f"From: {SENDER}\r\n".encode()
ORIGINALS = {
    "utf-8 in header and body": "From: Zoë <maya@kestrel.example>\r\nSubject: Grüße 日本\r\n\r\nŁódź €\r\n".encode(),
    "nothing": b"",
    "no header": b"garbage",
    "broken header": b"From: =?utf-8?b?x?= <maya@k\r\nSubject: =?x?y?z?=\r\nMessage-ID: <<2@k\r\n\r\n\xff\x00",
    "unknown charset": FROM + b"Content-Type: text/html; charset=none\r\n\r\n<a href='http://[bad'>x</a>",
    "no text": FROM
    + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\n\r\n\x89\r\n--x--\r\n",
    "a group and a folded subject": FROM + b"Reply-To: undisclosed:;\r\nSubject: a\r\n b\r\n\r\nx",
    "a long thread": FROM + b"Message-ID: <1@k>\r\nReferences: " + b"<r@x> " * 50 + b"\r\n\r\nx",
    "an injected header": FROM + b"List-Unsubscribe: <mailto:maya@kestrel.example?subject=%0d%0ABcc:%20x@y>\r\n\r\nx",
    "many open tags": FROM + b"Content-Type: text/html\r\n\r\n" + b"<a <img " * 5_000,
}


@pytest.mark.parametrize("original", ORIGINALS.values(), ids=ORIGINALS)
def test_everybody_reacts_to_a_hostile_message(tmp_path: Path, original: bytes) -> None:
    core = Core(tmp_path, seed=3, speed=0, haste=1)
    mail = Mail(core)
    account = mail.mailboxes.save({"address": SENDER})
    words = [f"{behaviour}.{detail}" for behaviour in Behaviour for detail in ("html.ja", "redacted.colleague")]
    words += [f"hard-bounce.{dialect}" for dialect in DIALECTS]
    recipients = [f"{each}@people.example" for each in words]
    for recipient in recipients:
        mail.post_office.accept(account, SENDER, [recipient], original)
    assert run(core.schedule.run_until_idle()) > 30
    assert list(core.log.read(kinds={"error"}, limit=9)) == []
    inbox = mail.mailboxes.folder(SENDER, "INBOX")
    assert inbox is not None
    contents = [mail.mailboxes.content(inbox.id, uid) for uid in mail.mailboxes.uids(inbox.id)]
    assert contents
    for content in contents:
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert "Bcc" not in message_from_bytes(content, policy=policy.default)
