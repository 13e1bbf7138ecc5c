"""Telling people in time that a wallet runs low."""

from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from billing.models import Wallet, WalletStatus
from billing.models.amounts import plain
from tenants.mail import messages, outgoing
from tenants.models import MailDelivery, MailKind, Membership, Role, User
from tenants.outbox import Batch, Event

# Those who can do something about it.
TOLD: Final = (Role.OWNER, Role.ADMIN)
TEMPLATE: Final = "billing/mail/low-balance"


def queue_low_balance(batch: Batch) -> None:
    """One mail per event to each of the tenant's owners and admins, and to whose own wallet it is."""
    wallets = Wallet.objects.select_related("user").in_bulk(batch.aggregate_ids)
    members = Membership.objects.filter(tenant__in=batch.tenant_ids, role__in=TOLD, user__is_active=True)
    told: dict[UUID, dict[UUID, User]] = defaultdict(dict)
    for member in members.select_related("user"):
        told[member.tenant_id][member.user_id] = member.user
    for event in batch:
        wallet = wallets.get(event.aggregate_id) if event.aggregate_id else None
        if wallet is not None:
            own = {wallet.user.pk: wallet.user} if wallet.user else {}
            for person in (told[event.tenant_id] | own).values():
                _queue(event, wallet, person)


def register() -> None:
    """Tell the mail machinery how these mails are made; called once when the app is ready."""
    messages.register(MailKind.LOW_BALANCE, _build)


def _queue(event: Event, wallet: Wallet, person: User) -> None:
    outgoing.queue(
        kind=MailKind.LOW_BALANCE,
        tenant_id=event.tenant_id,
        to=person.email,
        subject_id=wallet.pk,
        key=f"{MailKind.LOW_BALANCE}.{event.id}.{person.pk}",
    )


def _build(delivery: MailDelivery, now: datetime) -> messages.Content:
    wallet = Wallet.objects.select_related("tenant", "user").filter(pk=delivery.subject_id).first()
    if wallet is None or wallet.status == WalletStatus.CLOSED:
        raise messages.Obsolete("The wallet is gone or closed.")
    threshold = wallet.low_balance_threshold
    if threshold is None or wallet.available_balance >= threshold:
        raise messages.Obsolete("The wallet holds enough again.")
    left = f"{plain(wallet.available_balance)} {wallet.currency}"
    context = {
        "wallet": wallet,
        "holder": wallet.user.full_name if wallet.user else wallet.tenant.name,
        "left": left,
        "threshold": f"{plain(threshold)} {wallet.currency}",
        "link": f"{settings.APP_URL.rstrip('/')}/settings?tab=credits",
    }
    return messages.Content(f"{context['holder']} has {left} left on LAD", TEMPLATE, context)
