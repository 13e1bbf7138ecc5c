"""Load the demo data into the database. Rows that exist already stay as they are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Final

from django.db import models, transaction

from demo.demo_tenant import DemoTenant
from demo.tenants import security
from demo.tenants.tenants import (
    KILL_SWITCH,
    PLATFORM_FINANCE,
    SECOND_MEMBERSHIP,
    TENANTS,
    InvitationSpec,
    MemberSpec,
    TenantSpec,
)
from lad import writes
from lad.outbox.emission import emit
from lad.phones import normalise
from lad.tenancy.context import platform_context
from lad.types import Values
from tenants.access.models import PlatformRole, TenantRole, UserCapability
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.services import joining, users
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams import tokens
from tenants.teams.models import PlanTier, Tenant, TenantInvitation, TenantStatus
from tenants.teams.services import invitations, memberships

APPS: Final = ("billing", "leads", "campaigns", "voice", "aiicp")
ADMIN_EMAIL: Final = "admin@lad.localhost"
FINANCE_EMAIL: Final = "finance@lad.localhost"


class OtherTenants(Exception):
    """The database holds tenants that are not the demo's, so no demo data was loaded."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """How many tenants and people were created."""

    tenants: int
    people: int


def load(*, password: str, now: datetime, beside_others: bool = False) -> LoadResult:
    """Create the demo's superuser and tenants, and have each app fill them. Idempotent.

    Raises OtherTenants if the database holds other tenants, unless ``beside_others`` is set.
    """
    with platform_context():
        admin = User.objects.filter(email=ADMIN_EMAIL).first()
        first_time = admin is None
        if first_time and not beside_others and Tenant.objects.exists():
            raise OtherTenants(OtherTenants.__doc__)
        if admin is None:
            admin = User.objects.create_superuser(ADMIN_EMAIL, password, first_name="Ada", last_name="Admin")
            _add_platform_finance(admin, password)
        before = User.objects.count()
        missing = [spec for spec in TENANTS if not Tenant.all_objects.filter(slug=spec.slug).exists()]
        created = {spec.name: _TenantLoader(spec, admin, password, now).run() for spec in missing}
        _add_second_membership(created)
        if created and not FeatureKillSwitch.objects.filter(feature_key=KILL_SWITCH[0]).exists():
            writes.create(FeatureKillSwitch, {"feature_key": KILL_SWITCH[0], "reason": KILL_SWITCH[1]}, actor=admin)
        if first_time:
            load_shared(now)
        fill(created.values())
        return LoadResult(tenants=len(created), people=User.objects.count() - before)


def load_shared(now: datetime) -> None:
    """Have each app create its rows that belong to no tenant."""
    for module in app_modules():
        if callable(app_load := getattr(module, "load_shared", None)):
            with platform_context():
                app_load(now)


def fill(tenants: Iterable[DemoTenant]) -> None:
    """Have each app fill the tenants, lower layers first."""
    modules = list(app_modules())
    for demo in tenants:
        for module in modules:
            if callable(app_load := getattr(module, "load", None)):
                with platform_context(tenant_id=demo.tenant.pk):
                    app_load(demo)


def app_modules(name: str = "") -> Iterator[ModuleType]:
    """Import ``demo.<app>``, or ``demo.<app>.<name>``, for each app, the lowest layer first."""
    for app in APPS:
        yield import_module(f"demo.{app}.{name}" if name else f"demo.{app}")


def _add_platform_finance(admin: User, password: str) -> None:
    """Add somebody of LAD's staff who is no superuser."""
    spec = PLATFORM_FINANCE
    values = {"key": spec.key, "name": spec.name, "rights": list(spec.rights)}
    users.create_user(
        email=FINANCE_EMAIL,
        password=password,
        first_name="Fay",
        last_name="Finance",
        is_staff=True,
        platform_role=writes.create(PlatformRole, values, actor=admin),
        email_verified=True,
    )


def _add_second_membership(created: dict[str, DemoTenant]) -> None:
    name, home, other, role = SECOND_MEMBERSHIP
    if home in created and other in created:
        tenant = created[other].tenant
        with platform_context(tenant_id=tenant.pk):
            memberships.enrol(tenant_id=tenant.pk, user=created[home].staff[name], role=role)


class _TenantLoader:
    """Creates one tenant from its spec."""

    def __init__(self, spec: TenantSpec, admin: User, password: str, now: datetime) -> None:
        self.spec, self.admin, self.password, self.now = spec, admin, password, now
        self.staff: dict[str, User] = {}
        self.roles: dict[str, TenantRole] = {}

    @transaction.atomic
    def run(self) -> DemoTenant:
        self.tenant = self._tenant()
        with platform_context(tenant_id=self.tenant.pk):
            self.owner = self._member(self.spec.owner, actor=None)
            emit("tenants.tenant.created", aggregate=self.tenant, actor=self.owner)
            for role in self.spec.roles:
                values = {"tenant": self.tenant, "key": role.key, "name": role.name, "rights": list(role.rights)}
                self.roles[role.key] = writes.create(TenantRole, values, actor=self.owner)
            for person in self.spec.people:
                self._member(person, actor=self.owner)
            # In the order of time, in which the limit on invitations counts them.
            for invited in sorted(self.spec.invited, key=lambda each: each.ago, reverse=True):
                self._invite(invited)
            self._link_owner()
            self._switch_features()
            for name, right, enabled in self.spec.rights:
                values = {"user": self.staff[name], "capability_key": right, "enabled": enabled}
                self._write(UserCapability, values, actor=self.owner)
            security.load(self.tenant, owner=self.owner, careful=[*self.staff.values()][-1], now=self.now)
        return DemoTenant(self.tenant, self.owner, self.admin, self.staff, self.now)

    def _tenant(self) -> Tenant:
        spec = self.spec
        on_trial = spec.trial is not None
        tenant = Tenant(
            name=spec.name,
            slug=spec.slug,
            plan_tier=PlanTier(spec.plan),
            status=TenantStatus.TRIAL if on_trial else TenantStatus.ACTIVE,
            trial_ends_at=self.now + spec.trial if spec.trial is not None else None,
            email=f"hello@{spec.domain}",
            country=spec.country,
            phone=normalise(spec.phone),
            website=spec.website,
            timezone=spec.timezone,
            metadata=spec.metadata,
        )
        tenant.save(force_insert=True)
        return tenant

    def _member(self, person: MemberSpec, *, actor: User | None) -> User:
        user = users.create_user(
            email=f"{person.first_name}.{person.last_name}@{self.spec.domain}".lower(),
            password=self.password,
            first_name=person.first_name,
            last_name=person.last_name,
            primary_tenant=self.tenant,
            is_staff=person.staff,
            email_verified=True,
        )
        memberships.enrol(
            tenant_id=self.tenant.pk,
            user=user,
            role=person.role,
            tenant_role=self.roles.get(person.own_role),
            invited_by=actor,
            actor=actor or user,
        )
        self.staff[person.first_name] = user
        return user

    def _invite(self, invited: InvitationSpec) -> None:
        address = f"{invited.name}@{self.spec.domain}"
        row = invitations.create(
            email=address, actor=self.owner, role=invited.role, message=invited.message, now=self.now - invited.ago
        )
        if invited.outcome == "accepted":
            self._accept(row, invited)
        if invited.outcome == "revoked":
            invitations.revoke(invitation=row, actor=self.owner, now=self.now)

    def _accept(self, row: TenantInvitation, invited: InvitationSpec) -> None:
        first, _, last = invited.name.partition(".")
        person = joining.NewUser(self.password, first.capitalize(), last.capitalize())
        joining.accept(token=tokens.invitation_token(row), new_user=person, now=self.now)

    def _link_owner(self) -> None:
        """Link an external account to the owner if the spec names a provider."""
        if not self.spec.signs_in_with:
            return
        identity = {"provider": self.spec.signs_in_with, "provider_user_id": f"demo-{self.spec.slug}"}
        UserIdentity.objects.create(user=self.owner, provider_data={"email": self.owner.email}, **identity)
        payload = {"provider": self.spec.signs_in_with}
        emit("tenants.user.identity_linked", aggregate=self.owner, actor=self.owner, payload=payload)

    def _switch_features(self) -> None:
        for key, enabled in self.spec.features:
            self._write(TenantFeature, {"feature_key": key, "enabled": enabled}, actor=self.admin)
        for key, enabled, lasts, for_owner in self.spec.flags:
            values: dict[str, object] = {"feature_key": key, "is_enabled": enabled}
            if lasts is not None:
                values["expires_at"] = self.now + lasts
            if for_owner:
                values["user"] = self.owner
            self._write(FeatureFlag, values, actor=self.admin)

    def _write(self, model: type[models.Model], values: Values, *, actor: User) -> None:
        writes.create(model, {"tenant": self.tenant, **values}, actor=actor)
