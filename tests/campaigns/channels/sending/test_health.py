"""An account whose messages bounce or are reported as spam stops before its next message, until somebody resumes it."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts import services as accounts
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.analytics.account_checks import account_checks
from campaigns.analytics.checks import Answer
from campaigns.channels import effects
from campaigns.channels.effects import Happening
from campaigns.channels.sending import worker
from campaigns.messages.models import Action, Message, MessageEventKind, MessageState
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tests.campaigns.channels.sending.conftest import make_due, states
from tests.support.api import problem, text
from tests.support.database import stored
from tests.support.events import events
from tests.support.sandbox import Sandbox

BOUNCED, COMPLAINED = MessageEventKind.BOUNCED, MessageEventKind.COMPLAINED
HARD: dict[str, Any] = {"severity": "hard", "sentence": "There is no such mailbox."}


def happen(
    messages: Sequence[Message], kind: MessageEventKind, detail: Any = None, *, is_machine: bool = False
) -> None:
    with tenant_context(messages[0].tenant_id):
        found = [Happening(each, kind, timezone.now(), f"{kind}", detail or {}, is_machine) for each in messages]
        effects.record(found)


def count_messages(account: EmailAccount, number: int) -> None:
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(messages_sent=number)


@pytest.fixture
def halted(account: EmailAccount, queue: Any) -> EmailAccount:
    happen(queue(account, 2), COMPLAINED)
    row = stored(account)
    assert row.status == EmailAccountStatus.HALTED
    return row


def test_an_account_stops_before_its_next_message_and_says_why_and_what_to_do(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any, owner: User
) -> None:
    account = make_account(max_bounces=2, health_window=20)
    messages = queue(account, 6)
    sandbox.fault("answer", stage="RCPT", code=550, text="5.1.1 no such user", times=None)
    worker.send_due()
    row = stored(account)
    assert row.status == EmailAccountStatus.HALTED
    assert row.status_reason == (
        "3 of the last 20 messages bounced, more than the 2 that you allow. Check where the addresses come from, then"
        " press Resume on the account's page."
    )
    assert sorted(states(messages)) == [MessageState.FAILED] * 3 + [MessageState.QUEUED] * 3
    assert worker.send_due() == {}
    [event] = events("campaigns.email_account.stopped", account.tenant_id)
    assert event.payload["reason"] == row.status_reason
    with platform_context():
        assert MailDelivery.objects.filter(kind="account_stopped", subject_id=account.pk).count() == 1


@pytest.mark.parametrize(
    ("kind", "detail", "is_machine", "stops"),
    [
        (COMPLAINED, {}, False, True),
        (BOUNCED, HARD, False, True),
        (BOUNCED, {"severity": "block"}, False, True),
        (BOUNCED, {"severity": "soft"}, False, False),
        (COMPLAINED, {}, True, False),
        (MessageEventKind.OPENED, {}, False, False),
        (MessageEventKind.UNSUBSCRIBED, {}, False, False),
    ],
)
def test_only_what_damages_the_reputation_counts(
    make_account: Any, policy: Any, queue: Any, kind: MessageEventKind, detail: Any, is_machine: bool, stops: bool
) -> None:
    account = make_account(max_bounces=1, max_complaints=1)
    messages = queue(account, 2)
    happen(messages[:1], kind, detail, is_machine=is_machine)
    # The same again is the same.
    happen(messages[:1], kind, detail, is_machine=is_machine)
    assert stored(account).status == EmailAccountStatus.CONNECTED
    happen(messages[1:], kind, detail, is_machine=is_machine)
    assert (stored(account).status == EmailAccountStatus.HALTED) == stops


@pytest.mark.parametrize(("sent_between", "stops"), [(19, True), (20, False)])
def test_only_the_last_messages_are_judged(
    make_account: Any, policy: Any, queue: Any, sent_between: int, stops: bool
) -> None:
    account = make_account(max_complaints=1, health_window=20)
    first, second = queue(account, 2)
    count_messages(account, 7)
    happen([first], COMPLAINED)
    count_messages(account, 7 + sent_between)
    happen([second], COMPLAINED)
    assert (stored(account).status == EmailAccountStatus.HALTED) == stops
    assert len(stored(account).health["complaints"]) == 1 + stops


def test_messages_that_are_sent_move_the_window(sandbox: Sandbox, account: EmailAccount, queue: Any) -> None:
    queue(account, 3)
    assert worker.send_due() == {"sent": 3}
    assert stored(account).messages_sent == 3


def test_nothing_but_a_person_resumes_a_halted_account(
    sandbox: Sandbox, halted: EmailAccount, queue: Any, call: Any, root: Client
) -> None:
    before = halted.status_reason
    # A message that was under way when it was stopped, a lost connection, and a refused sign-in while reading.
    with tenant_context(halted.tenant_id):
        stale = EmailAccount.objects.get(pk=halted.pk)
        stale.status, stale.failures = EmailAccountStatus.CONNECTED, 1
        accounts.record_success(account=stale)
        stale.status = EmailAccountStatus.CONNECTED
        lost = MailboxError(Problem.UNREACHABLE, "Gone.")
        accounts.record_trouble(account=stale, error=lost)
        accounts.stop(account=stale, status=EmailAccountStatus.SIGN_IN_FAILED, reason="Reading: refused.")
    # A test that succeeds, and a new password.
    assert call("post", "email-accounts", halted, "test").json()["status"] == "connected"
    assert call("patch", "email-accounts", halted, body={"smtp_password": "secret"}).status_code == 200
    assert call("patch", "email-accounts", halted, body={"smtp_username": halted.email}).status_code == 200
    assert (stored(halted).status, stored(halted).status_reason) == (EmailAccountStatus.HALTED, before)
    # To somebody who has not complained.
    *_others, waiting = queue(halted, 3)
    assert worker.send_due() == {}
    assert call("post", "email-accounts", halted, "resume").status_code == 200
    assert stored(halted).status == EmailAccountStatus.UNTESTED
    assert call("get", "email-accounts", halted, "health").json()["complaints"] == 0
    make_due([waiting])
    worker.send_due()
    assert stored(waiting).state == MessageState.SENT
    assert problem(call("post", "email-accounts", halted, "resume")) == (409, "not_halted")
    assert len(events("campaigns.email_account.resumed", halted.tenant_id)) == 1


def test_what_a_sender_finds_out_later_starts_no_stopped_account(account: EmailAccount) -> None:
    stopped = [EmailAccountStatus.PAUSED, EmailAccountStatus.SIGN_IN_FAILED, EmailAccountStatus.REVOKED]
    for status in stopped:
        with platform_context(tenant_id=account.tenant_id):
            EmailAccount.objects.filter(pk=account.pk).update(status=status)
            for late in (EmailAccountStatus.CONNECTED, EmailAccountStatus.UNTESTED):
                account.status, account.failures = late, 1
                accounts.record_success(account=account)
                account.status = late
                lost = MailboxError(Problem.UNREACHABLE, "Gone.")
                accounts.record_trouble(account=account, error=lost)
        assert stored(account).status == status


def test_pages_say_that_it_stopped_and_let_people_resume(root: Client, halted: EmailAccount) -> None:
    page = f"/admin/campaigns/emailaccount/{halted.pk}/change/"
    shown = text(root.get(page))
    assert "Stopped: bounces or complaints" in shown
    assert "2 were reported as spam (1 may)" in shown
    with platform_context(tenant_id=halted.tenant_id):
        [check] = account_checks(stored(halted), Action.MESSAGE, zone="UTC", now=timezone.now())
    assert (check.answer, "press Resume" in check.advice) == (Answer.NO, True)
    assert "Resume" in shown
    done = root.post(reverse("admin:campaigns_emailaccount_resume", args=(halted.pk,)), follow=True)
    assert f"{halted.email} sends again." in text(done)
    assert stored(halted).status == EmailAccountStatus.UNTESTED
