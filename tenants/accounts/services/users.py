"""Create, change and close accounts, and emit events about their users."""

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.types import Actor, Values
from tenants.access.roles import Role
from tenants.access.services import require_superuser
from tenants.accounts.models import User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership

# What an account may do in the admin.
STAFF_FIELDS: Final = frozenset({"is_staff", "is_superuser", "platform_role"})


class EmailTaken(Conflict):
    """An account with this e-mail address exists: sign in, or reset its password."""

    code = "email_taken"


class OwnsTenants(Conflict):
    """This user owns a tenant: transfer its ownership first."""

    code = "owns_tenants"


def create_user(*, email: str, password: str | None = None, **fields: Any) -> User:
    """Create an account in the caller's platform scope. Raises Invalid or EmailTaken."""
    user = User(email=email, password=make_password(password) if password is not None else None, **fields)
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - {"first_name", "last_name"})
    except ValidationError as error:
        raise writes.invalid(error) from error
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTaken from error
    return user


def deactivate(*, user: User, actor: Actor = None) -> User:
    """Block an account from signing in and end its sessions. Idempotent."""
    return writes.update(user, {"is_active": False}, actor=actor)


def home_tenant(user: User) -> UUID | None:
    """Return the tenant that gets the events about a user: the primary one, or that of the oldest membership."""
    memberships = Membership.objects.filter(user=user.pk).order_by("created_at", "id")
    tenants = list(memberships.values_list("tenant_id", flat=True))
    return user.primary_tenant_id if user.primary_tenant_id in tenants else next(iter(tenants), None)


def emit_user_event(user: User, event_type: str, **payload: object) -> bool:
    """Emit an event about the user in their home tenant. Return False if they have none. Needs a platform scope."""
    tenant_id = home_tenant(user)
    if tenant_id is None:
        return False
    with platform_context(tenant_id=tenant_id, user_id=user.pk):
        emit(event_type, aggregate=user, payload=payload, actor=user)
    return True


class UserWriter(writes.Writer[User]):
    """Writes accounts. Ends the sessions of closed ones; raises OwnsTenants rather than delete a tenant's owner.

    Only superusers make somebody LAD's staff, or change the accounts of LAD's staff.
    """

    def prepare(self, row: User | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            _require_over(row, actor)
        changed = writes.differing(row if row is not None else User(), values)
        if STAFF_FIELDS.intersection(changed):
            require_superuser(actor)
        return values

    def after_save(self, change: writes.Change[User]) -> None:
        if not change.created and not change.row.is_active:
            _end_sessions(change.row)

    def before_delete(self, row: User, *, actor: Actor) -> None:
        _require_over(row, actor)
        with platform_context():
            owned = Membership.objects.filter(user=row.pk, role=Role.OWNER).select_related("tenant")
            names = [membership.tenant.name for membership in owned]
        if names:
            raise OwnsTenants(f"{row.email} owns {', '.join(names)}: transfer the ownership first.")

    def after_delete(self, row: User, *, actor: Actor) -> None:
        _end_sessions(row)


def _require_over(user: User, actor: Actor) -> None:
    if user.is_superuser or user.platform_role_id is not None:
        require_superuser(actor)


def _end_sessions(user: User) -> None:
    sessions.sign_out(user=user, everywhere=True, now=timezone.now())


writes.register(User, UserWriter)
