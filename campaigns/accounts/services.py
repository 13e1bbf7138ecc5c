"""Write the accounts of campaigns, and keep what their servers answered."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least, Now
from django.utils import timezone

from campaigns.accounts import mails
from campaigns.accounts.mailbox import known
from campaigns.accounts.mailbox.dns import check_domain
from campaigns.accounts.mailbox.errors import MailboxError
from campaigns.accounts.mailbox.oauth import access_token
from campaigns.accounts.mailbox.testing import Outcome, try_mailbox
from campaigns.accounts.models import CampaignAccount, EmailAccount, EmailAccountStatus
from lad import writes
from lad.errors import Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values

# With these a mailbox sends; one that could not be reached is tried again after a while.
USABLE: Final = (EmailAccountStatus.UNTESTED, EmailAccountStatus.CONNECTED, EmailAccountStatus.UNREACHABLE)
FAILURES_BEFORE_PAUSE: Final = 10
MAX_FAILURES_COUNTED: Final = 1_000
FIRST_RETRY: Final = timedelta(minutes=2)
LAST_RETRY: Final = timedelta(hours=1)
SIGN_IN_FIELDS: Final = frozenset(
    {
        "email",
        "smtp_host",
        "smtp_port",
        "smtp_username",
        "smtp_password",
        "smtp_secure",
        "imap_host",
        "imap_port",
        "imap_username",
        "imap_password",
        "imap_secure",
    }
)
SERVER_FIELDS: Final = frozenset({"email", "smtp_host", "smtp_port", "imap_host", "imap_port"})
PACING_FIELDS: Final = frozenset({"daily_send_limit", "min_gap_seconds", "ramp_up_from", "is_active"})


class CampaignAccountWriter(writes.Writer[CampaignAccount]):
    """Writes a campaign's accounts. Their campaign never changes."""

    def prepare(self, row: CampaignAccount | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            message = "The campaign cannot be changed. Add the account to the other one too."
            writes.fixed_fields(row, values, {"campaign"}, message)
        return values


class EmailAccountWriter(writes.Writer[EmailAccount]):
    """Writes mailboxes. Fills in the servers of known providers, and forgets what no longer holds after a change."""

    def prepare(self, row: EmailAccount | None, values: Values, *, actor: Actor) -> Values:
        filled = dict(values)
        if row is None:
            _fill_servers(filled)
            return filled
        changed = set(writes.differing(row, values))
        if changed & SERVER_FIELDS:
            # A token is for the provider's own servers: it must not be sent to one that somebody entered.
            filled.update(access_token="", refresh_token="", token_expires_at=None)
        if changed & SIGN_IN_FIELDS:
            filled.update(status=EmailAccountStatus.UNTESTED, status_reason="", failures=0, next_send_at=None)
        elif changed & PACING_FIELDS:
            # The senders work out anew when it may send.
            filled["next_send_at"] = None
        return filled


def _fill_servers(values: dict[str, object]) -> None:
    provider = known.by_address(str(values.get("email", "")))
    if provider is None:
        return
    if not values.get("smtp_host"):
        values["smtp_host"], values["smtp_port"] = provider.smtp
    if not values.get("imap_host"):
        values["imap_host"], values["imap_port"] = provider.imap


def find_servers(*, account: EmailAccount, actor: Actor) -> bool:
    """Fill in the servers of an account without any, from the provider that receives its domain's mail.

    Asks the name server. Returns whether the account has servers now.
    """
    if account.smtp_host and account.imap_host:
        return True
    provider = known.by_address(account.email) or known.by_mx(account.email)
    if provider is None:
        return bool(account.smtp_host)
    values: dict[str, object] = {}
    if not account.smtp_host:
        values.update(smtp_host=provider.smtp[0], smtp_port=provider.smtp[1])
    if not account.imap_host:
        values.update(imap_host=provider.imap[0], imap_port=provider.imap[1])
    writes.update(account, values, actor=actor)
    return True


def test_connection(*, account: EmailAccount, actor: Actor) -> Outcome:
    """Sign in to both servers and keep the result on the account. An account that LAD had paused goes on.

    Connects to the mail servers, which may take half a minute. Raises Invalid without a server.
    """
    if not find_servers(account=account, actor=actor):
        raise Invalid(errors={"smtp_host": ["Enter the server for sending: LAD does not know this provider."]})
    try:
        outcome = try_mailbox(account, access_token=access_token(account))
    except MailboxError as error:
        outcome = Outcome(error.account_status, error.detail)
    reason = outcome.reason or " ".join(outcome.notes)
    values: dict[str, object] = {"status": outcome.status, "status_reason": reason}
    if outcome.succeeded:
        values.update(failures=0, next_send_at=None, sent_folder=outcome.sent_folder)
        values.update({"saves_sent": outcome.saves_sent} if outcome.saves_sent is not None else {})
    keep(account, **values)
    return outcome


def check_records(*, account: EmailAccount, selectors: Iterable[str] = (), now: datetime | None = None) -> None:
    """Look up the DNS records of the account's domain and keep the report on the account."""
    now = now or timezone.now()
    seen = account.dns_report.get("selectors", [])
    report = check_domain(account.email, now=now, selectors=[*selectors, *seen])
    keep(account, dns_report={**report, "selectors": sorted({*selectors, *seen})}, dns_checked_at=now)


@transaction.atomic
def record_trouble(*, account: EmailAccount, error: MailboxError) -> None:
    """Keep that the account cannot be used: its messages wait.

    If only a person can help, the account stops and its people get a mail. Otherwise it is tried again later.
    """
    if error.account_status != EmailAccountStatus.UNREACHABLE:
        stop(account=account, status=error.account_status, reason=error.detail)
        return
    failures = min(account.failures + 1, MAX_FAILURES_COUNTED)
    delay = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LAST_RETRY)
    keep(account, status=error.account_status, status_reason=error.detail, failures=failures)
    EmailAccount.objects.filter(pk=account.pk).update(next_send_at=Now() + delay)


@transaction.atomic
def record_failure(*, account: EmailAccount, reason: str) -> None:
    """Count a message that failed. After several in a row the account pauses itself, saying why."""
    EmailAccount.objects.filter(pk=account.pk).update(failures=Least(F("failures") + 1, MAX_FAILURES_COUNTED))
    account.failures = min(account.failures + 1, MAX_FAILURES_COUNTED)
    if account.failures >= FAILURES_BEFORE_PAUSE and account.status != EmailAccountStatus.PAUSED:
        text = (
            f"{FAILURES_BEFORE_PAUSE} messages in a row could not be sent. The last time: {reason} Solve this, then"
            " test the connection: the account goes on once the test succeeds."
        )
        stop(account=account, status=EmailAccountStatus.PAUSED, reason=text)


def record_success(*, account: EmailAccount) -> None:
    """Keep that the account sends. Writes nothing if that is known."""
    if account.failures or account.status != EmailAccountStatus.CONNECTED:
        keep(account, failures=0, status=EmailAccountStatus.CONNECTED, status_reason="")


def stop(*, account: EmailAccount, status: EmailAccountStatus, reason: str) -> None:
    """Let the account send nothing until a person acts. Tells its people once. Emits an event."""
    if account.status == status:
        keep(account, status_reason=reason)
        return
    keep(account, status=status, status_reason=reason)
    emit("campaigns.email_account.stopped", aggregate=account, payload={"status": status, "reason": reason})
    mails.queue_notice(account, status)


def keep(account: EmailAccount, **values: object) -> None:
    """Write what LAD found out about an account, which is no change by a person."""
    for name, value in values.items():
        setattr(account, name, value)
    EmailAccount.all_objects.filter(pk=account.pk).update(**values)


writes.register(CampaignAccount, CampaignAccountWriter)
writes.register(EmailAccount, EmailAccountWriter)
