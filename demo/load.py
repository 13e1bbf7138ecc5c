"""Puts the demo data into the database; what is there already is left as it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from django.db import transaction

from demo.company import DemoCompany
from demo.tenants.companies import COMPANIES, IN_TWO_TENANTS, KILL_SWITCH, Company, Invited, Person
from lad import writes
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.access.models import UserCapability
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.services import joining, people
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams import tokens
from tenants.teams.models import PlanTier, Tenant, TenantInvitation, TenantStatus
from tenants.teams.services import invitations, memberships

APPS: Final = ("billing", "leads", "campaigns", "voice", "aiicp")
ADMIN_EMAIL: Final = "admin@lad.localhost"


class OtherTenants(Exception):
    """The database holds tenants that are not the demo's: demo data does not belong beside them."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was made; nothing when all was there."""

    tenants: int
    people: int


def load(*, password: str, now: datetime, beside_others: bool = False) -> Loaded:
    """Make the demo's administrator and companies, and what each app has for them. Idempotent. Raises OtherTenants."""
    with platform_context():
        admin = User.objects.filter(email=ADMIN_EMAIL).first()
        first_time = admin is None
        if first_time and not beside_others and Tenant.objects.exists():
            raise OtherTenants(OtherTenants.__doc__)
        if admin is None:
            admin = User.objects.create_superuser(ADMIN_EMAIL, password, first_name="Ada", last_name="Admin")
        before = User.objects.count()
        missing = [c for c in COMPANIES if not Tenant.all_objects.filter(slug=c.slug).exists()]
        made = {company.name: _Founding(company, admin, password, now).run() for company in missing}
        _across(made)
        if made and not FeatureKillSwitch.objects.filter(feature_key=KILL_SWITCH[0]).exists():
            writes.create(FeatureKillSwitch, {"feature_key": KILL_SWITCH[0], "reason": KILL_SWITCH[1]}, actor=admin)
        if first_time:
            load_shared(now)
        fill(made.values())
        return Loaded(tenants=len(made), people=User.objects.count() - before)


def load_shared(now: datetime) -> None:
    """Have each app make what belongs to no tenant."""
    for module in app_modules():
        if callable(app_load := getattr(module, "load_shared", None)):
            with platform_context():
                app_load(now)


def fill(companies: Iterable[DemoCompany]) -> None:
    """Have each app fill the companies, the apps in the order in which they build on one another."""
    demos = list(app_modules())
    for company in companies:
        for module in demos:
            if callable(app_load := getattr(module, "load", None)):
                with platform_context(tenant_id=company.tenant.pk):
                    app_load(company)


def app_modules(name: str = "") -> Iterator[ModuleType]:
    """Import ``demo.<app>``, or its module of that name, for each app, the lowest layer first."""
    for app in APPS:
        yield import_module(f"demo.{app}.{name}" if name else f"demo.{app}")


def _across(made: dict[str, DemoCompany]) -> None:
    name, home, other, role = IN_TWO_TENANTS
    if home in made and other in made:
        tenant = made[other].tenant
        with platform_context(tenant_id=tenant.pk):
            memberships.enrol(tenant_id=tenant.pk, user=made[home].staff[name], role=role)


class _Founding:
    """Makes one company."""

    def __init__(self, company: Company, admin: User, password: str, now: datetime) -> None:
        self.company, self.admin, self.password, self.now = company, admin, password, now
        self.staff: dict[str, User] = {}

    @transaction.atomic
    def run(self) -> DemoCompany:
        self.tenant = self._tenant()
        with platform_context(tenant_id=self.tenant.pk):
            self.owner = self._member(self.company.owner, actor=None)
            emit("tenants.tenant.created", aggregate=self.tenant, actor=self.owner)
            for person in self.company.people:
                self._member(person, actor=self.owner)
            for invited in self.company.invited:
                self._invite(invited)
            self._link_owner()
            self._switch_features()
            for name, right, enabled in self.company.rights:
                values = {"user": self.staff[name], "capability_key": right, "enabled": enabled}
                self._write(UserCapability, values, actor=self.owner)
        return DemoCompany(self.tenant, self.owner, self.admin, self.staff, self.now)

    def _tenant(self) -> Tenant:
        company = self.company
        on_trial = company.trial is not None
        tenant = Tenant(
            name=company.name,
            slug=company.slug,
            plan_tier=PlanTier(company.plan),
            status=TenantStatus.TRIAL if on_trial else TenantStatus.ACTIVE,
            trial_ends_at=self.now + company.trial if company.trial is not None else None,
            email=f"hello@{company.domain}",
            phone=company.phone,
            website=company.website,
            metadata=company.metadata,
        )
        tenant.save(force_insert=True)
        return tenant

    def _member(self, person: Person, *, actor: Any) -> User:
        user = people.create_user(
            email=f"{person.first_name}.{person.last_name}@{self.company.domain}".lower(),
            password=self.password,
            first_name=person.first_name,
            last_name=person.last_name,
            primary_tenant=self.tenant,
            is_staff=person.staff,
            email_verified=True,
        )
        memberships.enrol(tenant_id=self.tenant.pk, user=user, role=person.role, invited_by=actor, actor=actor or user)
        self.staff[person.first_name] = user
        return user

    def _invite(self, invited: Invited) -> None:
        address = f"{invited.name}@{self.company.domain}"
        row = invitations.create(
            email=address, actor=self.owner, role=invited.role, message=invited.message, now=self.now - invited.ago
        )
        if invited.outcome == "accepted":
            self._accept(row, invited)
        if invited.outcome == "revoked":
            invitations.revoke(invitation=row, actor=self.owner, now=self.now)

    def _accept(self, row: TenantInvitation, invited: Invited) -> None:
        first, _, last = invited.name.partition(".")
        person = joining.NewPerson(self.password, first.capitalize(), last.capitalize())
        joining.accept(token=tokens.invitation_token(row), new_person=person, now=self.now)

    def _link_owner(self) -> None:
        """The owner signs in with an outside account too."""
        if not self.company.signs_in_with:
            return
        identity = {"provider": self.company.signs_in_with, "provider_user_id": f"demo-{self.company.slug}"}
        UserIdentity.objects.create(user=self.owner, provider_data={"email": self.owner.email}, **identity)
        payload = {"provider": self.company.signs_in_with}
        emit("tenants.user.identity_linked", aggregate=self.owner, actor=self.owner, payload=payload)

    def _switch_features(self) -> None:
        for key, enabled in self.company.features:
            self._write(TenantFeature, {"feature_key": key, "enabled": enabled}, actor=self.admin)
        for key, enabled, lasts, for_owner in self.company.flags:
            values: dict[str, Any] = {"feature_key": key, "is_enabled": enabled}
            if lasts is not None:
                values["expires_at"] = self.now + lasts
            if for_owner:
                values["user"] = self.owner
            self._write(FeatureFlag, values, actor=self.admin)

    def _write(self, model: Any, values: dict[str, Any], *, actor: User) -> None:
        writes.create(model, {"tenant": self.tenant, **values}, actor=actor)
