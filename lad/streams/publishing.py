"""Tell a tenant's open streams that something happened."""

import json
import logging
from collections.abc import Mapping
from uuid import UUID

import redis
from django.db import transaction

from lad.broker import broker
from lad.streams.channels import channels, topic

log = logging.getLogger(__name__)


def publish(tenant_id: UUID, channel: str, data: Mapping[str, str | int | bool | None]) -> None:
    """Send data to the tenant's streams of a channel, after the transaction has committed.

    Send ids and facts, never contents: a listener fetches those, with its rights of that moment. Nothing is
    stored. Without a listener, or while Valkey is unreachable, the message is lost, and listeners fetch when
    they connect again. Raises UnknownKey if the channel is not registered.
    """
    name = topic(tenant_id, channels.get(channel).key)
    text = json.dumps(dict(data), separators=(",", ":"))
    transaction.on_commit(lambda: _send(name, text))


def _send(name: str, text: str) -> None:
    try:
        broker().publish(name, text)
    except redis.RedisError:
        log.warning("A message to streams was lost because Valkey does not answer.", exc_info=True)
