"""Ask a mail server of one's own what it took, where it can be asked.

``MAIL_QUEUES`` maps the name of a server to an address that answers ``GET <address>?message_id=<id>`` with a JSON
object whose ``messages`` are the messages that it accepted with this Message-ID.
"""

import json
import urllib.request
from typing import Final
from urllib.parse import urlencode

import structlog
from django.conf import settings

from campaigns.channels.protocol import Found

TIMEOUT_SECONDS: Final = 5
MAX_ANSWER_BYTES: Final = 1_000_000

log = structlog.get_logger("lad.campaigns.sending")


def is_asked(host: str) -> bool:
    """Return whether the server can be asked."""
    return host.strip().lower() in settings.MAIL_QUEUES


def queue_holds(host: str, message_id: str) -> Found:
    """Return whether the server has taken a message. Not known if it cannot be asked or does not answer."""
    address = settings.MAIL_QUEUES.get(host.strip().lower())
    if not address:
        return Found.NOT_KNOWN
    try:
        query = f"{address}?{urlencode({'message_id': message_id})}"
        with urllib.request.urlopen(query, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310  (from the settings)
            messages = json.loads(response.read(MAX_ANSWER_BYTES))["messages"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("a mail server's queue was not read", host=host, reason=type(error).__name__)
        return Found.NOT_KNOWN
    return Found.SENT if messages else Found.NOT_SENT
