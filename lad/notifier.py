"""Ask the workers to run a task soon. A lost notification delays work by a moment and loses none: workers poll too.

A notification is one command to Valkey, sent without waiting for an answer. It queues a run of the task, unless
a run is queued already that has not begun to look for work, or a running one has said that it will look again.
"""

import json
import os
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Protocol
from uuid import uuid4

import redis
import structlog
from django.conf import settings
from django.db import transaction

from lad.broker import broker

# Longer than a free worker takes to begin a run, and short if the run was lost with its worker.
QUEUED_SECONDS: Final = 1.0
# A task that stops all workers, or none of them running, must not fill the broker.
MAX_QUEUE_LENGTH: Final = 100
# An idle connection is checked before it is used: the broker may have been restarted.
IDLE_SECONDS: Final = 1.0
RECONNECT_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 2.0

QUEUE_RUN: Final = f"""
if redis.call('LLEN', KEYS[2]) < {MAX_QUEUE_LENGTH} and redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) then
    redis.call('LPUSH', KEYS[2], ARGV[2])
end
"""

log = structlog.get_logger("lad.notifier")


class WorkerNotifier:
    """Asks the workers to run one task soon.

    Sending takes microseconds and never waits for the broker. The first notification of a process connects in
    a thread.
    """

    def __init__(self, task: str) -> None:
        self.task = task

    def notify(self) -> None:
        """Ask for a run that looks for work after this call. Returns at once."""
        _sender.send(self._command(self._queued_key))

    def notify_on_commit(self) -> None:
        """Ask for a run soon after the current transaction commits, if it commits."""
        transaction.on_commit(self.notify, robust=True)

    def ask_for_help(self) -> None:
        """Ask for one more run beside the caller's own, which has more work than one process should do."""
        _sender.send(self._command(f"{self._queued_key}:help"))

    def hold(self, seconds: float = QUEUED_SECONDS) -> None:
        """Queue no further run for some seconds: the caller is a run that will ``release`` and look once more."""
        _sender.send(_packed("SET", self._queued_key, "", "PX", int(seconds * 1000)))

    def release(self) -> None:
        """Let notifications queue a run again. What was committed before this returns is the caller's to find."""
        try:
            broker().delete(self._queued_key)
        except redis.RedisError as error:
            _log_failure(error)

    @property
    def _queued_key(self) -> str:
        return f"lad:queued:{self.task}"

    def _command(self, key: str) -> bytes:
        message = self._message.replace("$task_id", str(uuid4()))
        milliseconds = int(QUEUED_SECONDS * 1000)
        return _packed("EVAL", QUEUE_RUN, 2, key, settings.CELERY_TASK_DEFAULT_QUEUE, milliseconds, message)

    @cached_property
    def _message(self) -> str:
        """Return the message that Celery would send, with a placeholder for the task's id."""
        headers = {
            "lang": "py",
            "task": self.task,
            "id": "$task_id",
            "root_id": "$task_id",
            "retries": 0,
            "timelimit": [None, None],
            "argsrepr": "()",
            "kwargsrepr": "{}",
            "ignore_result": True,
        }
        properties = {
            "correlation_id": "$task_id",
            "delivery_mode": 2,
            "delivery_tag": "$task_id",
            "delivery_info": {"exchange": "", "routing_key": settings.CELERY_TASK_DEFAULT_QUEUE},
            "priority": 0,
            "body_encoding": "base64",
        }
        body = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
        return json.dumps(
            {
                "body": b64encode(body.encode()).decode(),
                "content-type": "application/json",
                "content-encoding": "utf-8",
                "headers": headers,
                "properties": properties,
            }
        )


class _Connection(Protocol):
    """The methods of the redis package's connection that this module calls: the package has no types for them."""

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def can_read(self) -> bool: ...

    def send_command(self, *words: str) -> None: ...

    def send_packed_command(self, command: Sequence[bytes], check_health: bool) -> None: ...


class _Sender:
    """The process's connection for commands whose answer nobody needs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._connecting = False
        self._connect_after = 0.0
        self._used_at = 0.0
        self._waiting: list[bytes] = []

    def send(self, command: bytes) -> None:
        """Send the command. Without a connection, connect in a thread and send it then."""
        with self._lock:
            now = time.monotonic()
            if self._connection is not None and self._write(self._connection, command, now):
                return
            self._connection = None
            if self._connecting or now < self._connect_after:
                # Repeats are pointless: each asks for a run of all the work there is.
                self._waiting = [*self._waiting, command][-MAX_QUEUE_LENGTH:]
                return
            self._connecting = True
            self._waiting.append(command)
        threading.Thread(target=self._connect, name="worker-notifier", daemon=True).start()

    def _write(self, connection: _Connection, command: bytes, now: float) -> bool:
        try:
            if now - self._used_at > IDLE_SECONDS and connection.can_read():
                # Answers are switched off: only a closed connection can be read.
                connection.disconnect()
                return False
            connection.send_packed_command([command], check_health=False)
        except (redis.RedisError, OSError):
            return False
        self._used_at = now
        return True

    def _connect(self) -> None:
        connection: _Connection | None = None
        try:
            connection = _connected()
        except (redis.RedisError, OSError) as error:
            _log_failure(error)
        with self._lock:
            self._connecting = False
            self._connection = connection
            waiting, self._waiting = self._waiting, []
            self._used_at = time.monotonic()
            if connection is None:
                self._connect_after = self._used_at + RECONNECT_SECONDS
                return
            for command in waiting:
                self._write(connection, command, self._used_at)


def _connected() -> _Connection:
    """Return a connection on which the broker answers nothing."""
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, protocol=2
    )
    connection: _Connection = pool.make_connection()
    connection.connect()
    connection.send_command("CLIENT", "REPLY", "OFF")
    return connection


def _packed(*words: str | int) -> bytes:
    """Return a command in the protocol of Redis and Valkey."""
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _log_failure(error: Exception) -> None:
    log.warning("worker not notified", reason=f"{type(error).__name__}: {error}")


def _reset_after_fork() -> None:
    """Start without a connection in a forked process: two processes must not share one."""
    global _sender
    _sender = _Sender()


_sender = _Sender()
os.register_at_fork(after_in_child=_reset_after_fork)
