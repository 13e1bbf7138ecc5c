"""The capabilities that single members can have: rights, keys for several, and those of the app's screens."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry
from tenants.access.keys import BUNDLES, SCREENS
from tenants.access.rights import ALL_RIGHTS, OWNERSHIP


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a member may do. LAD itself asks only for its rights."""

    key: str
    label: str


capabilities: Final[Registry[Capability]] = Registry("capability")


def _register(key: str) -> None:
    area, _, verb = key.partition(".")
    words = f"{area}: {verb}" if verb else area
    capabilities.register(Capability(key, words.replace("-", " ").replace("_", " ").capitalize()))


# The rights of the ownership are given by a transfer only.
for _key in (*sorted(ALL_RIGHTS - OWNERSHIP), *BUNDLES, *SCREENS):
    _register(_key)
