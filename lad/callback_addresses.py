"""Addresses at which outside systems report: one for each account, which nobody can make up for another.

An address holds the account's id and a signature by one of LAD's keys. It proves nothing about who calls it: every
report is also checked by what its sender signs it with.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings

from lad.errors import DomainError, NotFound
from lad.signing_keys import newest_key

UUID_BYTES: Final = 16
SIGNATURE_BYTES: Final = 24
TOKEN_LENGTH: Final = 54


class CallbackAddressUnknown(NotFound):
    """Nobody reports to this address."""

    code = "callback_address_unknown"


class CallbackRefused(DomainError):
    """This callback does not come from the account's provider."""

    code = "callback_refused"
    status = 401
    title = "Callback refused"


@dataclass(frozen=True, slots=True)
class CallbackAddresses:
    """The addresses of one kind of account, below ``path``. A token of one ``purpose`` means nothing to another."""

    path: str
    purpose: bytes

    def url_of(self, account_id: UUID, *, is_sandbox: bool, suffix: str = "") -> str:
        """Return where the account's provider reports, or an empty string if LAD cannot be reached over https.

        The sandbox stands beside LAD and reaches it without TLS.
        """
        if not settings.PUBLIC_URL.startswith("https://") and not is_sandbox:
            return ""
        return f"{settings.PUBLIC_URL.rstrip('/')}{self.path}{self.make_token(account_id)}/{suffix}"

    def make_token(self, account_id: UUID) -> str:
        """Return the token in the address of an account."""
        _id, key = newest_key()
        return urlsafe_b64encode(account_id.bytes + self._signature(account_id, key)).rstrip(b"=").decode()

    def read_token(self, token: str) -> UUID:
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
        if not any(hmac.compare_digest(signature, self._signature(account_id, key)) for key in _keys()):
            raise CallbackAddressUnknown
        return account_id

    def secrets_of(self, account_id: UUID) -> list[str]:
        """Return the words that only LAD and the account's provider know, under each of LAD's keys, the newest first.

        A provider that wants to be told a word when it first asks an address is told the first one.
        """
        return [
            hmac.new(key.encode(), b"secret:" + self.purpose + account_id.bytes, hashlib.sha256).hexdigest()[:48]
            for key in _keys()
        ]

    def _signature(self, account_id: UUID, key: str) -> bytes:
        return hmac.new(key.encode(), self.purpose + account_id.bytes, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _keys() -> list[str]:
    return list(settings.JWT_SIGNING_KEYS)
