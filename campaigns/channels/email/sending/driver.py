"""E-mail as a channel: SMTP to send, and the mailbox of sent messages to look for those that were lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from imapclient.exceptions import IMAPClientError

from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.imap import holds, open_imap, sent_folder
from campaigns.accounts.mailbox.oauth import access_token
from campaigns.accounts.mailbox.smtp import open_smtp
from campaigns.accounts.models import EmailAccount
from campaigns.accounts.pacing import Limits, limits_of
from campaigns.channels import protocol
from campaigns.channels.email.sending.queues import queue_holds
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.protocol import Found
from campaigns.messages.models import Message
from leads.channels import Channel


class EmailDriver:
    """The driver of e-mail. Accounts are rows of EmailAccount."""

    channel = Channel.EMAIL

    def open(self, account: EmailAccount) -> SmtpSession:
        """Sign in to the account's server for sending. Raises MailboxError."""
        return SmtpSession(open_smtp(account, access_token=access_token(account)), account)

    def find(self, account: EmailAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for messages by their Message-ID: in the server's queue if it can be asked, then among the sent ones.

        *Not sent* is answered only if the server would surely have a trace of it. Raises MailboxError.
        """
        found = {message.pk: queue_holds(account.smtp_host, message.message_id) for message in messages}
        open_questions = [message for message in messages if found[message.pk] != Found.SENT]
        if open_questions and account.imap_host:
            found.update(_in_mailbox(account, open_questions, found))
        return found

    def limits(self, account: EmailAccount, *, zone: str, now: datetime) -> Limits:
        return limits_of(account, zone=zone, now=now)


def _in_mailbox(
    account: EmailAccount, messages: Sequence[Message], known: Mapping[UUID, Found]
) -> Mapping[UUID, Found]:
    """Look into the mailbox of sent messages. Its silence counts if the server saves every copy itself."""
    try:
        with open_imap(account, access_token=access_token(account)) as client:
            folder = account.sent_folder or sent_folder(client)
            if not folder:
                return {}
            client.select_folder(folder, readonly=True)
            silent = Found.NOT_SENT if account.saves_sent else Found.NOT_KNOWN
            return {
                each.pk: Found.SENT if holds(client, each.message_id) else _surer(known[each.pk], silent)
                for each in messages
            }
    except (IMAPClientError, OSError) as error:
        text = "The mailbox of sent messages could not be read. LAD tries again."
        raise MailboxError(Problem.UNREACHABLE, text) from error


def _surer(one: Found, other: Found) -> Found:
    return Found.NOT_SENT if Found.NOT_SENT in (one, other) else Found.NOT_KNOWN


EMAIL = EmailDriver()
protocol.register(EMAIL)
