"""What receivers hand over: messages, and what became of those that were sent."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.messages.models import Action, MessageEventKind
from leads.channels import Channel


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as a provider reports it. ``is_own`` marks one that the account's owner sent, by LAD or by hand.

    ``person_id`` is the other person's id at the provider, ``address`` their number, profile address or name there.
    """

    channel: Channel
    provider_id: str
    text: str
    at: datetime
    person_id: str = ""
    address: str = ""
    name: str = ""
    chat_id: str = ""
    is_own: bool = False
    action: Action = Action.MESSAGE
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what the message is known by, also if its provider gives it no id."""
        if self.provider_id:
            return self.provider_id
        told = "\x1f".join((self.chat_id or self.person_id or self.address, self.at.isoformat(), self.text))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of a message that was sent. A read message is ``opened``; a failed one is ``bounced``."""

    provider_id: str
    kind: MessageEventKind
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
