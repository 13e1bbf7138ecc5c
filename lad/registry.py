"""Open vocabularies: keyed specs that features register, so that a new value needs no migration."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Spec(Protocol):
    """An entry of a registry: ``key`` is what columns store, ``label`` is what people read."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str: ...


SpecT = TypeVar("SpecT", bound=Spec)


class UnknownKey(LookupError):
    """No spec with this key is registered."""


class Registry(Generic[SpecT]):
    """The values one column may hold, in the order of their registration. Use it with ``RegisteredKeyField``.

    ``noun`` names a value in error messages, for example "mail kind".
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._specs: dict[str, SpecT] = {}

    def register(self, spec: SpecT) -> SpecT:
        """Add a spec and return it. Raises ValueError if another spec has the same key."""
        if self._specs.setdefault(spec.key, spec) != spec:
            raise ValueError(f"The {self.noun} {spec.key!r} is registered twice.")
        return spec

    def unregister(self, key: str) -> None:
        """Remove a spec. Rows that hold its key stay as they are."""
        self._specs.pop(key, None)

    def get(self, key: str) -> SpecT:
        """Return the spec with this key. Raises UnknownKey."""
        try:
            return self._specs[key]
        except KeyError:
            known = ", ".join(self._specs) or "none"
            raise UnknownKey(f"The {self.noun} {key!r} is not registered. Registered: {known}.") from None

    def choices(self) -> list[tuple[str, str]]:
        """Return key and label of every spec."""
        return [(spec.key, spec.label) for spec in self]

    def __contains__(self, key: object) -> bool:
        return key in self._specs

    def __iter__(self) -> Iterator[SpecT]:
        return iter(self._specs.values())
