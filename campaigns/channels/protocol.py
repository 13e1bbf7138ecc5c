"""The interface of a channel that carries messages. Each channel registers one driver.

The queue, the claims and the results are the same for all channels; a driver knows only how one message is handed
to the provider, how a message whose sender was lost is looked for, and how much an account may still send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from campaigns.accounts.pacing import Limits
from campaigns.messages.models import Message
from lad.errors import DomainError
from lad.registry import Registry
from leads.channels import Channel


class Fate(StrEnum):
    """The outcome of one attempt."""

    SENT = "sent"
    # The provider will never take this message.
    REFUSED = "refused"
    # It certainly was not sent. Another attempt may succeed.
    NOT_SENT = "not_sent"
    # The provider may have taken it before the answer was lost.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """The fate of one attempt and why.

    ``limit`` is set if the provider did not take it because the account has done enough for now: nothing failed, the
    message waits. ``facts`` may name what the provider called it: ``provider_id``, ``chat_id``, ``person_id``.
    ``bounce`` says what a provider knew at once about the recipient's address. ``by_account`` marks a reason that
    would meet the account's other messages too. ``usable`` is False if the session must not be used again.
    """

    fate: Fate
    error: str = ""
    bounce: Mapping[str, Any] | None = None
    by_account: bool = False
    usable: bool = True
    limit: "Limit | None" = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the network that an account has met. ``until`` None means that LAD estimates when it ends.

    ``period`` is ``day`` or ``week`` if the network counts this action; empty if it asks the account to slow down.
    """

    action: str
    period: str = ""
    until: datetime | None = None


class Found(StrEnum):
    """The result of looking for a message."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    NOT_KNOWN = "not_known"


class Session(Protocol):
    """A connection to a provider that is signed in and takes several messages."""

    # The account as it was read last.
    account: Any

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        """Hand one message over. ``begun`` is the monotonic time at which its attempt was recorded.

        Raises a DomainError if the account cannot be used; then nothing was handed over.
        """
        ...

    def prepare(self, message: Message) -> None:
        """Do what can be done ahead of the next message, which is not recorded as begun yet.

        If another one is sent instead, the session must be closed first.
        """
        return

    def close(self) -> None: ...


class Driver(Protocol):
    """One channel. ``account`` is the row that the channel's messages are sent from."""

    channel: Channel

    def open(self, account: Any) -> Session:
        """Sign in. Raises a DomainError that says what to do."""
        ...

    def find(self, account: Any, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for messages whose sender was lost, by their ids. Raises a DomainError if looking is impossible."""
        ...

    def limits(self, account: Any, *, zone: str, now: datetime) -> Limits:
        """Return what the account may send on the current day of the time zone."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredDriver:
    """A driver under its channel's key, or that of its channel and provider."""

    key: str
    label: str
    driver: Driver


class ChannelNotConnected(DomainError):
    """LAD cannot send on this channel yet."""

    code = "channel_not_connected"


drivers: Final = Registry[RegisteredDriver]("channel")


def register(driver: Driver) -> Driver:
    """Send messages of the driver's channel through it. One that has a ``provider`` is for accounts at this one."""
    channel = Channel(driver.channel)
    provider = str(getattr(driver, "provider", ""))
    drivers.register(RegisteredDriver(_key(channel.value, provider), str(channel.label), driver))
    return driver


def driver_of(channel: str, provider: str = "") -> Driver:
    """Return the driver of a channel, at the provider if there are several. Raises ChannelNotConnected."""
    for key in (_key(channel, provider), channel):
        if key in drivers:
            return drivers.get(key).driver
    others = [each.driver for each in drivers if each.driver.channel == channel]
    if provider or not others:
        raise ChannelNotConnected(f"LAD cannot send on the channel {Channel(channel).label} yet.")
    return others[0]


def _key(channel: str, provider: str) -> str:
    return f"{Channel(channel).value}/{provider}" if provider else Channel(channel).value
