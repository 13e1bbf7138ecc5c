"""A mail is sent once, retried only if it was certainly not sent, and held if that is unknown."""

import os
import signal
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lad.mail import sender, services
from lad.mail.models import MailDelivery, MailState
from lad.mail.services import MailUnderWay
from lad.tenancy.context import platform_context
from tests.lad.mail.conftest import state_of
from tests.support.forks import in_child
from tests.support.mailbox import Mailbox


def _change(mail: MailDelivery, **values: Any) -> None:
    with platform_context():
        MailDelivery.objects.filter(pk=mail.pk).update(**values)


def _row(mail: MailDelivery) -> MailDelivery:
    with platform_context():
        row: MailDelivery = MailDelivery.objects.get(pk=mail.pk)
    return row


def test_a_mail_is_sent_once_however_often_the_task_runs(mailbox: Mailbox, queued: MailDelivery) -> None:
    assert sender.send_due() == {MailState.SENT: 1}
    assert sender.send_due() == {}
    assert len(mailbox.received) == 1
    row = _row(queued)
    assert (row.state, row.attempts, row.lease_until, row.error) == (MailState.SENT, 1, None, "")
    assert row.sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_mail_is_sent(mailbox: Mailbox, queued: MailDelivery) -> None:
    open_transactions: list[bool] = []
    mailbox.on_data = lambda: open_transactions.append(connection.in_atomic_block)
    sender.send_due()
    assert open_transactions == [False]


def test_every_attempt_at_a_mail_has_the_same_message_id(mailbox: Mailbox, queued: MailDelivery) -> None:
    sender.send_due()
    _change(queued, state=MailState.UNKNOWN)
    services.resend(delivery_id=queued.pk)
    sender.send_due()
    assert [message["Message-ID"] for message in mailbox.received] == [f"<{queued.idempotency_key}@lad.localhost>"] * 2


def test_a_permanently_refused_address_is_not_tried_again(mailbox: Mailbox, queued: MailDelivery) -> None:
    mailbox.answer_to_recipient = "550 No such user"
    assert sender.send_due() == {MailState.FAILED: 1}
    state, error = state_of(queued)
    assert state == MailState.FAILED
    assert "No such user" in error


@pytest.mark.parametrize("where", ["recipient", "data"])
def test_a_temporary_refusal_is_retried(mailbox: Mailbox, queued: MailDelivery, where: str) -> None:
    setattr(mailbox, f"answer_to_{where}", "451 Try later")
    assert sender.send_due() == {MailState.QUEUED: 1}
    assert sender.send_due() == {}, "it was due again at once"
    row = _row(queued)
    assert row.next_attempt_at is not None
    assert row.next_attempt_at > timezone.now()
    setattr(mailbox, f"answer_to_{where}", "250 OK")
    _change(queued, next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert sender.send_due() == {MailState.SENT: 1}


def test_an_unreachable_server_is_retried_until_the_last_attempt(
    mailbox: Mailbox, queued: MailDelivery, settings: Any
) -> None:
    settings.EMAIL_PORT = 1
    for _ in range(sender.MAX_ATTEMPTS):
        sender.send_due()
        _change(queued, next_attempt_at=timezone.now() - timedelta(seconds=1))
    state, error = state_of(queued)
    assert (state, _row(queued).attempts) == (MailState.FAILED, sender.MAX_ATTEMPTS)
    assert "ConnectionRefusedError" in error


def test_a_connection_lost_before_the_answer_leaves_the_mail_unknown(mailbox: Mailbox, queued: MailDelivery) -> None:
    mailbox.breaks_off = True
    assert sender.send_due() == {MailState.UNKNOWN: 1}
    mailbox.breaks_off = False
    assert sender.send_due() == {}, "it was sent again without anybody's decision"
    assert state_of(queued)[0] == MailState.UNKNOWN


@pytest.mark.django_db(transaction=True)
def test_a_mail_whose_sender_was_killed_becomes_unknown_and_is_not_sent_again(
    mailbox: Mailbox, queued: MailDelivery
) -> None:
    def die_while_sending() -> None:
        sender._transmit = lambda *args: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        sender.send_due()

    assert in_child(die_while_sending) == signal.SIGKILL
    assert state_of(queued)[0] == MailState.SENDING
    assert sender.send_due() == {}, "the lease still runs"
    _change(queued, lease_until=timezone.now() - timedelta(seconds=1))
    assert sender.send_due() == {}
    assert state_of(queued) == (MailState.UNKNOWN, sender.SENDER_DIED)
    assert mailbox.received == []


def test_a_late_result_is_recorded_while_nobody_has_decided(queued: MailDelivery) -> None:
    claimed = sender.claim()
    assert claimed is not None
    _change(queued, lease_until=timezone.now() - timedelta(seconds=1))
    sender.expire_leases()
    assert sender.write_back(claimed, sender.AttemptResult(MailState.SENT))
    assert state_of(queued)[0] == MailState.SENT


def test_a_late_result_does_not_overwrite_a_newer_attempt(queued: MailDelivery) -> None:
    late = sender.claim()
    assert late is not None
    _change(queued, state=MailState.UNKNOWN)
    services.resend(delivery_id=queued.pk)
    second = sender.claim()
    assert second is not None
    assert not sender.write_back(late, sender.AttemptResult(MailState.FAILED, "too late"))
    assert state_of(queued)[0] == MailState.SENDING
    assert sender.write_back(second, sender.AttemptResult(MailState.SENT))


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.SENT])
def test_a_mail_that_is_queued_or_being_sent_cannot_be_sent_again(queued: MailDelivery, state: MailState) -> None:
    _change(queued, state=state)
    with pytest.raises(MailUnderWay):
        services.resend(delivery_id=queued.pk)


def test_a_cancelled_mail_is_not_sent(mailbox: Mailbox, queued: MailDelivery) -> None:
    services.cancel(delivery_id=queued.pk)
    assert sender.send_due() == {}
    assert state_of(queued)[0] == MailState.CANCELLED


def test_a_sent_mail_cannot_be_cancelled(queued: MailDelivery) -> None:
    _change(queued, state=MailState.SENT)
    with pytest.raises(MailUnderWay):
        services.cancel(delivery_id=queued.pk)


def test_only_the_platform_sees_mails(queued: MailDelivery) -> None:
    from django.db import DatabaseError, transaction

    from lad.tenancy.context import tenant_context

    assert queued.tenant is not None
    with (
        tenant_context(queued.tenant.pk),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        MailDelivery.objects.count()
