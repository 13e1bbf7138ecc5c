"""Sign in to an account's mail server for sending."""

import smtplib
import socket
import ssl
from typing import Final

from django.conf import settings

from campaigns.accounts.mailbox.credentials import Credentials, for_smtp
from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.hosts import connect, tls_context
from campaigns.accounts.models import EmailAccount
from campaigns.mail_text import domain_of
from lad.observability import mask_text

IMPLICIT_TLS_PORT: Final = 465
DEFAULT_PORT: Final = 587
MAX_ANSWER_LENGTH: Final = 300
# Words with which providers ask for a password that is made for one program.
_APP_PASSWORD: Final = ("application-specific", "app password", "app-specific", "5.7.9", "invalidsecondfactor")


class _Connection(smtplib.SMTP):
    """A connection whose server's address was checked, encrypted from the first byte if ``implicit_tls``."""

    def __init__(self, host: str, port: int, *, local_hostname: str, timeout: float, implicit_tls: bool) -> None:
        self._implicit_tls = implicit_tls
        super().__init__(host, port, local_hostname=local_hostname, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = connect(host, port, timeout)
        if not self._implicit_tls:
            return raw
        try:
            return tls_context().wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise


def open_smtp(account: EmailAccount, *, access_token: str = "") -> smtplib.SMTP:
    """Return a connection that is signed in. Raises MailboxError, and OSError or SMTPException for lost ones."""
    server = _connected(account)
    try:
        _sign_in(server, account, for_smtp(account, access_token))
    except BaseException:
        server.close()
        raise
    return server


def sign_in_error(code: int, text: str, host: str) -> MailboxError:
    """Return the error for a refused sign-in."""
    answer = f"The server said: {mask_text(text)[:MAX_ANSWER_LENGTH]}"
    if any(word in text.lower() for word in _APP_PASSWORD):
        return MailboxError(
            Problem.APP_PASSWORD,
            f"{host} wants an app password instead of the usual one. Create one in the security settings of the"
            f" mailbox and enter it here, or connect with OAuth. {answer}",
        )
    return MailboxError(Problem.SIGN_IN, f"{host} refuses the user name or the password. Enter them again. {answer}")


def text_of(answer: bytes | str) -> str:
    """Return a server's answer as text in one line."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())


def _connected(account: EmailAccount) -> smtplib.SMTP:
    port = account.smtp_port or DEFAULT_PORT
    implicit = account.smtp_secure and port == IMPLICIT_TLS_PORT
    host = account.smtp_host
    try:
        server = _Connection(
            host,
            port,
            local_hostname=domain_of(account.email) or "localhost",
            timeout=settings.MAIL_TIMEOUT_SECONDS,
            implicit_tls=implicit,
        )
        server._host = host  # type: ignore[attr-defined]  # what STARTTLS checks the certificate against
        server.ehlo()
        if account.smtp_secure and not implicit:
            if not server.has_extn("starttls"):
                server.close()
                raise MailboxError(
                    Problem.NO_TLS, f"{host} offers no TLS on port {port}. Use the port 465, or switch TLS off."
                )
            server.starttls(context=tls_context())
            server.ehlo()
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {host} is not valid for this name: {error.verify_message}. Check the server's name."
        raise MailboxError(Problem.CERTIFICATE, text) from error
    except ssl.SSLError as error:
        text = f"{host} does not speak TLS on port {port}. Use the port 465 or 587, or switch TLS off."
        raise MailboxError(Problem.TLS, text) from error
    except smtplib.SMTPException as error:
        raise MailboxError(Problem.PROTOCOL, _no_mail_server(host, port, error)) from error
    except OSError as error:
        raise MailboxError(Problem.UNREACHABLE, _no_mail_server(host, port, error)) from error
    return server


def _no_mail_server(host: str, port: int, error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{host} does not accept connections now: {error.smtp_code} {text_of(error.smtp_error)}"
    return f"{host} does not answer as a mail server on port {port}. Check the port and TLS: 587 with TLS, or 465."


def _sign_in(server: smtplib.SMTP, account: EmailAccount, given: Credentials) -> None:
    offered = server.esmtp_features.get("auth", "")
    if not offered:
        if given.access_token or account.smtp_username or account.smtp_password:
            text = f"{account.smtp_host} offers no sign-in on this port. Use the port 587 or 465 with TLS."
            raise MailboxError(Problem.NO_TLS if not account.smtp_secure else Problem.PROTOCOL, text)
        return
    try:
        if given.access_token:
            server.auth("XOAUTH2", _xoauth2(given), initial_response_ok=True)
        else:
            server.login(given.username, given.password)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            text = f"{account.smtp_host} cannot check the sign-in now: {text_of(error.smtp_error)}"
            raise MailboxError(Problem.UNREACHABLE, text) from error
        raise sign_in_error(error.smtp_code, text_of(error.smtp_error), account.smtp_host) from error
    except UnicodeEncodeError as error:
        text = "The user name or the password has letters that this server cannot take. Choose another password."
        raise MailboxError(Problem.SIGN_IN, text) from error
    except smtplib.SMTPNotSupportedError as error:
        text = f"{account.smtp_host} offers no way to sign in with a password. Connect the mailbox with OAuth."
        raise MailboxError(Problem.APP_PASSWORD, text) from error


def _xoauth2(given: Credentials):  # type: ignore[no-untyped-def]  # smtplib's callback with an optional argument
    # A challenge holds the reason of a refusal; the empty answer ends the exchange.
    return lambda challenge=None: given.xoauth2 if challenge is None else ""
