"""Find a request's caller in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from lad.db.json_rows import row_from_json
from lad.tenancy.context import read_across_tenants
from tenants.accounts.models import User
from tenants.features.selectors import FeatureSetting
from tenants.teams.models import Tenant

FIND_CALLER: Final = "SELECT tenants_caller(%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user with the tenant they work in. ``tenant`` is None if they are a member of none, or not of the chosen one.

    ``capabilities`` are single rights given (True) or taken (False). ``session_live`` says whether the given
    session was neither signed out nor revoked.
    """

    user: User
    tenant: Tenant | None
    role: str
    capabilities: Sequence[tuple[str, bool]]
    session_live: bool
    feature_settings: Sequence[FeatureSetting]


def find_caller(
    user_id: UUID,
    *,
    chosen_tenant_id: UUID | None,
    preferred_tenant_id: UUID | None,
    session_id: UUID | None,
    now: datetime,
) -> Caller | None:
    """Return the user as a member of the chosen tenant, or None if there is no such user.

    Without a chosen tenant it is the first membership of: preferred, primary, oldest.
    """
    [(text,)] = read_across_tenants(FIND_CALLER, [user_id, chosen_tenant_id, preferred_tenant_id, session_id, now])
    if text is None:
        return None
    found = orjson.loads(text)
    return Caller(
        user=row_from_json(User, found["user"]),
        tenant=row_from_json(Tenant, found["tenant"]) if found["tenant"] else None,
        role=found["role"] or "",
        capabilities=[(right, enabled) for right, enabled in found["capabilities"]],
        session_live=found["session_live"],
        feature_settings=[FeatureSetting(*setting) for setting in found["feature_settings"]],
    )
