"""What happens to leads, campaigns and accounts in a simulated year, done through LAD's services and recorded."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from benchmarks.simulated_world import World
from campaigns.accounts.models import EmailAccount
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageKind, MessageState
from lad import writes
from lad.tenancy.context import tenant_context
from leads.channels import Channel
from leads.contactability.models import (
    ConsentStatus,
    ContactDirection,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from leads.contactability.services import lift, record_consent, suppress
from leads.contacts.models import Lead

# Happens once, in a scope of the tenant.
Single = Callable[[World, UUID, datetime], None]
# Happens as often as the number says, and opens its scopes itself.
Happening = Callable[[World, UUID, datetime, int], None]
# People lift one of the oldest entries, and answer one of the newest messages, out of so many.
OLDEST: Final = 20
RECENT: Final = 100


def suppress_address(world: World, tenant_id: UUID, now: datetime) -> None:
    """A lead asks not to be written to."""
    lead = Lead.objects.get(pk=world.pick(tenant_id))
    suppress(lead=lead, channel=Channel.EMAIL, reason=SuppressionReason.UNSUBSCRIBED, source="simulation")
    world.note(now, "suppress", _place(tenant_id, lead.email))


def suppress_company(world: World, tenant_id: UUID, now: datetime) -> None:
    """A company asks that nobody there is written to."""
    lead = Lead.objects.get(pk=world.pick(tenant_id))
    scope, reason = SuppressionScope.DOMAIN, SuppressionReason.LEGAL
    suppress(address=lead.company_domain, channel=Channel.EMAIL, scope=scope, reason=reason, source="simulation")
    world.note(now, "suppress", _place(tenant_id, lead.company_domain))


def lift_one(world: World, tenant_id: UUID, now: datetime) -> None:
    """Somebody takes an address off the do-not-contact list again."""
    rows = list(Suppression.objects.order_by("pk")[:OLDEST])
    if rows:
        row = world.chance.choice(rows)
        address = row.address
        lift(suppression=row)
        world.note(now, "lift", _place(tenant_id, address))


def withdraw_consent(world: World, tenant_id: UUID, now: datetime) -> None:
    _say(world, tenant_id, now, ConsentStatus.WITHDRAWN, "withdraw")


def give_consent(world: World, tenant_id: UUID, now: datetime) -> None:
    _say(world, tenant_id, now, ConsentStatus.GIVEN, "consent")


def _say(world: World, tenant_id: UUID, now: datetime, status: ConsentStatus, kind: str) -> None:
    lead = Lead.objects.get(pk=world.pick(tenant_id))
    record_consent(lead=lead, channel=Channel.EMAIL, status=status, source="simulation", given_at=now)
    world.note(now, kind, lead.pk)


def stop_by_hand(world: World, tenant_id: UUID, now: datetime) -> None:
    """Somebody ends a lead's enrolments."""
    lead_id = world.pick(tenant_id)
    rows = CampaignLead.objects.filter(lead=lead_id)
    states.stop(rows, reason=EnrolmentReason.STOPPED_BY_HAND, now=now)
    _note_stops(world, [lead_id], now)


def reply(world: World, tenant_id: UUID, now: datetime, times: int) -> None:
    """Leads answer some of the newest messages, which ends all their enrolments. LAD reads the answers together."""
    with tenant_context(tenant_id):
        own = {str(campaign) for campaign in world.campaigns[tenant_id]}
        newest = [send.message_id for send in world.record.sends[-RECENT:] if send.campaign in own]
        chosen = world.chance.sample(newest, min(times, len(newest)))
        sent = Message.objects.filter(message_id__in=chosen, direction=ContactDirection.OUTBOUND).order_by("pk")
        answers = Message.objects.bulk_create(_answer(world, each, now) for each in sent)
        hooks.received(answers)
        _note_stops(world, {answer.lead_id for answer in answers}, now)


def _answer(world: World, answered: Message, now: datetime) -> Message:
    return Message(
        tenant_id=answered.tenant_id,
        lead_id=answered.lead_id,
        channel=Channel.EMAIL,
        direction=ContactDirection.INBOUND,
        kind=MessageKind.REPLY,
        state=MessageState.RECEIVED,
        campaign_id=answered.campaign_id,
        campaign_lead_id=answered.campaign_lead_id,
        email_account_id=answered.email_account_id,
        thread_id=answered.pk,
        from_address=answered.to_address,
        subject=f"Re: {answered.subject}",
        body="Thank you, but no.",
        message_id=f"<{world.chance.getrandbits(64):x}.{answered.pk}@people.example>",
        in_reply_to=answered.message_id,
        occurred_at=now,
    )


def pause_campaign(world: World, tenant_id: UUID, now: datetime) -> None:
    campaign = Campaign.objects.get(pk=world.chance.choice(world.campaigns[tenant_id]))
    if campaign.status == CampaignStatus.RUNNING:
        lifecycle.pause(campaign=campaign, actor=None)
        world.note(now, "pause", campaign.pk)


def resume_campaign(world: World, tenant_id: UUID, now: datetime) -> None:
    for campaign in Campaign.objects.filter(status=CampaignStatus.PAUSED):
        try:
            lifecycle.resume(campaign=campaign, actor=None, now=now)
        except lifecycle.NotReady:
            # Every account is switched off, so the campaign stays paused.
            continue
        world.note(now, "resume", campaign.pk)


def switch_account_off(world: World, tenant_id: UUID, now: datetime) -> None:
    account = EmailAccount.objects.get(pk=world.chance.choice(world.accounts[tenant_id]))
    if account.is_active:
        writes.update(account, {"is_active": False})
        world.note(now, "disable", account.pk)


def switch_account_on(world: World, tenant_id: UUID, now: datetime) -> None:
    account = EmailAccount.objects.filter(is_active=False).order_by("pk").first()
    if account is not None:
        writes.update(account, {"is_active": True})
        world.note(now, "enable", account.pk)


def _note_stops(world: World, leads: Collection[UUID | None], now: datetime) -> None:
    for lead_id, campaign_id in CampaignLead.objects.filter(lead__in=leads).values_list("lead", "campaign"):
        world.note(now, "stop", f"{lead_id} {campaign_id}")


def _place(tenant_id: UUID, address: str) -> str:
    """Return an address or domain as the record names it: the tenants' lists are apart."""
    return f"{tenant_id} {address}"


def one_by_one(single: Single) -> Happening:
    """Let something happen several times, each in a transaction of its own."""

    def repeated(world: World, tenant_id: UUID, now: datetime, times: int) -> None:
        for _time in range(times):
            with tenant_context(tenant_id):
                single(world, tenant_id, now)

    return repeated


# How often each happens to a tenant in a day, for each thousand leads.
PER_THOUSAND: Final[Sequence[tuple[Happening, float]]] = (
    (one_by_one(suppress_address), 0.15),
    (one_by_one(suppress_company), 0.01),
    (one_by_one(lift_one), 0.02),
    (one_by_one(withdraw_consent), 0.15),
    (one_by_one(give_consent), 0.1),
    (one_by_one(stop_by_hand), 0.15),
    (reply, 0.3),
)
# How often each happens to a tenant in a day, however large it is.
PER_DAY: Final[Sequence[tuple[Happening, float]]] = (
    (one_by_one(pause_campaign), 0.15),
    (one_by_one(resume_campaign), 0.3),
    (one_by_one(switch_account_off), 0.15),
    (one_by_one(switch_account_on), 0.3),
)


def happen(world: World, tenant_id: UUID, now: datetime, *, days: float) -> int:
    """Let happen what comes about in so many days, at once. Return how much that was."""
    thousands = len(world.leads[tenant_id]) / 1_000
    rates = [(each, rate * thousands) for each, rate in PER_THOUSAND] + list(PER_DAY)
    total = 0
    for happening, rate in rates:
        whole, rest = divmod(rate * days, 1)
        times = int(whole) + (world.chance.random() < rest)
        if times:
            happening(world, tenant_id, now, times)
        total += times
    return total
