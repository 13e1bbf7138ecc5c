"""Send one call: a signed POST over TLS to a public address, in the headers of Standard Webhooks."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http.client import HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any, Final
from urllib.parse import quote, urlsplit

from django.conf import settings

from campaigns.mail_text import ascii_domain
from campaigns.webhooks.services import SECRET_PREFIX
from lad import outgoing

# For each step of the conversation, and for all of it.
STEP_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 20.0
# What is read and kept of an answer.
MAX_ANSWER_BYTES: Final = 2_000
MAX_ERROR_LENGTH: Final = 300
# Answers after which another try may succeed, beside those from 500 on.
TRY_AGAIN: Final = frozenset({408, 425, 429})
FIRST_SERVER_ERROR: Final = 500
# Characters of an address that mean something as they are.
KEPT: Final = "/%:@!$&'()*+,;=~-._?"
NO_ADDRESS: Final = "The address of the webhook is not complete. Correct it."
PRIVATE: Final = "{} is an address inside a private network. LAD calls public servers only."
UNREACHABLE: Final = "{} could not be reached: {}."
NOT_TRUSTED: Final = "The certificate of {} is not valid: {}."


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one try. ``status`` is None if there was no answer; ``final`` if another try would not help."""

    ok: bool
    error: str = ""
    status: int | None = None
    final: bool = False


def post(url: str, *, key: str, secret: str, payload: Mapping[str, Any], now: datetime) -> Answer:
    """Send the payload and return what became of it. ``key`` is the same for every try, so that receivers know it.

    A redirection is not followed: it may lead anywhere.
    """
    parts = urlsplit(url)
    host = ascii_domain(parts.hostname or "")
    if parts.scheme != "https" or not host:
        return Answer(ok=False, error=NO_ADDRESS, final=True)
    body = json.dumps(payload, separators=(",", ":")).encode()
    path = quote(parts.path or "/", safe=KEPT) + (f"?{quote(parts.query, safe=KEPT)}" if parts.query else "")
    connection = _Connection(host, parts.port or 443, timeout=STEP_SECONDS, context=_context(settings.WEBHOOK_CA_FILE))
    try:
        with _limited(connection):
            connection.request("POST", path, body, headers(key=key, secret=secret, body=body, now=now))
            response = connection.getresponse()
            return _judged(response.status, response.read(MAX_ANSWER_BYTES))
    except outgoing.PrivateAddress:
        return Answer(ok=False, error=PRIVATE.format(host), final=True)
    except ssl.SSLCertVerificationError as error:
        return Answer(ok=False, error=NOT_TRUSTED.format(host, error.verify_message))
    except TimeoutError:
        return Answer(ok=False, error=UNREACHABLE.format(host, "it did not answer in time"))
    except (OSError, HTTPException, UnicodeError) as error:
        return Answer(ok=False, error=UNREACHABLE.format(host, str(error) or type(error).__name__)[:MAX_ERROR_LENGTH])


def headers(*, key: str, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a call: its key, its time, and the signature of both and the body.

    See https://www.standardwebhooks.com: receivers check ``v1`` with the library of their language.
    """
    moment = str(int(now.timestamp()))
    signed = f"{key}.{moment}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), signed, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "LAD-Webhooks/1",
        "Connection": "close",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _judged(status: int, text: bytes) -> Answer:
    if 200 <= status < 300:
        return Answer(ok=True, status=status)
    excerpt = " ".join(text.decode(errors="replace").replace("\x00", "").split())
    error = f"The server answered {status}{': ' + excerpt if excerpt else ''}."[:MAX_ERROR_LENGTH]
    return Answer(ok=False, error=error, status=status, final=status not in TRY_AGAIN and status < FIRST_SERVER_ERROR)


class _Connection(HTTPSConnection):
    """A connection to an address that was checked. The certificate is checked against the name."""

    def connect(self) -> None:
        plain = outgoing.connect(self.host, self.port, timeout=STEP_SECONDS, exceptions=settings.WEBHOOK_INTERNAL_HOSTS)
        try:
            self.sock = _context(settings.WEBHOOK_CA_FILE).wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


@contextmanager
def _limited(connection: HTTPSConnection) -> Iterator[None]:
    """Break the conversation off after TOTAL_SECONDS, however slowly the server goes on, and close it at the end."""
    timer = Timer(TOTAL_SECONDS, _break_off, args=(connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        connection.close()


def _break_off(connection: HTTPSConnection) -> None:
    opened: socket | None = connection.sock
    if opened is not None:
        try:
            opened.shutdown(SHUT_RDWR)
        except OSError:
            return  # it is closed already


@lru_cache(maxsize=4)
def _context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
