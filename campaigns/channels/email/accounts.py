"""Choose the account that writes to each enrolled lead: always the same one, and the freest for a new lead."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.pacing import limits_of
from campaigns.accounts.services import USABLE
from campaigns.channels.sharing import Load, share_out, waiting
from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from campaigns.messages.models import Message, MessageState
from leads.channels import Channel
from leads.contactability.models import ContactDirection

# More waiting messages are not counted: such an account is full for days anyway.
MAX_WAITING_COUNTED: Final = 2_000


def choose_accounts(
    campaign: Campaign, enrolment_ids: Sequence[UUID], *, now: datetime | None = None
) -> dict[UUID, UUID]:
    """Return the key of the account for each enrolment of the campaign, as ``choose_senders`` does."""
    return {key: account.pk for key, account in choose_senders(campaign, enrolment_ids, now=now).items()}


def choose_senders(
    campaign: Campaign, enrolment_ids: Sequence[UUID], *, now: datetime | None = None
) -> dict[UUID, EmailAccount]:
    """Return the account for each enrolment of the campaign, in four statements for any number of them.

    An enrolment keeps the account that wrote to it before, as long as that one is active. Others go to the accounts
    of the campaign by their share of free places. Enrolments are left out if no account can send.
    """
    wanted = schedule_of(campaign).email_accounts
    accounts = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).exclude(smtp_host="")
    active = {row.pk: row for row in accounts}
    kept = _accounts_before(campaign, enrolment_ids, active)
    fresh = [each for each in enrolment_ids if each not in kept]
    usable = [row for row in active.values() if row.status in USABLE and (not wanted or row.pk in wanted)]
    spread = _spread(campaign, fresh, usable, now or timezone.now()) if fresh and usable else {}
    return {enrolment: active[account] for enrolment, account in (kept | spread).items()}


def _accounts_before(
    campaign: Campaign, enrolment_ids: Sequence[UUID], active: dict[UUID, EmailAccount]
) -> dict[UUID, UUID]:
    earlier = Message.objects.filter(
        tenant=campaign.tenant_id,
        campaign_lead__in=enrolment_ids,
        channel=Channel.EMAIL,
        direction=ContactDirection.OUTBOUND,
        email_account__in=list(active),
    )
    earlier = earlier.exclude(state__in=(MessageState.CANCELLED, MessageState.DRAFT)).order_by("created_at")
    return dict(earlier.values_list("campaign_lead_id", "email_account_id"))


def _spread(
    campaign: Campaign, enrolment_ids: Sequence[UUID], accounts: Sequence[EmailAccount], now: datetime
) -> dict[UUID, UUID]:
    """Give each enrolment to the account with the smallest share of its day used up or waited for."""
    zone = campaign.tenant.timezone
    counted = waiting(campaign.tenant_id, "email_account", [row.pk for row in accounts], limit=MAX_WAITING_COUNTED)
    limits = {row.pk: limits_of(row, zone=zone, now=now) for row in accounts}
    return share_out(enrolment_ids, (Load(key, each.used + counted[key], each.allowed) for key, each in limits.items()))
