"""The ways to answer a conversation: each channel and account on which the lead and the tenant have written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.accounts.models.network import AccountStatus
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.accounts.services import USABLE
from campaigns.inbox.models import Conversation
from campaigns.messages.models import WORDED, Message, MessageKind
from campaigns.messages.writing import ANSWERED_WITHIN
from lad.tenancy.context import current_tenant_id
from leads.channels import Channel
from leads.contactability.decisions import Decision, Verdict
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services.deciding import decide_channels

# WhatsApp takes free text for so long after the other side has written.
WINDOW: Final = timedelta(hours=24)
# A message on its way when the window closes would be refused.
MARGIN: Final = timedelta(minutes=1)
MESSAGES_READ: Final = 60
ANSWERABLE: Final = (Channel.EMAIL, Channel.LINKEDIN, Channel.WHATSAPP, Channel.SMS, Channel.WEB)
NAMES: Final = {Channel.WEB.value: "Instagram"}
IS_A_REPLY: Final = (MessageKind.REPLY, MessageKind.OUTREACH, MessageKind.UNSUBSCRIBE)

Account = EmailAccount | LinkedinAccount | ChannelAccount


@dataclass(frozen=True, slots=True)
class Way:
    """One channel and account to answer on. ``problem`` says why that is impossible now, or is empty.

    ``answers`` is the last message that came this way. Free text is possible until ``window_until``, None for ever;
    after that only an approved template.
    """

    channel: str
    account: Account
    answers: Message | None
    purpose: Purpose
    window_until: datetime | None = None
    needs_template: bool = False
    problem: str = ""
    decision: Decision | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Return what names the way in forms."""
        return f"{self.channel}:{self.account.pk}"

    @property
    def channel_name(self) -> str:
        return channel_name(self.channel)

    @property
    def account_name(self) -> str:
        return account_name(self.account)


def channel_name(channel: str) -> str:
    """Return a channel for people: that of other networks is Instagram."""
    return NAMES.get(channel) or str(Channel(channel).label)


def account_name(account: Account) -> str:
    """Return an account for people: with its address, if it has one."""
    if isinstance(account, EmailAccount):
        return str(account.email)
    return str(account.account_name)


def account_of(message: Message) -> Account | None:
    """Return the account through which a message went, None if it was deleted."""
    return message.email_account or message.linkedin_account or message.channel_account


def ways(conversation: Conversation, *, now: datetime) -> list[Way]:
    """Return the ways to answer, first the one on which the other side wrote last. None for somebody who is no lead."""
    if conversation.lead_id is None:
        return []
    said = _said(conversation.lead_id)
    channels = [Channel(each) for each in dict.fromkeys(message.channel for message, _account in said)]
    if not channels:
        return []
    heard = any(_is_heard(each, now) for each, _account in said)
    purpose = Purpose.SERVICE if heard else Purpose.OUTREACH
    decided = decide_channels(
        tenant_id=current_tenant_id(), lead_ids=[conversation.lead_id], channels=channels, purpose=purpose, at=now
    )
    found = []
    for channel, account in dict.fromkeys((message.channel, account) for message, account in said):
        of_way = [message for message, its in said if message.channel == channel and its == account]
        decision = decided[channel].get(conversation.lead_id)
        found.append(_way(channel, account, of_way, purpose, decision, now))
    return found


def _said(lead_id: UUID) -> list[tuple[Message, Account]]:
    """Return the lead's last messages with their accounts: what the lead wrote first, each the newest first."""
    rows = Message.objects.filter(lead=lead_id, action__in=WORDED, channel__in=ANSWERABLE)
    rows = rows.select_related("email_account", "linkedin_account", "channel_account")
    heavy = ("html", "decision", "metadata")
    newest = rows.defer(*heavy).order_by("-created_at", "-pk")[:MESSAGES_READ]
    known = [(each, account) for each in newest if (account := account_of(each)) is not None]
    return sorted(known, key=lambda pair: pair[0].direction != ContactDirection.INBOUND)


def _way(
    channel: str, account: Account, said: Sequence[Message], purpose: Purpose, decision: Decision | None, now: datetime
) -> Way:
    heard = [each for each in said if each.direction == ContactDirection.INBOUND and each.kind in IS_A_REPLY]
    until = None
    if isinstance(account, ChannelAccount) and account.provider == WHATSAPP_CLOUD and channel == Channel.WHATSAPP:
        last = max((_at(each) for each in heard), default=None)
        until = last + WINDOW if last is not None else now
    problem = next(_problems(account, decision), "")
    closed = until is not None and until <= now + MARGIN
    return Way(channel, account, next(iter(heard), None), purpose, until, closed, problem, decision)


def _problems(account: Account, decision: Decision | None) -> Iterator[str]:
    if account.deleted_at is not None:
        yield f"{account_name(account)} is no longer connected. Connect it again."
    elif not account.is_active:
        yield f"{account_name(account)} is paused. Resume it in its settings."
    elif isinstance(account, EmailAccount):
        if account.status not in USABLE or not account.smtp_host:
            yield f"{account_name(account)} cannot send. Open it to see what is wrong."
    elif account.status != AccountStatus.ACTIVE:
        yield f"{account_name(account)} is not connected: {account.get_status_display().lower()}. Connect it again."
    if decision is not None and decision.verdict == Verdict.REFUSE:
        yield decision.sentence()


def _is_heard(message: Message, now: datetime) -> bool:
    """Return whether the lead wrote a short time ago, so that what follows is an answer."""
    inbound = message.direction == ContactDirection.INBOUND and message.kind in IS_A_REPLY
    return inbound and _at(message) >= now - ANSWERED_WITHIN


def _at(message: Message) -> datetime:
    return message.occurred_at or message.created_at
