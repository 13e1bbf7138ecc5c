"""Mails that confirm an address and that reset a password."""

from datetime import datetime
from typing import Final

from django.conf import settings

from lad.mail.messages import Content, Obsolete, link, register
from lad.mail.models import MailDelivery, MailKind
from lad.mail.services import new_delivery, queue_all
from lad.outbox.consumers import Batch
from tenants.accounts import tokens
from tenants.accounts.models import User


def _email_verification(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    if user.email_verified:
        raise Obsolete("The address is confirmed already.")
    context = {
        "user": user,
        "link": link("/verify-email", tokens.email_verification_token(user)),
        "days": tokens.EMAIL_VERIFICATION_LIFETIME.days,
    }
    return Content("Confirm your e-mail address", "tenants/mail/email-verification", context)


def _password_reset(delivery: MailDelivery, now: datetime) -> Content:
    user = _user(delivery)
    context = {
        "user": user,
        "link": link("/reset-password", tokens.password_reset_token(user)),
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    return Content("Choose a new password", "tenants/mail/password-reset", context)


def _user(delivery: MailDelivery) -> User:
    user: User | None = User.objects.filter(pk=delivery.subject_id, is_active=True).first()
    if user is None:
        raise Obsolete("The account is gone or inactive.")
    if user.email != delivery.to_address:
        raise Obsolete("The account has another address now.")
    return user


_ACCOUNT_KINDS: Final = {
    "tenants.user.signed_up": MailKind.EMAIL_VERIFICATION,
    "tenants.user.verification_requested": MailKind.EMAIL_VERIFICATION,
    "tenants.user.password_reset_requested": MailKind.PASSWORD_RESET,
}


def queue_account_mails(batch: Batch) -> None:
    """One mail per event, to the address the person has now."""
    people = User.objects.in_bulk(batch.aggregate_ids)
    asked = [(event, people.get(event.aggregate_id)) for event in batch]
    queue_all(
        new_delivery(event, _ACCOUNT_KINDS[event.type], to=user.email, subject_id=user.pk)
        for event, user in asked
        if user
    )


register(MailKind.EMAIL_VERIFICATION, _email_verification)
register(MailKind.PASSWORD_RESET, _password_reset)
