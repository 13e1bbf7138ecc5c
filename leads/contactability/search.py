"""Find entries of the do-not-contact list by what people type."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from lad.limits import searchable
from lad.tenancy.context import default_tenant_id
from lad.tenancy.countries import country_of
from leads.contactability.addresses import Kind, domain, hashes, recognise
from leads.contactability.models import Suppression
from leads.contacts import selectors

_LAST_CHARACTER = "\U0010ffff"


def find_suppressions(rows: QuerySet[Suppression], term: str) -> QuerySet[Suppression]:
    """Return the entries that a term finds. A blank term finds all.

    Finds an address as people write it, also an erased one, of which only the hash is left; the beginning of an
    address; and the entries of a lead by what the search for leads finds.
    """
    written = term.strip()
    if not written:
        return rows
    if not searchable(written):
        return rows.none()
    lower = written.lower()
    found = Q(address__gte=lower, address__lt=lower + _LAST_CHARACTER)
    tenant_id = default_tenant_id()
    if tenant_id is not None:
        found |= Q(address_hash__in=_hashes_of(written, tenant_id))
    leads = selectors.find(written)
    if leads.keys:
        found |= Q(lead__in=leads.keys)
    return rows.filter(found)


def _hashes_of(term: str, tenant_id: UUID) -> list[str]:
    try:
        address = recognise(term, country=country_of(tenant_id))
    except ValidationError:
        name = domain(term)
        return hashes(tenant_id, Kind.DOMAIN, name) if name else []
    return address.hashes(tenant_id)
