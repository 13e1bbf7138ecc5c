"""Let features above do something with people who were saved as leads, such as enrolling them in a campaign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db import transaction

from lad.errors import DomainError
from lad.tenancy.access import Access

# The choice that makes something new, under the name that is entered beside it.
NEW: Final = "new"
Choices = Callable[[], Sequence[tuple[str, str]]]
# Gets the leads, what was chosen, the name of something new, and the caller. Returns a sentence of what happened.
Effect = Callable[[Sequence[UUID], str, str, Access], str]


@dataclass(frozen=True, slots=True)
class AfterSaving:
    """A choice in the form that saves people. ``right`` is what the caller needs; without a choice nothing happens.

    ``new`` offers to make something new, to callers with the right ``makes``.
    """

    name: str
    label: str
    right: str
    choices: Choices
    effect: Effect
    new: str = ""
    makes: str = ""

    @property
    def naming(self) -> str:
        """Return the name of the field that asks what something new is called."""
        return f"{self.name}_name"


_registered: Final[dict[str, AfterSaving]] = {}


def after_saving(offer: AfterSaving) -> None:
    """Offer a choice when people are saved as leads."""
    if offer.name in _registered:
        raise ValueError(f"{offer.name} is offered twice.")
    _registered[offer.name] = offer


def offers_for(access: Access) -> list[AfterSaving]:
    """Return what the caller may choose."""
    offers = [each for each in _registered.values() if access.allows(each.right)]
    return [each if access.allows(each.makes) else replace(each, new="") for each in offers]


def apply(offers: Sequence[AfterSaving], chosen: dict[str, str], leads: Sequence[UUID], access: Access) -> list[str]:
    """Do what was chosen. Return what happened, also where it was refused."""
    said = []
    for offer in offers:
        choice = chosen.get(offer.name, "")
        if choice and leads:
            try:
                # What is refused leaves nothing behind, and the leads stay saved.
                with transaction.atomic():
                    said.append(offer.effect(leads, choice, chosen.get(offer.naming, "").strip(), access))
            except DomainError as error:
                said.append(error.detail)
    return said
