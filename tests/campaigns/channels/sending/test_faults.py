"""Whatever happens around a transmission: no message is sent twice, none is lost, and nothing is guessed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.protocol import Fate, Result
from campaigns.channels.sending import claims, due, finishing, recovery, results, worker
from campaigns.channels.sending.account_kinds import EMAIL
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEvent, MessageState
from campaigns.messages.services import confirm_sent, resend
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context
from leads.contactability.models import LeadTouch
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import make_due, states
from tests.support.database import stored
from tests.support.sandbox import Sandbox


class Killed(BaseException):
    """The worker's process ends here."""


def accepted(sandbox: Sandbox) -> list[str]:
    return [entry["message_id"] for entry in sandbox.log("submission")]


def lose_leases() -> None:
    """Let the leases of the killed workers expire."""
    with platform_context():
        Message.objects.filter(state=MessageState.SENDING).update(lease_until=timezone.now() - timedelta(seconds=1))


def look_again(messages: list[Message]) -> None:
    make_due(messages)
    recovery.recover()


def killed_at(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, *, after: bool) -> None:
    """Kill the worker before or after the first call of this method."""
    original = getattr(owner, name)

    def method(self: Any, *args: Any, **values: Any) -> Any:
        if after:
            original(self, *args, **values)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, method)
        with pytest.raises(Killed):
            worker.send_due()


def test_a_worker_that_dies_before_the_mail_is_complete_leaves_nothing_behind(
    sandbox: Sandbox, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 3)
    killed_at(monkeypatch, SmtpSession, "_envelope", after=False)
    lose_leases()
    # Only the one that was begun is in doubt.
    assert recovery.take_over() == {"untouched": 2, "unknown": 1}
    assert worker.send_due() == {"sent": 2}
    [doubtful] = [each for each in messages if stored(each).state == MessageState.UNKNOWN]
    look_again([doubtful])
    assert (stored(doubtful).state, stored(doubtful).looks) == (MessageState.UNKNOWN, 1)
    look_again([doubtful])
    assert stored(doubtful).state == MessageState.QUEUED
    assert worker.send_due() == {"sent": 1}
    assert sorted(accepted(sandbox)) == sorted(each.message_id for each in messages)
    assert stored(account).sent_today == 3
    with platform_context():
        assert LeadTouch.objects.count() == 3


def test_each_message_of_a_batch_is_marked_before_it_leaves(
    sandbox: Sandbox, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 3)
    transmit: Callable[..., Any] = SmtpSession.send

    def send(self: SmtpSession, message: Message, **values: Any) -> Any:
        if message.pk == messages[1].pk:
            raise Killed
        return transmit(self, message, **values)

    with monkeypatch.context() as patch:
        patch.setattr(SmtpSession, "send", send)
        with pytest.raises(Killed):
            worker.send_due()
    lose_leases()
    found = recovery.recover()
    assert (found["finished"], found["unknown"], found["untouched"]) == (1, 1, 1)
    assert states(messages) == [MessageState.SENT, MessageState.UNKNOWN, MessageState.QUEUED]


def test_a_message_that_another_sender_has_taken_over_is_neither_begun_nor_marked_as_accepted(
    sandbox: Sandbox, account: EmailAccount, queue: Any
) -> None:
    queue(account, 2)
    [account_due] = due.due_accounts(EMAIL, limit=5)
    late = claims.claim(account_due)
    assert late is not None
    first, second = late.messages
    lose_leases()
    recovery.take_over()
    current = claims.claim(account_due)
    assert current is not None and [each.pk for each in current.messages] == [second.pk]
    assert results.record(late, first, Result(Fate.SENT), following=[second]).begun is None
    results.record(late, second, Result(Fate.SENT))
    assert (stored(second).state, stored(second).accepted_at) == (MessageState.SENDING, None)


def test_a_worker_that_dies_after_the_server_accepted_is_found_among_the_sent_messages(
    sandbox: Sandbox, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = queue(account)
    killed_at(monkeypatch, SmtpSession, "_finish", after=True)
    assert worker.send_due() == {}
    lose_leases()
    recovery.take_over()
    assert states([message]) == [MessageState.UNKNOWN]
    look_again([message])
    row = stored(message)
    assert (row.state, row.occurred_at) == (MessageState.SENT, row.begun_at)
    assert worker.send_due() == {}
    assert accepted(sandbox) == [message.message_id]


@pytest.mark.parametrize(
    ("stage", "took", "state"),
    [
        ("MAIL", False, MessageState.QUEUED),
        ("RCPT", False, MessageState.QUEUED),
        ("DATA", False, MessageState.QUEUED),
        ("FINAL", False, MessageState.UNKNOWN),
        ("FINAL", True, MessageState.UNKNOWN),
    ],
)
def test_a_dropped_connection_is_resolved_without_a_second_copy(
    sandbox: Sandbox, account: EmailAccount, queue: Any, stage: str, took: bool, state: str
) -> None:
    [message] = queue(account)
    sandbox.fault("drop", stage=stage, accepted=took)
    worker.send_due()
    assert states([message]) == [state]
    if state == MessageState.UNKNOWN:
        look_again([message])
        look_again([message])
    assert states([message]) == [MessageState.SENT if took else MessageState.QUEUED]
    make_due([message]) if not took else None
    worker.send_due()
    assert states([message]) == [MessageState.SENT]
    assert accepted(sandbox) == [message.message_id]


def test_the_drop_after_the_final_answer_loses_the_connection_and_no_message(
    sandbox: Sandbox, account: EmailAccount, queue: Any
) -> None:
    messages = queue(account, 3)
    sandbox.fault("drop", stage="AFTER-FINAL")
    worker.send_due()
    make_due([each for each in messages if stored(each).state == MessageState.QUEUED])
    worker.send_due()
    assert states(messages) == [MessageState.SENT] * 3
    assert sorted(accepted(sandbox)) == sorted(each.message_id for each in messages)


@pytest.mark.parametrize("saves_sent", [None, False])
def test_what_cannot_be_known_stays_unknown_until_a_person_decides(
    sandbox: Sandbox, tenant: Tenant, make_account: Any, policy: Any, queue: Any, owner: User, saves_sent: bool | None
) -> None:
    account = make_account(saves_sent=False)
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(saves_sent=saves_sent)
    messages = queue(account, 2)
    sandbox.fault("drop", stage="FINAL", accepted=False, times=2)
    worker.send_due()
    make_due([each for each in messages if stored(each).state == MessageState.QUEUED])
    worker.send_due()
    for _ in range(len(recovery.LOOK_PAUSES) + 1):
        look_again(messages)
    assert states(messages) == [MessageState.UNKNOWN] * 2
    assert {(stored(each).next_attempt_at, stored(each).error) for each in messages} == {(None, recovery.STAYS_OPEN)}
    with platform_context(tenant_id=tenant.pk):
        resend(message=messages[0], actor=owner)
        confirm_sent(message=messages[1], actor=owner)
    assert worker.send_due() == {"sent": 1}
    assert accepted(sandbox) == [messages[0].message_id]


def test_a_servers_queue_that_can_be_asked_decides_at_once(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any, settings: Any
) -> None:
    settings.MAIL_QUEUES = {sandbox.smtp[0]: f"{sandbox.url}/messages"}
    account = make_account(saves_sent=False, imap_host="")
    messages = queue(account, 2)
    sandbox.fault("drop", stage="FINAL", accepted=True, recipient="person0@people.example")
    sandbox.fault("drop", stage="FINAL", accepted=False, recipient="person1@people.example")
    worker.send_due()
    make_due([each for each in messages if stored(each).state == MessageState.QUEUED])
    worker.send_due()
    look_again(messages)
    look_again([each for each in messages if stored(each).state == MessageState.UNKNOWN])
    assert sorted(states(messages)) == [MessageState.QUEUED, MessageState.SENT]
    assert worker.send_due() == {"sent": 1}
    assert sorted(accepted(sandbox)) == sorted(each.message_id for each in messages)


def test_a_late_report_counts_while_nobody_has_decided_and_never_afterwards(
    sandbox: Sandbox, account: EmailAccount, queue: Any
) -> None:
    queue(account, 2)
    [account_due] = due.due_accounts(EMAIL, limit=5)
    claimed = claims.claim(account_due)
    assert claimed is not None
    early, late = claimed.messages
    with platform_context():
        Message.objects.filter(pk=late.pk).update(begun_at=timezone.now())
    # While the sender works, its messages are left to it.
    assert recovery.take_over() == {"untouched": 0, "unknown": 0}
    lose_leases()
    assert recovery.take_over() == {"untouched": 0, "unknown": 2}
    report_sent(claimed, early)
    look_again([late])
    look_again([late])
    report_sent(claimed, late)
    assert states([early, late]) == [MessageState.SENT, MessageState.QUEUED]


def report_sent(claimed: claims.Claim, message: Message) -> None:
    recorded = results.record(claimed, message, Result(Fate.SENT))
    assert recorded.accepted is not None
    finishing.finish([recorded.accepted])


@pytest.mark.parametrize(
    ("code", "text", "state", "hard"),
    [
        (550, "5.1.1 no such person here", MessageState.FAILED, True),
        (550, "mailbox does not exist", MessageState.FAILED, True),
        (552, "5.2.2 mailbox full", MessageState.FAILED, False),
        (554, "5.7.1 refused by policy", MessageState.FAILED, False),
        (450, "4.2.0 greylisted, come back later", MessageState.QUEUED, None),
        (421, "4.3.2 closing", MessageState.QUEUED, None),
    ],
)
def test_a_refused_recipient_fails_or_waits(
    sandbox: Sandbox, account: EmailAccount, queue: Any, code: int, text: str, state: str, hard: bool | None
) -> None:
    [message] = queue(account)
    sandbox.fault("answer", stage="RCPT", code=code, text=text)
    worker.send_due()
    row = stored(message)
    assert (row.state, row.tries) == (state, 1 if state == MessageState.QUEUED else 0)
    assert str(code) in row.error
    with platform_context():
        events = list(MessageEvent.objects.values_list("kind", "detail__hard"))
        assert LeadTouch.objects.count() == 0
    assert events == ([("bounced", hard)] if hard is not None else [])
    assert stored(account).sent_today == 0
    if state == MessageState.QUEUED:
        assert row.next_attempt_at > timezone.now() + timedelta(minutes=1)


def test_a_message_that_is_postponed_for_too_long_fails(sandbox: Sandbox, account: EmailAccount, queue: Any) -> None:
    [message] = queue(account)
    sandbox.fault("answer", stage="RCPT", code=451, text="busy", times=None)
    make_due([message], tries=results.BACKOFF.attempts - 1)
    worker.send_due()
    assert states([message]) == [MessageState.FAILED]


def test_a_refused_sign_in_stops_the_account_and_its_messages_wait(
    sandbox: Sandbox, account: EmailAccount, queue: Any, owner: User
) -> None:
    messages = queue(account, 2)
    sandbox.mailbox(account.email, password="changed")
    assert worker.send_due() == {}
    row = stored(account)
    assert row.status == EmailAccountStatus.SIGN_IN_FAILED
    assert "Enter them again" in row.status_reason
    assert states(messages) == [MessageState.QUEUED] * 2
    assert worker.send_due() == {}
    with platform_context():
        assert list(MailDelivery.objects.values_list("kind", "to_address")) == [("account_stopped", owner.email)]


def test_an_unreachable_server_is_tried_again_later(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any
) -> None:
    account = make_account(smtp_port=1)
    messages = queue(account)
    assert worker.send_due() == {}
    row = stored(account)
    assert (row.status, row.failures) == (EmailAccountStatus.UNREACHABLE, 1)
    assert row.next_send_at > timezone.now() + timedelta(minutes=1)
    with platform_context():
        _host, port = sandbox.smtp
        EmailAccount.objects.filter(pk=account.pk).update(smtp_port=port, next_send_at=None)
    assert worker.send_due() == {"sent": 1}
    assert states(messages) == [MessageState.SENT]
    assert (stored(account).status, stored(account).failures) == (EmailAccountStatus.CONNECTED, 0)


def test_an_account_whose_messages_keep_failing_pauses_itself_and_says_why(
    sandbox: Sandbox, account: EmailAccount, queue: Any, owner: User
) -> None:
    messages = queue(account, 12)
    sandbox.fault("answer", stage="MAIL", code=554, text="5.7.1 your account sends spam", times=None)
    worker.send_due()
    row = stored(account)
    assert row.status == EmailAccountStatus.PAUSED
    assert "your account sends spam" in row.status_reason
    assert sorted(states(messages)) == [MessageState.FAILED] * 10 + [MessageState.QUEUED] * 2


def test_a_failing_feature_does_not_lose_the_result(sandbox: Sandbox, account: EmailAccount, queue: Any) -> None:
    def fail(_messages: Any) -> None:
        raise RuntimeError

    messages = queue(account, 2)
    hook = hooks.on_settled(fail)
    try:
        worker.send_due()
    finally:
        hooks._settled.remove(hook)
    assert states(messages) == [MessageState.SENT] * 2
    assert len(accepted(sandbox)) == 2


def test_a_sender_that_was_held_up_gives_its_message_back(
    sandbox: Sandbox, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = queue(account)
    composed: Callable[..., Any] = SmtpSession._composed

    def slow(self: SmtpSession, row: Message) -> Any:
        mail = composed(self, row)
        monkeypatch.setattr("campaigns.channels.email.sending.transmission.MAX_WAIT_SECONDS", -1.0)
        return mail

    monkeypatch.setattr(SmtpSession, "_composed", slow)
    assert worker.send_due() == {"not_sent": 1}
    assert states([message]) == [MessageState.QUEUED]
    assert accepted(sandbox) == []
