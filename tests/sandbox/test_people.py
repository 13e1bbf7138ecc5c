"""Simulated people: who answers how, read by the standard library's e-mail parser."""

import re
import smtplib
from datetime import date
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.support.sandbox import Sandbox

SENDER = "maya@kestrel.example"
ORIGINAL = "<7.abc@kestrel.example>"


def send(sandbox: Sandbox, recipient: str, *, site: str = "", **headers: str) -> None:
    """Send a message with text, HTML and the headers that allow unsubscribing."""
    sandbox.mailbox(SENDER)
    message = EmailMessage()
    message["From"] = f"Maya Köhler <{SENDER}>"
    message["To"] = recipient
    message["Subject"] = "Your open positions"
    message["Message-ID"] = ORIGINAL
    message["References"] = "<1@kestrel.example>"
    message["List-Unsubscribe"] = f"<{site}/unsubscribe?token=1>, <mailto:{SENDER}?subject=unsubscribe%201>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content("Hello Ada,\nshall we talk?\n")
    message.add_alternative(
        f'<p>Hello Ada, <a href="{site}/offer?a=1&amp;b=2">look</a></p><img src="{site}/pixel.gif">', subtype="html"
    )
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.login(SENDER, "secret")
        client.send_message(message)


def reaction(sandbox: Sandbox, recipient: str) -> EmailMessage:
    """Return the one message that comes back."""
    send(sandbox, recipient)
    assert sandbox.mails(SENDER) == []
    sandbox.run_until_idle()
    [mail] = sandbox.mails(SENDER)
    return mail


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_an_answer_threads_and_quotes(sandbox: Sandbox) -> None:
    reply = reaction(sandbox, "answers.1@people.example")
    assert reply["In-Reply-To"] == ORIGINAL
    assert reply["References"] == f"<1@kestrel.example> {ORIGINAL}"
    assert reply["Subject"] == "Re: Your open positions"
    assert reply["From"].addresses[0].addr_spec == "answers.1@people.example"
    assert "Auto-Submitted" not in reply
    assert "\n> shall we talk?" in text_of(reply).replace("\r\n", "\n")
    assert f"Maya Köhler <{SENDER}> wrote:" in text_of(reply)
    [entry] = sandbox.log("reply")
    assert (entry["about"], entry["person"]) == (ORIGINAL, "answers.1@people.example")


@pytest.mark.parametrize(
    ("language", "charset", "quote"),
    [
        ("de", "iso-8859-1", "schrieb Maya Köhler"),
        ("fr", "iso-8859-15", "a écrit"),
        ("es", "windows-1252", "escribió"),
        ("it", "utf-8", "ha scritto"),
        ("nl", "utf-8", "schreef"),
        ("pl", "iso-8859-2", "napisał"),
        ("pt", "utf-8", "escreveu"),
        ("ja", "iso-2022-jp", "月"),
    ],
)
def test_answers_come_in_languages_and_charsets(sandbox: Sandbox, language: str, charset: str, quote: str) -> None:
    reply = reaction(sandbox, f"answers.{language}.1@people.example")
    assert reply.get_content_charset() == charset
    assert quote in text_of(reply)


def test_answers_as_html_and_from_other_addresses(sandbox: Sandbox) -> None:
    for detail in ("html", "alias", "colleague"):
        send(sandbox, f"answers.{detail}.1@people.example")
    sandbox.run_until_idle()
    mails = {mail["From"].addresses[0].username: mail for mail in sandbox.mails(SENDER)}
    html = mails.pop("answers.html.1")
    assert html.get_content_type() == "text/html"
    assert "gmail_quote" in text_of(html)
    assert mails.pop("office")["In-Reply-To"] == ORIGINAL
    assert len(mails) == 1


def test_an_answer_takes_its_time_and_the_clock_can_be_moved(sandbox: Sandbox) -> None:
    send(sandbox, "answers.1@people.example")
    send(sandbox, "answers-later.1@people.example")
    started = sandbox.now()
    assert sandbox.advance(minutes=3) == 0
    assert sandbox.advance(minutes=40) == 1
    assert sandbox.advance(days=3) == 1
    assert (sandbox.now() - started).days == 3
    assert [mail["Date"].datetime > started for mail in sandbox.mails(SENDER)] == [True, True]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "ja"])
def test_an_absence_notice_names_the_day_of_return_once(sandbox: Sandbox, language: str) -> None:
    address = f"out-of-office.{language}.2@people.example"
    notice = reaction(sandbox, address)
    [entry] = sandbox.log("auto_reply")
    returns = date.fromisoformat(entry["returns"])
    assert 2 <= (returns - sandbox.now().date()).days <= 14
    assert {returns.day, returns.year} <= {int(digits) for digits in re.findall(r"\d+", text_of(notice))}
    assert notice["Auto-Submitted"] == "auto-replied"
    assert notice["In-Reply-To"] == ORIGINAL
    send(sandbox, address)
    sandbox.run_until_idle()
    assert len(sandbox.log("auto_reply")) == 1
    sandbox.advance(days=15)
    send(sandbox, address)
    sandbox.run_until_idle()
    assert len(sandbox.log("auto_reply")) == 2


def test_a_ticket_system_says_that_it_is_one(sandbox: Sandbox) -> None:
    receipt = reaction(sandbox, "ticket-system.1@people.example")
    assert (receipt["Auto-Submitted"], receipt["Precedence"]) == ("auto-generated", "bulk")
    assert receipt["Subject"].startswith("[#")


DSNS = [
    ("hard-bounce", "postfix", "5.1.1", "failed", "message/rfc822"),
    ("hard-bounce", "exchange", "5.1.1", "failed", "text/rfc822-headers"),
    ("hard-bounce", "gmail", "5.1.1", "failed", "message/rfc822"),
    ("blocked", "postfix", "5.7.1", "failed", "message/rfc822"),
    ("mailbox-full", "postfix", "4.2.2", "failed", "message/rfc822"),
    ("mailbox-full", "exchange", "5.2.2", "failed", "text/rfc822-headers"),
    ("soft-bounce", "gmail", "4.4.1", "delayed", "message/rfc822"),
]


@pytest.mark.parametrize(("behaviour", "dialect", "status", "action", "returned"), DSNS)
def test_a_report_of_failure_has_three_parts(
    sandbox: Sandbox, behaviour: str, dialect: str, status: str, action: str, returned: str
) -> None:
    address = f"{behaviour}.{dialect}.1@people.example"
    report = reaction(sandbox, address)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    _notice, fields, original = report.iter_parts()
    blocks = fields.get_payload()
    assert isinstance(blocks, list)
    per_message, per_recipient = (block for block in blocks if isinstance(block, EmailMessage))
    assert per_message["Reporting-MTA"]
    assert (per_recipient["Status"], per_recipient["Action"]) == (status, action)
    assert per_recipient["Final-Recipient"] == f"rfc822; {address}"
    assert original.get_content_type() == returned
    assert ORIGINAL in original.as_string()
    [entry] = sandbox.log("bounce")
    assert (entry["status"], entry["action"], entry["about"]) == (status, action, ORIGINAL)
    assert len(sandbox.log("delivery")) == (1 if action == "delayed" else 0)


@pytest.mark.parametrize(("dialect", "names_original"), [("qmail", True), ("bare", False)])
def test_a_failure_in_free_text(sandbox: Sandbox, dialect: str, names_original: bool) -> None:
    notice = reaction(sandbox, f"hard-bounce.{dialect}.1@people.example")
    assert notice.get_content_type() == "text/plain"
    assert f"hard-bounce.{dialect}.1@people.example" in text_of(notice)
    assert (ORIGINAL in text_of(notice)) is names_original


def test_a_refusal_at_once(sandbox: Sandbox) -> None:
    for address, code in (("hard-bounce.refused.1", 550), ("mailbox-full.refused.1", 452), ("try-later.1", 450)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(sandbox, f"{address}@people.example")
        assert refused.value.recipients[f"{address}@people.example"][0] == code
    assert [entry["code"] for entry in sandbox.log("refusal")] == [550, 452, 450]
    assert sandbox.log("submission") == []


@pytest.mark.parametrize("redacted", [False, True])
def test_a_complaint_is_a_feedback_report(sandbox: Sandbox, redacted: bool) -> None:
    address = f"complains.{'redacted.' if redacted else ''}1@people.example"
    report = reaction(sandbox, address)
    assert report.get_param("report-type") == "feedback-report"
    _notice, fields, original = report.iter_parts()
    assert "Feedback-Type: abuse" in fields.as_string()
    assert (address in report.as_string()) is not redacted
    assert ORIGINAL in original.as_string()


def test_unsubscribing_by_mail(sandbox: Sandbox) -> None:
    request = reaction(sandbox, "unsubscribes-by-mail.fr.1@people.example")
    assert request["To"] == SENDER
    assert request["Subject"] == "unsubscribe 1"
    assert sandbox.log("unsubscribe")[0]["method"] == "mail"


class Site:
    """A web server that notes what it is asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, str]] = []
        seen = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                seen.append((self.command, self.path, body, self.headers["User-Agent"]))
                self.send_response(302)
                self.send_header("Location", "http://elsewhere.example/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET  # noqa: N815  (the name that the server looks for)

            def log_message(self, *arguments: Any) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("opens", [("GET", "/pixel.gif")]),
        ("clicks", [("GET", "/pixel.gif"), ("GET", "/offer?a=1&b=2")]),
        ("scanner", [("GET", "/offer?a=1&b=2"), ("GET", "/pixel.gif"), ("GET", "/unsubscribe?token=1")]),
        ("unsubscribes-by-click", [("POST", "/unsubscribe?token=1")]),
        ("silent", []),
    ],
)
def test_people_and_scanners_use_links(
    sandbox: Sandbox, site: Site, behaviour: str, expected: list[tuple[str, str]]
) -> None:
    send(sandbox, f"{behaviour}.1@people.example", site=site.url)
    sandbox.run_until_idle()
    assert [request[:2] for request in site.requests] == expected
    assert all(
        body == ("List-Unsubscribe=One-Click" if method == "POST" else "") for method, _, body, _ in site.requests
    )
    logged = sandbox.log("open", "click", "scan", "unsubscribe")
    assert [entry["status"] for entry in logged] == [302] * len(expected)


def test_a_scanner_is_done_within_a_second(sandbox: Sandbox, site: Site) -> None:
    send(sandbox, "scanner.1@people.example", site=site.url)
    sandbox.advance(seconds=1)
    assert len(site.requests) == 3
    assert sandbox.run_until_idle() == 0


def test_links_to_other_computers_are_not_followed(sandbox: Sandbox, site: Site) -> None:
    send(sandbox, "clicks.1@people.example", site="https://links.kestrel.example")
    sandbox.run_until_idle()
    assert "not on this computer" in sandbox.log("click")[0]["problem"]
    sandbox.call("POST", "/web", json={"hosts": {"links.kestrel.example": site.url.removeprefix("http://")}})
    send(sandbox, "clicks.2@people.example", site="https://links.kestrel.example")
    sandbox.run_until_idle()
    assert len(site.requests) == 2


def test_nobody_answers_an_automatic_message(sandbox: Sandbox) -> None:
    send(sandbox, "answers.1@people.example", **{"Auto-Submitted": "auto-generated"})
    sandbox.run_until_idle()
    assert sandbox.mails(SENDER) == []


def test_a_mixture_of_people_is_the_same_in_every_run(sandbox: Sandbox) -> None:
    def population() -> list[tuple[str, str]]:
        people = (sandbox.call("GET", f"/people/lead{number}@acme.example").json() for number in range(60))
        return [(person["behaviour"], person["language"]) for person in people]

    assert {behaviour for behaviour, _ in population()} == {"silent"}
    sandbox.people(mixed=True)
    first = population()
    assert len(set(first)) > 10
    sandbox.reset()
    sandbox.people(mixed=True)
    assert population() == first


def test_a_person_can_be_described(sandbox: Sandbox) -> None:
    sandbox.person("ada@acme.example", "answers", language="de", patience=2)
    send(sandbox, "ada@acme.example")
    assert sandbox.run_until_idle() == 0
    send(sandbox, "ada@acme.example")
    assert sandbox.run_until_idle() == 1
    assert sandbox.mails(SENDER)[0]["Subject"] == "AW: Your open positions"


@pytest.mark.parametrize(
    ("behaviour", "outcome", "accepted"),
    [("drops-before-final", "dropped", 1), ("loses-before-final", "dropped", 0), ("busy", "refused", 0)],
)
def test_servers_misbehave_at_the_first_attempt(sandbox: Sandbox, behaviour: str, outcome: str, accepted: int) -> None:
    errors = {"dropped": smtplib.SMTPServerDisconnected, "refused": smtplib.SMTPResponseException}
    with pytest.raises((errors[outcome], smtplib.SMTPRecipientsRefused)):
        send(sandbox, f"{behaviour}.1@people.example")
    assert len(sandbox.submissions(ORIGINAL)) == accepted
    send(sandbox, f"{behaviour}.1@people.example")
    assert len(sandbox.submissions(ORIGINAL)) == accepted + 1


def test_mail_between_mailboxes_is_delivered(sandbox: Sandbox) -> None:
    sandbox.mailbox("ben@kestrel.example")
    send(sandbox, "ben+campaign@kestrel.example")
    [mail] = sandbox.mails("ben@kestrel.example")
    assert mail["Message-ID"] == ORIGINAL
