"""Nothing waits for a foreign server: no transaction is open and no connection is held, and each test ends in time."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from campaigns.accounts import services
from campaigns.accounts.mailbox import dns as records
from campaigns.accounts.mailbox import oauth
from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.accounts.test_mailboxes import Issuer, begin, complete, issuer  # noqa: F401  (a fixture)
from tests.factories.campaigns import EmailAccountFactory
from tests.support.api import text
from tests.support.database import stored

OPEN_TRANSACTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
)
# So many bytes take two seconds at least.
MAX_DRIPS = 100


class SlowServer:
    """A mail server that says nothing, or a byte now and then, and calls ``on_connect`` in its own thread."""

    def __init__(self) -> None:
        self.on_connect: Callable[[], object] = lambda: None
        self.drips = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        # Whether the other side went away while this one still sent.
        self.was_left = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            with client:
                self.on_connect()
                for _each in range(MAX_DRIPS if self.drips else 0):
                    if self.ended.wait(0.02):
                        break
                    try:
                        client.sendall(b"2")
                    except OSError:
                        self.was_left.set()
                        break


@pytest.fixture
def server() -> Iterator[SlowServer]:
    server = SlowServer()
    yield server
    server.ended.set()
    server.listener.close()


@pytest.fixture
def account(tenant: Tenant, server: SlowServer, settings: Any) -> EmailAccount:
    settings.MAIL_INTERNAL_HOSTS = ["127.0.0.1"]
    with platform_context(tenant_id=tenant.pk):
        return EmailAccountFactory.create(
            smtp_host="127.0.0.1", smtp_port=server.port, smtp_secure=False, imap_host="127.0.0.1"
        )


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_foreign_server_is_asked(
    server: SlowServer,
    account: EmailAccount,
    issuer: Issuer,  # noqa: F811
    call: Any,
    admin_of: Any,
    owner: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, object]] = []

    def look() -> None:
        """Note the open transactions of all others, from the server's own connection."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(OPEN_TRANSACTIONS)
                seen.append(("transactions", cursor.fetchone()[0]))
        finally:
            connection.close()

    def asked(*_args: Any, **_values: Any) -> None:
        seen.append(("connection", connection.connection))
        raise OSError

    def answer(form: dict[str, str]) -> Any:
        look()
        return Issuer.answer(issuer, form)

    server.on_connect = look
    monkeypatch.setattr(issuer, "answer", answer)
    monkeypatch.setattr("dns.nameserver.Do53Nameserver.query", asked)
    monkeypatch.setattr(records, "TIMEOUT_SECONDS", 0.05)
    settings.MAIL_NAMESERVERS = ["127.0.0.1"]
    browser, page = admin_of(owner), "admin:campaigns_emailaccount_"
    assert call("post", "email-accounts", account, "test").json()["status"] == "unreachable"
    shown = browser.post(reverse(f"{page}test_connection", args=(account.pk,)), follow=True)
    assert "does not answer as a mail server" in text(shown)
    assert [what for what, _value in seen] == ["transactions"] * 2
    assert call("post", "email-accounts", account, "check-records").status_code == 200
    assert "were checked" in text(browser.post(reverse(f"{page}check_records", args=(account.pk,)), follow=True))
    assert {what for what, _value in seen[2:]} == {"connection"}
    state, code = issuer.authorize(begin(call, account))
    with platform_context():
        EmailAccount.objects.update(email=issuer.email)
    assert complete(call, account, state, code).status_code == 200
    state, code = issuer.authorize(browser.get(reverse(f"{page}connect", args=(account.pk, "google")))["Location"])
    browser.get(reverse(f"{page}connected"), {"state": state, "code": code})
    with platform_context():
        EmailAccount.objects.update(token_expires_at=None)
    oauth.access_token(stored(account))
    assert [what for what, _value in seen[-3:]] == ["transactions"] * 3
    assert {value for what, value in seen if what == "transactions"} == {0}
    assert {value for what, value in seen if what == "connection"} == {None}


def test_a_server_that_sends_a_byte_now_and_then_ends_in_time(
    server: SlowServer, account: EmailAccount, call: Any, settings: Any
) -> None:
    server.drips = True
    settings.MAIL_TEST_SECONDS = 0.2
    answer = call("post", "email-accounts", account, "test")
    assert answer.json()["status"] == EmailAccountStatus.UNREACHABLE
    assert stored(account).status == EmailAccountStatus.UNREACHABLE
    assert server.was_left.wait(5)


def test_a_change_during_the_test_is_not_overwritten_by_its_result(account: EmailAccount, owner: User) -> None:
    trial = services.try_connection(account=account)
    with platform_context(tenant_id=account.tenant_id):
        EmailAccount.objects.update(smtp_username="maya")
        with pytest.raises(services.ChangedMeanwhile):
            services.keep_trial(account=account, trial=trial, actor=owner)
    assert stored(account).status == account.status


def test_two_workers_renew_a_token_once(
    account: EmailAccount,
    issuer: Issuer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with platform_context():
        EmailAccount.objects.update(sign_in="google", access_token="old", refresh_token="refresh-0")
    issuer.refresh_tokens = {"refresh-0"}
    others: list[str] = []

    def meanwhile(account: EmailAccount) -> dict[str, Any]:
        # The other worker finds a token that lasts a little, and uses it instead of waiting.
        others.append(oauth.access_token(stored(account)))
        return renewed(account)

    renewed = oauth._renewed
    monkeypatch.setattr(oauth, "_renewed", meanwhile)
    with platform_context():
        soon = oauth.timezone.now() + oauth.RENEW_BEFORE / 2
        EmailAccount.objects.update(token_expires_at=soon)
    assert oauth.access_token(stored(account)) == "access-1"
    assert (others, len(issuer.requests)) == (["old"], 1)
    assert (stored(account).access_token, stored(account).token_lease_until) == ("access-1", None)


def test_a_token_that_was_being_renewed_is_not_sent_to_a_server_that_somebody_entered(
    account: EmailAccount,
    issuer: Issuer,  # noqa: F811
    call: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with platform_context():
        EmailAccount.objects.update(sign_in="google", access_token="old", refresh_token="refresh-0")
    issuer.refresh_tokens = {"refresh-0"}

    def meanwhile(account: EmailAccount) -> dict[str, Any]:
        change = {"smtp_host": "evil.example", "smtp_password": ""}
        assert call("patch", "email-accounts", account, body=change).status_code == 200
        return renewed(account)

    renewed = oauth._renewed
    monkeypatch.setattr(oauth, "_renewed", meanwhile)
    assert oauth.access_token(stored(account)) == "access-1"
    row = stored(account)
    assert (row.smtp_host, row.access_token, row.refresh_token) == ("evil.example", "", "")


def test_a_worker_that_waits_for_another_one_gives_up_in_time(
    account: EmailAccount,
    issuer: Issuer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with platform_context():
        EmailAccount.objects.update(
            sign_in="google", refresh_token="r", token_lease_until=oauth.timezone.now() + oauth.LEASE
        )
    monkeypatch.setattr(oauth, "LOOK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(oauth, "LEASE", oauth.LEASE * 0)
    with pytest.raises(oauth.MailboxError, match="Another worker"):
        oauth.access_token(stored(account))
    assert issuer.requests == []
