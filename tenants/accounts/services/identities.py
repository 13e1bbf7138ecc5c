"""Signing in with an outside account: whose it is here, and how the two come together.

An outside account is known by its provider and subject, never by its address. The address only
brings the two together the first time, and only when both sides have seen it proven: otherwise
whoever registers a stranger's address here, or at a careless provider, would get into their account.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from lad import writes
from lad.emails import valid_email
from lad.errors import Conflict, NotAllowed
from lad.tenancy.context import platform_context
from tenants.accounts import tokens
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.accounts.providers.issuers import ExternalProfile, ExternalTokenRefused
from tenants.accounts.services import joining, people, sessions
from tenants.accounts.services import sign_up as accounts


class ExternalEmailUnverified(NotAllowed):
    """The provider has not verified your e-mail address: verify it there, then sign in again."""

    code = "external_email_unverified"


class LinkRequired(Conflict):
    """An account with your address exists: sign in to it with its password, then link this provider."""

    code = "link_required"


class IdentityTaken(Conflict):
    """This outside account belongs to another user."""

    code = "identity_taken"


class ProviderLinked(Conflict):
    """Another account of this provider is linked already: remove it first."""

    code = "provider_linked"


class LastWayIn(Conflict):
    """This is your only way to sign in: set a password before you remove it."""

    code = "last_way_in"


@dataclass(frozen=True, slots=True)
class ExternalSignIn:
    """A session started with an outside account; ``created`` when the account here is new too."""

    signed_in: sessions.SignedIn
    created: bool


def sign_in(
    *,
    token: str,
    tenant_name: str = "",
    invitation_token: str = "",
    user_agent: str = "",
    now: datetime | None = None,
) -> ExternalSignIn:
    """Start a session for the holder of an outside token, with a new account if they have none.

    A new person opens a tenant of their own, or comes into the one that invited them. Raises
    ExternalTokenRefused, IssuerUnavailable, ExternalEmailUnverified, LinkRequired, or what
    accepting an invitation raises.
    """
    now = now or timezone.now()
    profile = read(token)
    with platform_context():
        user = _known(profile)
        if user is None and (user := _by_proven_address(profile)) is not None:
            _link(user, profile)
        if user is not None:
            User.objects.filter(pk=user.pk).update(last_login=now)
            return ExternalSignIn(sessions.start(user=user, user_agent=user_agent, now=now), created=False)
        user = people.create_user(
            email=valid_email(profile.email),
            first_name=profile.first_name,
            last_name=profile.last_name,
            avatar_url=profile.avatar_url,
            email_verified=True,
            last_login=now,
        )
        if invitation_token:
            accepted = joining.accept(token=invitation_token, user=user, now=now)
            signed_in = sessions.start(
                user=user, tenant_id=accepted.membership.tenant_id, user_agent=user_agent, now=now
            )
        else:
            signed_in = accounts.found_tenant(user=user, tenant_name=tenant_name, user_agent=user_agent, now=now)
        _link(user, profile)
        return ExternalSignIn(signed_in, created=True)


def link(*, user: User, token: str) -> UserIdentity:
    """Let a signed-in person sign in with this outside account too. Idempotent.

    Raises ExternalTokenRefused, IssuerUnavailable, IdentityTaken or ProviderLinked.
    """
    profile = read(token)
    with platform_context(user_id=user.pk):
        known = UserIdentity.objects.filter(provider=profile.provider, provider_user_id=profile.subject).first()
        if known is not None and known.user_id != user.pk:
            raise IdentityTaken
        return known or _link(user, profile)


def read(token: str) -> ExternalProfile:
    """Whom an outside token speaks of. Raises ExternalTokenRefused or IssuerUnavailable."""
    issuer = issuers.by_issuer(tokens.claimed_issuer(token))
    if issuer is None:
        raise ExternalTokenRefused("No sign-in provider is configured for this token.")
    return issuers.verify(issuer, token)


class IdentityWriter(writes.Writer):
    """Outside accounts are linked by proof only, and removed by their user unless nothing else would be left."""

    def create(self, values: Any, *, actor: Any = None) -> UserIdentity:
        raise NotAllowed("An outside account is linked by signing in with it.")

    def delete(self, row: UserIdentity, *, actor: Any = None) -> None:
        if actor is not None and not actor.is_superuser and actor.pk != row.user_id:
            raise NotAllowed
        with platform_context(user_id=row.user_id):
            user = User.all_objects.select_for_update().get(pk=row.user_id)
            others = UserIdentity.objects.filter(user=user).exclude(pk=row.pk)
            if not user.password and not others.exists():
                raise LastWayIn
            super().delete(row, actor=actor)


def _known(profile: ExternalProfile) -> User | None:
    identity = (
        UserIdentity.objects.select_related("user")
        .filter(provider=profile.provider, provider_user_id=profile.subject)
        .first()
    )
    if identity is None:
        return None
    if not identity.user.is_active or identity.user.deleted_at is not None:
        raise ExternalTokenRefused("The account this sign-in belongs to was closed.")
    user: User = identity.user
    return user


def _by_proven_address(profile: ExternalProfile) -> User | None:
    if not profile.email or not profile.email_verified:
        raise ExternalEmailUnverified
    user: User | None = User.objects.select_for_update().filter(email=profile.email).first()
    if user is None:
        return None
    if not user.email_verified or not user.is_active:
        raise LinkRequired
    return user


def _link(user: User, profile: ExternalProfile) -> UserIdentity:
    identity = UserIdentity(
        user=user,
        provider=profile.provider,
        provider_user_id=profile.subject,
        provider_data={"email": profile.email},
    )
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
    except IntegrityError as error:
        taken = UserIdentity.objects.filter(provider=profile.provider, provider_user_id=profile.subject).exists()
        raise (IdentityTaken if taken else ProviderLinked) from error
    people.emit_about(user, "tenants.user.identity_linked", provider=profile.provider)
    return identity


writes.register(UserIdentity, IdentityWriter)
