"""The sandbox's submission server, by smtplib."""

import smtplib
import ssl
from base64 import b64encode
from email.message import EmailMessage

import pytest

from tests.support.sandbox import Sandbox

SENDER = "maya@kestrel.example"


def mail(recipient: str = "ada@people.example", *, number: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Maya Kestrel <{SENDER}>"
    message["To"] = recipient
    message["Subject"] = "Hello"
    message["Message-ID"] = f"<{number}@kestrel.example>"
    message.set_content("Hello,\n.a line that begins with a dot\n")
    return message


@pytest.fixture
def client(sandbox: Sandbox) -> smtplib.SMTP:
    sandbox.mailbox(SENDER, password="secret")
    client = smtplib.SMTP(*sandbox.smtp, timeout=10)
    client.login(SENDER, "secret")
    return client


def test_a_message_is_accepted_logged_and_found_by_its_message_id(sandbox: Sandbox, client: smtplib.SMTP) -> None:
    with client:
        client.send_message(mail())
    [submission] = sandbox.submissions("<1@kestrel.example>")
    assert (submission.account, submission.recipient) == (SENDER, "ada@people.example")
    [entry] = sandbox.log("submission")
    sent = mail().as_bytes().replace(b"\n", b"\r\n")
    assert (entry["n"], entry["sha256"], entry["size"]) == (submission.n, submission.sha256, len(sent))
    assert sandbox.sent(submission.n).get_content().splitlines() == ["Hello,", ".a line that begins with a dot"]
    assert sandbox.submissions("<2@kestrel.example>") == []


def test_two_submissions_of_one_message_count_as_a_duplicate(sandbox: Sandbox, client: smtplib.SMTP) -> None:
    with client:
        client.send_message(mail())
        client.send_message(mail("ben@people.example"))
        assert sandbox.stats()["mail"]["duplicates"] == 0
        client.send_message(mail())
    assert sandbox.stats()["mail"]["duplicates"] == 1
    assert sandbox.stats()["log"]["submission"] == 3


def test_starttls_and_tls_from_the_start_work_with_the_certificate(sandbox: Sandbox) -> None:
    sandbox.mailbox(SENDER, password="secret")
    context = ssl.create_default_context(cafile=str(sandbox.certificate))
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.starttls(context=context)
        client.login(SENDER, "secret")
        assert not client.has_extn("starttls")
        client.send_message(mail())
    with smtplib.SMTP_SSL(*sandbox.smtps, timeout=10, context=context) as client:
        client.login(SENDER, "secret")
        client.send_message(mail(number=2))
    assert len(sandbox.log("submission")) == 2


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_a_wrong_password_is_refused_by_every_method(sandbox: Sandbox, method: str) -> None:
    sandbox.mailbox(SENDER, password="right")
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.ehlo()
        client.user, client.password = SENDER, "wrong"
        authenticate = client.auth_plain if method == "PLAIN" else client.auth_login
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.auth(method, authenticate)
        assert refused.value.smtp_code == 535
        client.password = "right"
        assert client.auth(method, authenticate)[0] == 235
    assert [entry["kind"] for entry in sandbox.log("sign_in", "sign_in_refused")] == ["sign_in_refused", "sign_in"]


def test_an_unknown_token_is_refused_with_a_challenge(sandbox: Sandbox) -> None:
    sandbox.mailbox(SENDER)
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.ehlo()
        token = b64encode(f"user={SENDER}\x01auth=Bearer nonsense\x01\x01".encode()).decode()
        code, challenge = client.docmd("AUTH", f"XOAUTH2 {token}")
        assert (code, b"eyJ" in challenge) == (334, True)
        assert client.docmd("")[0] == 535


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["MAIL FROM:<maya@kestrel.example>"], 503),
        (["EHLO x", "MAIL FROM:<maya@kestrel.example>"], 530),
        (["EHLO x", "AUTH nonsense"], 504),
        (["EHLO x", "AUTH PLAIN nonsense"], 501),
        (["EHLO x", "DATA"], 503),
        (["NONSENSE"], 500),
        (["\xff\x00"], 500),
    ],
)
def test_commands_out_of_order_are_refused(sandbox: Sandbox, lines: list[str], code: int) -> None:
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.command_encoding = "latin-1"
        answers = [client.docmd(line)[0] for line in lines]
    assert answers[-1] == code


def test_a_sender_that_is_not_the_accounts_is_refused(client: smtplib.SMTP) -> None:
    with client:
        assert client.mail("ben@kestrel.example")[0] == 553
        assert client.mail("maya+bounce-7@kestrel.example")[0] == 250


FAULTS = [
    ({"kind": "answer", "stage": "MAIL", "code": 421, "text": "4.7.0 Try again later"}, "refused", 0),
    ({"kind": "answer", "stage": "RCPT", "code": 450, "text": "4.2.1 Mailbox busy"}, "refused", 0),
    ({"kind": "answer", "stage": "DATA", "code": 451}, "refused", 0),
    ({"kind": "answer", "stage": "FINAL", "code": 552, "text": "5.7.0 Blocked"}, "refused", 0),
    ({"kind": "drop", "stage": "FINAL", "accepted": True}, "dropped", 1),
    ({"kind": "drop", "stage": "FINAL", "accepted": False}, "dropped", 0),
    ({"kind": "drop", "stage": "RCPT"}, "dropped", 0),
    ({"kind": "drop", "stage": "AFTER-FINAL"}, "sent", 1),
    ({"kind": "slow", "stage": "FINAL", "seconds": 0.01}, "sent", 1),
    ({"kind": "split", "stage": "FINAL", "seconds": 0.01}, "sent", 1),
    ({"kind": "drop", "stage": "FINAL", "recipient": "someone.else@people.example"}, "sent", 1),
    ({"kind": "drop", "stage": "FINAL", "skip": 1}, "sent", 1),
]


@pytest.mark.parametrize(("fault", "outcome", "accepted"), FAULTS)
def test_a_fault_strikes_once_and_the_log_knows_what_was_accepted(
    sandbox: Sandbox, client: smtplib.SMTP, fault: dict[str, object], outcome: str, accepted: int
) -> None:
    sandbox.call("POST", "/faults", json={**fault, "account": SENDER})
    try:
        client.send_message(mail())
        result = "sent"
    except smtplib.SMTPServerDisconnected:
        result = "dropped"
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
        result = "refused"
    assert result == outcome
    assert len(sandbox.submissions("<1@kestrel.example>")) == accepted
    assert len(sandbox.log("drop")) == (1 if fault["kind"] == "drop" and {"skip", "recipient"}.isdisjoint(fault) else 0)


def test_greylisting_lets_the_same_message_pass_after_a_while(sandbox: Sandbox, client: smtplib.SMTP) -> None:
    sandbox.fault("greylist", stage="RCPT", seconds=300, times=None)
    with client:
        for wait, code in ((0, 451), (299, 451), (2, 250)):
            sandbox.advance(seconds=wait)
            client.rset()
            client.mail(SENDER)
            assert client.rcpt("ada@people.example")[0] == code


def test_a_refused_sign_in_can_be_asked_for(sandbox: Sandbox) -> None:
    sandbox.mailbox(SENDER, password="secret")
    sandbox.fault("answer", stage="SIGN-IN", account=SENDER)
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.ehlo()
        client.user, client.password = SENDER, "secret"
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth("PLAIN", client.auth_plain)
        assert client.auth("PLAIN", client.auth_plain)[0] == 235


def test_an_open_sandbox_takes_the_first_password_of_reserved_addresses_only(sandbox: Sandbox) -> None:
    sandbox.call("POST", "/mail", json={"open": True})
    attempts = [
        ("new@kestrel.example", "first", 235),
        ("new@kestrel.example", "second", 535),
        ("new@gmail.com", "first", 535),
        ("nobody", "first", 535),
        ("new@sub.example.org", "first", 235),
    ]
    for address, password, code in attempts:
        with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
            client.ehlo()
            token = b64encode(f"\0{address}\0{password}".encode()).decode()
            assert client.docmd("AUTH", f"PLAIN {token}")[0] == code, address
