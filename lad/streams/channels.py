"""The channels that a tenant's members can listen to. Features register them."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: what it tells, and the right that a listener needs."""

    key: str
    label: str
    right: str


channels: Final[Registry[Channel]] = Registry("channel")


def topic(tenant_id: object, channel: str) -> str:
    """Return the name under which Valkey carries a tenant's channel."""
    return f"{TOPIC_PREFIX}{tenant_id}:{channel}"


TOPIC_PREFIX: Final = "lad:streams:"
