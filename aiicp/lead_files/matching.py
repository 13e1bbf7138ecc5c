"""Find who is in a file twice, who is a lead already, and who must not be contacted. Reads, and changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from aiicp.lead_files.rows import CheckedRow
from lad.tenancy.context import current_tenant_id
from leads.contactability.addresses import Address, Hasher, Kind, company_domains, email, linkedin
from leads.contactability.models import ALL_CHANNELS, Suppression
from leads.contacts.services.duplicates import leads_with, profile_spellings

_AT_ONCE: Final = 2_000
# In the order in which they decide: an e-mail address is one person's more surely than a number.
KEYS: Final = ("email", "linkedin_url", "phone")


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead that a row means, and by which column that was seen."""

    id: UUID
    by: str


@dataclass(frozen=True, slots=True)
class Matches:
    """What is known of the rows, by their numbers."""

    # The first row of the file that means the same person.
    repeated: Mapping[int, int] = field(default_factory=dict)
    leads: Mapping[int, KnownLead] = field(default_factory=dict)
    # Channels on which the person must not be contacted; ``all`` is every one.
    do_not_contact: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def match(rows: Sequence[CheckedRow], *, now: datetime) -> Matches:
    """Return what is known of the rows in the current tenant. Takes a few statements for thousands of rows."""
    return Matches(repeated(rows), known_leads(rows), do_not_contact(rows, now=now))


def repeated(rows: Iterable[CheckedRow]) -> dict[int, int]:
    """Return for each row that repeats an earlier one the number of that."""
    first: dict[tuple[str, str], int] = {}
    found = {}
    for row in rows:
        keys = list(keys_of(row))
        earlier = next((first[key] for key in keys if key in first), None)
        if earlier is not None:
            found[row.number] = earlier
        for key in keys:
            first.setdefault(key, earlier if earlier is not None else row.number)
    return found


def keys_of(row: CheckedRow) -> Iterator[tuple[str, str]]:
    """Yield the values of a row that a person shares with nobody, the surest first."""
    for key in KEYS:
        if value := row.values.get(key):
            yield key, value


def known_leads(rows: Sequence[CheckedRow]) -> dict[int, KnownLead]:
    """Return the lead that each row means, of those that there are. Of several the oldest is meant."""
    wanted: dict[str, dict[str, str]] = {key: {} for key in KEYS}
    for row in rows:
        for key, value in keys_of(row):
            wanted[key].update(dict.fromkeys(profile_spellings(value) if key == "linkedin_url" else [value], value))
    by_value = {
        key: {values[getattr(lead, key)]: lead.pk for lead in leads_with(key, values, only=("id", key))}
        for key, values in wanted.items()
    }
    found = {}
    for row in rows:
        for key, value in keys_of(row):
            lead = by_value[key].get(value)
            if lead is not None:
                found[row.number] = KnownLead(lead, key)
                break
    return found


def do_not_contact(rows: Sequence[CheckedRow], *, now: datetime) -> dict[int, tuple[str, ...]]:
    """Return the channels on which a row's person is on the do-not-contact list, by the number of the row."""
    hasher = Hasher(current_tenant_id())
    of_hash: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for address in _addresses(row):
            for each in hasher.hashes(address.kind, address.value):
                of_hash[each].append(row.number)
    found: dict[int, set[str]] = defaultdict(set)
    listed = Suppression.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), tenant=current_tenant_id())
    for some in _portions(list(of_hash)):
        for each, channel in listed.filter(address_hash__in=some).values_list("address_hash", "channel"):
            for number in of_hash[each]:
                found[number].add(channel)
    return {number: (ALL_CHANNELS,) if ALL_CHANNELS in on else tuple(sorted(on)) for number, on in found.items()}


def _addresses(row: CheckedRow) -> Iterator[Address]:
    values = row.values
    if values.get("email"):
        yield Address(Kind.EMAIL, email(values["email"]))
    for key in ("phone", "whatsapp"):
        if values.get(key):
            yield Address(Kind.PHONE, values[key])
    page = linkedin(values.get("linkedin_url", ""))
    if page:
        yield Address(Kind.LINKEDIN, page)
    for name in company_domains(values.get("company_domain", ""), values.get("email", "")):
        yield Address(Kind.DOMAIN, name)


def _portions(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
