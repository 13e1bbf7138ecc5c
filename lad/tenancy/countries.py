"""Extension point: the app with the tenants registers which country a tenant is in."""

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

CountryOf = Callable[[UUID], str]


def _unknown(tenant_id: UUID) -> str:
    raise ImproperlyConfigured("No app has called register_country_of().")


_country_of: CountryOf = _unknown


def register_country_of(source: CountryOf) -> None:
    """Register the function that returns a tenant's country, or an empty string."""
    global _country_of
    _country_of = source


def country_of(tenant_id: UUID | None) -> str:
    """Return the tenant's two-letter country, for telephone numbers without a country code. Costs a query.

    Returns an empty string without a tenant, and for a tenant whose country is not known.
    """
    return _country_of(tenant_id) if tenant_id is not None else ""
