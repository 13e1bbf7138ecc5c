"""Number documents: the prefix of the tenant, and the next number of its series."""

from typing import Final
from uuid import UUID

from django.db import connection

from billing.invoicing.models import LEGACY_NUMBERS, BillingProfile, Invoice, NumberPrefix
from lad.db.identifiers import uuid7
from lad.errors import Refused

DIGITS: Final = 6
# Digits and capitals that are not mistaken for each other.
PREFIX_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORTEST_PREFIX: Final = 6
LONGEST_PREFIX: Final = 10
RANDOM_BITS: Final = 62

CLAIM_PREFIX: Final = """
INSERT INTO billing_number_prefixes (id, tenant_id, prefix) VALUES (%s, %s, %s) ON CONFLICT (prefix) DO NOTHING
"""
START_SERIES: Final = """
INSERT INTO billing_invoice_series (id, tenant_id, series, prefix) VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant_id, series) DO NOTHING
"""
TAKE_NUMBER: Final = """
UPDATE billing_invoice_series SET last_number = last_number + 1, prefix = %s
WHERE tenant_id = %s AND series = %s RETURNING last_number
"""


def take_number(row: Invoice, profile: BillingProfile) -> tuple[int, str]:
    """Take the next number of the document's series. Return it, and the number as it is printed."""
    prefix = _series_prefix(profile, row.series)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_NUMBER, [prefix, row.tenant_id, row.series])
        taken = cursor.fetchone()
        if taken is None:
            cursor.execute(START_SERIES, [uuid7(), row.tenant_id, row.series, prefix])
            cursor.execute(TAKE_NUMBER, [prefix, row.tenant_id, row.series])
            taken = cursor.fetchone()
    return int(taken[0]), f"{prefix}{taken[0]:0{DIGITS}d}"


def claim_prefix(tenant_id: UUID, prefix: str) -> None:
    """Make the prefix the tenant's own, for ever. Idempotent. Raises Refused if it is another tenant's."""
    if not _claimed(tenant_id, prefix):
        raise Refused(
            f"Another tenant's invoice numbers begin with {prefix}. Choose another prefix.", fields=["invoice_prefix"]
        )


def _claimed(tenant_id: UUID, prefix: str) -> bool:
    """Claim the prefix and return whether it is the tenant's."""
    mine = NumberPrefix.objects.filter(tenant=tenant_id, prefix=prefix)
    if mine.exists():
        return True
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_PREFIX, [uuid7(), tenant_id, prefix])
        return bool(cursor.rowcount) or mine.exists()


def _tenant_prefix(profile: BillingProfile) -> str:
    """Return the prefix of the profile, or else the shortest one made from the tenant's id that is free."""
    tenant_id = profile.tenant_id
    if profile.invoice_prefix and _claimed(tenant_id, profile.invoice_prefix):
        return profile.invoice_prefix
    rest, made = tenant_id.int % (1 << RANDOM_BITS), ""
    while len(made) < LONGEST_PREFIX:
        rest, digit = divmod(rest, len(PREFIX_ALPHABET))
        made += PREFIX_ALPHABET[digit]
        if len(made) >= SHORTEST_PREFIX and _claimed(tenant_id, made):
            return made
    raise Refused("No prefix is left for the tenant's invoice numbers. Enter one in its billing profile.")


def _series_prefix(profile: BillingProfile, series: str) -> str:
    """Return what is printed before the number, altered if legacy numbers begin with it."""
    prefix = f"{_tenant_prefix(profile)}-{series}-"
    legacy = Invoice.objects.filter(series=LEGACY_NUMBERS, invoice_number__startswith=prefix)
    return f"{prefix}N" if legacy.exists() else prefix
