"""How much an account may still do today."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from campaigns.messages.models import Action, Message


@dataclass
class Room:
    """How much an account may still do today: in all, by action, and by campaign for invitations. None is no limit."""

    total: int | None = None
    by_action: Mapping[str, int] = field(default_factory=dict)
    invitations_by_campaign: Mapping[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._of_campaigns: Counter[UUID] = Counter()

    def is_full(self, message: Message) -> bool:
        """Return whether there is no place left for such a message."""
        if self.total is not None and self._taken.total() >= self.total:
            return True
        limit = self.by_action.get(message.action)
        return (limit is not None and self._taken[message.action] >= limit) or self._is_campaign_full(message)

    def take(self, message: Message) -> bool:
        """Take a place for the message. Return whether there was one."""
        if self.is_full(message):
            return False
        self._taken[message.action] += 1
        if message.action == Action.INVITATION and message.campaign_id:
            self._of_campaigns[message.campaign_id] += 1
        return True

    def put_back(self, message: Message) -> None:
        """Give a place back that was taken."""
        self._taken[message.action] -= 1
        if message.action == Action.INVITATION and message.campaign_id:
            self._of_campaigns[message.campaign_id] -= 1

    def full_campaign(self, message: Message) -> UUID | None:
        """Return the campaign whose own limit the message has met, or None if the account itself is full."""
        return message.campaign_id if self._is_campaign_full(message) else None

    def _is_campaign_full(self, message: Message) -> bool:
        if message.action != Action.INVITATION or message.campaign_id is None:
            return False
        limit = self.invitations_by_campaign.get(message.campaign_id)
        return limit is not None and self._of_campaigns[message.campaign_id] >= limit
