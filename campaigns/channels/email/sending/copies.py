"""Put copies of sent messages into the mailbox of sent messages, where the server does not do so itself.

A copy is made after the message was recorded as sent: nothing that goes wrong here sends it again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db.models.functions import Now
from django.utils import timezone
from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError

from campaigns.accounts.mailbox.errors import MailboxError
from campaigns.accounts.mailbox.imap import holds, open_imap, sent_folder
from campaigns.accounts.mailbox.oauth import access_token
from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import keep
from campaigns.channels.email.composing.attachments import AttachmentMissing, attached_files
from campaigns.channels.email.composing.mime import Unsendable, compose
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.files.storage.store import StorageUnavailable

BATCH_SIZE: Final = 200
COPY_LEASE: Final = timedelta(minutes=3)
RETRY_AFTER: Final = timedelta(minutes=15)
# A copy that could not be made by then is left out.
GIVE_UP_AFTER: Final = timedelta(days=1)

log = structlog.get_logger("lad.campaigns.sending")


def has_work() -> bool:
    """Return whether a copy is due. Needs a platform scope."""
    return bool(_due().exists())


def make_copies() -> int:
    """Make the copies that are due. Return how many messages were looked at."""
    by_account: dict[UUID, list[Message]] = defaultdict(list)
    with platform_context():
        rows = list(_due().select_for_update(no_key=True, skip_locked=True, of=("self",))[:BATCH_SIZE])
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(copy_due_at=Now() + COPY_LEASE)
        accounts = EmailAccount.all_objects.in_bulk([row.email_account_id for row in rows])
    for row in rows:
        by_account[row.email_account_id].append(row)
    for account_id, messages in by_account.items():
        account = accounts.get(account_id)
        if account is None or not account.imap_host or account.deleted_at is not None:
            _done(messages)
        else:
            _copy(account, messages)
    return len(rows)


def _copy(account: EmailAccount, messages: Sequence[Message]) -> None:
    try:
        with open_imap(account, access_token=access_token(account)) as client:
            folder = account.sent_folder or sent_folder(client)
            if not folder:
                _done(messages)
                return
            client.select_folder(folder)
            for message in messages:
                _copy_one(client, folder, account, message)
                _done([message])
    except (MailboxError, IMAPClientError, OSError) as error:
        log.warning("copies of sent messages were not made", account=str(account.pk), reason=type(error).__name__)
        _later([message for message in messages if message.copy_due_at is not None])


def _copy_one(client: IMAPClient, folder: str, account: EmailAccount, message: Message) -> None:
    if holds(client, message.message_id):
        if account.saves_sent is None:
            with tenant_context(account.tenant_id):
                keep(account, saves_sent=True, sent_folder=folder)
        return
    if account.saves_sent is not False:
        with tenant_context(account.tenant_id):
            keep(account, saves_sent=False, sent_folder=folder)
    content = _content(account, message)
    if content:
        client.append(folder, content, flags=[SEEN], msg_time=message.occurred_at)


def _content(account: EmailAccount, message: Message) -> bytes:
    """Return the mail as it was sent, or nothing if it cannot be built any more."""
    with tenant_context(message.tenant_id):
        row = Message.objects.select_related("campaign").get(pk=message.pk)
        row.email_account = account
        try:
            return compose(row, account, attached_files(row)).content
        except (Unsendable, AttachmentMissing, StorageUnavailable) as error:
            log.warning("a sent message could not be copied", message=str(message.pk), reason=str(error))
            return b""


def _done(messages: Sequence[Message]) -> None:
    for message in messages:
        message.copy_due_at = None
    with platform_context():
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(copy_due_at=None)


def _later(messages: Sequence[Message]) -> None:
    oldest = timezone.now() - GIVE_UP_AFTER
    with platform_context():
        rows = Message.objects.filter(pk__in=[message.pk for message in messages])
        rows.filter(occurred_at__gte=oldest).update(copy_due_at=Now() + RETRY_AFTER)
        rows.filter(occurred_at__lt=oldest).update(copy_due_at=None)


def _due() -> Any:
    return Message.objects.filter(copy_due_at__lte=Now(), state=MessageState.SENT).order_by("copy_due_at")
