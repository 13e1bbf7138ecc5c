"""Pass messages from Valkey on to the open streams of this process."""

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import redis.asyncio
from redis.exceptions import RedisError

from lad.streams.channels import TOPIC_PREFIX, topic
from lad.streams.tickets import Ticket

READY_SECONDS: Final = 3
RECONNECT_SECONDS: Final = 1
# Valkey is asked this often whether it is still there.
CHECK_SECONDS: Final = 15
MAX_PENDING: Final = 1_000

log = logging.getLogger(__name__)


class HubFull(Exception):
    """The tenant, or this process, has as many streams as it may have."""

    def __init__(self, *, tenant: bool) -> None:
        super().__init__()
        self.tenant = tenant


class HubUnavailable(Exception):
    """Valkey cannot be reached."""


class Inbox:
    """The messages that wait for one stream. Equal messages wait once, because listeners only fetch what changed."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.closed = False
        self.resync = False
        self._pending: dict[str, None] = {}
        self._arrived = asyncio.Event()

    def put(self, text: str) -> None:
        """Add a message. A stream whose reader is too slow is closed instead."""
        self._pending[text] = None
        if len(self._pending) > MAX_PENDING:
            self.close()
        self._arrived.set()

    def put_resync(self) -> None:
        """Tell the listener that messages may have been lost."""
        self.resync = True
        self._arrived.set()

    def close(self) -> None:
        self.closed = True
        self._arrived.set()

    async def wait(self, seconds: float) -> None:
        """Wait until something has arrived, at most for some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()

    def take(self) -> list[str]:
        """Return and forget the messages that wait."""
        self._arrived.clear()
        found = list(self._pending)
        self._pending.clear()
        return found


class Hub:
    """One subscription of this process for all its streams. Belongs to one event loop."""

    def __init__(self, url: str, *, max_streams: int, max_streams_per_tenant: int) -> None:
        self._url = url
        self._max_streams = max_streams
        self._max_per_tenant = max_streams_per_tenant
        self._inboxes: defaultdict[str, set[Inbox]] = defaultdict(set)
        self._by_tenant: defaultdict[UUID, int] = defaultdict(int)
        self._count = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()
        self._was_subscribed = False

    async def open(self, ticket: Ticket) -> Inbox:
        """Return the inbox of a new stream. Raises HubFull or HubUnavailable."""
        if self._by_tenant[ticket.tenant_id] >= self._max_per_tenant:
            raise HubFull(tenant=True)
        if self._count >= self._max_streams:
            raise HubFull(tenant=False)
        inbox = Inbox(ticket)
        self._count += 1
        self._by_tenant[ticket.tenant_id] += 1
        self._inboxes[topic(ticket.tenant_id, ticket.channel)].add(inbox)
        try:
            await self._wait_until_subscribed()
        except BaseException:
            self.leave(inbox)
            raise
        return inbox

    def leave(self, inbox: Inbox) -> None:
        """Forget a stream."""
        ticket = inbox.ticket
        name = topic(ticket.tenant_id, ticket.channel)
        self._inboxes[name].discard(inbox)
        if not self._inboxes[name]:
            del self._inboxes[name]
        self._count -= 1
        self._by_tenant[ticket.tenant_id] -= 1
        if not self._by_tenant[ticket.tenant_id]:
            del self._by_tenant[ticket.tenant_id]

    async def close(self) -> None:
        """End every stream and the subscription."""
        self._closing = True
        for inbox in self._all():
            inbox.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _wait_until_subscribed(self) -> None:
        if self._closing:
            raise HubUnavailable
        if self._task is None:
            self._task = asyncio.create_task(self._subscribe_forever())
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._subscribed.wait()
        except TimeoutError as error:
            raise HubUnavailable from error

    async def _subscribe_forever(self) -> None:
        while True:
            try:
                await self._subscribe()
            except (RedisError, OSError) as error:
                log.warning("The subscription for streams ended and is opened again: %s", error)
            self._subscribed.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _subscribe(self) -> None:
        client = redis.asyncio.Redis.from_url(self._url, health_check_interval=CHECK_SECONDS, socket_connect_timeout=2)
        async with client, client.pubsub() as subscription:
            await subscription.psubscribe(f"{TOPIC_PREFIX}*")
            while True:
                message = await subscription.get_message(timeout=CHECK_SECONDS)
                if message is not None:
                    self._pass_on(message)

    def _pass_on(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            # Valkey confirms each subscription. After the first, a connection was lost, and messages with it.
            if self._was_subscribed:
                for inbox in self._all():
                    inbox.put_resync()
            self._was_subscribed = True
            self._subscribed.set()
        elif message["type"] == "pmessage":
            for inbox in self._inboxes.get(message["channel"].decode(), ()):
                inbox.put(message["data"].decode())

    def _all(self) -> list[Inbox]:
        return [inbox for inboxes in self._inboxes.values() for inbox in inboxes]
