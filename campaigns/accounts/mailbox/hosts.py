"""Connect to mail servers that users name, and to nothing inside LAD's own network."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

from django.conf import settings

from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.mail_text import ascii_domain
from lad import outgoing

NO_HOST: Final = "Enter the name of the mail server."
PRIVATE: Final = "{host} is an address inside a private network. LAD connects to public servers only."
UNKNOWN: Final = "There is no server named {name}. Check how it is written."


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to the server. Raises MailboxError.

    The name is looked up once, and the connection goes to the address that was checked: a name server that answers
    differently a second time gains nothing.
    """
    name = ascii_domain(host)
    if not name:
        raise MailboxError(Problem.NOT_SET_UP, NO_HOST)
    try:
        found = outgoing.connect(name, port, timeout=timeout, exceptions=_exceptions())
        if (limit := _limit.get()) is not None:
            limit.add(found)
    except outgoing.PrivateAddress as error:
        raise MailboxError(Problem.INTERNAL, PRIVATE.format(host=host)) from error
    except (socket.gaierror, UnicodeError) as error:
        raise MailboxError(Problem.UNREACHABLE, UNKNOWN.format(name=name)) from error
    except OSError as error:
        raise MailboxError(Problem.UNREACHABLE, _unreachable(host, port, error)) from error
    # The end of a mail is a small packet of its own, which must not wait for the answer to the one before.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the connections that the block opens once the time is up, so that OSError is raised in it.

    The limit of a single answer does not help against a server that sends a byte of it now and then.
    """
    limit = _Limit()
    token = _limit.set(limit)
    timer = threading.Timer(seconds, limit.end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _limit.reset(token)
        limit.close()


class _Limit:
    """The connections that were opened within a time limit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: list[socket.socket] = []
        self._is_over = False

    def add(self, connection: socket.socket) -> None:
        """Keep a duplicate: TLS takes the socket itself over. Raises TimeoutError if the time is up already."""
        with self._lock:
            if self._is_over:
                connection.close()
                raise TimeoutError
            self._opened.append(connection.dup())

    def end(self) -> None:
        """End all connections, and let no further one begin."""
        with self._lock:
            self._is_over = True
            for each in self._opened:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            for each in self._opened:
                each.close()


_limit: Final[ContextVar[_Limit | None]] = ContextVar("mail_time_limit", default=None)


def is_sandbox(host: str) -> bool:
    """Return whether the host is the sandbox's, which reaches no real person."""
    return ascii_domain(host) in {each.strip().lower() for each in settings.MAIL_SANDBOX_HOSTS}


def tls_context() -> ssl.SSLContext:
    """Return the context with which servers' certificates are checked."""
    return _context(settings.MAIL_CA_FILE)


@lru_cache(maxsize=4)
def _context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _exceptions() -> tuple[str, ...]:
    return (*settings.MAIL_INTERNAL_HOSTS, *settings.MAIL_SANDBOX_HOSTS)


def _unreachable(host: str, port: int, error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} does not answer on port {port}. Check the port: 587 or 465 for sending, 993 for reading."
    return f"{host} refuses connections on port {port}. Check the port: 587 or 465 for sending, 993 for reading."
