"""Mailboxes: tests of the connection in words, OAuth against a local issuer, records of the domain, and guards."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.message
import dns.resolver
import dns.rrset
import jwt
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts import services
from campaigns.accounts.mailbox import dns as records
from campaigns.accounts.mailbox import oauth
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.hosts import connect
from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.factories.campaigns import EmailAccountFactory
from tests.support.api import field_problems, problem, text
from tests.support.database import stored
from tests.support.sandbox import Sandbox

SENDER = "maya@kestrel.example"


@pytest.fixture
def mailbox(tenant: Tenant, sandbox: Sandbox) -> EmailAccount:
    sandbox.mailbox(SENDER, password="secret", saves_sent=True)
    (host, port), (imap_host, imap_port) = sandbox.smtp, sandbox.imap
    with platform_context(tenant_id=tenant.pk):
        return EmailAccountFactory.create(
            email=SENDER,
            smtp_host=host,
            smtp_port=port,
            smtp_secure=False,
            smtp_password="secret",
            imap_host=imap_host,
            imap_port=imap_port,
            imap_secure=False,
            status=EmailAccountStatus.PAUSED,
            failures=10,
        )


def test_a_test_that_succeeds_lets_a_paused_account_go_on(call: Any, mailbox: EmailAccount) -> None:
    answer = call("post", "email-accounts", mailbox, "test")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["status"], answer.json()["sent_folder"]) == ("connected", "Sent")
    row = stored(mailbox)
    assert (row.status, row.failures, row.status_reason) == (EmailAccountStatus.CONNECTED, 0, "")


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"smtp_password": "wrong"}, "sign_in_failed", "refuses the user name or the password"),
        ({"smtp_port": 1}, "unreachable", "refuses connections on port 1"),
        ({"imap_port": 1}, "unreachable", "Reading: 127.0.0.1 refuses connections"),
        ({"imap_password": "wrong"}, "sign_in_failed", "Reading:"),
        ({"smtp_host": "10.0.0.7"}, "sign_in_failed", "private network"),
        ({"smtp_host": "[::1]"}, "unreachable", "no server named"),
        ({"smtp_host": "no-such-host.invalid"}, "unreachable", "Check how it is written"),
        ({"imap_host": ""}, "connected", "sees no answers"),
    ],
)
def test_a_test_says_what_is_wrong(
    call: Any, mailbox: EmailAccount, values: dict[str, Any], status: str, words: str
) -> None:
    with platform_context():
        for name, value in values.items():
            setattr(mailbox, name, value)
        mailbox.save()
    assert call("post", "email-accounts", mailbox, "test").status_code == 200
    row = stored(mailbox)
    assert (row.status, words in row.status_reason) == (status, True), row.status_reason
    assert "secret" not in row.status_reason


def test_tls_that_does_not_fit_the_port_is_named(
    call: Any, mailbox: EmailAccount, sandbox: Sandbox, settings: Any
) -> None:
    settings.MAIL_TIMEOUT_SECONDS = 0.3
    _host, tls_port = sandbox.imaps
    cases: list[tuple[dict[str, Any], str]] = [
        ({"imap_secure": True}, "There is no TLS at"),
        ({"imap_secure": True, "imap_port": tls_port}, ""),
        ({"smtp_secure": True}, ""),
        ({"smtp_port": sandbox.smtps[1], "smtp_secure": False}, "does not answer as a mail server"),
    ]
    for values, words in cases:
        with platform_context():
            EmailAccount.objects.filter(pk=mailbox.pk).update(**values)
        call("post", "email-accounts", mailbox, "test")
        reason = stored(mailbox).status_reason
        assert (words in reason) if words else reason == "", reason


def test_a_server_that_nobody_vouches_for_gets_no_password(
    call: Any, mailbox: EmailAccount, sandbox: Sandbox, settings: Any
) -> None:
    settings.MAIL_CA_FILE = ""
    _host, imap_port = sandbox.imaps
    for values in ({"smtp_secure": True}, {"smtp_secure": False, "imap_secure": True, "imap_port": imap_port}):
        with platform_context():
            EmailAccount.objects.filter(pk=mailbox.pk).update(**values)
        call("post", "email-accounts", mailbox, "test")
        assert "The certificate of 127.0.0.1 is not valid" in stored(mailbox).status_reason


def test_the_page_tests_the_connection_and_masks_secrets(
    admin_of: Callable[..., Client], owner: User, mailbox: EmailAccount
) -> None:
    browser = admin_of(owner)
    page = f"/admin/campaigns/emailaccount/{mailbox.pk}"
    shown = text(browser.get(f"{page}/change/"))
    assert "Paused by LAD" in shown
    assert "Sandbox" in shown
    assert "secret" not in shown.replace("smtp_password", "")
    answer = browser.post(reverse("admin:campaigns_emailaccount_test_connection", args=(mailbox.pk,)), follow=True)
    assert f"{SENDER} is connected." in text(answer)


def test_a_name_that_points_inside_is_refused(settings: Any) -> None:
    settings.MAIL_SANDBOX_HOSTS = []
    with pytest.raises(MailboxError) as refused:
        connect("localhost", 25, 1.0)
    assert refused.value.problem == Problem.INTERNAL


def test_known_providers_fill_in_their_servers(call: Any) -> None:
    made = call("post", "email-accounts", body={"email": "maya@gmail.com"})
    assert made.status_code == 201, made.content
    assert (made.json()["smtp_host"], made.json()["imap_port"]) == ("smtp.gmail.com", 993)
    own = call("post", "email-accounts", body={"email": "ada@outlook.com", "smtp_host": "relay.acme.example"})
    assert own.json()["smtp_host"] == "relay.acme.example"


# OAuth


class Issuer:
    """A local issuer of tokens. It rotates refresh tokens and accepts each once."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.codes: dict[str, str] = {}
        self.refresh_tokens: set[str] = set()
        self.email = SENDER
        self.lifetime = 3600
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, answer = issuer.answer({name: values[0] for name, values in form.items()})
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def authorize(self, url: str) -> tuple[str, str]:
        """Grant what the page at this address asks for. Return state and code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["code_challenge_method"], asked["client_id"]) == ("S256", "lad-client")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked["code_challenge"]
        return asked["state"], code

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.requests.append(form)
        if form["grant_type"] == "authorization_code":
            digest = sha256(form.get("code_verifier", "").encode()).digest()
            challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.codes.pop(form["code"], None) != challenge:
                return 400, {"error": "invalid_grant"}
        elif form["refresh_token"] not in self.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}
        self.refresh_tokens = {f"refresh-{len(self.requests)}"}
        claims = {"email": self.email}
        return 200, {
            "access_token": f"access-{len(self.requests)}",
            "refresh_token": next(iter(self.refresh_tokens)),
            "expires_in": self.lifetime,
            "id_token": jwt.encode(claims, "a-key-of-the-issuer-for-tests-only", algorithm="HS256"),
        }


@pytest.fixture
def issuer(settings: Any) -> Iterator[Issuer]:
    issuer = Issuer()
    client = {
        **settings.MAIL_OAUTH["google"],
        "client_id": "lad-client",
        "client_secret": "lad-client-secret",
        "authorize_url": "https://accounts.example/authorize",
        "token_url": f"{issuer.url}/token",
        "smtp": ("127.0.0.1", 1),
        "imap": ("127.0.0.1", 1),
    }
    settings.MAIL_OAUTH = {**settings.MAIL_OAUTH, "google": client}
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


RETURN = "https://app.acme.example/connected"


def begin(call: Any, mailbox: EmailAccount) -> str:
    answer = call("post", "email-accounts", mailbox, "connect", {"provider": "google", "redirect_uri": RETURN})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["authorize_url"])


def complete(call: Any, mailbox: EmailAccount, state: str, code: str) -> Any:
    body = {"state": state, "code": code, "redirect_uri": RETURN}
    return call("post", "email-accounts", mailbox, "connect/complete", body)


def test_a_mailbox_is_connected_with_pkce_and_the_callers_own_state(
    call: Any, api: Any, admin: User, mailbox: EmailAccount, issuer: Issuer
) -> None:
    state, code = issuer.authorize(begin(call, mailbox))
    stranger = api(admin).post(
        f"/api/v1/email-accounts/{mailbox.pk}/connect/complete/",
        {"state": state, "code": code, "redirect_uri": RETURN},
        format="json",
    )
    assert problem(stranger) == (409, "oauth_refused")
    assert complete(call, mailbox, state, code).status_code == 200
    row = stored(mailbox)
    assert (row.sign_in, row.access_token, row.refresh_token) == ("google", "access-1", "refresh-1")
    assert (row.smtp_password, row.smtp_host) == ("", "127.0.0.1")
    assert problem(complete(call, mailbox, state, code)) == (409, "oauth_refused")


def test_another_state_or_a_late_return_connects_nothing(
    call: Any, mailbox: EmailAccount, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _state, code = issuer.authorize(begin(call, mailbox))
    assert problem(complete(call, mailbox, "another", code)) == (409, "oauth_refused")
    monkeypatch.setattr(oauth, "STATE_LIFETIME", timedelta(0))
    state, code = issuer.authorize(begin(call, mailbox))
    assert problem(complete(call, mailbox, state, code)) == (409, "oauth_refused")
    assert issuer.requests == []


def test_another_mailbox_than_the_accounts_is_refused(call: Any, mailbox: EmailAccount, issuer: Issuer) -> None:
    issuer.email = "somebody@else.example"
    state, code = issuer.authorize(begin(call, mailbox))
    refused = complete(call, mailbox, state, code)
    assert problem(refused) == (409, "oauth_refused")
    assert "somebody@else.example" in refused.json()["detail"]
    assert stored(mailbox).access_token == ""


def test_the_page_connects_only_the_session_that_began(
    admin_of: Callable[..., Client], owner: User, admin: User, mailbox: EmailAccount, issuer: Issuer
) -> None:
    browser, other = admin_of(owner), admin_of(admin)
    page = f"/admin/campaigns/emailaccount/{mailbox.pk}"
    assert "Connect with Google" in text(browser.get(f"{page}/change/"))
    away = browser.get(f"{page}/connect/google/")
    state, code = issuer.authorize(away["Location"])
    back = {"state": state, "code": code}
    assert "belongs to another attempt" in text(
        other.get("/admin/campaigns/emailaccount/connected/", back, follow=True)
    )
    assert stored(mailbox).access_token == ""
    browser.get("/admin/campaigns/emailaccount/connected/", back)
    assert stored(mailbox).access_token == "access-1"


@pytest.fixture
def connected(mailbox: EmailAccount, issuer: Issuer) -> EmailAccount:
    issuer.refresh_tokens = {"refresh-0"}
    with platform_context():
        mailbox.sign_in, mailbox.access_token, mailbox.refresh_token = "google", "access-0", "refresh-0"
        mailbox.smtp_password = mailbox.imap_password = ""
        mailbox.token_expires_at = timezone.now() + timedelta(minutes=4)
        mailbox.status = EmailAccountStatus.CONNECTED
        mailbox.save()
    return mailbox


def test_a_token_is_renewed_before_it_ends_and_only_then(connected: EmailAccount, issuer: Issuer) -> None:
    assert oauth.access_token(connected) == "access-1"
    assert oauth.access_token(stored(connected)) == "access-1"
    assert (len(issuer.requests), stored(connected).refresh_token) == (1, "refresh-1")


def test_a_revoked_grant_stops_the_account_and_tells_its_people(
    connected: EmailAccount, issuer: Issuer, tenant: Tenant, owner: User
) -> None:
    issuer.refresh_tokens = set()
    with pytest.raises(MailboxError) as refused:
        oauth.access_token(connected)
    with platform_context(tenant_id=tenant.pk):
        services.record_trouble(account=connected, error=refused.value)
    row = stored(connected)
    assert row.status == EmailAccountStatus.REVOKED
    assert "connect it with Google again" in row.status_reason


def test_a_token_is_not_sent_to_a_server_that_somebody_entered(call: Any, connected: EmailAccount) -> None:
    assert call("patch", "email-accounts", connected, body={"smtp_host": "evil.example"}).status_code == 200
    assert (stored(connected).access_token, stored(connected).refresh_token) == ("", "")


# A stored password stays with the server that it was entered for

CHANGES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    # What the account has, the change, and the fields that ask for the password again.
    ({}, {"smtp_host": "evil.example"}, ["smtp_password"]),
    ({}, {"smtp_port": 2525}, ["smtp_password"]),
    ({}, {"smtp_secure": False}, ["smtp_password"]),
    # Reading uses the password for sending.
    ({}, {"imap_host": "evil.example"}, ["smtp_password"]),
    ({}, {"imap_host": "evil.example", "imap_password": "fresh"}, []),
    ({}, {"smtp_host": "mail.acme.example", "smtp_password": "fresh"}, []),
    ({}, {"smtp_host": "mail.acme.example", "smtp_password": "again"}, []),
    ({}, {"smtp_host": "evil.example", "smtp_password": ""}, []),
    ({}, {"smtp_host": "SMTP.acme.example", "from_name": "Maya"}, []),
    ({}, {"smtp_host": ""}, []),
    ({"imap_password": "own"}, {"imap_host": "evil.example"}, ["imap_password"]),
    ({"imap_password": "own"}, {"imap_secure": False}, ["imap_password"]),
    (
        {"imap_password": "own"},
        {"smtp_host": "a.example", "imap_host": "b.example"},
        ["imap_password", "smtp_password"],
    ),
    # In two steps: the server is forgotten or has a password of its own first.
    ({"smtp_host": ""}, {"smtp_host": "evil.example"}, ["smtp_password"]),
    ({"imap_password": "x", "imap_host": "evil.example"}, {"imap_password": ""}, ["smtp_password"]),
    ({"smtp_password": ""}, {"smtp_host": "other.example"}, []),
]


@pytest.mark.parametrize(("has", "change", "asked"), CHANGES)
def test_a_change_of_the_server_asks_for_the_password_again(
    call: Any, tenant: Tenant, admin_of: Any, owner: User, has: dict[str, Any], change: dict[str, Any], asked: list[str]
) -> None:
    values = {"smtp_password": "again", "imap_host": "imap.acme.example", "imap_port": 993, **has}
    with platform_context(tenant_id=tenant.pk):
        account = EmailAccountFactory.create(**values)
    answer = call("patch", "email-accounts", account, body=change)
    if asked:
        assert sorted(field_problems(answer)) == asked
        assert "Enter it again" in str(field_problems(answer)[asked[0]])
    else:
        assert answer.status_code == 200, answer.content
    row = stored(account)
    for name, value in change.items():
        assert getattr(row, name) == (getattr(account, name) if asked else value)


def test_the_page_asks_for_the_password_beside_its_field(
    admin_of: Callable[..., Client], owner: User, mailbox: EmailAccount
) -> None:
    url = f"/admin/campaigns/emailaccount/{mailbox.pk}/change/"
    browser = admin_of(owner)
    form = untouched(browser.get(url), EmailAccount)
    refused = browser.post(url, {**form, "smtp_host": "evil.example"})
    assert "Enter it again" in str(refused.context["errors"])
    assert "smtp_password" in refused.context["adminform"].form.errors
    assert stored(mailbox).smtp_host == mailbox.smtp_host
    assert browser.post(url, {**form, "smtp_host": "mail.example", "smtp_password": "new"}).status_code == 302
    assert stored(mailbox).smtp_host == "mail.example"


# Records of the domain

ZONE = {
    ("kestrel.example.", "MX"): ["10 mx.kestrel.example."],
    ("kestrel.example.", "TXT"): ['"v=spf1 include:_spf.kestrel.example " "~all"', '"other"'],
    ("google._domainkey.kestrel.example.", "TXT"): ['"v=DKIM1; k=rsa; p=MIGf"'],
    ("_dmarc.kestrel.example.", "TXT"): ['"v=DMARC1; p=none"'],
    ("open.example.", "TXT"): ['"v=spf1 +all"'],
    ("two.example.", "TXT"): ['"v=spf1 ~all"', '"v=spf1 -all"'],
    ("many.example.", "TXT"): ['"v=spf1 ' + " ".join(f"include:{number}.example" for number in range(11)) + ' -all"'],
    ("gone._domainkey.many.example.", "TXT"): ['"v=DKIM1; p="'],
    ("_dmarc.many.example.", "TXT"): ['"v=DMARC1; p=reject"'],
}


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer questions from ZONE, through dnspython's own messages."""

    def ask(question: dns.message.Message, *args: Any, **values: Any) -> dns.message.Message:
        asked = question.question[0]
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        kind = dns.rdatatype.to_text(asked.rdtype)
        found = ZONE.get((asked.name.to_text().lower(), kind))
        if found:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
        return dns.message.from_wire(answer.to_wire())

    monkeypatch.setattr("dns.nameserver.Do53Nameserver.query", lambda self, request, *args, **values: ask(request))


@pytest.mark.parametrize(
    ("domain", "grades"),
    [
        ("kestrel.example", {"MX": "good", "SPF": "good", "DKIM": "good", "DMARC": "improve"}),
        ("open.example", {"MX": "missing", "SPF": "improve", "DKIM": "missing", "DMARC": "missing"}),
        ("two.example", {"MX": "missing", "SPF": "improve", "DKIM": "missing", "DMARC": "missing"}),
        ("many.example", {"MX": "missing", "SPF": "improve", "DKIM": "improve", "DMARC": "good"}),
        ("sub.many.example", {"MX": "missing", "SPF": "missing", "DKIM": "missing", "DMARC": "good"}),
    ],
)
def test_records_are_graded_with_what_to_change(
    settings: Any, name_server: None, domain: str, grades: dict[str, str]
) -> None:
    settings.MAIL_NAMESERVERS = ["127.0.0.1"]
    report = records.check_domain(f"maya@{domain}", now=timezone.now(), selectors=["gone"])
    assert {each["record"]: each["grade"] for each in report["findings"]} == grades
    assert all(each["advice"] for each in report["findings"] if each["grade"] != "good")


def test_the_report_stays_on_the_account(
    settings: Any, name_server: None, call: Any, mailbox: EmailAccount, root: Client
) -> None:
    settings.MAIL_NAMESERVERS = ["127.0.0.1"]
    assert call("post", "email-accounts", mailbox, "check-records").status_code == 200
    assert stored(mailbox).dns_report["domain"] == "kestrel.example"
    assert "change p=none to p=quarantine" in text(root.get(f"/admin/campaigns/emailaccount/{mailbox.pk}/change/"))


def test_a_name_server_that_does_not_answer_leaves_findings_unknown(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "TIMEOUT_SECONDS", 0.05)
    settings.MAIL_NAMESERVERS = ["127.0.0.1#1"]
    report = records.check_domain("maya@kestrel.example", now=timezone.now())
    assert {each["grade"] for each in report["findings"]} == {"unknown"}
