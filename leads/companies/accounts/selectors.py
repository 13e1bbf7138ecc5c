"""Find the account that a tenant uses."""

from uuid import UUID

from django.db.models import F

from leads.companies.accounts.errors import NoDirectory
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.sources import APOLLO


def account_for(tenant_id: UUID, *, provider: str = APOLLO) -> DirectoryAccount:
    """Return the tenant's own newest active account, or else the platform's. Raises NoDirectory.

    Call it in the tenant's scope. An own account that the directory refuses is still the one that is used: the
    platform does not pay in its place.
    """
    account = find_account(tenant_id, provider=provider)
    if account is None:
        raise NoDirectory
    return account


def find_account(tenant_id: UUID, *, provider: str = APOLLO) -> DirectoryAccount | None:
    """Return the account that the tenant would use, or None. Call it in the tenant's scope."""
    own = DirectoryAccount.objects.filter(tenant=tenant_id, provider=provider, is_active=True)
    shared = DirectoryAccount.objects.filter(tenant__isnull=True, provider=provider, is_active=True)
    found: DirectoryAccount | None = (
        (own | shared).order_by(F("tenant").asc(nulls_last=True), "-created_at", "-pk").first()
    )
    return found
