"""Mails about a low balance and about a declined automatic top-up."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from billing.invoicing.models import profile_of
from billing.ledger.models import Wallet, WalletStatus
from billing.payments.models import AutoTopup, Payment
from lad import names
from lad.languages import Localisation, localisation
from lad.mail import services
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.outbox.consumers import Batch, Event
from lad.outbox.models import DomainEvent
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership

# Roles that can top up a wallet.
RECIPIENT_ROLES: Final = (Role.OWNER, Role.ADMIN)
LOW_BALANCE_TEMPLATE: Final = "billing/payments/mail/low-balance"
TOPUP_DECLINED_TEMPLATE: Final = "billing/payments/mail/topup-declined"
DECLINED: Final = "billing.auto_topup.declined"


def queue_low_balance(batch: Batch) -> None:
    """Queue one mail per event for each owner and admin of the tenant and for the wallet's owner."""
    wallets = Wallet.objects.select_related("user").in_bulk(batch.aggregate_ids)
    members = Membership.objects.filter(tenant__in=batch.tenant_ids, role__in=RECIPIENT_ROLES, user__is_active=True)
    recipients: dict[UUID, dict[UUID, User]] = defaultdict(dict)
    for member in members.select_related("user"):
        recipients[member.tenant_id][member.user_id] = member.user
    for event in batch:
        wallet = wallets.get(event.aggregate_id) if event.aggregate_id else None
        if wallet is not None:
            own = {wallet.user.pk: wallet.user} if wallet.user else {}
            for user in (recipients[event.tenant_id] | own).values():
                _queue(event, wallet, user)


def queue_declined(batch: Batch) -> None:
    """Queue one mail per streak of declines to the invoice address, or else to each of the tenant's owners.

    A streak starts with the first decline after the last successful card payment. Further declines send nothing.
    """
    rules = AutoTopup.objects.in_bulk(batch.aggregate_ids)
    for event in batch:
        rule = rules.get(event.aggregate_id) if event.aggregate_id else None
        if rule is not None:
            streak = f"{TOPUP_DECLINED.key}.{rule.pk}.{_last_paid(rule, event.created_at) or 'first'}"
            for number, address in enumerate(_billing_addresses(event.tenant_id)):
                services.queue(
                    kind=TOPUP_DECLINED,
                    tenant_id=event.tenant_id,
                    to=address,
                    subject_id=rule.pk,
                    key=f"{streak}.{number}",
                )


def _queue(event: Event, wallet: Wallet, user: User) -> None:
    services.queue(
        kind=LOW_BALANCE,
        tenant_id=event.tenant_id,
        to=user.email,
        subject_id=wallet.pk,
        key=f"{LOW_BALANCE.key}.{event.id}.{user.pk}",
    )


def _low_balance(delivery: MailDelivery, now: datetime) -> Content:
    wallet = Wallet.objects.select_related("tenant", "user").filter(pk=delivery.subject_id).first()
    if wallet is None or wallet.status == WalletStatus.CLOSED:
        raise Obsolete("The wallet was deleted or closed.")
    threshold = wallet.low_balance_threshold
    if threshold is None or wallet.available_balance >= threshold:
        raise Obsolete("The balance is above the threshold again.")
    words = localisation(profile_of(wallet.tenant_id).language)
    left = _amount(words, wallet.available_balance, wallet)
    context = {
        **_language(words),
        "wallet": wallet,
        "wallet_owner": words.isolated(_wallet_owner(wallet)),
        "left": left,
        "threshold": _amount(words, threshold, wallet),
        "link": _top_up_link(wallet),
    }
    return Content(words.text("{amount} left in a wallet on LAD", amount=left), LOW_BALANCE_TEMPLATE, context)


def _topup_declined(delivery: MailDelivery, now: datetime) -> Content:
    rule = AutoTopup.objects.select_related("wallet__tenant", "wallet__user").filter(pk=delivery.subject_id).first()
    if rule is None or not rule.is_enabled or rule.wallet.status == WalletStatus.CLOSED:
        raise Obsolete("The wallet is no longer topped up automatically.")
    if rule.wallet.available_balance >= rule.threshold:
        raise Obsolete("The balance is above the threshold again.")
    declines = DomainEvent.objects.filter(tenant=rule.tenant_id, event_type=DECLINED, aggregate_id=rule.pk)
    last = declines.order_by("-created_at").first()
    words = localisation(profile_of(rule.tenant_id).language)
    context = {
        **_language(words),
        "wallet_owner": words.isolated(_wallet_owner(rule.wallet)),
        "left": _amount(words, rule.wallet.available_balance, rule.wallet),
        "reason": words.isolated(last.payload["reason"]) if last else "",
        "link": _top_up_link(rule.wallet),
    }
    return Content(words.text("An automatic top-up on LAD was declined"), TOPUP_DECLINED_TEMPLATE, context)


def _last_paid(rule: AutoTopup, before: datetime) -> UUID | None:
    """Return the id of the last successful card payment into the rule's wallet."""
    paid = Payment.objects.filter(tenant=rule.tenant_id, wallet=rule.wallet_id, paid_at__lt=before)
    found: UUID | None = paid.order_by("-paid_at").values_list("pk", flat=True).first()
    return found


def _billing_addresses(tenant_id: UUID) -> list[str]:
    address = profile_of(tenant_id).invoice_email
    if address:
        return [address]
    owners = Membership.objects.filter(tenant=tenant_id, role=Role.OWNER, user__is_active=True)
    return list(owners.order_by("created_at").values_list("user__email", flat=True))


def _language(words: Localisation) -> dict[str, str]:
    """Return what the templates need to know of the language."""
    return {"language": str(words.language.value), "direction": words.direction}


def _amount(words: Localisation, value: Decimal, wallet: Wallet) -> str:
    """Format an amount without trailing zeros, with the wallet's currency."""
    return f"{words.exact(value)} {wallet.currency}"


def _wallet_owner(wallet: Wallet) -> str:
    name, otherwise = (wallet.user.full_name, wallet.user.email) if wallet.user else (wallet.tenant.name, "A tenant")
    return names.shown(name, otherwise=otherwise)


def _top_up_link(wallet: Wallet) -> str:
    return link("/settings?tab=credits", page=f"billing/wallet/{wallet.pk}/change/")


LOW_BALANCE: Final = mail_kinds.register(MailKind("low-balance", "Low balance", _low_balance))
TOPUP_DECLINED: Final = mail_kinds.register(MailKind("topup-declined", "Automatic top-up declined", _topup_declined))
