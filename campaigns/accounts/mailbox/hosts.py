"""Connect to mail servers that users name, and to nothing inside LAD's own network."""

import socket
import ssl
from functools import lru_cache
from typing import Final

from django.conf import settings

from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.mail_text import ascii_domain
from lad.addresses import Address, is_listed, is_public, parsed

NO_HOST: Final = "Enter the name of the mail server."


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to the server. Raises MailboxError.

    The name is looked up once, and the connection goes to the address that was checked: a name server that answers
    differently a second time gains nothing.
    """
    name = ascii_domain(host)
    if not name:
        raise MailboxError(Problem.NOT_SET_UP, NO_HOST)
    refused: OSError | None = None
    for address in _addresses(name, port):
        if not is_allowed(name, address):
            raise MailboxError(
                Problem.INTERNAL, f"{host} is an address inside a private network. LAD connects to public servers only."
            )
        try:
            found = socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            refused = error
        else:
            # The end of a mail is a small packet of its own, which must not wait for the answer to the one before.
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found
    raise MailboxError(Problem.UNREACHABLE, _unreachable(host, port, refused)) from refused


def is_allowed(name: str, address: Address) -> bool:
    """Return whether LAD may connect to this address of the host: a public one, or one that settings allow."""
    return is_public(address) or is_listed(name, address, (*settings.MAIL_INTERNAL_HOSTS, *settings.MAIL_SANDBOX_HOSTS))


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


def _addresses(name: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        text = f"There is no server named {name}. Check how it is written."
        raise MailboxError(Problem.UNREACHABLE, text) from error
    return list(dict.fromkeys(parsed(str(each[4][0])) for each in found))


def _unreachable(host: str, port: int, error: OSError | None) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} does not answer on port {port}. Check the port: 587 or 465 for sending, 993 for reading."
    return f"{host} refuses connections on port {port}. Check the port: 587 or 465 for sending, 993 for reading."
