"""Add accounts by hand."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from lad import writes
from lad.db.identifiers import uuid7
from lad.errors import Conflict
from lad.mail.services import queue
from lad.tenancy.context import platform_context
from lad.types import Actor, Values
from tenants.accounts.mails import ACCOUNT_INVITATION
from tenants.accounts.models import User
from tenants.accounts.services import passwords, users


class HasPassword(Conflict):
    """This person has chosen a password already: send a password reset instead."""

    code = "has_password"


@transaction.atomic
def add(*, values: Values, password: str = "", invite: bool = False, actor: Actor = None) -> User:
    """Create an account, with a password or with a mail by which the person chooses one.

    Raises Invalid or what writing an account raises.
    """
    if password:
        passwords.validate(password, user=User(**values), field="new_password")
    user = writes.create(User, values, actor=actor)
    if password:
        user.password = make_password(password)
        with platform_context():
            user.save(update_fields=["password"])
    elif invite:
        send_invitation(user=user)
    return user


def send_invitation(*, user: User) -> None:
    """Mail a link with which a person without a password chooses one. Raises HasPassword."""
    with platform_context(user_id=user.pk):
        if User.objects.filter(pk=user.pk, password__isnull=False).exists():
            raise HasPassword
        queue(
            kind=ACCOUNT_INVITATION,
            tenant_id=users.home_tenant(user),
            to=user.email,
            subject_id=user.pk,
            key=f"{ACCOUNT_INVITATION.key}.{uuid7()}",
        )
