"""The mail that tells people that an account of theirs on a network does nothing any more."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import new_deliveries, queue_all
from lad.outbox.consumers import Batch, Event
from tenants.teams.services.recipients import addresses_of

TEMPLATE: Final = "campaigns/accounts/mail/network-account-stopped"
MODELS: Final[tuple[type[NetworkAccount], ...]] = (LinkedinAccount, ChannelAccount)
# In these an account works, or goes on by itself.
QUIET: Final = (AccountStatus.ACTIVE, AccountStatus.PENDING)


def queue_notices(batch: Batch) -> None:
    """Queue a mail to the account's member and the tenant's managers for each account that has stopped: one each."""
    accounts = {row.pk: row for model in MODELS for row in _rows(model, batch)}
    stopped = (event for event in batch if event.aggregate_id in accounts and _has_stopped(event))
    queue_all(mail for event in stopped for mail in _mails(event, accounts))


def _has_stopped(event: Event) -> bool:
    """Return whether the account worked until this event."""
    if event.type.endswith(".stopped"):
        return True
    return event.payload["was"] == AccountStatus.ACTIVE and event.payload["status"] not in QUIET


def _mails(event: Event, accounts: dict[UUID, NetworkAccount]) -> Iterator[MailDelivery]:
    account = accounts[UUID(str(event.aggregate_id))]
    assert isinstance(account, LinkedinAccount | ChannelAccount)  # there are two kinds
    to = addresses_of(tenant_id=account.tenant_id, user_id=account.user_id)
    yield from new_deliveries(event, NETWORK_ACCOUNT_STOPPED, to=to, subject_id=account.pk)


def _rows(model: type[NetworkAccount], batch: Batch) -> list[NetworkAccount]:
    rows = model.objects.filter(pk__in=batch.aggregate_ids, tenant__in=batch.tenant_ids)
    return list(rows)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    account = next((row for model in MODELS if (row := _found(model, delivery)) is not None), None)
    if account is None:
        raise Obsolete("The account was deleted.")
    if account.status == AccountStatus.ACTIVE and account.is_active:
        raise Obsolete("The account works again.")
    kind = account._meta.verbose_name
    page = f"campaigns/{account._meta.model_name}/{account.pk}/change/"
    context = {
        "name": str(account),
        "kind": kind,
        "reason": account.status_reason,
        "link": link(f"/settings/sending-accounts/{account.pk}", page=page),
    }
    return Content(f"{account} has stopped", TEMPLATE, context)


def _found(model: type[NetworkAccount], delivery: MailDelivery) -> NetworkAccount | None:
    row: NetworkAccount | None = model.objects.filter(pk=delivery.subject_id).first()
    return row


NETWORK_ACCOUNT_STOPPED: Final = mail_kinds.register(
    MailKind("network_account_stopped", "Account on a network stopped", _build)
)
