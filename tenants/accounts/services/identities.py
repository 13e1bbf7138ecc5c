"""Sign in with external accounts (Clerk, Google, …) and link them to users.

An external account is identified by provider and subject, never by its e-mail address. The address is
used only to link it the first time, and only if both LAD and the provider have verified it. Otherwise
somebody could take over an account by registering its address here or at a careless provider.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from lad import writes
from lad.emails import valid_email
from lad.errors import Conflict, NotAllowed
from lad.tenancy.context import platform_context
from lad.types import Actor, Values
from tenants.access.authority import is_platform
from tenants.accounts import tokens
from tenants.accounts.models import User, UserIdentity
from tenants.accounts.providers import issuers
from tenants.accounts.providers.issuers import ExternalProfile, ExternalTokenRefused
from tenants.accounts.services import joining, sessions, sign_up, users


class ExternalEmailUnverified(NotAllowed):
    """The provider has not verified your e-mail address: verify it there, then sign in again."""

    code = "external_email_unverified"


class LinkRequired(Conflict):
    """An account with your address exists: sign in with its password, then link this provider."""

    code = "link_required"


class IdentityTaken(Conflict):
    """This external account is linked to another user."""

    code = "identity_taken"


class ProviderLinked(Conflict):
    """Another account of this provider is linked already: remove it first."""

    code = "provider_linked"


class LastWayIn(Conflict):
    """This is your only way to sign in: set a password before you remove it."""

    code = "last_way_in"


@dataclass(frozen=True, slots=True)
class ExternalSignIn:
    """A session started with an external account. ``created`` says whether the user is new."""

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
    """Start a session for the owner of an external token, creating an account if they have none.

    A new user opens a tenant, or accepts the invitation of ``invitation_token``. Raises
    ExternalTokenRefused, IssuerUnavailable, ExternalEmailUnverified, LinkRequired or any error of
    ``joining.accept``.
    """
    now = now or timezone.now()
    profile = read(token)
    with platform_context():
        user = _linked_user(profile)
        if user is None and (user := _user_with_verified_address(profile)) is not None:
            _link(user, profile)
        if user is not None:
            User.objects.filter(pk=user.pk).update(last_login=now)
            return ExternalSignIn(sessions.start(user=user, user_agent=user_agent, now=now), created=False)
        user = users.create_user(
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
            signed_in = sign_up.open_tenant(user=user, tenant_name=tenant_name, user_agent=user_agent, now=now)
        _link(user, profile)
        return ExternalSignIn(signed_in, created=True)


def link(*, user: User, token: str) -> UserIdentity:
    """Link the external account of a token to a signed-in user. Idempotent.

    Raises ExternalTokenRefused, IssuerUnavailable, IdentityTaken or ProviderLinked.
    """
    profile = read(token)
    with platform_context(user_id=user.pk):
        known = UserIdentity.objects.filter(provider=profile.provider, provider_user_id=profile.subject).first()
        if known is not None and known.user_id != user.pk:
            raise IdentityTaken
        return known or _link(user, profile)


def read(token: str) -> ExternalProfile:
    """Return the verified profile of an external token. Raises ExternalTokenRefused or IssuerUnavailable."""
    issuer = issuers.by_issuer(tokens.claimed_issuer(token))
    if issuer is None:
        raise ExternalTokenRefused("No sign-in provider is configured for this token.")
    return issuers.verify(issuer, token)


class IdentityWriter(writes.Writer[UserIdentity]):
    """Refuses to create identities by hand, and to delete the user's only way to sign in (LastWayIn)."""

    def prepare(self, row: UserIdentity | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            raise NotAllowed("An external account can be linked only by signing in with it.")
        return values

    def delete(self, row: UserIdentity, *, actor: Actor = None) -> None:
        if actor is not None and not is_platform(actor) and actor.pk != row.user_id:
            raise NotAllowed
        with platform_context(user_id=row.user_id):
            user = User.all_objects.select_for_update().get(pk=row.user_id)
            others = UserIdentity.objects.filter(user=user).exclude(pk=row.pk)
            if not user.password and not others.exists():
                raise LastWayIn
            super().delete(row, actor=actor)


def _linked_user(profile: ExternalProfile) -> User | None:
    identity = (
        UserIdentity.objects.select_related("user")
        .filter(provider=profile.provider, provider_user_id=profile.subject)
        .first()
    )
    if identity is None:
        return None
    if not identity.user.is_active or identity.user.deleted_at is not None:
        raise ExternalTokenRefused("The LAD account linked to this sign-in was closed.")
    user: User = identity.user
    return user


def _user_with_verified_address(profile: ExternalProfile) -> User | None:
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
    users.emit_user_event(user, "tenants.user.identity_linked", provider=profile.provider)
    return identity


writes.register(UserIdentity, IdentityWriter)
