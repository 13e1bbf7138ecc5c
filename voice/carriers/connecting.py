"""From numbers to carriers: which account a number calls through, and the client for it."""

from collections.abc import Callable
from typing import Final

from voice.carriers.errors import NoCarrier
from voice.carriers.livekit.client import LiveKit
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import Caller, Carrier, Credentials
from voice.carriers.providers import LIVEKIT, VAPI, carriers
from voice.carriers.vapi.client import Vapi
from voice.numbers.models import VoiceNumber

NO_REFERENCE: Final = "Test the carrier account, or enter the carrier's name of this number on the number's page."
INCOMPLETE: Final = "The carrier account “{account}” is not complete. Enter its {missing}."
CLIENTS: Final[dict[str, Callable[[Credentials], Carrier]]] = {LIVEKIT.key: LiveKit, VAPI.key: Vapi}


def connect(account: CarrierAccount) -> Carrier:
    """Return the client for an account."""
    return CLIENTS[account.carrier](
        Credentials(
            base_url=account.base_url,
            key_id=account.key_id,
            secret=account.secret,
            webhook_secret=account.webhook_secret,
            agent=account.agent,
        )
    )


def account_of(number: VoiceNumber) -> CarrierAccount:
    """Return the active account that a number calls through. Raises NoCarrier."""
    account: CarrierAccount | None = number.carrier_account
    if account is None or not account.is_active or account.deleted_at is not None:
        raise NoCarrier
    check_complete(account)
    return account


def check_complete(account: CarrierAccount) -> None:
    """Raise NoCarrier if the account lacks something that its carrier needs."""
    missing = [name for name in carriers.get(account.carrier).required if not getattr(account, name)]
    if missing:
        labels = ", ".join(str(getattr(account._meta.get_field(name), "verbose_name", name)) for name in missing)
        raise NoCarrier(INCOMPLETE.format(account=account.name, missing=labels))


def caller_of(number: VoiceNumber) -> Caller:
    """Return a number as its carrier knows it: by what was entered for it, or what the account's test found.

    Raises NoCarrier.
    """
    account, phone = account_of(number), number.phone.e164
    rules = number.metadata.get("rules", {})
    reference = number.carrier_reference or account.numbers.get(phone) or rules.get("outbound_trunk_id")
    if not reference:
        raise NoCarrier(NO_REFERENCE)
    return Caller(phone, reference)
