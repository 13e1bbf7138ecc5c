"""Read the mailboxes that are due, each by one worker at a time.

A claim moves ``next_poll_at`` to the end of a lease. That time is also the fencing token: a worker writes only while
it still stands, together with how far it read, so that a message is neither skipped nor recorded twice.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from campaigns.accounts.mailbox.errors import NEEDS_A_PERSON, MailboxError
from campaigns.accounts.mailbox.imap import open_imap
from campaigns.accounts.mailbox.oauth import access_token
from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.accounts.services import stop
from campaigns.channels.email.receiving import folders
from campaigns.channels.email.receiving.classification import looks_like_report, reported_addresses
from campaigns.channels.email.receiving.folders import Position, Raw
from campaigns.channels.email.receiving.matching import Match, match, own_message_ids
from campaigns.channels.email.receiving.parsing import Mail, Unreadable, read, read_headers, unreadable
from campaigns.channels.email.receiving.recording import Received, record
from lad.observability import mask_text
from lad.tenancy.context import platform_context, tenant_context

# Longer than the time limit of a task, so that no lease ends while its worker still reads.
LEASE: Final = timedelta(minutes=3)
SECONDS_FOR_RUN: Final = 40.0
SECONDS_FOR_ACCOUNT: Final = 25.0
MESSAGES_AT_ONCE: Final = 25
MESSAGES_OF_FOLDER: Final = 500
LONGEST_WAIT: Final = timedelta(hours=1)
MAX_DOUBLINGS: Final = 6
# Part of the interval that is random, so that mailboxes of one server are not read together.
JITTER: Final = 0.25
MAX_PROBLEM_LENGTH: Final = 500

log = structlog.get_logger("lad.receiving")


class MailboxTakenOver(Exception):
    """Another worker reads the mailbox now."""


@dataclass(slots=True)
class Reading:
    """One reading of one mailbox."""

    account: EmailAccount
    lease: datetime
    state: dict[str, Any]
    recorded: int = 0
    complete: bool = True

    def position(self, role: str) -> Position:
        stored = self.state.get("folders", {}).get(role, {})
        return Position(int(stored.get("validity", 0)), int(stored.get("uid", 0)))

    @property
    def last_read(self) -> datetime | None:
        stored = self.state.get("read_at")
        return datetime.fromisoformat(stored) if stored else None


def readable() -> Q:
    """Return the condition of accounts whose mailboxes are read. Pausing an account only stops its sending."""
    return Q(is_active=True, deleted_at__isnull=True) & ~Q(imap_host="")


def has_work() -> bool:
    """Return whether a mailbox is due. Needs a platform scope."""
    return EmailAccount.all_objects.filter(readable(), next_poll_at__lte=timezone.now()).exists()


def due_count(limit: int = 2) -> int:
    """Return how many mailboxes are due, counted up to the limit. Needs a platform scope."""
    rows = EmailAccount.all_objects.filter(readable(), next_poll_at__lte=timezone.now())
    return len(rows.values_list("pk", flat=True)[:limit])


def adopt() -> int:
    """Make new mailboxes due, and those whose sign-in was changed. Forget those that are read no more."""
    with platform_context():
        accounts = EmailAccount.all_objects
        accounts.filter(~readable(), next_poll_at__isnull=False).update(next_poll_at=None)
        changed = Q(status=EmailAccountStatus.UNTESTED, mailbox_state__has_key="problem")
        changed &= Q(next_poll_at__gt=timezone.now() + LEASE)
        return accounts.filter(readable() & (Q(next_poll_at__isnull=True) | changed)).update(
            next_poll_at=timezone.now()
        )


def read_due(*, seconds: float = SECONDS_FOR_RUN) -> dict[str, int]:
    """Read due mailboxes until none is left or the time is up. Return how many, and how many new messages."""
    deadline = time.monotonic() + seconds
    counts = {"mailboxes": 0, "messages": 0}
    while time.monotonic() < deadline and (reading := _claim()) is not None:
        _read(reading, min(deadline, time.monotonic() + SECONDS_FOR_ACCOUNT))
        counts["mailboxes"] += 1
        counts["messages"] += reading.recorded
    return counts


def read_account(account_id: UUID) -> int | None:
    """Read one mailbox now. Return how many new messages it had, or None while another worker reads it."""
    reading = _claim(Q(pk=account_id), due=False)
    if reading is None:
        return None
    _read(reading, time.monotonic() + SECONDS_FOR_ACCOUNT)
    return reading.recorded


def _claim(condition: Q | None = None, *, due: bool = True) -> Reading | None:
    now = timezone.now()
    wanted = readable() & (condition or Q())
    # A time shortly ahead may be another worker's lease.
    wanted &= Q(next_poll_at__lte=now) if due else Q(mailbox_state__lease__isnull=True) | Q(next_poll_at__lte=now)
    with transaction.atomic(durable=True), platform_context():
        rows = EmailAccount.all_objects.filter(wanted).order_by("next_poll_at")
        account = rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
        if account is None:
            return None
        lease = now + LEASE
        state = {**account.mailbox_state, "lease": lease.isoformat()}
        EmailAccount.all_objects.filter(pk=account.pk).update(next_poll_at=lease, mailbox_state=state)
        return Reading(account, lease, state)


def _read(reading: Reading, deadline: float) -> None:
    """Read the mailbox. Whatever goes wrong is written on the account, and it is tried again later."""
    account = reading.account
    problem: MailboxError | None = None
    reason = ""
    try:
        with open_imap(account, access_token=access_token(account)) as client:
            for role, name in folders.folders_of(client).items():
                _read_folder(client, reading, role, name, deadline)
    except MailboxTakenOver:
        log.warning("mailbox is read by another worker", account=str(account.pk))
        return
    except MailboxError as error:
        problem, reason = error, error.detail
    except (IMAPClientError, OSError) as error:
        # Whatever went wrong inside the connection, the next one begins where this one stood.
        reason = f"The mail server ended the connection: {mask_text(str(error))[:200]}"
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("mailbox could not be read", account=str(account.pk))
        reason = f"The mailbox could not be read: {type(error).__name__}"
    _finish(reading, reason, problem)


def _read_folder(client: IMAPClient, reading: Reading, role: str, name: str, deadline: float) -> None:
    position, uids = folders.unread(
        client,
        name,
        reading.position(role),
        now=timezone.now(),
        last_read=reading.last_read,
        limit=MESSAGES_OF_FOLDER,
    )
    if position != reading.position(role):
        with tenant_context(reading.account.tenant_id):
            _move(reading, role, position)
    for batch in _batches(uids):
        if time.monotonic() > deadline:
            reading.complete = False
            return
        found = _relevant(client, reading.account, role, name, position.validity, batch)
        _record(reading, role, Position(position.validity, batch[-1]), found)
    reading.complete = reading.complete and len(uids) < MESSAGES_OF_FOLDER


def _batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (uids[at : at + MESSAGES_AT_ONCE] for at in range(0, len(uids), MESSAGES_AT_ONCE))


def _relevant(
    client: IMAPClient, account: EmailAccount, role: str, name: str, validity: int, uids: Sequence[int]
) -> list[Received]:
    """Return the messages that belong to messages of the account. The content of no other message is read."""
    heads: list[tuple[Raw, Mail]] = []
    found: list[Received] = []
    for raw in folders.fetch(client, uids, what=folders.HEADERS):
        try:
            heads.append((raw, read_headers(raw.content)))
        except Unreadable as reason:
            found.append(Received(unreadable(f"{validity}.{raw.uid}"), raw.at, name, raw.uid, problem=str(reason)))
    wanted = _wanted(account, role, [head for _raw, head in heads])
    by_uid = {raw.uid: head for (raw, head), is_wanted in zip(heads, wanted, strict=True) if is_wanted}
    mails: list[tuple[Raw, Mail, str]] = []
    for raw in folders.fetch(client, list(by_uid), what=folders.CONTENT):
        try:
            mails.append((raw, read(raw.content), ""))
        except Unreadable as reason:
            mails.append((raw, by_uid[raw.uid], str(reason)))
    matches = _matches(account, [mail for _raw, mail, _problem in mails])
    found += [
        Received(mail, raw.at, name, raw.uid, matched, problem)
        for (raw, mail, problem), matched in zip(mails, matches, strict=True)
        if matched is not None
    ]
    return sorted(found, key=lambda each: each.uid)


def _wanted(account: EmailAccount, role: str, heads: Sequence[Mail]) -> list[bool]:
    """Return which messages are to be read whole: those that match one of the account's, and reports."""
    with tenant_context(account.tenant_id):
        sent = own_message_ids((head.message_id for head in heads if head.sender == account.email), account=account)
    matches = _matches(account, heads)
    return [
        head.message_id not in sent
        and (matched is not None or (role != folders.SENT and looks_like_report(head)))
        and (role != folders.SENT or head.sender == account.email)
        for head, matched in zip(heads, matches, strict=True)
    ]


def _matches(account: EmailAccount, mails: Sequence[Mail]) -> list[Match | None]:
    others: dict[int, Sequence[str]] = {}
    for number, mail in enumerate(mails):
        if mail.sender == account.email:
            others[number] = mail.recipients
        elif looks_like_report(mail):
            others[number] = reported_addresses(mail)
    with tenant_context(account.tenant_id):
        return match(mails, account=account, others=others, now=timezone.now())


def _record(reading: Reading, role: str, position: Position, found: Sequence[Received]) -> None:
    """Record the messages and how far the folder was read, together."""
    tenant_id = reading.account.tenant_id
    try:
        with tenant_context(tenant_id):
            _move(reading, role, position)
            recorded = record(reading.account, found)
    except (MailboxTakenOver, OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("messages are recorded one by one", account=str(reading.account.pk), count=len(found))
        recorded = sum(_record_one(reading, each) for each in found)
        with tenant_context(tenant_id):
            _move(reading, role, position)
    reading.recorded += recorded


def _record_one(reading: Reading, received: Received) -> int:
    """Record one message, or that it could not be recorded, so that it never stops the mailbox."""
    try:
        with tenant_context(reading.account.tenant_id):
            return record(reading.account, [received])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("message could not be recorded", account=str(reading.account.pk), uid=received.uid)
        name = f"{reading.lease:%Y%m%d%H%M%S}.{received.uid}"
        problem = f"It could not be recorded: {type(error).__name__}."
        bare = Received(unreadable(name), received.at, received.folder, received.uid, problem=problem)
        with tenant_context(reading.account.tenant_id):
            return record(reading.account, [bare])


def _move(reading: Reading, role: str, position: Position) -> None:
    """Store how far the folder was read. Raises MailboxTakenOver."""
    known = {**reading.state.get("folders", {}), role: {"validity": position.validity, "uid": position.uid}}
    state = {**reading.state, "folders": known}
    _write(reading, mailbox_state=state)
    reading.state = state


def _finish(reading: Reading, reason: str, error: MailboxError | None) -> None:
    """End the lease: the mailbox is due again after its interval, or later the more often it failed."""
    state = {name: value for name, value in reading.state.items() if name != "lease"}
    if reason:
        state |= {"problem": reason[:MAX_PROBLEM_LENGTH], "failures": int(state.get("failures", 0)) + 1}
    else:
        state = {name: value for name, value in state.items() if name not in ("problem", "failures")}
        state["read_at"] = timezone.now().isoformat()
    wait = _wait(int(state.get("failures", 0))) if reason or reading.complete else timedelta(0)
    with tenant_context(reading.account.tenant_id):
        try:
            _write(reading, mailbox_state=state, next_poll_at=timezone.now() + wait)
        except MailboxTakenOver:
            log.warning("mailbox is read by another worker", account=str(reading.account.pk))
            return
        if error is not None and error.problem in NEEDS_A_PERSON:
            # Without reading, LAD would go on writing to people who have answered.
            stop(account=reading.account, status=error.account_status, reason=f"Reading: {reason}")
    log.info("mailbox read", account=str(reading.account.pk), messages=reading.recorded, problem=reason)


def _write(reading: Reading, **values: Any) -> None:
    rows = EmailAccount.all_objects.filter(pk=reading.account.pk, next_poll_at=reading.lease)
    if not rows.update(**values):
        raise MailboxTakenOver


def _wait(failures: int) -> timedelta:
    interval = timedelta(seconds=settings.MAILBOX_POLL_SECONDS) * 2 ** min(failures, MAX_DOUBLINGS)
    return min(interval, LONGEST_WAIT) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (spreads load)
