"""The sessions of a user: open, list and end them, and tell the user of a new device."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from lad.db.identifiers import uuid7
from lad.errors import NotFound
from lad.mail.services import queue
from lad.outbox.emission import emit
from lad.tenancy.context import current_client, platform_context
from lad.types import Actor
from tenants.access.authority import authority_of, is_platform
from tenants.accounts.clients import is_known_device
from tenants.accounts.devices import device_name, provider_network
from tenants.accounts.mails import NEW_DEVICE
from tenants.accounts.models import RefreshToken, SessionKind, User, UserSession
from tenants.teams.models import Membership

# How long ended sessions are kept, which is also how long a device stays known.
RETENTION: Final = timedelta(days=90)
MAX_AGENT_LENGTH: Final = 255
# Often enough for the idle limit, and seldom enough to cost nothing.
TOUCH_INTERVAL: Final = timedelta(minutes=1)


class NoSuchSession(NotFound):
    """There is no such session, or it has ended already."""

    code = "no_such_session"


def open_session(
    *,
    user: User,
    tenant_id: UUID | None,
    kind: SessionKind,
    now: datetime,
    session_id: UUID | None = None,
    user_agent: str = "",
    confirmed: bool = True,
) -> UserSession:
    """Record a new session in the caller's platform scope. Mails its user if it is on a device they have not used.

    ``confirmed`` says that the user has just proved to be there.
    """
    client = current_client()
    agent = (user_agent or client.agent)[:MAX_AGENT_LENGTH]
    lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    session = UserSession(
        id=session_id or uuid7(),
        user=user,
        tenant_id=tenant_id,
        kind=kind,
        device=device_name(agent),
        user_agent=agent,
        address=client.address,
        last_used_at=now,
        confirmed_at=now if confirmed else None,
        expires_at=now + (lifetime if kind == SessionKind.ADMIN else settings.REFRESH_TOKEN_LIFETIME),
        created_at=now,
    )
    is_new = _is_new_device(session)
    session.save(force_insert=True)
    if is_new:
        key = f"{NEW_DEVICE.key}.{session.pk}"
        queue(kind=NEW_DEVICE, tenant_id=None, to=user.email, subject_id=session.pk, key=key)
    return session


def continue_session(
    *, user: User, tenant_id: UUID | None, session_id: UUID, now: datetime, user_agent: str = ""
) -> None:
    """Record that a session of the API is used, from where, and in which tenant. Needs a platform scope."""
    client = current_client()
    used = {"tenant": tenant_id, "last_used_at": now, "expires_at": now + settings.REFRESH_TOKEN_LIFETIME}
    if not UserSession.objects.filter(pk=session_id).update(address=client.address, **used):
        # It began before sessions were recorded.
        open_session(
            user=user,
            tenant_id=tenant_id,
            kind=SessionKind.API,
            now=now,
            session_id=session_id,
            user_agent=user_agent,
            confirmed=False,
        )


def touch(session_id: UUID, *, now: datetime) -> None:
    """Record that a session of the admin is used now."""
    with platform_context():
        UserSession.objects.filter(pk=session_id).update(last_used_at=now, address=current_client().address)


def confirm(session_id: UUID, *, second_factor: bool, now: datetime) -> None:
    """Record that the session's user has just proved to be there, by their second factor or by their password."""
    proved = {"confirmed_at": now, **({"second_factor_at": now} if second_factor else {})}
    with platform_context():
        UserSession.objects.filter(pk=session_id).update(**proved)


def move(session_id: UUID, tenant_id: UUID) -> None:
    """Record that a session of the admin works in another tenant. LAD's staff belong to none, whichever they choose."""
    with platform_context():
        UserSession.objects.filter(pk=session_id, user__is_superuser=False).update(tenant=tenant_id)


def end(
    *,
    user_id: UUID,
    now: datetime,
    session_id: UUID | None = None,
    tenant_id: UUID | None = None,
    keep: UUID | None = None,
) -> int:
    """End sessions of a user in the caller's platform scope, and return how many refresh tokens were revoked.

    All of them end unless one is named, or those of one tenant, or one to keep. Idempotent.
    """
    tokens, sessions = RefreshToken.objects.filter(user=user_id), UserSession.objects.filter(user=user_id)
    if session_id is not None:
        tokens, sessions = tokens.filter(session_id=session_id), sessions.filter(pk=session_id)
    if tenant_id is not None:
        tokens, sessions = tokens.filter(tenant=tenant_id), sessions.filter(tenant=tenant_id)
    if keep is not None:
        tokens, sessions = tokens.exclude(session_id=keep), sessions.exclude(pk=keep)
    revoked = int(tokens.filter(revoked_at__isnull=True).update(revoked_at=now))
    sessions.filter(ended_at__isnull=True).update(ended_at=now)
    return revoked


def own_sessions(user: User, *, now: datetime) -> list[UserSession]:
    """Return the user's sessions that can still be used, the last used first."""
    with platform_context(user_id=user.pk):
        return list(UserSession.objects.filter(user=user.pk).live(now).order_by("-last_used_at"))


def end_own(*, user: User, session_id: UUID, now: datetime) -> None:
    """End a session of the user. Raises NoSuchSession."""
    with platform_context(user_id=user.pk):
        if not UserSession.objects.filter(user=user.pk).live(now).filter(pk=session_id).exists():
            raise NoSuchSession
        end(user_id=user.pk, session_id=session_id, now=now)


def end_of_member(*, session_id: UUID, actor: Actor, now: datetime, tenant_id: UUID | None = None) -> UserSession:
    """End somebody's session. A tenant's staff name their tenant, and end only sessions in it.

    Emits ``tenants.user.session_ended`` if the session works in a tenant. Raises NoSuchSession, or
    AboveYourRole if the session's user ranks above the actor.
    """
    with platform_context(user_id=actor.pk if actor else None):
        live = UserSession.objects.live(now).select_related("user")
        sessions = live.filter(tenant=tenant_id) if tenant_id is not None else live
        session: UserSession | None = sessions.filter(pk=session_id).first()
        if session is None:
            raise NoSuchSession
        if session.tenant_id is not None:
            if not is_platform(actor):
                membership = Membership.objects.filter(user=session.user_id, tenant=session.tenant_id).first()
                if membership is None:
                    raise NoSuchSession
                authority_of(actor, session.tenant_id).require_over(membership)
            with platform_context(tenant_id=session.tenant_id, user_id=actor.pk if actor else None):
                emit("tenants.user.session_ended", aggregate=session.user, payload={}, actor=actor)
        end(user_id=session.user_id, session_id=session.pk, now=now)
    return session


def clean_up(*, now: datetime) -> None:
    """Delete sessions that ended or expired long ago."""
    with platform_context():
        UserSession.objects.filter(expires_at__lt=now - RETENTION).delete()
        UserSession.objects.filter(ended_at__lt=now - RETENTION).delete()


def _is_new_device(session: UserSession) -> bool:
    """Return whether the user has signed in before, but not on this device.

    A program that keeps no cookie is recognised by its name and its network. That spares the user a mail; it gives
    no attempts to guess.
    """
    if is_known_device(current_client(), session.user.email):
        return False
    known = UserSession.objects.filter(user=session.user_id).values_list("device", "address").distinct()
    used = {(device, provider_network(address)) for device, address in known}
    return bool(used) and (session.device, provider_network(session.address)) not in used
