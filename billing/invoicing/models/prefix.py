"""The prefixes of invoice numbers, each of which belongs to one tenant for ever."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from lad.db.models import AppendOnly, TenantModel

PREFIX_PATTERN: Final = r"^[A-Z0-9]+$"


class NumberPrefix(AppendOnly, TenantModel):
    """A prefix that a tenant's invoice numbers begin with. No other tenant's numbers ever begin with it.

    The issuer's numbers are unique because of it, while each tenant keeps series of its own, without a gap and
    without waiting for other tenants.
    """

    event_name = "billing.number_prefix"

    prefix = models.CharField(max_length=10)

    announced = False
    # Unique across tenants on purpose. LAD derives a prefix from the tenant's id, and only its staff choose another.
    unique_across_tenants: ClassVar[tuple[str, ...]] = ("prefix",)

    class Meta:
        db_table = "billing_number_prefixes"
        verbose_name_plural = "number prefixes"
        constraints = [
            models.UniqueConstraint(
                fields=["prefix"],
                name="billing_number_prefixes_key",
                violation_error_message="Another tenant's invoice numbers begin with this prefix. Choose another one.",
            ),
            models.CheckConstraint(
                condition=Q(prefix__regex=PREFIX_PATTERN),
                name="billing_number_prefixes_form",
                violation_error_message="Use capitals and digits only in the prefix, such as ACME.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_prefixes_newest")]

    def __str__(self) -> str:
        return self.prefix
