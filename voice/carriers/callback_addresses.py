"""Where a carrier reports: an address for each account, which nobody can make up for another.

The address holds the account's id and a signature by one of LAD's keys. It proves nothing about who calls it: every
callback is also checked by what the carrier signs it with.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

from django.conf import settings

from lad.errors import NotFound
from lad.signing_keys import newest_key
from voice.carriers.endpoints import endpoints
from voice.carriers.models import CarrierAccount

PATH: Final = "/api/v1/carrier-callbacks/"
PURPOSE: Final = b"voice.carrier-callbacks:"
UUID_BYTES: Final = 16
SIGNATURE_BYTES: Final = 24
TOKEN_LENGTH: Final = 54


class CallbackAddressUnknown(NotFound):
    """No carrier reports to this address."""

    code = "callback_address_unknown"


def callback_url(account: CarrierAccount) -> str:
    """Return where the account's carrier reports, or an empty string if LAD cannot be reached over https.

    Without callbacks LAD looks calls up. The sandbox stands beside LAD and reaches it without TLS.
    """
    if not settings.PUBLIC_URL.startswith("https://") and not endpoints.is_sandbox(account.base_url):
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}{make_token(account.pk)}/"


def make_token(account_id: UUID) -> str:
    """Return the token in the address of an account."""
    _id, key = newest_key()
    return urlsafe_b64encode(account_id.bytes + _signature(account_id, key)).rstrip(b"=").decode()


def read_token(token: str) -> UUID:
    """Return the account of a token. Raises CallbackAddressUnknown."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise CallbackAddressUnknown
    try:
        decoded = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise CallbackAddressUnknown from None
    # The last character has bits to spare; one spelling counts.
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != token:
        raise CallbackAddressUnknown
    account_id, signature = UUID(bytes=decoded[:UUID_BYTES]), decoded[UUID_BYTES:]
    if not any(hmac.compare_digest(signature, _signature(account_id, key)) for key in settings.JWT_SIGNING_KEYS):
        raise CallbackAddressUnknown
    return account_id


def _signature(account_id: UUID, key: str) -> bytes:
    return hmac.new(key.encode(), PURPOSE + account_id.bytes, hashlib.sha256).digest()[:SIGNATURE_BYTES]
