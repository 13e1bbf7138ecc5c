"""Write the steps of campaigns and keep their order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.design.models import MAX_ORDER, Campaign, CampaignStatus, CampaignStep
from campaigns.design.services import edits, sendable
from campaigns.design.step_specs import canonical_key, step_types
from lad import writes
from lad.db.places import free_place, require_place
from lad.db.queries import execute
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values

EDITABLE = (CampaignStatus.DRAFT, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


class StepsLocked(Conflict):
    """The steps of a finished campaign cannot be changed. Duplicate it."""

    code = "steps_locked"


class StepWriter(writes.Writer[CampaignStep]):
    """Writes steps: checks the settings that the type needs and keeps the order of the campaign.

    A new step goes to the end, or to ``order``, and the steps in its way move down by one. An existing one can
    move to a free place only; ``reorder`` swaps places. ``edits`` says what a change does to enrolments under way.
    """

    def prepare(self, row: CampaignStep | None, values: Values, *, actor: Actor) -> Values:
        return _new_values(values) if row is None else _changed_values(row, values)

    def after_save(self, change: writes.Change[CampaignStep]) -> None:
        if not change.created and {"type", "config"} & set(change.before):
            edits.after_change(change.row, type_changed="type" in change.before)

    def before_delete(self, row: CampaignStep, *, actor: Actor) -> None:
        require_editable(row.campaign)
        edits.before_removal(row)

    def before_restore(self, row: CampaignStep, *, actor: Actor) -> None:
        """Move the step to the end if its place is taken."""
        campaign = row.campaign
        require_editable(campaign)
        if campaign.deleted_at is None and campaign.steps.filter(order=row.order).exists():
            row.order = _free_place(campaign, None)
            CampaignStep.all_objects.filter(pk=row.pk).update(order=row.order)


def _new_values(values: Values) -> Values:
    values = _checked(values)
    campaign = values.get("campaign")
    if campaign is not None:
        require_editable(campaign)
        require_place(values, "order")
        values["order"] = _free_place(campaign, values.get("order"))
    return values


def _changed_values(row: CampaignStep, values: Values) -> Values:
    message = "The campaign cannot be changed. Add a new step to the other campaign."
    writes.fixed_fields(row, values, {"campaign"}, message)
    require_editable(row.campaign)
    require_place(values, "order", before=row.order)
    kept = {"type": row.type, "config": row.config} if {"type", "config"} & set(values) else {}
    values = _checked({**kept, **values})
    if values.get("order", row.order) is None:
        values["order"] = row.order
    return values


@transaction.atomic
def reorder(*, campaign: Campaign, step_ids: Sequence[UUID], actor: Actor) -> list[CampaignStep]:
    """Put the campaign's steps in this order, numbered from 1, and return them.

    ``step_ids`` names every step exactly once. All steps move in one statement. Emits
    ``campaigns.campaign.steps_reordered`` if the order changes. Raises StepsLocked and Invalid.
    """
    require_editable(campaign)
    present = list(campaign.steps.order_by("order"))
    wanted = list(step_ids)
    if sorted(wanted) != sorted(step.pk for step in present):
        raise Invalid(errors={"steps": ["Name every step of the campaign exactly once."]})
    orders = {key: order for order, key in enumerate(wanted, start=1)}
    if all(step.order == orders[step.pk] for step in present):
        return present
    _renumber(campaign, wanted)
    emit("campaigns.campaign.steps_reordered", aggregate=campaign, payload={"steps": wanted}, actor=actor)
    return list(campaign.steps.order_by("order"))


def _renumber(campaign: Campaign, step_ids: Sequence[UUID]) -> None:
    execute(
        'UPDATE campaign_steps SET "order" = wanted.position'
        " FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted(id, position)"
        " WHERE campaign_steps.id = wanted.id AND tenant_id = %s AND campaign_id = %s",
        [list(step_ids), campaign.tenant_id, campaign.pk],
    )


def require_editable(campaign: Campaign) -> None:
    """Lock the campaign, so that it is not started or renumbered meanwhile. Raise StepsLocked if it is not editable."""
    now = Campaign.all_objects.select_for_update().get(pk=campaign.pk)
    if now.status not in EDITABLE:
        raise StepsLocked(campaign_status=now.status)


def _free_place(campaign: Campaign, order: int | None) -> int:
    """Return the place of one more step of a locked campaign. Steps in its way move down."""
    if order is not None and order > MAX_ORDER:
        # Validating the step reports it.
        return order
    return free_place(campaign.steps.all(), "order", order, last=MAX_ORDER)


def _checked(values: Values) -> dict[str, Any]:
    """Return the values with our names for type and settings. Raise Invalid if the config lacks what the type needs."""
    checked = dict(values)
    if "type" not in checked:
        return checked
    checked["type"] = canonical_key(checked["type"])
    if checked["type"] not in step_types:
        return checked
    spec = step_types.get(checked["type"])
    if spec.cannot:
        raise Invalid(errors={"type": [spec.cannot]})
    checked["config"] = spec.normalised(checked.get("config", {}))
    try:
        spec.check(checked["config"])
    except ValidationError as error:
        raise Invalid(errors={"config": error.messages}) from error
    if problems := sendable.problems(CampaignStep(type=checked["type"], config=checked["config"])):
        raise Invalid(errors={"config": problems})
    return checked


writes.register(CampaignStep, StepWriter)
