"""Stand-ins for outside providers, one module or package each.

A module of this package registers its provider when it is imported, and needs no other change:

    @register
    class Telephony:
        name = "telephony"

        def __init__(self, core: Core) -> None: ...
        async def start(self) -> None: ...      # listen on core.ports, add routes to core.http
        def reset(self) -> None: ...            # drop what is kept in memory
        def stats(self) -> dict[str, object]: ...
"""

import pkgutil
from importlib import import_module
from typing import Protocol, TypeVar

from sandbox.core import Core


class Provider(Protocol):
    name: str

    def __init__(self, core: Core) -> None: ...

    async def start(self) -> None: ...

    def reset(self) -> None: ...

    def stats(self) -> dict[str, object]: ...


_registered: dict[str, type[Provider]] = {}
P = TypeVar("P", bound=type[Provider])


def register(provider: P) -> P:
    _registered[provider.name] = provider
    return provider


def providers() -> list[type[Provider]]:
    """Import the modules of this package and return what they registered."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return list(_registered.values())
