"""Charge messages of metered steps: credits are held before a message is sent and charged once it was sent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from billing.entitlements.services.quotas import QuotaExceeded
from billing.pricing.services.quoting import NoPrice, UsageItem
from billing.usage.services import held
from billing.usage.services.held import HeldUse, PlannedUse
from campaigns.charging import hooks
from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import PriceComponent, step_types
from campaigns.messages.hooks import on_settled
from campaigns.messages.models import Message, MessageState
from campaigns.sms_text import segments_of
from lad.db.queries import execute
from lad.tenancy.context import current_scope, current_tenant_id, tenant_context
from leads.channels import Channel

FEATURE_KEY: Final = "campaigns"
# Longer than an interrupted message usually stays unknown. Credits of one that nobody resolves come back after it.
HOLD_TTL: Final = timedelta(days=3)
# A message without credit is not looked at again and again while its campaign is being paused.
ASK_AGAIN_AFTER: Final = timedelta(minutes=5)
CREDIT_ENDED: Final = "The credit has ended: {} Top up the wallet, then resume the campaign."
NOT_SENT: Final = "The message was not sent"
UNSENT: Final = (MessageState.FAILED, MessageState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message may not be sent now, and when to ask again. ``ends`` says that its campaign is paused for it."""

    detail: str
    until: datetime
    ends: bool = False


@dataclass(frozen=True, slots=True)
class HeldCredits:
    """The messages that may be sent, and why the others may not."""

    allowed: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, Refusal] = field(default_factory=dict)


@transaction.atomic
def hold_for(messages: Sequence[Message], *, now: datetime) -> HeldCredits:
    """Hold the credits of messages that are about to be sent, in the transaction that claims them.

    Messages without a metered step, and those whose step the tenant's price list has no price for, are free. Sets
    ``hold_id`` of each message. Idempotent: a message that is tried again keeps its hold. The messages' rows must be
    locked. A refused message stays queued until the time of its refusal: where a quota is used up, until it resets.
    Otherwise its campaign is paused after the commit, with the reason. Raises what the database raises, so that
    nothing is sent unpaid.
    """
    refused: dict[UUID, Refusal] = {}
    for tenant_id, group in _by_tenant(messages).items():
        with inside(tenant_id):
            refused |= _hold_for(group, now)
    return HeldCredits(frozenset(message.pk for message in messages if message.pk not in refused), refused)


@on_settled
def settle(messages: Sequence[Message]) -> None:
    """Charge messages that were sent and release the credits of those that failed or were cancelled. Idempotent."""
    for tenant_id, group in _by_tenant(messages).items():
        sent = {str(message.pk) for message in group if message.state == MessageState.SENT}
        unsent = {str(message.pk) for message in group if message.state in UNSENT}
        with inside(tenant_id):
            held.settle_many(used=sent, unused=unsent, reason=NOT_SENT)


def metered_steps(step_ids: Collection[UUID]) -> dict[UUID, PriceComponent]:
    """Return the price components of the steps that are charged, also of steps that were deleted meanwhile."""
    if not step_ids:
        return {}
    rows = CampaignStep.all_objects.filter(tenant=current_tenant_id(), pk__in=step_ids)
    return _components(rows.values_list("pk", "type"))


def usage_item(component: PriceComponent, quantity: Decimal = Decimal(1)) -> UsageItem:
    """Return the component in that quantity, as the price list takes it."""
    return UsageItem(component.category, component.provider, component.model, component.unit, quantity)


def units_of(message: Message) -> Decimal:
    """Return how many units of its price a message uses: the segments of a text message, one of every other."""
    return Decimal(max(segments_of(message.body).count, 1) if message.channel == Channel.SMS else 1)


def _by_tenant(messages: Sequence[Message]) -> dict[UUID, list[Message]]:
    groups: dict[UUID, list[Message]] = {}
    for message in messages:
        if message.step_id:
            groups.setdefault(message.tenant_id, []).append(message)
    return groups


def inside(tenant_id: UUID) -> AbstractContextManager[None]:
    """Enter the tenant's scope, unless it is the current one."""
    scope = current_scope()
    inside = scope is not None and not scope.platform and scope.tenant_id == tenant_id
    return nullcontext() if inside else tenant_context(tenant_id)


def _hold_for(messages: Sequence[Message], now: datetime) -> dict[UUID, Refusal]:
    """Hold the credits of one tenant's messages and return why some may not be sent."""
    metered = metered_steps({message.step_id for message in messages if message.step_id})
    charged: list[Message] = []
    planned: list[PlannedUse] = []
    for message in messages:
        component = metered.get(message.step_id) if message.step_id else None
        if component is not None:
            about = {"campaign": str(message.campaign_id), "channel": message.channel}
            charged.append(message)
            planned.append(PlannedUse(str(message.pk), usage_item(component, units_of(message)), FEATURE_KEY, about))
    uses = held.hold_many(uses=planned, ttl=HOLD_TTL, now=now)
    refused = {
        message.pk: refusal for message in charged if (refusal := _refusal(uses[str(message.pk)], now)) is not None
    }
    _note_holds([message for message in charged if message.pk not in refused], uses)
    _pause_after_commit(charged, refused)
    return refused


def _components(rows: Iterable[tuple[UUID, str]]) -> dict[UUID, PriceComponent]:
    specs = {spec.key: spec.metered for spec in step_types}
    return {pk: component for pk, key in rows if (component := specs.get(key)) is not None}


def _refusal(use: HeldUse, now: datetime) -> Refusal | None:
    if use.error is None or isinstance(use.error, NoPrice):
        return None
    if isinstance(use.error, QuotaExceeded):
        return Refusal(use.error.detail, use.error.extra["resets_at"])
    return Refusal(CREDIT_ENDED.format(use.error.detail), now + ASK_AGAIN_AFTER, ends=True)


def _note_holds(messages: Sequence[Message], uses: Mapping[str, HeldUse]) -> None:
    """Store which hold pays for each message, in one statement."""
    changed = []
    for message in messages:
        hold_id = uses[str(message.pk)].hold_id
        if hold_id != message.hold_id:
            message.hold_id = hold_id
            changed.append(message)
    if changed:
        execute(
            "UPDATE messages SET hold_id = held.hold FROM unnest(%s::uuid[], %s::uuid[]) AS held (message, hold)"
            " WHERE messages.tenant_id = %s AND messages.id = held.message",
            [[row.pk for row in changed], [row.hold_id for row in changed], current_tenant_id()],
        )


def _pause_after_commit(messages: Sequence[Message], refused: Mapping[UUID, Refusal]) -> None:
    """Pause the campaigns that cannot pay, in a transaction of its own: the claim may hold locks that others share."""
    unpaid = {
        message.campaign_id: refused[message.pk].detail
        for message in messages
        if message.campaign_id and message.pk in refused and refused[message.pk].ends
    }
    tenant_id = current_tenant_id()
    if unpaid:
        transaction.on_commit(lambda: _tell(tenant_id, unpaid), robust=True)


def _tell(tenant_id: UUID, unpaid: Mapping[UUID, str]) -> None:
    with tenant_context(tenant_id):
        hooks.credit_ended(unpaid)
