"""What is true of people wherever they come from: a valid address, one live account each, events in their tenant."""

from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Membership


class EmailTaken(Conflict):
    """An account with this e-mail address exists: sign in, or reset its password."""

    code = "email_taken"


def create_user(*, email: str, password: str | None = None, **fields: Any) -> User:
    """A new account; runs inside the caller's platform scope. Raises EmailTaken."""
    user = User(email=email, password=make_password(password) if password is not None else None, **fields)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTaken from error
    return user


def home_tenant(user: User) -> UUID | None:
    """The tenant that hears of what happens to the person: the primary one, else the oldest membership's."""
    memberships = Membership.objects.filter(user=user.pk).order_by("created_at", "id")
    tenants = list(memberships.values_list("tenant_id", flat=True))
    return user.primary_tenant_id if user.primary_tenant_id in tenants else next(iter(tenants), None)


def emit_about(user: User, event_type: str, **payload: Any) -> bool:
    """Emit an event about the person in their home tenant; False when they have none. Needs a platform scope."""
    tenant_id = home_tenant(user)
    if tenant_id is None:
        return False
    with platform_context(tenant_id=tenant_id, user_id=user.pk):
        emit(event_type, aggregate=user, payload=payload, actor=user)
    return True
