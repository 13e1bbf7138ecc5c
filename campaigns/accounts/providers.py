"""The services through which accounts on networks are connected."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class AccountProvider:
    """One such service."""

    key: str
    label: str


account_providers: Final = Registry[AccountProvider]("account provider")

UNIPILE: Final = account_providers.register(AccountProvider("unipile", "Unipile")).key
WHATSAPP_CLOUD: Final = "whatsapp_cloud"
TWILIO: Final = "twilio"

# Those for WhatsApp, Instagram and SMS.
channel_providers: Final = Registry[AccountProvider]("channel provider")
for provider in (
    AccountProvider(UNIPILE, "Unipile"),
    AccountProvider(WHATSAPP_CLOUD, "WhatsApp Cloud API"),
    AccountProvider(TWILIO, "Twilio"),
):
    channel_providers.register(provider)
