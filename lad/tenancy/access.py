"""The caller of a request: resolved once, then asked what they may do."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch
from django.urls import resolve as resolve_url
from django.utils.module_loading import import_string

from lad.errors import DomainError
from lad.tenancy.context import platform_context, tenant_context
from lad.types import Actor


@dataclass(frozen=True, slots=True)
class Access:
    """A caller: the user, the tenant they work in, and their rights there.

    ``rights`` are names such as ``team.manage``. ``error`` says why a credential was refused; views that need
    a signed-in user raise it. ``platform`` marks staff who see every tenant: superusers may do everything there,
    ``limited`` ones what their rights say. A ``detached`` request is about
    the user instead of a tenant (signing in, their own profile): its services open their own scopes, so that
    a refused attempt is still recorded. ``zone`` is the time zone of the admin's pages, or empty:
    the API speaks UTC.
    """

    # A row of AUTH_USER_MODEL, which belongs to a layer above; None for a stranger.
    user: Any = None
    tenant_id: UUID | None = None
    role: str = ""
    rights: frozenset[str] = frozenset()
    platform: bool = False
    limited: bool = False
    detached: bool = False
    error: DomainError | None = None
    zone: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def signed_in(self) -> bool:
        """Return whether the caller is a known user."""
        return self.user is not None and self.error is None

    def allows(self, right: str) -> bool:
        """Return whether the caller has the right."""
        return self.signed_in and (self.unlimited or right in self.rights)

    @property
    def unlimited(self) -> bool:
        """Return whether the caller is a superuser of LAD's, whom no right limits."""
        return self.platform and not self.limited

    @property
    def scoped(self) -> bool:
        """Return whether the caller's request runs in a scope."""
        return self.signed_in and not self.detached and (self.platform or self.tenant_id is not None)

    @property
    def time_zone(self) -> str:
        """Return the zone of days, and of times without an offset: the page's, else the tenant's, else none."""
        return self.zone or getattr(self.details.get("tenant"), "timezone", "")

    def scope(self) -> AbstractContextManager[None]:
        """Return the scope for the caller's request. It is empty for callers without one."""
        if self.user is None or not self.scoped:
            return nullcontext()
        if self.tenant_id is None or self.platform:
            return platform_context(tenant_id=self.tenant_id, user_id=self.user.pk)
        return tenant_context(self.tenant_id, user_id=self.user.pk)


STRANGER = Access()


def actor_of(request: HttpRequest) -> Actor:
    """Return the request's signed-in user, or None."""
    return request.user if isinstance(request.user, AbstractBaseUser) else None


class AccessRequest(HttpRequest):
    """A request whose caller the tenancy middleware has resolved."""

    access: Access


@lru_cache(maxsize=1)
def _resolver() -> Callable[[HttpRequest], Access]:
    return import_string(settings.ACCESS_RESOLVER)


def resolve(request: HttpRequest) -> Access:
    """Return the request's access, found by the resolver that the settings name."""
    return _resolver()(request)


def access_in_tenant(user_id: UUID, tenant_id: UUID) -> Access:
    """Return what a user may do in a tenant now. For work that goes on after their request."""
    resolver: Callable[[UUID, UUID], Access] = import_string(settings.TENANT_ACCESS_RESOLVER)
    return resolver(user_id, tenant_id)


def access_of(request: HttpRequest) -> Access:
    """Return the request's caller, or STRANGER if no middleware resolved one."""
    return getattr(request, "access", STRANGER)


def recently_confirmed(access: Access, now: datetime) -> bool:
    """Return whether the caller has entered their password or code within STEP_UP_LIFETIME."""
    confirmed_at: datetime | None = access.details.get("confirmed_at")
    return confirmed_at is not None and now - confirmed_at < settings.STEP_UP_LIFETIME


def needs_tenant(request: HttpRequest) -> bool:
    """Return whether the view works in a tenant; a view about the person says ``needs_tenant = False``."""
    return bool(getattr(_view(_match(request)), "needs_tenant", True))


def is_self_scoped(request: HttpRequest) -> bool:
    """Return whether the view names the called action, or the HTTP method, in ``self_scoped_actions``."""
    match = _match(request)
    method = (request.method or "").lower()
    actions: dict[str, str] = getattr(match.func, "actions", None) or {} if match else {}
    return actions.get(method, method) in getattr(_view(match), "self_scoped_actions", ())


def _match(request: HttpRequest) -> ResolverMatch | None:
    """Return the resolved URL. Django resolves it before it calls ``process_view``, so this costs nothing there."""
    if request.resolver_match is not None:
        return request.resolver_match
    try:
        return resolve_url(request.path_info)
    except Resolver404:
        return None


def _view(match: ResolverMatch | None) -> object:
    """Return the view class, or the function of a view without one."""
    return getattr(match.func, "cls", match.func) if match is not None else None
