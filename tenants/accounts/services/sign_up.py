"""Getting an account and keeping it: sign-up, the proof of the address, one's own profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from lad.emails import valid_email
from lad.errors import Conflict, DomainError, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.writes import invalid
from tenants.accounts import tokens
from tenants.accounts.models import User
from tenants.accounts.services import passwords, people, sessions
from tenants.teams.models import Membership, Role, Tenant, TenantStatus

# What people may change about themselves.
PROFILE_FIELDS: Final = ("first_name", "last_name", "phone", "avatar_url")
LONGEST_SLUG: Final = 90


class TenantNameTaken(Conflict):
    """A tenant with this name exists: choose another name, or ask to be invited there."""

    code = "tenant_name_taken"


class InvalidVerificationLink(DomainError):
    """This link is not valid any more: it is too old, was not copied whole, or the address has changed."""

    code = "invalid_verification_link"
    status = 410
    title = "Link not valid"


@dataclass(frozen=True, slots=True)
class SignUp:
    """Who signs up and for what; without ``tenant_name`` the tenant is named after the person."""

    email: str
    first_name: str
    last_name: str = ""
    tenant_name: str = ""


def sign_up(*, request: SignUp, password: str, user_agent: str = "", now: datetime | None = None) -> sessions.SignedIn:
    """Open a tenant on trial with the person as its owner, and sign them in; all or nothing.

    Emits ``tenants.tenant.created`` and ``tenants.user.signed_up``, which mails the proof of the
    address. Raises Invalid, EmailTaken or TenantNameTaken.
    """
    now = now or timezone.now()
    email = valid_email(request.email)
    person = User(email=email, first_name=request.first_name.strip(), last_name=request.last_name.strip())
    passwords.validate(password, user=person)
    with platform_context():
        user = people.create_user(
            email=email, password=password, first_name=person.first_name, last_name=person.last_name
        )
        return _found(user, request.tenant_name, user_agent, now)


def found_tenant(
    *, user: User, tenant_name: str = "", user_agent: str = "", now: datetime | None = None
) -> sessions.SignedIn:
    """Open a tenant on trial for a person who has an account, and sign them in there."""
    with platform_context(user_id=user.pk):
        return _found(user, tenant_name, user_agent, now or timezone.now())


def request_verification(*, user: User) -> None:
    """Mail the proof of the address once more; nothing happens when it is proven already."""
    if not user.email_verified:
        with platform_context(user_id=user.pk):
            people.emit_about(user, "tenants.user.verification_requested")


def verify_email(*, token: str) -> User:
    """Note that the person reads the mail of their address. Idempotent. Raises InvalidVerificationLink."""
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
            people.emit_about(user, "tenants.user.email_verified")
        return user


def update_profile(*, user: User, changes: Mapping[str, Any]) -> User:
    """Change one's own name, phone or picture. Raises Invalid; emits ``tenants.user.updated`` if anything changed."""
    with platform_context(user_id=user.pk):
        row = User.objects.select_for_update().get(pk=user.pk)
        changed = sorted(name for name in PROFILE_FIELDS if name in changes and getattr(row, name) != changes[name])
        for name in changed:
            setattr(row, name, changes[name])
        try:
            row.clean_fields(exclude={field.name for field in User._meta.fields} - set(changed))
        except ValidationError as error:
            raise invalid(error) from error
        if changed:
            row.save(update_fields=changed)
            people.emit_about(row, "tenants.user.updated", changed=changed)
        return row


def _found(user: User, tenant_name: str, user_agent: str, now: datetime) -> sessions.SignedIn:
    tenant = _create_tenant(tenant_name.strip(), user, now)
    newcomer = not Membership.objects.filter(user=user).exists()
    if newcomer:
        user.primary_tenant = tenant
        user.save(update_fields=["primary_tenant"])
    with platform_context(tenant_id=tenant.pk, user_id=user.pk):
        Membership.objects.create(tenant=tenant, user=user, role=Role.OWNER)
        emit("tenants.tenant.created", aggregate=tenant, actor=user)
        if newcomer:
            emit("tenants.user.signed_up", aggregate=user, actor=user)
    return sessions.start(user=user, tenant_id=tenant.pk, user_agent=user_agent, now=now)


def _create_tenant(name: str, user: User, now: datetime) -> Tenant:
    own_name = name or f"{user.first_name or user.email.partition('@')[0]}'s Organization"
    for attempt in range(5):
        # The slug, and a name nobody chose, may be taken; a few letters more tell them apart.
        suffix = f"-{get_random_string(4 + attempt).lower()}" if attempt else ""
        tenant = Tenant(
            name=own_name if name else f"{own_name}{suffix.replace('-', ' ')}",
            slug=f"{slugify(own_name)[:LONGEST_SLUG] or 'tenant'}{suffix}",
            status=TenantStatus.TRIAL,
            trial_ends_at=now + settings.TRIAL_LENGTH,
            email=user.email,
        )
        try:
            with transaction.atomic():
                tenant.save(force_insert=True)
        except IntegrityError as error:
            if name and "tenants_live_name_key" in str(error):
                raise TenantNameTaken from error
            continue
        return tenant
    raise Invalid(errors={"tenant_name": ["No free address was found for this name; choose another."]})
