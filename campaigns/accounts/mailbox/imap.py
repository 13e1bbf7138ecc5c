"""Sign in to an account's mail server for reading, and find messages by their Message-ID."""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError
from imapclient.imapclient import SENT

from campaigns.accounts.mailbox.credentials import for_imap
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.hosts import connect, tls_context
from campaigns.accounts.mailbox.smtp import sign_in_error
from campaigns.accounts.models import EmailAccount

STARTTLS_PORT: Final = 143
# LAD reads the beginning of long messages only.
MAX_LITERAL_BYTES: Final = 4_000_000
DEFAULT_PORT: Final = 993
SENT_NAMES: Final = (
    "Sent",
    "INBOX.Sent",
    "Sent Items",
    "Sent Messages",
    "[Gmail]/Sent Mail",
    "Gesendet",
    "Gesendete Elemente",
    "Gesendete Objekte",
    "Éléments envoyés",
    "Enviados",
    "Posta inviata",
)


class _Plain(imaplib.IMAP4):
    """A connection whose server's address was checked."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._seconds = timeout
        super().__init__(host, port, timeout=timeout)

    def read(self, size: int) -> bytes:
        """Read a part of an answer. A server that announces more than LAD ever asks for is not believed."""
        if size > MAX_LITERAL_BYTES:
            raise self.abort(f"The server announced {size} bytes.")
        return super().read(size)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return connect(self.host, int(self.port), timeout or self._seconds)


class _Encrypted(_Plain):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        raw = super()._create_socket(timeout)
        try:
            return tls_context().wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


class _Client(IMAPClient):
    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802  (the library's name)
        kind = _Encrypted if self.ssl else _Plain
        return kind(self.host, self.port, self._timeout.connect)


@contextmanager
def open_imap(account: EmailAccount, *, access_token: str = "") -> Iterator[IMAPClient]:
    """Sign in to the account's mailbox for the length of the block.

    Raises MailboxError; inside the block IMAPClientError and OSError may arise.
    """
    client = _connected(account)
    try:
        _sign_in(client, account, access_token)
        yield client
    finally:
        with suppress(Exception):
            client.logout()


def sent_folder(client: IMAPClient) -> str:
    """Return the name of the mailbox of sent messages, or an empty text: by its SPECIAL-USE, else by its name."""
    folders = client.list_folders()
    marked = [name for flags, _delimiter, name in folders if SENT in flags]
    if marked:
        return str(marked[0])
    by_name = {str(name).casefold(): str(name) for _flags, _delimiter, name in folders}
    return next((by_name[name.casefold()] for name in SENT_NAMES if name.casefold() in by_name), "")


def holds(client: IMAPClient, message_id: str) -> bool:
    """Return whether the selected mailbox holds a message with this Message-ID."""
    return bool(client.search(["HEADER", "Message-ID", message_id]))


def _connected(account: EmailAccount) -> IMAPClient:
    host, port = account.imap_host, account.imap_port or DEFAULT_PORT
    starttls = account.imap_secure and port == STARTTLS_PORT
    where = f"{host} on port {port}"
    try:
        client = _Client(
            host, port, ssl=account.imap_secure and not starttls, timeout=float(settings.MAIL_TIMEOUT_SECONDS)
        )
        if starttls:
            client.starttls(tls_context())
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {host} is not valid for this name: {error.verify_message}. Check the server's name."
        raise MailboxError(Problem.CERTIFICATE, text) from error
    except ssl.SSLError as error:
        text = f"There is no TLS at {where}. Use the port 993, or switch TLS off."
        raise MailboxError(Problem.TLS, text) from error
    except (IMAPClientError, imaplib.IMAP4.error) as error:
        text = f"There is no IMAP server at {where}. Check the port: usually 993."
        raise MailboxError(Problem.PROTOCOL, text) from error
    except OSError as error:
        text = f"No IMAP server answers at {where}. Check the port and TLS: usually 993 with TLS."
        raise MailboxError(Problem.UNREACHABLE, text) from error
    return client


def _sign_in(client: IMAPClient, account: EmailAccount, access_token: str) -> None:
    given = for_imap(account, access_token)
    try:
        if given.access_token:
            client.oauth2_login(given.username, given.access_token)
        else:
            client.login(given.username, given.password)
    except (LoginError, UnicodeError) as error:
        raise sign_in_error(0, str(error), account.imap_host) from error
    except (IMAPClientError, OSError) as error:
        text = f"{account.imap_host} ended the connection while LAD signed in. Try again in a moment."
        raise MailboxError(Problem.UNREACHABLE, text) from error
