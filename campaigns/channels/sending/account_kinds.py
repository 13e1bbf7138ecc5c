"""The kinds of accounts that send: mailboxes, LinkedIn accounts, and accounts on WhatsApp, Instagram and SMS.

Due messages are found, claimed and settled in the same way for all of them. A kind knows the account's table, how much
an account may do, and what an account's troubles lead to.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar, Final, Generic, TypeVar
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Greatest, Now

from campaigns.accounts import services as mailboxes
from campaigns.accounts import troubles
from campaigns.accounts.limits import count, has_room_from, left, take_back
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.models import (
    AccountStatus,
    AssignmentStatus,
    CampaignAccount,
    ChannelAccount,
    EmailAccount,
    EmailAccountStatus,
    LinkedinAccount,
    NetworkAccount,
)
from campaigns.accounts.pacing import allowed_on, gap, next_day
from campaigns.channels.email.sending.queues import is_asked
from campaigns.channels.protocol import Driver, driver_of
from campaigns.channels.sending.room import Room
from campaigns.messages.models import Action, Message
from lad.errors import DomainError
from leads.channels import Channel

AccountT = TypeVar("AccountT", EmailAccount, LinkedinAccount, ChannelAccount)
NetworkT = TypeVar("NetworkT", LinkedinAccount, ChannelAccount)


class AccountKind(ABC, Generic[AccountT]):
    """One kind of account."""

    name: ClassVar[str]
    model: type[AccountT]
    # The column of messages that names the account.
    column: ClassVar[str]
    usable: ClassVar[tuple[str, ...]]

    @cached_property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def ready(self) -> QuerySet[AccountT]:
        """Return the accounts of the current scope that may send now."""
        free = Q(next_send_at__isnull=True) | Q(next_send_at__lte=Now())
        rows: QuerySet[AccountT] = self.model._default_manager.filter(free, is_active=True, status__in=self.usable)
        return rows

    def account_id(self, message: Message) -> UUID | None:
        found: UUID | None = getattr(message, f"{self.column}_id")
        return found

    def put_account(self, message: Message, account: AccountT) -> None:
        setattr(message, self.column, account)

    def rest(self, account: AccountT, until: datetime) -> None:
        """Let the account send nothing until a moment."""
        self.model._default_manager.filter(pk=account.pk).update(next_send_at=until)

    @abstractmethod
    def driver(self, account: AccountT) -> Driver: ...

    @abstractmethod
    def room(self, account: AccountT, *, zone: str, day: date, now: datetime) -> Room:
        """Return how much a locked account may still do on the day."""

    @abstractmethod
    def full_until(self, account: AccountT, action: str, *, zone: str, now: datetime) -> datetime:
        """Return when an action that is full today has a place again."""

    @abstractmethod
    def count(self, account: AccountT, day: date, messages: Sequence[Message]) -> bool:
        """Count messages of a locked account on its day and say when it sends next. Return whether all had a place."""

    @abstractmethod
    def uncount(self, tenant_id: UUID, account_id: UUID, day: date, messages: Sequence[Message]) -> None:
        """Give the places of messages back that certainly were not sent."""

    @abstractmethod
    def is_recovering(self, account: AccountT) -> bool:
        """Return whether a success changes anything about the account."""

    @abstractmethod
    def record_success(self, account: AccountT) -> None: ...

    @abstractmethod
    def record_failure(self, account: AccountT, reason: str) -> None: ...

    @abstractmethod
    def record_trouble(self, account: AccountT, error: DomainError) -> None:
        """Keep that the account cannot be used, and why."""

    def can_be_asked(self, account: AccountT) -> bool:
        """Return whether a lost message of the account can be looked for anywhere."""
        return True

    def needs_copy(self, account: AccountT) -> bool:
        """Return whether LAD puts a copy of what was sent where the account's server keeps such."""
        return False


class EmailAccounts(AccountKind[EmailAccount]):
    """Mailboxes: one limit a day for all messages."""

    name = "email"
    model = EmailAccount
    column = "email_account"
    usable = mailboxes.USABLE

    def driver(self, account: EmailAccount) -> Driver:
        return driver_of(Channel.EMAIL)

    def room(self, account: EmailAccount, *, zone: str, day: date, now: datetime) -> Room:
        return Room(total=allowed_on(account, day) - (account.sent_today if account.last_reset_date == day else 0))

    def full_until(self, account: EmailAccount, action: str, *, zone: str, now: datetime) -> datetime:
        return next_day(now, zone)

    def count(self, account: EmailAccount, day: date, messages: Sequence[Message]) -> bool:
        number = len(messages)
        used = Case(When(last_reset_date=day, then=F("sent_today")), default=0)
        rows = EmailAccount.objects.filter(pk=account.pk).annotate(used=used)
        rows = rows.filter(used__lte=allowed_on(account, day) - number, daily_send_limit__gte=F("used") + number)
        return bool(
            rows.update(
                sent_today=Case(When(last_reset_date=day, then=F("sent_today")), default=0) + number,
                last_reset_date=day,
                messages_sent=F("messages_sent") + number,
                next_send_at=Now() + gap(account),
            )
        )

    def uncount(self, tenant_id: UUID, account_id: UUID, day: date, messages: Sequence[Message]) -> None:
        rows = EmailAccount.all_objects.filter(tenant=tenant_id, pk=account_id, last_reset_date=day)
        rows.update(sent_today=Greatest(F("sent_today") - len(messages), 0))

    def is_recovering(self, account: EmailAccount) -> bool:
        return bool(account.failures) or account.status != EmailAccountStatus.CONNECTED

    def record_success(self, account: EmailAccount) -> None:
        mailboxes.record_success(account=account)

    def record_failure(self, account: EmailAccount, reason: str) -> None:
        mailboxes.record_failure(account=account, reason=reason)

    def record_trouble(self, account: EmailAccount, error: DomainError) -> None:
        known = error if isinstance(error, MailboxError) else MailboxError(Problem.UNREACHABLE, error.detail)
        mailboxes.record_trouble(account=account, error=known)

    def can_be_asked(self, account: EmailAccount) -> bool:
        return bool(account.imap_host) or is_asked(account.smtp_host)

    def needs_copy(self, account: EmailAccount) -> bool:
        return bool(account.imap_host) and not account.saves_sent


class NetworkAccounts(AccountKind[NetworkT]):
    """Accounts on networks: each action has limits of its own, of a day and of a week."""

    usable = (AccountStatus.ACTIVE,)

    def driver(self, account: NetworkT) -> Driver:
        return driver_of(self.channel(account), account.provider)

    @abstractmethod
    def channel(self, account: NetworkT) -> Channel:
        """Return the channel that the account acts on."""

    def room(self, account: NetworkT, *, zone: str, day: date, now: datetime) -> Room:
        return Room(by_action=left(account, zone=zone, now=now))

    def full_until(self, account: NetworkT, action: str, *, zone: str, now: datetime) -> datetime:
        return has_room_from(account, action, zone=zone, now=now)

    def count(self, account: NetworkT, day: date, messages: Sequence[Message]) -> bool:
        # The account is locked since its room was read.
        count(account, day, Counter(message.action for message in messages))
        rows = self.model._default_manager.filter(pk=account.pk)
        rows.update(messages_sent=F("messages_sent") + len(messages), next_send_at=Now() + gap(account))
        return True

    def uncount(self, tenant_id: UUID, account_id: UUID, day: date, messages: Sequence[Message]) -> None:
        take_back(tenant_id, account_id, day, Counter(message.action for message in messages))

    def is_recovering(self, account: NetworkT) -> bool:
        return bool(account.failures)

    def record_success(self, account: NetworkT) -> None:
        troubles.record_success(account)

    def record_failure(self, account: NetworkT, reason: str) -> None:
        troubles.record_failure(account, reason)

    def record_trouble(self, account: NetworkT, error: DomainError) -> None:
        troubles.record_trouble(account, error)


class LinkedinAccounts(NetworkAccounts[LinkedinAccount]):
    """LinkedIn accounts: a campaign may have a limit of invitations of its own for each."""

    name = "linkedin"
    model = LinkedinAccount
    column = "linkedin_account"

    def channel(self, account: LinkedinAccount) -> Channel:
        return Channel.LINKEDIN

    def room(self, account: LinkedinAccount, *, zone: str, day: date, now: datetime) -> Room:
        rows = CampaignAccount.objects.filter(linkedin_account=account.pk, status=AssignmentStatus.ACTIVE)
        by_campaign = {
            row.campaign_id: row.daily_requests_limit - (row.daily_requests_used if row.last_reset_date == day else 0)
            for row in rows
        }
        return Room(by_action=left(account, zone=zone, now=now), invitations_by_campaign=by_campaign)

    def count(self, account: LinkedinAccount, day: date, messages: Sequence[Message]) -> bool:
        counted = super().count(account, day, messages)
        self._count_invitations(account.tenant_id, account.pk, day, messages, sign=1)
        return counted

    def uncount(self, tenant_id: UUID, account_id: UUID, day: date, messages: Sequence[Message]) -> None:
        super().uncount(tenant_id, account_id, day, messages)
        self._count_invitations(tenant_id, account_id, day, messages, sign=-1)

    def _count_invitations(
        self, tenant_id: UUID, account_id: UUID, day: date, messages: Sequence[Message], *, sign: int
    ) -> None:
        """Keep the numbers that the account and its campaigns show."""
        invitations = [message for message in messages if message.action == Action.INVITATION]
        if not invitations:
            return
        today = Case(When(last_reset_date=day, then=F("actions_today")), default=0)
        changed = Greatest(today + sign * len(invitations), 0)
        LinkedinAccount.all_objects.filter(tenant=tenant_id, pk=account_id).update(
            # Whoever lowered the limit meanwhile is shown as full.
            actions_today=Case(When(daily_action_limit__lt=changed, then=F("daily_action_limit")), default=changed),
            last_reset_date=day,
        )
        for campaign_id, number in Counter(each.campaign_id for each in invitations if each.campaign_id).items():
            so_far = Case(When(last_reset_date=day, then=F("daily_requests_used")), default=0)
            used = Greatest(so_far + sign * number, 0)
            CampaignAccount.objects.filter(tenant=tenant_id, linkedin_account=account_id, campaign=campaign_id).update(
                daily_requests_used=Case(
                    When(daily_requests_limit__lt=used, then=F("daily_requests_limit")), default=used
                ),
                last_reset_date=day,
            )


class ChannelAccounts(NetworkAccounts[ChannelAccount]):
    """Accounts on WhatsApp, Instagram and SMS."""

    name = "channel"
    model = ChannelAccount
    column = "channel_account"

    def channel(self, account: ChannelAccount) -> Channel:
        return Channel(account.channel)


EMAIL: Final = EmailAccounts()
LINKEDIN: Final = LinkedinAccounts()
CHANNEL: Final = ChannelAccounts()
ACCOUNT_KINDS: Final[tuple[AccountKind, ...]] = (EMAIL, LINKEDIN, CHANNEL)


def account_kind_of(message: Message) -> AccountKind | None:
    """Return the kind of the account that a message has, or None if it has none."""
    return next((kind for kind in ACCOUNT_KINDS if kind.account_id(message) is not None), None)


def account_of(message: Message) -> EmailAccount | NetworkAccount | None:
    """Return the account that a message has, deleted or not."""
    kind = account_kind_of(message)
    found: EmailAccount | NetworkAccount | None = getattr(message, kind.column) if kind else None
    return found
