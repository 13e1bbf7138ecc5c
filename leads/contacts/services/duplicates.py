"""Find the leads that are people from elsewhere already: from a directory, a file, or another system."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from lad.tenancy.context import current_tenant_id
from leads.contacts.models import Lead

# Values of one statement.
_AT_ONCE: Final = 2_000
_PREFIXES: Final = ("https://", "http://", "www.")


class Duplicates(StrEnum):
    """What to do with people who are leads already."""

    SKIP = "skip"
    UPDATE = "update"
    CREATE = "create"


def profile_key(address: str) -> str:
    """Return what two spellings of the address of one LinkedIn profile have in common."""
    key = address.strip().lower()
    for prefix in _PREFIXES:
        key = key.removeprefix(prefix)
    return key.partition("?")[0].rstrip("/")


def profile_spellings(address: str) -> tuple[str, ...]:
    """Return the spellings of a profile's address, as leads may have them."""
    key = profile_key(address)
    if not key:
        return ()
    ends = (key, f"{key}/", f"www.{key}", f"www.{key}/")
    return tuple(f"{scheme}{end}" for scheme in ("https://", "http://") for end in ends)


def leads_with(column: str, values: Iterable[str], *, only: tuple[str, ...]) -> Iterator[Lead]:
    """Yield the current tenant's leads with one of the values in an indexed column, the oldest of them last.

    Reads the ``only`` columns, in one statement for each two thousand values. No lead is known by an empty text.
    """
    wanted = [value for value in dict.fromkeys(values) if value]
    rows = Lead.objects.filter(tenant=current_tenant_id()).only(*only).order_by("-created_at", "-pk")
    for start in range(0, len(wanted), _AT_ONCE):
        yield from rows.filter(**{f"{column}__in": wanted[start : start + _AT_ONCE]})
