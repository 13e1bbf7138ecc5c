"""The mail that a message becomes, read back by Python's own parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.composing.mime import Unsendable, compose
from campaigns.messages.models import Message
from campaigns.templates.cleaning import clean, text_of
from lad.db.identifiers import uuid7
from leads.contactability.models import Purpose

BEGUN = datetime(2026, 5, 4, 12, 30, 15, 999, tzinfo=UTC)
ATTACKS = (
    "Hello\r\nBcc: everybody@victim.example",
    "Hello\nBcc: everybody@victim.example",
    "Hello\rBcc: everybody@victim.example",
    "Hello\x0bBcc: everybody@victim.example",
    "Hello\u2028Bcc: everybody@victim.example",
    "Hello\x85Bcc: everybody@victim.example",
    "Hello\x00\r\n\r\n<script>",
    "=?utf-8?q?Hello=0D=0ABcc:_everybody@victim.example?=",
)
SUBJECTS = (
    "Grüße aus Köln",
    "日本語の件名 " * 12,
    "A long subject of plain words " * 15,
    "x" * 500,
    "🎉" * 100,
    "with =?utf-8?q?encoded?= words",
    '"quoted" <and> angled, with; punctuation:',
    "trailing comma,",
)


def made(**values: Any) -> Message:
    key = uuid7()
    given = {
        "pk": key,
        "tenant_id": uuid7(),
        "message_id": f"<{key}@kestrel.example>",
        "to_address": "ada@people.example",
        "subject": "Hello",
        "body": "How are you?",
        "purpose": Purpose.SERVICE,
        "begun_at": BEGUN,
    }
    return Message(**{**given, **values})


def mail_of(message: Message, **account: Any) -> EmailMessage:
    given = {"email": "maya@kestrel.example", "from_name": "Maya", "tenant_id": message.tenant_id}
    message.email_account = EmailAccount(**{**given, **account})
    composed = compose(message, message.email_account)
    again = compose(message, message.email_account)
    assert composed == again
    head = composed.content.partition(b"\r\n\r\n")[0]
    assert b"\n" not in composed.content.replace(b"\r\n", b"")
    assert max(map(len, composed.content.split(b"\r\n"))) <= 998
    assert composed.needs_smtputf8 or composed.content.isascii()
    assert head.lower().count(b"\r\nbcc:") == 0
    parsed = message_from_bytes(composed.content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_begins_a_header_of_its_own(attack: str) -> None:
    message = made(
        subject=attack,
        in_reply_to=f"<a@b>{attack}",
        metadata={"references": [f"<a{attack}@b>", "<good@people.example>"]},
        message_id="<fixed@kestrel.example>",
    )
    mail = mail_of(message, from_name=attack, signature=attack)
    known = {
        "from", "to", "subject", "date", "message-id", "references", "mime-version", "content-type",
        "content-transfer-encoding",
    }  # fmt: skip
    assert {name.lower() for name in mail} - {"in-reply-to"} <= known
    assert len(mail.keys()) == len(set(mail.keys()))
    assert mail["From"].addresses[0].addr_spec == "maya@kestrel.example"
    assert "<good@people.example>" in mail["References"]


@pytest.mark.parametrize(
    "address", ["ada@people.example\r\nRCPT TO:<x@y>", "ada people@x.example", "", "ada@", "<a@b>", "a@b,c@d"]
)
def test_a_strange_address_is_refused(address: str) -> None:
    with pytest.raises(Unsendable):
        mail_of(made(to_address=address))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subjects_of_any_script_and_length_arrive_whole(subject: str) -> None:
    mail = mail_of(made(subject=subject))
    assert " ".join(mail["Subject"].split()) == " ".join(subject.split())


def test_names_and_domains_of_any_script_arrive() -> None:
    mail = mail_of(
        made(to_address="ada@bücher.example"), from_name="Müller, Maya “M.” 日本", email="maya@bücher.example"
    )
    assert mail["From"].addresses[0].display_name == "Müller, Maya “M.” 日本"
    assert mail["From"].addresses[0].addr_spec == "maya@xn--bcher-kva.example"
    assert mail["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.example"
    account = EmailAccount(email="maya@kestrel.example")
    assert compose(made(to_address="дарья@people.example"), account).needs_smtputf8
    assert not compose(made(), account).needs_smtputf8


def test_a_thread_keeps_long_message_ids_as_they_are() -> None:
    ids = [f"<{'a' * 150}{number}@people.example>" for number in range(20)]
    mail = mail_of(made(in_reply_to=ids[-1], metadata={"references": ids}))
    assert mail["References"].split() == ids
    assert mail["In-Reply-To"] == ids[-1]
    assert mail["Date"].datetime == BEGUN.replace(microsecond=0)


def test_plain_text_comes_first_and_is_made_of_html_where_there_is_none() -> None:
    html = "<h1>Hi</h1><p>One<br>two &amp; three</p><ul><li>x</li></ul><a href='https://a.example'>here</a>"
    html += "<style>p{}</style>"
    mail = mail_of(
        made(body="", html=html + "<script>alert(1)</script><p onclick='x()'>end</p>"), signature="Maya\nKestrel"
    )
    text, rich = mail.iter_parts()
    assert (text.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == [
        "Hi", "", "One", "two & three", "", "- x", "", "here (https://a.example)", "", "end", "", "Maya", "Kestrel",
    ]  # fmt: skip
    assert "script" not in rich.get_content()
    assert "onclick" not in rich.get_content()
    assert "Maya<br>Kestrel" in rich.get_content()
    assert mail_of(made(body="Text", html="<p>Rich</p>")).get_body(("plain",)).get_content().strip() == "Text"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<iframe src='https://x.example'></iframe>", "iframe"),
        ("<a href='javascript:alert(1)'>x</a>", "javascript"),
        ("<img src='data:text/html;base64,xx'>", "data:"),
        ("<form action='https://x.example'><input></form>", "form"),
        ("<!-- [if mso]> x <![endif]-->", "mso"),
        ("<svg onload=alert(1)>", "onload"),
        ("<p style='x' onmouseover=alert(1)>t</p>", "onmouseover"),
    ],
)
def test_html_is_cleaned(html: str, gone: str) -> None:
    assert gone not in clean(html)


@pytest.mark.parametrize("html", ["<div>" * 20_000, "x" * 300_000])
def test_html_that_is_too_large_is_refused(html: str) -> None:
    with pytest.raises(Unsendable, match="plain text"):
        mail_of(made(html=html))


def test_a_message_without_any_text_is_refused() -> None:
    with pytest.raises(Unsendable, match="no text"):
        mail_of(made(body=" \n", html="<p> </p>"))


def test_text_of_html_ends() -> None:
    assert text_of("<p>" * 50 + "deep" + "<a href='x'>") == "deep"
