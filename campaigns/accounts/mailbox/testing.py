"""Try whether LAD can send from a mailbox and read it."""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from imapclient.exceptions import IMAPClientError

from campaigns.accounts.mailbox import known
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.hosts import time_limit
from campaigns.accounts.mailbox.imap import open_imap, sent_folder
from campaigns.accounts.mailbox.smtp import open_smtp
from campaigns.accounts.models import EmailAccount, EmailAccountStatus

NO_FOLDER = "No mailbox of sent messages was found, so LAD cannot look up what was sent. Create one named “Sent”."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a test. ``reason`` says what is wrong and what to do; ``notes`` are no failures."""

    status: EmailAccountStatus
    reason: str = ""
    sent_folder: str = ""
    saves_sent: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.status == EmailAccountStatus.CONNECTED


def try_mailbox(account: EmailAccount, *, access_token: str = "") -> Outcome:
    """Sign in for sending and for reading, and find the mailbox of sent messages.

    Connects to both servers. Ends after MAIL_TEST_SECONDS, whatever they do.
    """
    with time_limit(settings.MAIL_TEST_SECONDS):
        return _try(account, access_token)


def _try(account: EmailAccount, access_token: str) -> Outcome:
    failed = _failure("Sending", lambda: _try_sending(account, access_token))
    if failed is not None:
        return failed
    provider = known.by_host(account.smtp_host)
    saves_sent = provider.saves_sent if provider is not None else account.saves_sent
    if not account.imap_host:
        note = "Without an IMAP server LAD sees no answers and cannot look up what was sent."
        return Outcome(EmailAccountStatus.CONNECTED, saves_sent=saves_sent, notes=(note,))
    folders: list[str] = []
    failed = _failure("Reading", lambda: folders.append(_try_reading(account, access_token)))
    if failed is not None:
        return failed
    folder = folders[0]
    notes = () if folder else (NO_FOLDER,)
    return Outcome(EmailAccountStatus.CONNECTED, sent_folder=folder, saves_sent=saves_sent, notes=notes)


def _failure(part: str, attempt: Callable[[], object]) -> Outcome | None:
    try:
        attempt()
    except MailboxError as error:
        return Outcome(error.account_status, f"{part}: {error.detail}")
    except (OSError, smtplib.SMTPException, IMAPClientError):
        lost = MailboxError(
            Problem.UNREACHABLE, "The server ended the connection or took too long. Try again in a moment."
        )
        return Outcome(lost.account_status, f"{part}: {lost.detail}")
    return None


def _try_sending(account: EmailAccount, access_token: str) -> None:
    server = open_smtp(account, access_token=access_token)
    with suppress(OSError, smtplib.SMTPException):
        server.quit()


def _try_reading(account: EmailAccount, access_token: str) -> str:
    with open_imap(account, access_token=access_token) as client:
        folder = sent_folder(client)
        client.select_folder("INBOX", readonly=True)
        return folder
