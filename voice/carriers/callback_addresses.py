"""Where a carrier reports: an address for each account, which nobody can make up for another."""

from typing import Final
from uuid import UUID

from lad.callback_addresses import CallbackAddresses
from lad.callback_addresses import CallbackAddressUnknown as CallbackAddressUnknown
from voice.carriers.endpoints import endpoints
from voice.carriers.models import CarrierAccount

ADDRESSES: Final = CallbackAddresses("/api/v1/carrier-callbacks/", b"voice.carrier-callbacks:")


def callback_url(account: CarrierAccount) -> str:
    """Return where the account's carrier reports, or an empty string if LAD cannot be reached over https.

    Without callbacks LAD looks calls up.
    """
    return ADDRESSES.url_of(account.pk, is_sandbox=endpoints.is_sandbox(account.base_url))


def make_token(account_id: UUID) -> str:
    """Return the token in the address of an account."""
    return ADDRESSES.make_token(account_id)


def read_token(token: str) -> UUID:
    """Return the account of a token. Raises CallbackAddressUnknown."""
    return ADDRESSES.read_token(token)
