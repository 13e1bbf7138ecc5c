"""Telling people in time that a wallet runs low, and that it could not be filled up."""

from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from billing.invoicing.models import profile_of
from billing.ledger.models import Wallet, WalletStatus
from billing.money import plain
from billing.payments.models import AutoTopup, Payment
from lad.mail import messages
from lad.mail import services as outgoing
from lad.mail.models import MailDelivery, MailKind
from lad.outbox.consumers import Batch, Event
from lad.outbox.models import DomainEvent
from tenants.accounts.models import User
from tenants.teams.models import Membership, Role

# Those who can do something about it.
TOLD: Final = (Role.OWNER, Role.ADMIN)
LOW_BALANCE: Final = "billing/mail/low-balance"
TOPUP_DECLINED: Final = "billing/mail/topup-declined"
DECLINED: Final = "billing.auto_topup.declined"


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


def queue_declined(batch: Batch) -> None:
    """One mail per streak of declines to the address for invoices, else to each of the tenant's owners.

    A streak begins with the first decline after the wallet was last paid into by card: one mail, however
    often the card is tried again and declined.
    """
    rules = AutoTopup.objects.in_bulk(batch.aggregate_ids)
    for event in batch:
        rule = rules.get(event.aggregate_id) if event.aggregate_id else None
        if rule is not None:
            streak = f"{MailKind.TOPUP_DECLINED}.{rule.pk}.{_last_paid(rule, event.created_at) or 'first'}"
            for number, address in enumerate(_billing_addresses(event.tenant_id)):
                outgoing.queue(
                    kind=MailKind.TOPUP_DECLINED,
                    tenant_id=event.tenant_id,
                    to=address,
                    subject_id=rule.pk,
                    key=f"{streak}.{number}",
                )


def _queue(event: Event, wallet: Wallet, person: User) -> None:
    outgoing.queue(
        kind=MailKind.LOW_BALANCE,
        tenant_id=event.tenant_id,
        to=person.email,
        subject_id=wallet.pk,
        key=f"{MailKind.LOW_BALANCE}.{event.id}.{person.pk}",
    )


def _low_balance(delivery: MailDelivery, now: datetime) -> messages.Content:
    wallet = Wallet.objects.select_related("tenant", "user").filter(pk=delivery.subject_id).first()
    if wallet is None or wallet.status == WalletStatus.CLOSED:
        raise messages.Obsolete("The wallet is gone or closed.")
    threshold = wallet.low_balance_threshold
    if threshold is None or wallet.available_balance >= threshold:
        raise messages.Obsolete("The wallet holds enough again.")
    left = f"{plain(wallet.available_balance)} {wallet.currency}"
    context = {
        "wallet": wallet,
        "holder": _holder(wallet),
        "left": left,
        "threshold": f"{plain(threshold)} {wallet.currency}",
        "link": _top_up_link(),
    }
    return messages.Content(f"{context['holder']} has {left} left on LAD", LOW_BALANCE, context)


def _topup_declined(delivery: MailDelivery, now: datetime) -> messages.Content:
    rule = AutoTopup.objects.select_related("wallet__tenant", "wallet__user").filter(pk=delivery.subject_id).first()
    if rule is None or not rule.is_enabled or rule.wallet.status == WalletStatus.CLOSED:
        raise messages.Obsolete("The wallet is no longer topped up automatically.")
    if rule.wallet.available_balance >= rule.threshold:
        raise messages.Obsolete("The wallet holds enough again.")
    told = DomainEvent.objects.filter(tenant=rule.tenant_id, event_type=DECLINED, aggregate_id=rule.pk)
    last = told.order_by("-created_at").first()
    context = {
        "holder": _holder(rule.wallet),
        "left": f"{plain(rule.wallet.available_balance)} {rule.wallet.currency}",
        "reason": last.payload["reason"] if last else "",
        "link": _top_up_link(),
    }
    return messages.Content(f"The automatic top-up of {context['holder']} was declined", TOPUP_DECLINED, context)


def _last_paid(rule: AutoTopup, before: datetime) -> UUID | None:
    """The last payment by card into the rule's wallet."""
    paid = Payment.objects.filter(tenant=rule.tenant_id, wallet=rule.wallet_id, paid_at__lt=before)
    found: UUID | None = paid.order_by("-paid_at").values_list("pk", flat=True).first()
    return found


def _billing_addresses(tenant_id: UUID) -> list[str]:
    address = profile_of(tenant_id).invoice_email
    if address:
        return [address]
    owners = Membership.objects.filter(tenant=tenant_id, role=Role.OWNER, user__is_active=True)
    return list(owners.order_by("created_at").values_list("user__email", flat=True))


def _holder(wallet: Wallet) -> str:
    return str(wallet.user.full_name if wallet.user else wallet.tenant.name)


def _top_up_link() -> str:
    return f"{settings.APP_URL.rstrip('/')}/settings?tab=credits"


messages.register(MailKind.LOW_BALANCE, _low_balance)
messages.register(MailKind.TOPUP_DECLINED, _topup_declined)
