"""Keep stored secrets from being sent to another server than the one they were entered for.

Who may change a server but not read the password could otherwise name a server of their own and receive it. A model
says in ``secret_destinations`` where its secrets go; a write that sends one elsewhere must bring it again.
"""

from collections.abc import Hashable, Mapping
from typing import Final

from django.db import models

from lad.errors import Invalid
from lad.types import Values

AGAIN: Final = "Enter it again: LAD does not send a stored one to a server that it was not entered for."

Destinations = Mapping[str, frozenset[Hashable]]


def destinations_of(row: models.Model) -> Destinations:
    """Return where each stored secret of the row is sent; nothing for a model without such secrets."""
    given: Destinations = getattr(row, "secret_destinations", dict)()
    return {name: places for name, places in given.items() if getattr(row, name)}


def require_again(row: models.Model, before: Destinations, values: Values) -> None:
    """Raise Invalid at each secret that the changed row would send to a new place, unless the values bring it."""
    missing = [
        name
        for name, places in destinations_of(row).items()
        if name in before and places - before[name] and not values.get(name)
    ]
    if missing:
        raise Invalid(errors={name: [AGAIN] for name in missing})
