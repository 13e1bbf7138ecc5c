"""Factories of the tenants app."""

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory import Faker, Iterator, LazyAttribute, LazyFunction, SubFactory

from lad.db.identifiers import uuid7
from lad.outbox.models import DomainEvent
from lad.tenancy.context import default_tenant_id
from tenants.access.keys import SCREENS
from tenants.access.models import PlatformRole, TenantRole, UserCapability
from tenants.accounts.models import AttemptBudget, RefreshToken, SessionKind, User, UserIdentity, UserSession
from tenants.activity.models import DataExport
from tenants.features.catalogue import features
from tenants.features.models import FeatureFlag, FeatureKillSwitch, TenantFeature
from tenants.teams.models import Membership, Tenant, TenantInvitation, TenantStatus
from tenants.two_factor.models import FactorKind, RecoveryCode, SecondFactor
from tests.factories.base import ModelFactory, TenantModelFactory, unique

PASSWORD = "correct horse battery staple"
# Features that open nothing the tests use, so that a row made for another purpose closes nothing.
SPARE_FEATURES = [
    each.key for each in features if each.key.startswith("voice-agent-") or each.key in ("dashboard", "lead-enrichment")
]


class TenantFactory(ModelFactory[Tenant]):
    name = unique("Tenant %d")
    slug = unique("tenant-%d")
    status = TenantStatus.ACTIVE

    class Meta:
        model = Tenant


class UserFactory(ModelFactory[User]):
    email = unique("person%d@example.com")
    password: Any = LazyFunction(lambda: make_password(PASSWORD))
    first_name = Faker("first_name")
    last_name = Faker("last_name")
    email_verified = True

    class Meta:
        model = User


class UserIdentityFactory(ModelFactory[UserIdentity]):
    user = SubFactory(UserFactory)
    provider = unique("provider-%d")
    provider_user_id = unique("subject-%d")

    class Meta:
        model = UserIdentity


class MembershipFactory(TenantModelFactory[Membership]):
    user = SubFactory(UserFactory)

    class Meta:
        model = Membership


class MemberFactory(UserFactory):
    """A user with a membership in the current tenant."""

    class Meta:
        model = User

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        user = super()._create(model_class, *args, **kwargs)
        MembershipFactory(user=user)
        return user


class TenantRoleFactory(TenantModelFactory[TenantRole]):
    key = unique("role-%d")
    name = unique("Role %d")
    rights: Any = LazyFunction(lambda: ["leads.view"])

    class Meta:
        model = TenantRole


class PlatformRoleFactory(ModelFactory[PlatformRole]):
    key = unique("staff-role-%d")
    name = unique("Staff role %d")
    rights: Any = LazyFunction(lambda: ["tenant.view"])

    class Meta:
        model = PlatformRole


class UserCapabilityFactory(TenantModelFactory[UserCapability]):
    user = SubFactory(MemberFactory)
    capability_key = Iterator(SCREENS)

    class Meta:
        model = UserCapability


class TenantFeatureFactory(TenantModelFactory[TenantFeature]):
    feature_key = Iterator(SPARE_FEATURES)

    class Meta:
        model = TenantFeature


class FeatureFlagFactory(TenantModelFactory[FeatureFlag]):
    feature_key = Iterator(SPARE_FEATURES)

    class Meta:
        model = FeatureFlag


class FeatureKillSwitchFactory(ModelFactory[FeatureKillSwitch]):
    feature_key = Iterator(SPARE_FEATURES)
    reason = "Under repair"

    class Meta:
        model = FeatureKillSwitch


class TenantInvitationFactory(TenantModelFactory[TenantInvitation]):
    email = unique("guest%d@example.com")
    invited_by = SubFactory(MemberFactory)
    invitation_token = LazyAttribute(lambda row: hashlib.sha256(row.email.encode()).hexdigest())
    expires_at: Any = LazyFunction(lambda: timezone.now() + timedelta(days=7))
    message = unique("Welcome, number %d")

    class Meta:
        model = TenantInvitation


class DomainEventFactory(TenantModelFactory[DomainEvent]):
    event_type = "tenants.membership.created"
    aggregate_type = "membership"
    aggregate_id: Any = LazyFunction(uuid7)
    payload: Any = LazyFunction(lambda: {"role": "member"})

    class Meta:
        model = DomainEvent


class RefreshTokenFactory(ModelFactory[RefreshToken]):
    user = SubFactory(UserFactory)
    session_id: Any = LazyFunction(uuid7)
    token_hash: Any = LazyFunction(lambda: hashlib.sha256(uuid7().bytes).hexdigest())
    expires_at: Any = LazyFunction(lambda: timezone.now() + timedelta(days=30))

    class Meta:
        model = RefreshToken


class UserSessionFactory(ModelFactory[UserSession]):
    user = SubFactory(UserFactory)
    tenant_id: Any = LazyFunction(default_tenant_id)
    kind = SessionKind.API
    last_used_at: Any = LazyFunction(timezone.now)
    expires_at: Any = LazyFunction(lambda: timezone.now() + timedelta(days=30))

    class Meta:
        model = UserSession


class SecondFactorFactory(ModelFactory[SecondFactor]):
    user = SubFactory(UserFactory)
    kind = FactorKind.TOTP
    name = "Authenticator app"
    secret = "JBSWY3DPEHPK3PXP"
    confirmed_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = SecondFactor


class RecoveryCodeFactory(ModelFactory[RecoveryCode]):
    user = SubFactory(UserFactory)
    code_hash: Any = LazyFunction(lambda: hashlib.sha256(uuid7().bytes).hexdigest())

    class Meta:
        model = RecoveryCode


class DataExportFactory(ModelFactory[DataExport]):
    user = SubFactory(UserFactory)
    tenant_id: Any = LazyFunction(default_tenant_id)
    kind = "leads"
    row_count = 2

    class Meta:
        model = DataExport


class AttemptBudgetFactory(ModelFactory[AttemptBudget]):
    kind = "sign-in-account-and-address"
    subject = unique("guesser%d@example.com")
    client = "203.0.113.7"
    attempts = 3
    last_attempt_at: Any = LazyFunction(timezone.now)
    whole_at: Any = LazyFunction(lambda: timezone.now() + timedelta(minutes=15))

    class Meta:
        model = AttemptBudget
