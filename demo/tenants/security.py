"""A second factor and an export of members of one tenant."""

from datetime import datetime
from typing import Final

import pyotp

from lad.tenancy.access import access_in_tenant
from tenants.accounts.models import User
from tenants.activity.services import record_export
from tenants.teams.models import Tenant
from tenants.two_factor import services as two_factor

TENANT: Final = "harbour-finch"


def load(tenant: Tenant, *, owner: User, careful: User, now: datetime) -> None:
    """Record an export of the owner, and set up an authenticator app for a careful member."""
    if tenant.slug != TENANT:
        return
    record_export(access_in_tenant(owner.pk, tenant.pk), "leads", row_count=40)
    app = two_factor.begin_app(user=careful)
    two_factor.confirm_app(user=careful, code=pyotp.TOTP(app.secret).at(now), now=now)
