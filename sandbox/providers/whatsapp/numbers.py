"""The telephone numbers of business accounts, and their webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.people import canonical
from sandbox.networks.settings import Settings

# There from the beginning.
USUAL: Final = {
    "phone_number_id": "100000000000001",
    "business_id": "200000000000001",
    "number": "+442079460111",
    "name": "Kestrel Example",
}


@dataclass(frozen=True)
class Number:
    id: str
    business: str
    number: str
    name: str

    def as_json(self, settings: Settings) -> dict[str, Any]:
        told = settings.account(self.id)
        return {
            "id": self.id,
            "display_phone_number": self.number,
            "verified_name": self.name,
            "quality_rating": told.get("quality", "GREEN"),
            "messaging_limit_tier": told.get("tier", "TIER_1K"),
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "status": "CONNECTED",
            "throughput": {"level": "STANDARD"},
        }


class Numbers:
    """All of them, in the storage."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create("whatsapp_numbers", "id TEXT PRIMARY KEY, business TEXT, number TEXT, name TEXT")

    def save(self, values: Mapping[str, Any]) -> Number:
        """Create or change a number: ``phone_number_id``, ``business_id``, ``number`` and ``name``."""
        number = Number(
            str(values["phone_number_id"]),
            str(values.get("business_id") or USUAL["business_id"]),
            canonical(str(values.get("number") or USUAL["number"])),
            str(values.get("name") or USUAL["name"]),
        )
        self._core.storage.execute(
            "INSERT OR REPLACE INTO whatsapp_numbers VALUES (?, ?, ?, ?)", *vars(number).values()
        )
        return number

    def get(self, id: str) -> Number | None:
        return next((each for each in self.all() if each.id == id), None)

    def all(self) -> list[Number]:
        rows = self._core.storage.rows("SELECT id, business, number, name FROM whatsapp_numbers ORDER BY rowid")
        found = [Number(*row) for row in rows]
        usual = Number(USUAL["phone_number_id"], USUAL["business_id"], USUAL["number"], USUAL["name"])
        return found if any(each.id == usual.id for each in found) else [usual, *found]

    def businesses(self) -> set[str]:
        return {each.business for each in self.all()}
