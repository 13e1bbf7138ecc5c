"""The mail that tells people that a mailbox of theirs sends no longer."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import queue
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.teams.models import Membership

TEMPLATE: Final = "campaigns/accounts/mail/account-stopped"
STOPPED: Final = (
    EmailAccountStatus.SIGN_IN_FAILED,
    EmailAccountStatus.REVOKED,
    EmailAccountStatus.PAUSED,
    EmailAccountStatus.HALTED,
)


def queue_notice(account: EmailAccount, status: EmailAccountStatus) -> None:
    """Queue a mail to the account's member, or to the tenant's owners: the account has stopped."""
    with platform_context(tenant_id=account.tenant_id):
        addresses = _addresses(account)
    stamp = f"{timezone.now():%Y%m%d%H%M%S}"
    for number, address in enumerate(addresses):
        key = f"account.{account.pk}.{status}.{stamp}.{number}"
        queue(kind=ACCOUNT_STOPPED, tenant_id=account.tenant_id, to=address, subject_id=account.pk, key=key)


def _addresses(account: EmailAccount) -> list[str]:
    active = Membership.objects.filter(user__is_active=True)
    rows = active.filter(user=account.user_id) if account.user_id else active.none()
    own = list(rows.values_list("user__email", flat=True))
    owners = active.filter(role=Role.OWNER).order_by("created_at").values_list("user__email", flat=True)
    return own or list(owners)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    account = EmailAccount.objects.filter(pk=delivery.subject_id).first()
    if account is None or not account.is_active:
        raise Obsolete("The account was deleted or deactivated.")
    if account.status not in STOPPED:
        raise Obsolete("The account sends again.")
    context = {
        "email": account.email,
        "reason": account.status_reason,
        "link": link(f"/settings/sending-accounts/{account.pk}", page=f"campaigns/emailaccount/{account.pk}/change/"),
    }
    return Content(f"{account.email} sends no longer", TEMPLATE, context)


ACCOUNT_STOPPED: Final = mail_kinds.register(MailKind("account_stopped", "Mailbox stopped", _build))
