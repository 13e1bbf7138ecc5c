"""Sign up, verify the e-mail address, change the profile, open further tenants."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from lad import names
from lad.emails import valid_email
from lad.errors import DomainError, Invalid, Throttled
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.types import Values
from lad.writes import invalid
from tenants import budgets
from tenants.access.roles import Role
from tenants.accounts import tokens
from tenants.accounts.models import User
from tenants.accounts.services import passwords, sessions, users
from tenants.budgets import Budget, BudgetSpent
from tenants.teams.models import Membership, Tenant, TenantStatus

# The address may be somebody else's, who must not be flooded.
VERIFICATION_MAILS: Final = Budget("verification-mails", size=3, interval=timedelta(hours=1))
PROFILE_FIELDS: Final = ("first_name", "last_name", "phone", "avatar_url", "timezone", "booking_url")
MAX_SLUG_LENGTH: Final = 90
SLUG_SUFFIX_LENGTH: Final = 6


class InvalidVerificationLink(DomainError):
    """This link is no longer valid: it expired, is incomplete, or your address has changed. Request a new one."""

    code = "invalid_verification_link"
    status = 410
    title = "Link not valid"


class TooManyMails(Throttled):
    """We mailed this address several times already. Look among unwanted mails, or ask again later."""

    code = "too_many_mails"
    title = "Too many mails"


@dataclass(frozen=True, slots=True)
class SignUpRequest:
    """A new user and the name of their tenant. Without ``tenant_name``, the tenant is named after the user."""

    email: str
    first_name: str
    last_name: str = ""
    tenant_name: str = ""


def sign_up(
    *, request: SignUpRequest, password: str, user_agent: str = "", now: datetime | None = None
) -> sessions.SignedIn:
    """Create an account and a tenant on trial owned by it, and start a session, in one transaction.

    Emits ``tenants.tenant.created`` and ``tenants.user.signed_up``, which sends the verification mail.
    Raises Invalid or EmailTaken.
    """
    now = now or timezone.now()
    email = valid_email(request.email)
    first_name, last_name = request.first_name.strip(), request.last_name.strip()
    passwords.validate(password, user=User(email=email, first_name=first_name, last_name=last_name))
    with platform_context():
        user = users.create_user(email=email, password=password, first_name=first_name, last_name=last_name)
        return _open_tenant(user, request.tenant_name, user_agent, now)


def open_tenant(
    *, user: User, tenant_name: str = "", user_agent: str = "", now: datetime | None = None
) -> sessions.SignedIn:
    """Open another tenant on trial for an existing user, and start a session in it."""
    with platform_context(user_id=user.pk):
        return _open_tenant(user, tenant_name, user_agent, now or timezone.now())


def request_verification(*, user: User, now: datetime | None = None) -> None:
    """Send the verification mail again, unless the address is verified already. Raises TooManyMails."""
    if user.email_verified:
        return
    with platform_context(user_id=user.pk):
        try:
            budgets.spend([VERIFICATION_MAILS.of(subject=str(user.pk))], now=now or timezone.now())
        except BudgetSpent as error:
            raise TooManyMails(retry_after=error.retry_after) from error
        users.emit_user_event(user, "tenants.user.verification_requested")


def verify_email(*, token: str) -> User:
    """Mark the address in the token as verified. Idempotent. Raises InvalidVerificationLink."""
    proof = tokens.read_email_verification_token(token)
    if proof is None:
        raise InvalidVerificationLink
    user_id, email = proof
    with platform_context(user_id=user_id):
        user = User.objects.select_for_update().filter(pk=user_id, email=email, is_active=True).first()
        if user is None:
            raise InvalidVerificationLink
        if not user.email_verified:
            user.email_verified = True
            user.save(update_fields=["email_verified"])
            users.emit_user_event(user, "tenants.user.email_verified")
        return user


def update_profile(*, user: User, changes: Values, tenant_id: UUID | None = None) -> User:
    """Change the user's name, phone, picture, time zone or booking link.

    A telephone number without a country code is read in the tenant's country.

    Emits ``tenants.user.updated`` if anything changed. Raises Invalid.
    """
    with platform_context(tenant_id=tenant_id, user_id=user.pk):
        row = User.objects.select_for_update().get(pk=user.pk)
        before = {name: getattr(row, name) for name in PROFILE_FIELDS}
        given = {name for name in PROFILE_FIELDS if name in changes and before[name] != changes[name]}
        for name in given:
            setattr(row, name, changes[name])
        try:
            row.clean_fields(exclude={field.name for field in User._meta.fields} - given)
        except ValidationError as error:
            raise invalid(error) from error
        changed = sorted(name for name in given if getattr(row, name) != before[name])
        if changed:
            row.save(update_fields=changed)
            users.emit_user_event(row, "tenants.user.updated", changed=changed)
        return row


def _open_tenant(user: User, tenant_name: str, user_agent: str, now: datetime) -> sessions.SignedIn:
    tenant = _create_tenant(tenant_name.strip(), user, now)
    is_first = not Membership.objects.filter(user=user).exists()
    if is_first:
        user.primary_tenant = tenant
        user.save(update_fields=["primary_tenant"])
    with platform_context(tenant_id=tenant.pk, user_id=user.pk):
        Membership.objects.create(tenant=tenant, user=user, role=Role.OWNER)
        emit("tenants.tenant.created", aggregate=tenant, actor=user)
        if is_first:
            emit("tenants.user.signed_up", aggregate=user, actor=user)
    return sessions.start(user=user, tenant_id=tenant.pk, user_agent=user_agent, now=now)


def _create_tenant(name: str, user: User, now: datetime) -> Tenant:
    if name and not names.is_name(name):
        raise Invalid(errors={"tenant_name": [names.NOT_A_NAME]})
    owner = user.first_name or user.email.partition("@")[0]
    base_name = name or (f"{owner}'s Organization" if names.is_name(owner) else "My Organization")
    for _attempt in range(5):
        # Always a random suffix: a slug without one would tell that nobody else has the name.
        suffix = get_random_string(SLUG_SUFFIX_LENGTH).lower()
        tenant = Tenant(
            name=base_name,
            self_named=True,
            slug=f"{slugify(base_name)[:MAX_SLUG_LENGTH] or 'tenant'}-{suffix}",
            status=TenantStatus.TRIAL,
            trial_ends_at=now + settings.TRIAL_LENGTH,
            email=user.email,
        )
        try:
            with transaction.atomic():
                tenant.save(force_insert=True)
        except IntegrityError:
            continue
        return tenant
    raise Invalid(errors={"tenant_name": ["No free web address was found for this name; choose another name."]})
