"""Signed tokens of the public links in messages: to unsubscribe, the picture that tells of an opening, and clicks.

A token holds its tenant, its message and, for a click, the address it leads to. It names no person, works for one
purpose only and does not expire: a mail is found again years later.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from campaigns.messages.models import Message
from lad.errors import NotFound

UUID_BYTES: Final = 16
SIGNATURE_BYTES: Final = 16
# Longer than any token that LAD makes. Mail programs cut longer addresses.
MAX_TOKEN_LENGTH: Final = 3_000


class LinkPurpose(StrEnum):
    """The purpose of a link, by the first part of its path."""

    UNSUBSCRIBE = "u"
    OPEN = "o"
    CLICK = "c"


class LinkInvalid(NotFound):
    """This link is incomplete or was altered."""

    code = "link_invalid"


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """The message that a link belongs to, and the address that a click leads to."""

    tenant_id: UUID
    message_id: UUID
    target: str = ""


def make_token(purpose: LinkPurpose, message: Message, *, target: str = "") -> str:
    """Return the token for a link of the message."""
    content = message.tenant_id.bytes + message.pk.bytes
    signature = next(_signatures(purpose, content + target.encode()))
    return urlsafe_b64encode(content + signature + target.encode()).rstrip(b"=").decode()


def read_token(purpose: LinkPurpose, token: str) -> LinkClaim:
    """Return what the token was made for. Raises LinkInvalid."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise LinkInvalid
    try:
        decoded = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        target = decoded[2 * UUID_BYTES + SIGNATURE_BYTES :].decode()
    except ValueError as error:
        raise LinkInvalid from error
    content = decoded[: 2 * UUID_BYTES]
    signature = decoded[2 * UUID_BYTES :][:SIGNATURE_BYTES]
    expected = _signatures(purpose, content + target.encode())
    if len(signature) != SIGNATURE_BYTES or not any(compare_digest(signature, each) for each in expected):
        raise LinkInvalid
    return LinkClaim(UUID(bytes=content[:UUID_BYTES]), UUID(bytes=content[UUID_BYTES:]), target)


def public_address(message: Message, purpose: LinkPurpose, token: str, *, suffix: str = "") -> str:
    """Return the address of a link, on the account's own domain if it has one."""
    account = message.email_account
    base = settings.PUBLIC_URL.rstrip("/")
    if account is not None and account.tracking_domain:
        base = f"{urlsplit(base).scheme}://{account.tracking_domain}"
    return f"{base}/{purpose}/{token}{suffix}"


def _signatures(purpose: LinkPurpose, content: bytes) -> Iterator[bytes]:
    """Yield the signature by the current key, then those by earlier ones."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        signed = salted_hmac(f"campaigns.link.{purpose}", content, secret=key, algorithm="sha256")
        yield signed.digest()[:SIGNATURE_BYTES]
