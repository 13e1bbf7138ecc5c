"""Send the messages that are due, account by account, fair to tenants."""

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.channels.protocol import Fate, Result, Session
from campaigns.channels.sending.account_kinds import EMAIL, AccountKind
from campaigns.channels.sending.claims import Claim, claim, usable_account
from campaigns.channels.sending.due import DueAccount, due_accounts
from campaigns.channels.sending.finishing import Accepted, finish
from campaigns.channels.sending.results import record, release
from campaigns.messages.models import Message
from lad.errors import DomainError
from lad.notifier import WorkerNotifier
from lad.tenancy.context import tenant_context

SEND_SECONDS: Final = 20.0
# Accounts in one round. Each has its turn before the first has another.
ROUND_SIZE: Final = 50
MAX_SESSIONS: Final = 20
# An account whose server is slow lets the others have their turn after this.
TURN_SECONDS: Final = 5.0
# Results show after this time at the latest, where a message takes no longer.
MAX_SILENCE_SECONDS: Final = 1.0
# With so many due accounts a second worker helps: most of the time each waits for a mail server.
MANY_ACCOUNTS: Final = 4

Account = EmailAccount | NetworkAccount
log = structlog.get_logger("lad.campaigns.sending")


def has_work(kind: AccountKind = EMAIL) -> bool:
    """Return whether an account of this kind may send a message now. Needs a platform scope."""
    return bool(due_accounts(kind, limit=1))


def send_due(kind: AccountKind = EMAIL, *, seconds: float = SEND_SECONDS) -> dict[str, int]:
    """Send what is due until nothing is left or the time is up. Return the number of attempts by fate."""
    deadline = time.monotonic() + seconds
    with Sessions() as sessions:
        sender = Sender(kind, sessions, deadline)
        while time.monotonic() < deadline and (accounts := due_accounts(kind, limit=ROUND_SIZE)):
            if len(accounts) >= MANY_ACCOUNTS:
                WorkerNotifier(f"campaigns.send_{kind.name}").ask_for_help()
            # Other workers may hold the same accounts. Without progress the next run goes on.
            if not sum(sender.send_for(each) for each in accounts):
                break
    return dict(sender.fates)


class Sessions:
    """The open connections of one run, by account."""

    def __init__(self) -> None:
        self._open: OrderedDict[UUID, Session] = OrderedDict()

    def __enter__(self) -> "Sessions":
        return self

    def __exit__(self, *args: object) -> None:
        for key in list(self._open):
            self.drop(key)

    def of(self, kind: AccountKind, account: Account) -> Session:
        """Return the account's connection, opened if there is none. Raises a DomainError that says why it cannot be."""
        session = self._open.pop(account.pk, None) or kind.driver(account).open(account)
        self._open[account.pk] = session
        if len(self._open) > MAX_SESSIONS:
            self.drop(next(iter(self._open)))
        return session

    def prepare(self, account: Account, message: Message) -> None:
        """Let the account's connection prepare the message that is to follow."""
        session = self._open.get(account.pk)
        if session is not None:
            session.prepare(message)

    def drop(self, account_id: UUID) -> None:
        """Close the account's connection."""
        session = self._open.pop(account_id, None)
        if session is not None:
            session.close()


class Sender:
    """Sends what accounts may send, over connections that stay open. ``fates`` counts the attempts."""

    def __init__(self, kind: AccountKind, sessions: Sessions, deadline: float) -> None:
        self._kind = kind
        self._sessions = sessions
        self._deadline = self._turn_ends = deadline
        self.fates: Counter[str] = Counter()

    def send_for(self, due: DueAccount) -> bool:
        """Send one batch of an account. Return whether fewer are due now than before."""
        if time.monotonic() >= self._deadline:
            return False
        account = usable_account(due)
        if account is None or self._session(account) is None:
            return False
        claimed = claim(due)
        if claimed is not None and claimed.messages:
            self._send(claimed)
        return claimed is not None

    def _session(self, account: Account) -> Session | None:
        """Return the account's connection. If there can be none, keep why on the account."""
        try:
            return self._sessions.of(self._kind, account)
        except DomainError as error:
            log.warning("account not usable", account=str(account.pk), problem=error.code, kind=self._kind.name)
            with tenant_context(account.tenant_id):
                self._kind.record_trouble(account, error)
            return None

    def _send(self, claimed: Claim) -> None:
        """Send the messages of a claim, the first of which is marked as begun."""
        waiting = list(claimed.messages)
        message: Message | None = waiting.pop(0)
        accepted: list[Accepted] = []
        self._turn_ends = time.monotonic() + TURN_SECONDS
        begun = finished_at = time.monotonic()
        while message is not None:
            result = self._attempt(claimed.account, message, begun)
            self.fates[result.fate] += 1
            following = self._following(claimed, result, waiting)
            if following and result.usable:
                # The date of the mail: a copy that is made later has it, too.
                following[0].begun_at = timezone.now()
                self._sessions.prepare(claimed.account, following[0])
            recorded = record(claimed, message, result, following=following)
            begun = time.monotonic()
            if following and recorded.begun is not following[0]:
                self._sessions.drop(claimed.account.pk)
            accepted += [recorded.accepted] if recorded.accepted else []
            message = recorded.begun
            if message is not None:
                waiting = waiting[waiting.index(message) + 1 :]
            if message is None or begun - finished_at > MAX_SILENCE_SECONDS:
                finish(accepted)
                accepted, finished_at = [], time.monotonic()

    def _attempt(self, account: Account, message: Message, begun: float) -> Result:
        session = self._session(account)
        if session is None:
            return Result(Fate.NOT_SENT, "The provider could not be reached.", usable=False)
        session.account = account
        try:
            result = session.send(message, begun=begun)
        except DomainError as error:
            self._sessions.drop(account.pk)
            with tenant_context(account.tenant_id):
                self._kind.record_trouble(account, error)
            return Result(Fate.NOT_SENT, error.detail, usable=False)
        if not result.usable:
            self._sessions.drop(account.pk)
        return result

    def _following(self, claimed: Claim, result: Result, waiting: Sequence[Message]) -> Sequence[Message]:
        """Return the messages that may be begun next.

        Let all wait if the time or the account's turn is over, the connection is in doubt or the account has met a
        limit.
        """
        troubled = (not result.usable and result.fate != Fate.SENT) or result.limit is not None
        if time.monotonic() < min(self._deadline, self._turn_ends) and not troubled:
            return waiting
        release(claimed, waiting)
        return ()
