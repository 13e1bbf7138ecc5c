"""The mail that tells people that a directory refuses an account of theirs."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import queue
from lad.tenancy.context import platform_context
from leads.companies.accounts.models import AccountStatus, DirectoryAccount
from tenants.access.roles import Role
from tenants.teams.models import Membership

TEMPLATE: Final = "leads/companies/accounts/mail/directory-refused"
REFUSED: Final = (AccountStatus.KEY_REFUSED, AccountStatus.PLAN_REFUSED)


def queue_notice(account: DirectoryAccount) -> None:
    """Queue a mail to the owners of the account's tenant: the directory refuses it. The platform's own has none."""
    if account.tenant_id is None:
        return
    with platform_context(tenant_id=account.tenant_id):
        owners = Membership.objects.filter(user__is_active=True, role=Role.OWNER)
        addresses = list(owners.order_by("created_at").values_list("user__email", flat=True))
    stamp = f"{timezone.now():%Y%m%d%H%M%S}"
    for number, address in enumerate(addresses):
        key = f"directory.{account.pk}.{account.status}.{stamp}.{number}"
        queue(kind=DIRECTORY_REFUSED, tenant_id=account.tenant_id, to=address, subject_id=account.pk, key=key)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    account = DirectoryAccount.objects.filter(pk=delivery.subject_id).first()
    if account is None or not account.is_active:
        raise Obsolete("The account was deleted or deactivated.")
    if account.status not in REFUSED:
        raise Obsolete("The account was changed or works again.")
    context = {
        "name": account.name,
        "reason": account.status_reason,
        "link": link(f"/settings/directories/{account.pk}", page=f"leads/directoryaccount/{account.pk}/change/"),
    }
    return Content(f"The directory refuses “{account.name}”", TEMPLATE, context)


DIRECTORY_REFUSED: Final = mail_kinds.register(MailKind("directory_refused", "Directory account refused", _build))
