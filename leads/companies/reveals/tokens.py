"""The address at which a directory delivers phone numbers, and the token in it.

The token is signed, names the tenant and the account that asked, and does not expire: a delivery may be late. What a
delivery may change is decided by the state of the reveals.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from hmac import compare_digest
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from lad.errors import NotFound

UUID_BYTES: Final = 16
SIGNATURE_BYTES: Final = 24
TOKEN_BYTES: Final = 2 * UUID_BYTES + SIGNATURE_BYTES
MAX_LENGTH: Final = 100
PATH: Final = "/api/v1/directory-webhooks/"


class DeliveryUnknown(NotFound):
    """Nothing is delivered to this address."""

    code = "delivery_unknown"


def webhook_url(tenant_id: UUID, account_id: UUID) -> str:
    """Return where phone numbers are delivered, or an empty string if LAD cannot be reached over https."""
    if not settings.PUBLIC_URL.startswith("https://"):
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}{make_token(tenant_id, account_id)}/"


def make_token(tenant_id: UUID, account_id: UUID) -> str:
    """Return the token of deliveries for the tenant by the account."""
    content = tenant_id.bytes + account_id.bytes
    return urlsafe_b64encode(content + next(_signatures(content))).rstrip(b"=").decode()


def read_token(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the account of a token. Raises DeliveryUnknown."""
    if len(token) > MAX_LENGTH:
        raise DeliveryUnknown
    try:
        decoded = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError as error:
        raise DeliveryUnknown from error
    content, signature = decoded[: 2 * UUID_BYTES], decoded[2 * UUID_BYTES :]
    if len(decoded) != TOKEN_BYTES or not any(compare_digest(signature, each) for each in _signatures(content)):
        raise DeliveryUnknown
    return UUID(bytes=content[:UUID_BYTES]), UUID(bytes=content[UUID_BYTES:])


def _signatures(content: bytes) -> Iterator[bytes]:
    """Yield the signature by the current key, then those by earlier ones."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac("leads.directory.webhook", content, secret=key, algorithm="sha256").digest()[:SIGNATURE_BYTES]
