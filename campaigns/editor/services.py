"""Write a whole sequence at once: what was added, changed, moved, linked and removed, or nothing of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.design.graph import Graph, graph_of
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.design.services import steps as step_services
from campaigns.design.services.changes import effects_between
from campaigns.editor.drafts import (
    DraftStep,
    draft_of,
    draft_of_campaign,
    explicit_links,
    graph_of_draft,
    ids_of,
    version_of,
)
from campaigns.editor.faults import WHOLE, Faults, by_field, faults_of
from campaigns.editor.models import MAX_STEPS, STEPS, SequenceTemplate
from lad import writes
from lad.db.identifiers import uuid_or_none
from lad.db.json_schema import JsonSchemaValidator
from lad.errors import Conflict, Invalid
from lad.types import Actor, Values

REMOVED_MEANWHILE: Final = "This step was removed in the meantime. Add it as a new one, or leave it out."
TWICE: Final = "This step stands here twice."
UNKNOWN_TARGET: Final = "It leads to a step that does not exist. Choose another one."


class SequenceChanged(Conflict):
    """Somebody else changed the sequence in the meantime. Load it again, or save yours over it."""

    code = "sequence_changed"


class EffectsUnconfirmed(Conflict):
    """The change has effects on leads under way. Confirm them."""

    code = "effects_unconfirmed"


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved sequence. ``ids`` has the id of each key that was sent, ``effects`` what it did to leads under way."""

    ids: Mapping[str, UUID]
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A sequence beside the one that it replaces."""

    draft: Sequence[DraftStep]
    before: Graph
    after: Graph
    rows: Mapping[UUID, CampaignStep]
    ids: Mapping[str, UUID]
    changed: frozenset[UUID]

    @property
    def new(self) -> list[DraftStep]:
        return [step for step in self.draft if self.ids[step.key] not in self.rows]


def preview_sequence(*, campaign: Campaign, draft: Sequence[DraftStep]) -> list[str]:
    """Return in sentences what saving the sequence does to the enrolments under way. Raises Invalid."""
    plan = _plan(campaign, draft)
    return effects_between(campaign, plan.before, plan.after, changed=plan.changed).sentences


@transaction.atomic
def save_sequence(
    *,
    campaign: Campaign,
    draft: Sequence[DraftStep],
    actor: Actor,
    version: str = "",
    confirmed: Sequence[str] | None = None,
) -> Saved:
    """Replace the campaign's sequence, all or nothing.

    ``version`` is that of the sequence that was edited; empty overwrites whatever is there. ``confirmed`` are the
    effects that the user has seen; None confirms any. Enrolments move as ``services.changes`` says. Raises
    StepsLocked, SequenceChanged, EffectsUnconfirmed, and Invalid with errors by step and field.
    """
    step_services.require_editable(campaign)
    before = graph_of(campaign)
    if version and version != version_of(draft_of_campaign(campaign, before)):
        raise SequenceChanged
    plan = _plan(campaign, draft)
    effects = effects_between(campaign, plan.before, plan.after, changed=plan.changed).sentences
    if confirmed is not None and list(confirmed) != effects:
        raise EffectsUnconfirmed(effects=effects)
    return Saved(_written(campaign, plan, actor), tuple(effects))


def _plan(campaign: Campaign, draft: Sequence[DraftStep]) -> _Plan:
    before = graph_of(campaign)
    rows = {row.pk: row for row in campaign.steps.all()}
    _require_complete(draft, rows)
    ids = ids_of(draft, rows)
    changed = {ids[step.key] for step in draft if _is_changed(step, rows.get(ids[step.key]))}
    _refuse({step.key: faults_of(step) for step in draft if ids[step.key] not in rows or ids[step.key] in changed})
    return _Plan(draft, before, graph_of_draft(draft, ids), rows, ids, frozenset(changed & rows.keys()))


def _require_complete(draft: Sequence[DraftStep], rows: Mapping[UUID, CampaignStep]) -> None:
    """Raise Invalid if a step stands there twice or is gone, or leads nowhere."""
    if len(draft) > MAX_STEPS:
        raise Invalid(f"A sequence has at most {MAX_STEPS} steps. This one has {len(draft)}.")
    keys: set[str] = set()
    found: dict[str, Faults] = {}
    for step in draft:
        key = uuid_or_none(step.key)
        if step.key in keys:
            found[step.key] = {WHOLE: [TWICE]}
        elif key is not None and key not in rows:
            found[step.key] = {WHOLE: [REMOVED_MEANWHILE]}
        keys.add(step.key)
    for step in draft:
        if unknown := [name for name, target in step.links.items() if target is not None and target not in keys]:
            found.setdefault(step.key, {})[f"links__{unknown[0]}"] = [UNKNOWN_TARGET]
    _refuse(found)


def _is_changed(step: DraftStep, row: CampaignStep | None) -> bool:
    """Return whether the step is another than the stored one, apart from its place and its links."""
    if row is None:
        return False
    return (step.type, step.title, step.description, dict(step.config)) != (
        row.type,
        row.title,
        row.description,
        row.config,
    )


def _refuse(found: Mapping[str, Faults]) -> None:
    """Raise Invalid with the faults of all steps, by step and by field, if there are any."""
    wrong = {key: faults for key, faults in found.items() if faults}
    if wrong:
        flat = {f"{key}.{name}": texts for key, faults in wrong.items() for name, texts in faults.items()}
        raise Invalid("Some steps need a correction.", errors=flat, steps=wrong)


def _written(campaign: Campaign, plan: _Plan, actor: Actor) -> dict[str, UUID]:
    """Make the plan true. What its writers refuse is collected, so that all of it is said at once."""
    found: dict[str, Faults] = {}
    kept = set(plan.ids.values())
    for row in plan.rows.values():
        if row.pk not in kept:
            writes.delete(row, actor=actor)
    ids = dict(plan.ids)
    for step in plan.draft:
        known = plan.rows.get(plan.ids[step.key])
        try:
            # A refused write must not spoil the others, which may have something to say too.
            with transaction.atomic():
                if known is None:
                    values = {"campaign": campaign, "order": None, **_values(step)}
                    ids[step.key] = writes.create(CampaignStep, values, actor=actor).pk
                elif known.pk in plan.changed:
                    writes.update(known, _values(step), actor=actor)
        except Invalid as error:
            found[step.key] = by_field(step, error.errors or {WHOLE: [error.detail]})
    _refuse(found)
    step_services.reorder(campaign=campaign, step_ids=[ids[step.key] for step in plan.draft], actor=actor)
    _link(campaign, plan.draft, ids, actor)
    return ids


def _values(step: DraftStep) -> dict[str, Any]:
    return {"type": step.type, "title": step.title, "description": step.description, "config": dict(step.config)}


def _link(campaign: Campaign, draft: Sequence[DraftStep], ids: Mapping[str, UUID], actor: Actor) -> None:
    """Write the links that are missing or lead elsewhere, and delete the others."""
    wanted = dict(_wanted_links(draft, ids))
    steps = {row.pk: row for row in campaign.steps.all()}
    for link in StepLink.objects.filter(campaign=campaign, step__in=list(steps)).select_related("step"):
        place = link.step_id, link.outcome
        if place not in wanted:
            writes.delete(link, actor=actor)
        else:
            target = wanted.pop(place)
            if target != link.target_id:
                writes.update(link, {"target": steps[target] if target else None}, actor=actor)
    for (step_id, outcome), target in wanted.items():
        values = {"step": steps[step_id], "outcome": outcome, "target": steps[target] if target else None}
        writes.create(StepLink, values, actor=actor)


def _wanted_links(
    draft: Sequence[DraftStep], ids: Mapping[str, UUID]
) -> Iterator[tuple[tuple[UUID, str], UUID | None]]:
    for place, step in enumerate(draft):
        for outcome, target in explicit_links(draft, place).items():
            yield (ids[step.key], outcome), ids[target] if target else None


class SequenceTemplateWriter(writes.Writer[SequenceTemplate]):
    """Writes shared sequences. Stores who shared them; every step must be one that can be saved in a campaign."""

    def prepare(self, row: SequenceTemplate | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            values = {**values, "created_by_user": actor if getattr(actor, "pk", None) else None}
        if "steps" in values:
            try:
                JsonSchemaValidator(STEPS)(values["steps"])
            except ValidationError as error:
                raise Invalid(errors={"steps": error.messages}) from error
            draft = draft_of(values["steps"])
            try:
                _require_complete(draft, {})
                _refuse({step.key: faults_of(step) for step in draft})
            except Invalid as error:
                raise Invalid(errors={"steps": _sentences(draft, error.errors)}) from error
        return values


def _sentences(draft: Sequence[DraftStep], errors: Mapping[str, Sequence[str]]) -> list[str]:
    """Return errors by step and field as sentences that name the step."""
    titles = {step.key: step.title for step in draft}
    found = []
    for place, texts in errors.items():
        key, _dot, field = place.rpartition(".")
        found += [f"“{titles.get(key, key)}”{f', {field}' if field else ''}: {text}" for text in texts]
    return found


writes.register(SequenceTemplate, SequenceTemplateWriter)
