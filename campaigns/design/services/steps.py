"""The steps of a campaign: what they need, their order, and when they may be changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Max

from campaigns.design import step_types as vocabulary
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep, StepType
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit

OPEN_TO_CHANGES = (CampaignStatus.DRAFT, CampaignStatus.PAUSED)


class StepsLocked(Conflict):
    """The steps cannot be changed now: pause the campaign while it runs, or duplicate it once it is over."""

    code = "steps_locked"


class StepWriter(writes.Writer):
    """Checks what a step holds against its type, and puts it in its place among the others."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> CampaignStep:
        """Write a step: at the end, or at ``order``, where those from there on move down by one."""
        values = _checked(values)
        campaign = values.get("campaign")
        if campaign is not None:
            _open_to_changes(campaign)
            values["order"] = _make_room(campaign, values.get("order"))
        step: CampaignStep = super().create(values, actor=actor)
        return step

    def update(self, row: CampaignStep, values: Mapping[str, Any], *, actor: Any = None) -> CampaignStep:
        """Change a step; its place may change to a free one, ``reorder`` does the rest."""
        if values.get("campaign", row.campaign) != row.campaign:
            raise Invalid(errors={"campaign": ["A step stays in its campaign: make a new one in the other."]})
        _open_to_changes(row.campaign)
        kept = {"type": row.type, "config": row.config} if {"type", "config"} & set(values) else {}
        values = _checked({**kept, **values})
        if values.get("order", row.order) is None:
            values["order"] = row.order
        step: CampaignStep = super().update(row, values, actor=actor)
        return step

    def delete(self, row: CampaignStep, *, actor: Any = None) -> None:
        _open_to_changes(row.campaign)
        super().delete(row, actor=actor)

    def restore(self, row: CampaignStep, *, actor: Any = None) -> CampaignStep:
        """Bring a step back; when its place is taken, at the end."""
        campaign = row.campaign
        _open_to_changes(campaign)
        if campaign.deleted_at is None and campaign.steps.filter(order=row.order).exists():
            row.order = _last(campaign) + 1
            CampaignStep.all_objects.filter(pk=row.pk).update(order=row.order)
        step: CampaignStep = super().restore(row, actor=actor)
        return step


@transaction.atomic
def reorder(*, campaign: Campaign, step_ids: Sequence[UUID], actor: Any) -> list[CampaignStep]:
    """Put the campaign's steps in this order, numbered from 1, and return them.

    ``step_ids`` names every step once. All of them move in one statement. Emits
    ``campaigns.campaign.steps_reordered``; nothing happens when they stand so already.
    Raises StepsLocked or Invalid.
    """
    _open_to_changes(campaign)
    present = list(campaign.steps.order_by("order"))
    wanted = list(step_ids)
    if sorted(wanted) != sorted(step.pk for step in present):
        raise Invalid(errors={"steps": ["Name every step of the campaign exactly once."]})
    places = {key: place for place, key in enumerate(wanted, start=1)}
    if all(step.order == places[step.pk] for step in present):
        return present
    _renumber(campaign, wanted)
    emit("campaigns.campaign.steps_reordered", aggregate=campaign, payload={"steps": wanted}, actor=actor)
    return list(campaign.steps.order_by("order"))


def _renumber(campaign: Campaign, step_ids: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE campaign_steps SET "order" = wanted.place'
            " FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted(id, place)"
            " WHERE campaign_steps.id = wanted.id AND tenant_id = %s AND campaign_id = %s",
            [list(step_ids), campaign.tenant_id, campaign.pk],
        )


def _open_to_changes(campaign: Campaign) -> None:
    """Lock the campaign, so that it neither starts nor is renumbered meanwhile. Raises StepsLocked."""
    now = Campaign.all_objects.select_for_update().get(pk=campaign.pk)
    if now.status not in OPEN_TO_CHANGES:
        raise StepsLocked(campaign_status=now.status)


def _make_room(campaign: Campaign, order: int | None) -> int:
    """The place of a new step; those standing there and after it move down in one statement."""
    if order is None:
        return _last(campaign) + 1
    if campaign.steps.filter(order=order).exists():
        campaign.steps.filter(order__gte=order).update(order=F("order") + 1)
    return order


def _last(campaign: Campaign) -> int:
    return campaign.steps.aggregate(last=Max("order"))["last"] or 0


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in our vocabulary. Raises Invalid when the config lacks what the type needs."""
    checked = dict(values)
    if "type" not in checked:
        return checked
    checked["type"] = vocabulary.step_type(checked["type"])
    if checked["type"] not in StepType.values:
        return checked
    checked["config"] = vocabulary.normalised(checked["type"], checked.get("config", {}))
    try:
        vocabulary.check(checked["type"], checked["config"])
    except ValidationError as error:
        raise Invalid(errors={"config": error.messages}) from error
    return checked


writes.register(CampaignStep, StepWriter)
