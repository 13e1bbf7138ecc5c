"""The services through which LinkedIn accounts are connected."""

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
