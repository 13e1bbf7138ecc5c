"""Choose the account on a network that acts for each enrolled lead: always the same one, the freest for a new lead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.limits import allowances, used
from campaigns.accounts.models import (
    AccountStatus,
    AssignmentStatus,
    CampaignAccount,
    ChannelAccount,
    LinkedinAccount,
    NetworkAccount,
)
from campaigns.channels.sharing import Load, share_out, waiting
from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLead
from campaigns.messages.models import Action, Message, MessageState
from campaigns.network_contacts.models import NetworkContact, Relation
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from tenants.teams.models import Tenant

# More waiting actions are not counted: such an account is full for days anyway.
MAX_WAITING_COUNTED: Final = 500
# An account without a limit for the action still shares the work.
USUAL_DAY: Final = 100
# Whoever knows the lead best writes to it.
CLOSENESS: Final = {Relation.CONNECTED: 2, Relation.INVITED: 1}


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by the column of messages that names it, and its id."""

    column: str
    account_id: UUID


def choose(
    campaign: Campaign,
    channel: Channel,
    enrolment_ids: Sequence[UUID],
    *,
    action: Action = Action.MESSAGE,
    now: datetime | None = None,
) -> dict[UUID, AccountRef]:
    """Return the account for each enrolment of the campaign, in a few statements for any number of them.

    The account that acted for an enrolment before keeps it, then the one that is connected with the lead. Others go to
    the freest account. Enrolments are left out if no account can act.
    """
    accounts = {row.pk: row for row in usable_accounts(campaign, channel)}
    if not accounts or not enrolment_ids:
        return {}
    column = next(iter(accounts.values())).message_column
    kept = _acted_before(enrolment_ids, column, accounts)
    kept = _knows_the_lead([each for each in enrolment_ids if each not in kept], column, accounts) | kept
    fresh = [each for each in enrolment_ids if each not in kept]
    moment = now or timezone.now()
    chosen = {**kept, **(_spread(campaign, fresh, list(accounts.values()), action, moment) if fresh else {})}
    return {key: AccountRef(column, account_id) for key, account_id in chosen.items()}


def usable_accounts(campaign: Campaign, channel: Channel) -> list[LinkedinAccount] | list[ChannelAccount]:
    """Return the accounts that the campaign can act through on a channel.

    On LinkedIn these are the campaign's own, or all of the tenant if it has none.
    """
    if channel != Channel.LINKEDIN:
        found = ChannelAccount.objects.filter(
            tenant=campaign.tenant_id, channel=channel, is_active=True, status=AccountStatus.ACTIVE
        )
        return list(found.order_by("pk"))
    linkedin = LinkedinAccount.objects.filter(
        tenant=campaign.tenant_id, is_active=True, status=AccountStatus.ACTIVE
    ).order_by("pk")
    assigned = CampaignAccount.objects.filter(campaign=campaign.pk)
    if assigned.exists():
        active = assigned.filter(status=AssignmentStatus.ACTIVE)
        linkedin = linkedin.filter(pk__in=active.values("linkedin_account"))
    return list(linkedin)


def _acted_before(enrolment_ids: Sequence[UUID], column: str, accounts: Iterable[UUID]) -> dict[UUID, UUID]:
    earlier = Message.objects.filter(
        campaign_lead__in=enrolment_ids, direction=ContactDirection.OUTBOUND, **{f"{column}__in": list(accounts)}
    )
    earlier = earlier.exclude(state__in=(MessageState.CANCELLED, MessageState.DRAFT)).order_by("created_at")
    return dict(earlier.values_list("campaign_lead_id", f"{column}_id"))


def _knows_the_lead(enrolment_ids: Sequence[UUID], column: str, accounts: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the account that is connected with each lead, or has invited it, or was written to by it."""
    if not enrolment_ids:
        return {}
    leads = dict(CampaignLead.objects.filter(pk__in=enrolment_ids).values_list("pk", "lead"))
    contacts = NetworkContact.objects.filter(lead__in=set(leads.values()), **{f"{column}__in": list(accounts)})
    closest: dict[UUID, tuple[int, UUID]] = {}
    for lead, account, relation, heard in contacts.order_by("pk").values_list(
        "lead", f"{column}_id", "relation", "last_inbound_at"
    ):
        closeness = 3 if heard else CLOSENESS.get(relation, 0)
        if closeness and closeness > closest.get(lead, (0, account))[0]:
            closest[lead] = (closeness, account)
    return {key: closest[lead][1] for key, lead in leads.items() if lead in closest}


def _spread(
    campaign: Campaign, enrolment_ids: Sequence[UUID], accounts: Sequence[NetworkAccount], action: Action, now: datetime
) -> dict[UUID, UUID]:
    """Give each enrolment to the account with the smallest share of its day used up or waited for."""
    zone = Tenant.objects.values_list("timezone", flat=True).get(pk=campaign.tenant_id)
    counted = waiting(
        campaign.tenant_id, accounts[0].message_column, [row.pk for row in accounts], limit=MAX_WAITING_COUNTED
    )
    loads = []
    for row in accounts:
        allowance = allowances(row, zone=zone, now=now).get(action)
        most = USUAL_DAY if allowance is None or allowance.day is None else allowance.day
        done = used(row, zone=zone, now=now).get(action)
        loads.append(Load(row.pk, (done.today if done else 0) + counted[row.pk], most))
    return share_out(enrolment_ids, loads)
