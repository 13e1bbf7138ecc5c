"""Reading mailboxes: each message once, nothing that is none of LAD's business, and on after every trouble."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.channels.email.receiving import polling, recording
from campaigns.messages.models import Message, MessageKind
from lad.tenancy.context import platform_context
from tests.campaigns.channels.email.receiving.mails import ACCOUNT, LEAD, mail, report, status_fields
from tests.factories.campaigns import EmailAccountFactory

pytestmark = pytest.mark.django_db(transaction=True)

Read = Callable[[EmailAccount], int]
Find = Callable[..., list[Message]]


def reload(account: EmailAccount) -> EmailAccount:
    with platform_context(tenant_id=account.tenant_id):
        found: EmailAccount = EmailAccount.objects.get(pk=account.pk)
    return found


def wait_of(account: EmailAccount) -> timedelta:
    """Return after what time the mailbox is due."""
    due = reload(account).next_poll_at
    assert due is not None
    return due - timezone.now()


def test_an_answer_is_read_recorded_and_told_of_once(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find, told: dict[str, list[str]]
) -> None:
    sandbox.deliver(ACCOUNT, mail("Yes, call me."))
    assert read(connected) == 1
    # The same message, delivered once more, and a second reading.
    sandbox.deliver(ACCOUNT, mail("Yes, call me."))
    assert [read(connected), read(connected)] == [0, 0]
    (reply,) = messages(kind=MessageKind.REPLY)
    assert (reply.lead_id, reply.campaign_lead_id, reply.thread_id) == (sent.lead_id, sent.campaign_lead_id, sent.pk)
    assert (reply.body, reply.metadata["summary"]) == ("Yes, call me.", "Answered: Yes, call me.")
    assert messages(pk=sent.pk)[0].replied_at == reply.occurred_at
    assert told == {"received": ["reply"], "happened": []}


def test_mail_that_belongs_to_no_message_is_not_recorded_and_not_opened(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    sandbox.deliver(ACCOUNT, mail("My diagnosis", sender="doctor@clinic.test", answers="", subject="Your results"))
    assert read(connected) == 0
    assert messages() == messages(pk=sent.pk)


def test_the_junk_folder_is_read_too(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    sandbox.deliver(ACCOUNT, mail("Caught by a filter"), folder="Junk")
    assert read(connected) == 1
    assert messages(kind=MessageKind.REPLY)[0].metadata["folder"] == "Junk"


def test_what_is_written_by_hand_in_the_mail_program_is_part_of_the_thread_and_no_reply(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find, told: dict[str, list[str]]
) -> None:
    own = f"Maya <{ACCOUNT}>"
    sandbox.deliver(ACCOUNT, mail("I call you at 3.", sender=own, to=LEAD, message_id="<by-hand@acme.test>"), "Sent")
    # LAD's own message, kept by the server, is known.
    sandbox.deliver(ACCOUNT, mail("Dear Kim", sender=own, to=LEAD, message_id=sent.message_id, answers=""), "Sent")
    assert read(connected) == 1
    (copy,) = messages(kind=MessageKind.OWN_COPY)
    assert (copy.direction, copy.state, copy.lead_id, copy.thread_id) == ("outbound", "sent", sent.lead_id, sent.pk)
    assert messages(pk=sent.pk)[0].replied_at is None
    assert told["received"] == []


def test_after_new_numbers_everything_is_found_again_and_recorded_once(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    sandbox.deliver(ACCOUNT, mail("First", message_id="<1@n.test>"))
    assert read(connected) == 1
    before = reload(connected).mailbox_state["folders"]["INBOX"]
    sandbox.renumber(ACCOUNT)
    sandbox.deliver(ACCOUNT, mail("Second", message_id="<2@n.test>"))
    assert read(connected) == 1
    after = reload(connected).mailbox_state["folders"]["INBOX"]
    assert after["validity"] != before["validity"]
    assert [each.body for each in messages(kind=MessageKind.REPLY)] == ["First", "Second"]


def test_a_connection_that_is_lost_is_tried_again_later_and_longer_each_time(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    sandbox.deliver(ACCOUNT, mail("Yes"))
    sandbox.fault("drop", protocol="imap", stage="FETCH")
    waits = []
    assert read(connected) == 0
    failed = reload(connected)
    assert "connection" in failed.mailbox_state["problem"]
    waits.append(wait_of(connected))
    sandbox.fault("drop", protocol="imap", times=3)
    for _number in range(3):
        read(connected)
        waits.append(wait_of(connected))
    assert waits[-1] > 2 * waits[0]
    assert read(connected) == 1
    healed = reload(connected)
    assert "problem" not in healed.mailbox_state
    assert wait_of(connected) < timedelta(minutes=2)
    assert len(messages(kind=MessageKind.REPLY)) == 1


def test_a_refused_sign_in_stops_the_account_and_says_why(connected: EmailAccount, sandbox: Any, read: Read) -> None:
    sandbox.mailbox(ACCOUNT, password="changed")
    assert read(connected) == 0
    account = reload(connected)
    assert account.status == EmailAccountStatus.SIGN_IN_FAILED
    assert account.status_reason.startswith("Reading: ")
    assert account.mailbox_state["problem"]


def test_two_workers_never_read_one_mailbox_at_once(connected: EmailAccount, sandbox: Any) -> None:
    reading = polling._claim()
    assert reading is not None
    assert polling.read_due() == {"mailboxes": 0, "messages": 0}
    assert polling.read_account(connected.pk) is None


def test_a_worker_that_lost_its_lease_writes_nothing(
    connected: EmailAccount, sent: Message, sandbox: Any, messages: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.deliver(ACCOUNT, mail("Yes"))
    wanted = polling._relevant

    def slow(*given: Any) -> Any:
        found = wanted(*given)
        with platform_context(tenant_id=connected.tenant_id):
            EmailAccount.objects.filter(pk=connected.pk).update(next_poll_at=timezone.now() + timedelta(minutes=3))
        return found

    monkeypatch.setattr(polling, "_relevant", slow)
    assert polling.read_account(connected.pk) == 0
    assert messages(kind=MessageKind.REPLY) == []
    assert reload(connected).mailbox_state["folders"]["INBOX"]["uid"] < 102


def test_a_message_that_cannot_be_read_is_recorded_with_the_reason_and_stops_nothing(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    nested = "\n".join(f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n' for n in range(100))
    broken = mail("x", message_id="<broken@n.test>").replace(b"\r\n\r\n", f"\r\n\r\n{nested}".encode(), 1)
    sandbox.deliver(ACCOUNT, broken)
    sandbox.deliver(ACCOUNT, mail("Yes"))
    assert read(connected) == 2
    (noise,) = messages(kind=MessageKind.NOISE)
    assert "too many parts" in noise.metadata["summary"]
    assert [each.body for each in messages(kind=MessageKind.REPLY)] == ["Yes"]


def test_a_message_that_cannot_be_recorded_does_not_stop_the_others(
    connected: EmailAccount,
    sent: Message,
    sandbox: Any,
    read: Read,
    messages: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def summary(judged: Any) -> str:
        if "poison" in judged.what.words:
            raise ValueError("poison")
        return "fine"

    monkeypatch.setattr(recording, "summary", summary)
    sandbox.deliver(ACCOUNT, mail("poison", message_id="<1@n.test>"))
    sandbox.deliver(ACCOUNT, mail("Yes", message_id="<2@n.test>"))
    assert read(connected) == 2
    assert [each.body for each in messages(kind=MessageKind.REPLY)] == ["Yes"]
    assert len(messages(kind=MessageKind.NOISE)) == 1
    assert read(connected) == 0


def test_the_first_reading_of_a_large_mailbox_begins_a_few_days_ago(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find
) -> None:
    for days, body in ((30, "From long ago"), (1, "From yesterday")):
        sandbox.clock(now=(timezone.now() - timedelta(days=days)).timestamp())
        sandbox.deliver(ACCOUNT, mail(body, message_id=f"<{days}@n.test>"))
    assert read(connected) == 1
    assert [each.body for each in messages(kind=MessageKind.REPLY)] == ["From yesterday"]


def test_many_messages_are_read_in_parts(
    connected: EmailAccount,
    sent: Message,
    sandbox: Any,
    read: Read,
    messages: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "MESSAGES_OF_FOLDER", 4)
    monkeypatch.setattr(polling, "MESSAGES_AT_ONCE", 3)
    for number in range(6):
        sandbox.deliver(ACCOUNT, mail(f"No {number}", message_id=f"<{number}@n.test>"))
    assert read(connected) == 4
    # More are waiting, so it is due at once.
    assert wait_of(connected) <= timedelta(0)
    assert read(connected) == 2
    assert len(messages(kind=MessageKind.REPLY)) == 6


def test_a_bounce_in_the_mailbox_is_found_by_its_recipient_alone(
    connected: EmailAccount, sent: Message, sandbox: Any, read: Read, messages: Find, told: dict[str, list[str]]
) -> None:
    sandbox.deliver(ACCOUNT, report("delivery-status", status_fields("5.1.1", "550 User unknown"), returned=None))
    assert read(connected) == 1
    assert messages(kind=MessageKind.BOUNCE)[0].lead_id == sent.lead_id
    assert told == {"received": ["bounce"], "happened": ["bounced"]}


def test_mailboxes_are_adopted_and_dropped(connected: EmailAccount, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        new = EmailAccountFactory.create(imap_host="imap.acme.test")
        gone = EmailAccountFactory.create(imap_host="imap.acme.test", is_active=False, next_poll_at=timezone.now())
        sending_only = EmailAccountFactory.create()
        EmailAccount.objects.filter(pk=connected.pk).update(
            status=EmailAccountStatus.UNTESTED,
            mailbox_state={"problem": "The password is wrong."},
            next_poll_at=timezone.now() + timedelta(hours=1),
        )
    polling.adopt()
    assert [reload(each).next_poll_at is not None for each in (new, gone, sending_only)] == [True, False, False]
    # Its sign-in was changed, so it does not wait for its hour to end.
    assert wait_of(connected) <= timedelta(0)
