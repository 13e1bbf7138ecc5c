"""Two companies and the people in them, and rows of any model inside one of the two."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lad.tenancy.context import platform_context
from tenants.models import (
    FeatureFlag,
    MailDelivery,
    Membership,
    PlanTier,
    RefreshToken,
    Role,
    Tenant,
    TenantFeature,
    TenantInvitation,
    User,
    UserIdentity,
)
from tests.contract.catalogue import factory_of
from tests.contract.sql import execute, table
from tests.factories.events import MailDeliveryFactory
from tests.factories.tenants import (
    MemberFactory,
    MembershipFactory,
    RefreshTokenFactory,
    TenantFactory,
    UserFactory,
    UserIdentityFactory,
)


@dataclass
class Company:
    """A tenant and one person in each role; all may open the admin."""

    tenant: Tenant
    people: dict[str, User] = field(default_factory=dict)

    @property
    def owner(self) -> User:
        return self.people[Role.OWNER]


@dataclass
class World:
    """``acme`` is where a test works; ``borealis`` is what it must never see."""

    acme: Company
    borealis: Company
    superuser: User
    outsider: User


def build() -> World:
    with platform_context():
        root = UserFactory.create(email="root@lad.test", is_staff=True, is_superuser=True)
        outsider = UserFactory.create(email="nobody@nowhere.test")
    return World(_company("acme"), _company("borealis"), root, outsider)


def _company(name: str) -> Company:
    with platform_context():
        tenant = TenantFactory.create(name=name.title(), slug=name, plan_tier=PlanTier.ENTERPRISE)
    company = Company(tenant)
    with platform_context(tenant_id=tenant.pk):
        for role in Role.values:
            user = UserFactory.create(email=f"{role}@{name}.test", primary_tenant=tenant, is_staff=True)
            MembershipFactory(user=user, role=role)
            company.people[role] = user
    return company


# Tables without a tenant of their own: what counts as a row of the company.
_SPECIMENS: dict[Any, Callable[..., Any]] = {
    MailDelivery: lambda company, **values: MailDeliveryFactory(tenant=company.tenant, **values),
    RefreshToken: lambda company, **values: RefreshTokenFactory(user=company.owner, tenant=company.tenant, **values),
    Tenant: lambda company, **_values: company.tenant,
    User: lambda company, **values: MemberFactory(**values),
    UserIdentity: lambda company, **values: UserIdentityFactory(user=company.owner, **values),
}

# Values that a row sent through the API must have, because a rule of the table asks for them.
_ACCEPTABLE: dict[Any, dict[str, Any]] = {
    FeatureFlag: {"feature_key": "campaigns"},
    TenantFeature: {"feature_key": "campaigns"},
}

# Fields that a row is made with and that never change.
SET_ONCE: dict[Any, set[str]] = {
    Membership: {"user"},
    TenantInvitation: {"email", "role"},
}


def is_one_per_tenant(model: Any) -> bool:
    """Whether a tenant sees exactly one row of the table: itself."""
    return model is Tenant


def has_rows_per_tenant(model: Any) -> bool:
    return model in _SPECIMENS or model.tenancy.field is not None


def row_of(model: Any, company: Company, **values: Any) -> Any:
    """A new row of the model that belongs to the company (for ``Tenant``, the company's own)."""
    make = _SPECIMENS.get(model)
    with platform_context(tenant_id=company.tenant.pk):
        return make(company, **values) if make else factory_of(model)(**values)


def any_row(model: Any, company: Company) -> Any:
    """A row of the company, or of the platform where the table knows no company."""
    if has_rows_per_tenant(model):
        return row_of(model, company)
    with platform_context():
        return factory_of(model)()


def tenants_read(model: Any) -> bool:
    """Whether the tenant role may look into the table at all."""
    return model.tenancy.field is not None or bool(model.privileges)


def template_of(model: Any, company: Company) -> Any:
    """A row whose values people may send, and which may be removed again; never the company itself."""
    if is_one_per_tenant(model) or not has_rows_per_tenant(model):
        with platform_context():
            return factory_of(model)()
    return row_of(model, company, **_ACCEPTABLE.get(model, {}))


def retire(row: Any) -> None:
    """Clear the way for a new row with the same values: a member becomes a former one, all else is removed."""
    with platform_context():
        if isinstance(row, Membership):
            row.delete()
        else:
            execute(f"DELETE FROM {table(type(row))} WHERE id = %s", [row.pk])


def rows_of(model: Any, company: Company, count: int) -> list[Any]:
    return [row_of(model, company) for _ in range(count)]
