"""Choose the mailbox that writes to each lead: always the same one, else the one with the most room."""

import heapq
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.channels.email.sending.limits import allowed_on, day_of
from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from campaigns.messages.models import Message, MessageState
from leads.contactability.models import ContactDirection

# Beyond this number of waiting messages accounts count as equally full.
MOST_WAITING: Final = 5_000


def choose_accounts(
    campaign: Campaign, enrolment_ids: Sequence[UUID], *, now: datetime | None = None
) -> dict[UUID, UUID]:
    """Return the account for each enrolment; nothing for those that must wait for an account.

    An enrolment keeps the account that wrote to it first, as long as it is active. If that one does not work at the
    moment, the enrolment waits. The others are spread over the campaign's accounts by what each may still send in a
    day. Runs in three statements, and one for each account.
    """
    now = now or timezone.now()
    accounts = {account.pk: account for account in active_accounts(campaign)}
    usable = {key for key, account in accounts.items() if account.status in USABLE}
    earlier = _earlier(enrolment_ids)
    chosen = {key: account for key, account in earlier.items() if account in usable}
    new = [key for key in enrolment_ids if earlier.get(key) not in accounts]
    if not usable or not new:
        return chosen
    day = day_of(now, campaign.tenant.timezone)
    limits = {key: allowed_on(accounts[key], day) for key in usable}
    waiting = {key: _waiting(key) for key in usable}
    rooms = [(waiting[key] / limits[key], waiting[key], key) for key in sorted(usable) if limits[key] > 0]
    heapq.heapify(rooms)
    for enrolment_id in new if rooms else ():
        _share, number, key = rooms[0]
        chosen[enrolment_id] = key
        heapq.heapreplace(rooms, ((number + 1) / limits[key], number + 1, key))
    return chosen


def active_accounts(campaign: Campaign) -> QuerySet[EmailAccount]:
    """Return the accounts that the campaign sends from: those that it names, or every active one."""
    named = schedule_of(campaign).email_accounts
    active = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).exclude(smtp_host="")
    return active.filter(pk__in=named) if named else active


def _earlier(enrolment_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the account of the newest message to each enrolment."""
    sent = Message.objects.filter(
        campaign_lead__in=enrolment_ids, direction=ContactDirection.OUTBOUND, email_account__isnull=False
    ).exclude(state=MessageState.CANCELLED)
    return dict(sent.order_by("created_at").values_list("campaign_lead", "email_account"))


def _waiting(account_id: UUID) -> int:
    queued = Message.objects.filter(email_account=account_id, state=MessageState.QUEUED).order_by()
    return queued.values("pk")[:MOST_WAITING].count()
