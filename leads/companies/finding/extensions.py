"""Let features above do something with people who were saved as leads, such as enrolling them in a campaign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from lad.errors import DomainError
from lad.tenancy.access import Access

Choices = Callable[[], Sequence[tuple[str, str]]]
# Gets the leads, what was chosen, and the caller; returns a sentence that says what happened.
Effect = Callable[[Sequence[UUID], str, Access], str]


@dataclass(frozen=True, slots=True)
class AfterSaving:
    """A choice in the form that saves people. ``right`` is what the caller needs; without a choice nothing happens."""

    name: str
    label: str
    right: str
    choices: Choices
    effect: Effect


_registered: Final[dict[str, AfterSaving]] = {}


def after_saving(name: str, label: str, *, right: str, choices: Choices, effect: Effect) -> None:
    """Offer a choice when people are saved as leads."""
    if name in _registered:
        raise ValueError(f"{name} is offered twice.")
    _registered[name] = AfterSaving(name, label, right, choices, effect)


def offers_for(access: Access) -> list[AfterSaving]:
    """Return what the caller may choose."""
    return [each for each in _registered.values() if access.allows(each.right)]


def apply(offers: Sequence[AfterSaving], chosen: dict[str, str], leads: Sequence[UUID], access: Access) -> list[str]:
    """Do what was chosen. Return what happened, also where it was refused."""
    said = []
    for offer in offers:
        choice = chosen.get(offer.name, "")
        if choice and leads:
            try:
                said.append(offer.effect(leads, choice, access))
            except DomainError as error:
                said.append(error.detail)
    return said
