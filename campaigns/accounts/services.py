"""Write the accounts of campaigns, and keep what their servers answered."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least, Now
from django.utils import timezone

from campaigns.accounts import mails
from campaigns.accounts import network_services as network_services  # registers the check of the gateway's accounts
from campaigns.accounts import network_writes as network_writes  # registers the writers
from campaigns.accounts.mailbox import known
from campaigns.accounts.mailbox.dns import check_domain
from campaigns.accounts.mailbox.errors import MailboxError
from campaigns.accounts.mailbox.oauth import access_token
from campaigns.accounts.mailbox.testing import Outcome, try_mailbox
from campaigns.accounts.models import CampaignAccount, EmailAccount, EmailAccountStatus
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import require_no_scope
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
SERVER_FIELDS: Final = frozenset(
    {"email", "smtp_host", "smtp_port", "smtp_secure", "imap_host", "imap_port", "imap_secure"}
)
PACING_FIELDS: Final = frozenset({"daily_send_limit", "min_gap_seconds", "ramp_up_from", "is_active"})


class ChangedMeanwhile(Conflict):
    """The account was changed while its connection was tested. Test it again."""

    code = "changed_meanwhile"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test found out, the servers that were found for it, and how it signed in."""

    outcome: Outcome
    servers: Mapping[str, object]
    tried_with: Mapping[str, object] = field(repr=False)


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
            # A renewal that is under way loses its lease with it.
            filled.update(access_token="", refresh_token="", token_expires_at=None, token_lease_until=None)
        if changed & SIGN_IN_FIELDS:
            filled.update(failures=0, next_send_at=None)
            state = EmailAccount.all_objects.select_for_update(no_key=True).values_list("status", flat=True)
            if state.get(pk=row.pk) != EmailAccountStatus.HALTED:
                filled.update(status=EmailAccountStatus.UNTESTED, status_reason="")
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


def try_connection(*, account: EmailAccount) -> Trial:
    """Sign in to both servers of the account and return what they said. Writes nothing but a renewed token.

    The servers of an account without any are looked up first. Asks servers, which may take MAIL_TEST_SECONDS: call it
    outside any scope. Raises Invalid without a server.
    """
    require_no_scope("A mailbox is tested")
    servers = _servers_found(account)
    tried = copy(account)
    for name, value in servers.items():
        setattr(tried, name, value)
    if not tried.smtp_host:
        raise Invalid(errors={"smtp_host": ["Enter the server for sending: LAD does not know this provider."]})
    try:
        outcome = try_mailbox(tried, access_token=access_token(tried))
    except MailboxError as error:
        outcome = Outcome(error.account_status, error.detail)
    return Trial(outcome, servers, {name: getattr(account, name) for name in SIGN_IN_FIELDS})


@transaction.atomic
def keep_trial(*, account: EmailAccount, trial: Trial, actor: Actor) -> Outcome:
    """Keep the result of a test on the account. An account that LAD had paused goes on; a halted one stays so.

    Raises ChangedMeanwhile if somebody changed how to sign in while the test ran.
    """
    row: EmailAccount = EmailAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if any(getattr(row, name) != value for name, value in trial.tried_with.items()):
        raise ChangedMeanwhile
    if trial.servers:
        # The password was entered for the servers that LAD would find.
        passwords = {"smtp_password": row.smtp_password, "imap_password": row.imap_password}
        writes.update(row, {**trial.servers, **passwords}, actor=actor)
    outcome = trial.outcome
    keep_status(row, outcome.status, outcome.reason or " ".join(outcome.notes))
    if outcome.succeeded:
        values: dict[str, object] = {"failures": 0, "next_send_at": None, "sent_folder": outcome.sent_folder}
        keep(row, **values, **({"saves_sent": outcome.saves_sent} if outcome.saves_sent is not None else {}))
    vars(account).update(vars(row))
    return outcome


def look_up_records(*, account: EmailAccount, now: datetime | None = None) -> dict[str, Any]:
    """Ask the name servers for the DNS records of the account's domain. Call it outside any scope."""
    require_no_scope("A name server is asked")
    seen = account.dns_report.get("selectors", [])
    return check_domain(account.email, now=now or timezone.now(), selectors=seen)


def keep_records(*, account: EmailAccount, report: Mapping[str, Any]) -> None:
    """Keep a report of ``look_up_records`` on the account."""
    seen = account.dns_report.get("selectors", [])
    checked_at = datetime.fromisoformat(report["checked_at"])
    keep(account, dns_report={**report, "selectors": sorted(seen)}, dns_checked_at=checked_at)


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
    account.failures = failures
    _usable(account).update(
        status=error.account_status, status_reason=error.detail, failures=failures, next_send_at=Now() + delay
    )


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
    """Keep that the account sends. Writes nothing if that is known, or if the account was stopped meanwhile."""
    if account.failures or account.status != EmailAccountStatus.CONNECTED:
        account.failures, account.status = 0, EmailAccountStatus.CONNECTED
        _usable(account).update(failures=0, status=EmailAccountStatus.CONNECTED, status_reason="")


def stop(*, account: EmailAccount, status: EmailAccountStatus, reason: str) -> None:
    """Let the account send nothing until a person acts. Tells its people once. Emits an event."""
    known = account.status == status
    if not keep_status(account, status, reason) or known:
        return
    emit("campaigns.email_account.stopped", aggregate=account, payload={"status": status, "reason": reason})
    mails.queue_notice(account, status)


def keep_status(account: EmailAccount, status: EmailAccountStatus, reason: str) -> bool:
    """Write the state of an account, unless it is halted, which only a person ends. Return whether it was written."""
    rows = EmailAccount.all_objects.filter(pk=account.pk)
    if status != EmailAccountStatus.HALTED:
        rows = rows.exclude(status=EmailAccountStatus.HALTED)
    if not rows.update(status=status, status_reason=reason):
        account.status = EmailAccountStatus.HALTED
        return False
    account.status, account.status_reason = status, reason
    return True


def keep(account: EmailAccount, **values: object) -> None:
    """Write what LAD found out about an account, which is no change by a person."""
    for name, value in values.items():
        setattr(account, name, value)
    EmailAccount.all_objects.filter(pk=account.pk).update(**values)


def _usable(account: EmailAccount) -> QuerySet[EmailAccount]:
    """Return the account unless it was stopped. What a sender found out later must not start it again."""
    rows: QuerySet[EmailAccount] = EmailAccount.all_objects.filter(pk=account.pk, status__in=USABLE)
    return rows


def _servers_found(account: EmailAccount) -> dict[str, object]:
    """Return the servers that the account lacks, of the provider that receives its domain's mail. Asks it."""
    if account.smtp_host and account.imap_host:
        return {}
    provider = known.by_address(account.email) or known.by_mx(account.email)
    if provider is None:
        return {}
    servers: dict[str, object] = {}
    if not account.smtp_host:
        servers.update(smtp_host=provider.smtp[0], smtp_port=provider.smtp[1])
    if not account.imap_host:
        servers.update(imap_host=provider.imap[0], imap_port=provider.imap[1])
    return servers


writes.register(CampaignAccount, CampaignAccountWriter)
writes.register(EmailAccount, EmailAccountWriter)
