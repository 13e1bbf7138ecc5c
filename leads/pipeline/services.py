"""A tenant's pipeline: its stages and statuses, and what happens to the leads in them.

Leads name their stage and status by key, without a foreign key. This module keeps the two consistent: a lead
locks the row it names, and removing a row waits for such leads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Model, Q, Subquery, Value, When

from lad import writes
from lad.db.places import free_place, lock_places, require_place
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from leads.contacts.models import FIRST_STAGE, FIRST_STATUS, Lead
from leads.pipeline.models import USUAL_OUTCOMES, LeadStage, LeadStatus, Outcome
from tenants.teams.models import Tenant

# What the column can hold.
LAST_PLACE: Final = 2_147_483_647
FIRST_STAGES: Final = (
    (FIRST_STAGE, "New", "#3B82F6"),
    ("contacted", "Contacted", "#8B5CF6"),
    ("qualified", "Qualified", "#10B981"),
    ("proposal", "Proposal", "#F59E0B"),
    ("negotiation", "Negotiation", "#EF4444"),
    ("won", "Won", "#059669"),
    ("lost", "Lost", "#6B7280"),
)
FIRST_STATUSES: Final = (
    (FIRST_STATUS, "Active", "#10B981"),
    ("on_hold", "On hold", "#F59E0B"),
    ("closed_won", "Closed, won", "#059669"),
    ("closed_lost", "Closed, lost", "#6B7280"),
    ("archived", "Archived", "#9CA3AF"),
    ("inactive", "Inactive", "#D1D5DB"),
)


class StageInUse(Conflict):
    """Leads are in this stage. Choose the stage they move to."""

    code = "stage_in_use"


class StatusInUse(Conflict):
    """Leads have this status. Choose the status they get instead."""

    code = "status_in_use"


@dataclass(frozen=True, slots=True)
class PipelineField:
    """Where stages and statuses differ: the model, the lead's field, the order of the rows and the default key."""

    model: type[LeadStage] | type[LeadStatus]
    name: str
    order: tuple[str, ...]
    default: str
    in_use: type[Conflict]


STAGES: Final = PipelineField(LeadStage, "stage", ("display_order",), FIRST_STAGE, StageInUse)
STATUSES: Final = PipelineField(LeadStatus, "status", ("created_at", "id"), FIRST_STATUS, StatusInUse)
_FIELDS: Final[dict[type[Model], PipelineField]] = {LeadStage: STAGES, LeadStatus: STATUSES}


@transaction.atomic
def ensure(tenant_id: UUID) -> None:
    """Give a tenant without stages or statuses the default ones. Safe to call twice, even at the same time."""
    # Concurrent inserts cannot rely on a deferrable key, so the tenant's row is the lock.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if not LeadStage.objects.filter(tenant=tenant_id).exists():
        LeadStage.objects.bulk_create(
            LeadStage(
                tenant_id=tenant_id,
                key=key,
                label=label,
                color=color,
                display_order=order,
                outcome=USUAL_OUTCOMES.get(key, Outcome.OPEN),
            )
            for order, (key, label, color) in enumerate(FIRST_STAGES, start=1)
        )
    if not LeadStatus.objects.filter(tenant=tenant_id).exists():
        LeadStatus.objects.bulk_create(
            LeadStatus(
                tenant_id=tenant_id,
                key=key,
                label=label,
                color=color,
                outcome=USUAL_OUTCOMES.get(key, Outcome.OPEN),
            )
            for key, label, color in FIRST_STATUSES
        )


def default_key(field: PipelineField, tenant_id: UUID) -> str:
    """Return the key that a lead gets when none is given: the usual first one, or the first that exists."""
    rows = field.model.objects.filter(tenant=tenant_id)
    if not rows.exists():
        ensure(tenant_id)
    if rows.filter(key=field.default).exists():
        return field.default
    return str(rows.order_by(*field.order).values_list("key", flat=True)[0])


def choose(field: PipelineField, tenant_id: UUID, key: str | None) -> str:
    """Return the key, or the default one without it. The row stays until the transaction ends, as ``lock_choice``."""
    # The usual default exists nearly always, and one statement both finds and locks it.
    if key or not _lock_row(field, tenant_id, field.default):
        key = key or default_key(field, tenant_id)
        lock_choice(field, tenant_id, key)
        return key
    return field.default


def statuses_after(tenant_id: UUID, stage: str) -> dict[str, str]:
    """Return the status that leads get with the stage, by the status they have. Others keep theirs.

    In a won or lost stage a lead has a status with that outcome, the tenant's first one. In an open stage a lead
    whose status is won or lost is active again. A tenant without such a status keeps what the leads have.
    """
    wanted = LeadStage.objects.filter(tenant=tenant_id, key=stage).order_by().values("outcome")
    statuses = LeadStatus.objects.filter(tenant=tenant_id).annotate(fits=Q(outcome=Subquery(wanted)))
    rows = list(statuses.order_by(*STATUSES.order).values_list("key", "fits"))
    fitting = [key for key, fits in rows if fits]
    if not fitting:
        return {}
    after = STATUSES.default if STATUSES.default in fitting else fitting[0]
    return {key: after for key, fits in rows if not fits}


def lock_choice(field: PipelineField, tenant_id: UUID, key: str) -> None:
    """Keep a stage or status from being removed until the transaction ends.

    Raises Invalid, naming the existing ones, if the tenant does not have it.
    """
    if _lock_row(field, tenant_id, key):
        return
    rows = field.model.objects.filter(tenant=tenant_id)
    if not rows.exists():
        ensure(tenant_id)
        if _lock_row(field, tenant_id, key):
            return
    keys = ", ".join(rows.order_by(*field.order).values_list("key", flat=True))
    raise Invalid(errors={field.name: [f"There is no {field.name} {key!r}. Choose one of: {keys}."]})


def _lock_row(field: PipelineField, tenant_id: UUID, key: str) -> bool:
    # The lock of a foreign key: removing the row waits, naming it too does not.
    table = connection.ops.quote_name(field.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE tenant_id = %s AND key = %s FOR KEY SHARE", [tenant_id, key])
        return cursor.fetchone() is not None


PipelineRow = TypeVar("PipelineRow", bound=LeadStage | LeadStatus)


@transaction.atomic
def retire(*, row: PipelineRow, move_leads_to: PipelineRow | None = None, actor: Actor = None) -> int:
    """Remove a stage or status and return how many leads were moved.

    Leads move in one statement. Emits ``leads.stage.retired`` or ``leads.status.retired``. Raises StageInUse or
    StatusInUse if leads are in it and ``move_leads_to`` is None, and Invalid if ``move_leads_to`` is the row
    itself or belongs to another tenant.
    """
    field = _FIELDS[type(row)]
    row = type(row).objects.select_for_update().get(pk=row.pk)
    leads = Lead.all_objects.filter(tenant=row.tenant_id, **{field.name: row.key})
    if move_leads_to is None:
        _require_unused(field, row)
        moved = 0
    else:
        if move_leads_to.pk == row.pk or move_leads_to.tenant_id != row.tenant_id:
            raise Invalid(errors={"move_leads_to": [f"Choose another {field.name} of the same pipeline."]})
        lock_choice(field, row.tenant_id, move_leads_to.key)
        changes: dict[str, Any] = {field.name: move_leads_to.key}
        if field is STAGES and move_leads_to.outcome != row.outcome:
            changes["status"] = followed(statuses_after(row.tenant_id, move_leads_to.key))
        moved = leads.update(**changes)
    emit(
        f"leads.{field.name}.retired",
        aggregate=row,
        payload={"key": row.key, "moved_to": move_leads_to.key if move_leads_to else None, "moved": moved},
        actor=actor,
    )
    row.delete()
    return moved


def followed(statuses: Mapping[str, str]) -> Case:
    """Return the expression for a lead's status after a move, by the mapping of ``statuses_after``."""
    return Case(*(When(status=before, then=Value(after)) for before, after in statuses.items()), default=F("status"))


def _require_unused(field: PipelineField, row: LeadStage | LeadStatus) -> None:
    # Deleted leads do not count: a restored lead gets the default if its stage is gone.
    if Lead.objects.filter(tenant=row.tenant_id, **{field.name: row.key}).exists():
        state = "are in" if field is STAGES else "have the status"
        raise field.in_use(f"Leads {state} “{row.label}”. Choose another {field.name} for them.")


@transaction.atomic
def reorder(*, stages: Sequence[LeadStage], actor: Actor = None) -> list[LeadStage]:
    """Put all stages of the current tenant into the given order and return them.

    Emits ``leads.stage.reordered``. Raises Invalid unless every stage is named exactly once.
    """
    tenant_id = current_tenant_id()
    lock_order(tenant_id)
    known = {row.pk: row for row in LeadStage.objects.select_for_update().filter(tenant=tenant_id)}
    wanted = [stage.pk for stage in stages]
    if len(wanted) != len(known) or set(wanted) != set(known):
        raise Invalid(errors={"stages": [f"Name each of the {len(known)} stages exactly once."]})
    ordered = [known[key] for key in wanted]
    for order, row in enumerate(ordered, start=1):
        row.display_order = order
    # The unique key is checked at the end of the statement, so all rows move in one.
    LeadStage.objects.bulk_update(ordered, ["display_order"])
    if ordered:
        keys = [row.key for row in ordered]
        emit("leads.stage.reordered", aggregate=ordered[0], payload={"keys": keys}, actor=actor)
    return ordered


class PipelineWriter(writes.Writer[PipelineRow]):
    """Writes stages and statuses. A key never changes, because leads store it; a row in use is not deleted."""

    def prepare(self, row: PipelineRow | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            message = "The key cannot change, because leads store it. Change the label instead."
            writes.fixed_fields(row, values, {"key"}, message)
            return values
        return {"outcome": USUAL_OUTCOMES.get(values.get("key", ""), Outcome.OPEN), **values}

    def before_delete(self, row: PipelineRow, *, actor: Actor) -> None:
        self.model.objects.select_for_update().get(pk=row.pk)
        _require_unused(_FIELDS[self.model], row)


class StageWriter(PipelineWriter[LeadStage]):
    """Writes stages. A stage put at a taken place moves that stage, and those next to it, one to the right."""

    def prepare(self, row: LeadStage | None, values: Values, *, actor: Actor) -> Values:
        values = super().prepare(row, values, actor=actor)
        order = values.get("display_order")
        if row is None:
            require_place(values, "display_order")
            return {**values, "display_order": _free_place(_tenant_of(values), order)}
        if order is None:
            return {name: value for name, value in values.items() if name != "display_order"}
        if order != row.display_order:
            require_place(values, "display_order")
            values = {**values, "display_order": _free_place(row.tenant_id, order)}
            row.refresh_from_db(fields=["display_order"])
        return values


def lock_order(tenant_id: UUID) -> None:
    """Let one transaction at a time order the tenant's stages. Lock it before any stage: else two deadlock."""
    lock_places(f"lead_stages {tenant_id}")


def _free_place(tenant_id: UUID, order: int | None) -> int:
    lock_order(tenant_id)
    return free_place(LeadStage.objects.filter(tenant=tenant_id), "display_order", order, last=LAST_PLACE)


def _tenant_of(values: Values) -> UUID:
    tenant: Tenant | None = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


writes.register(LeadStage, StageWriter)
writes.register(LeadStatus, PipelineWriter[LeadStatus])
