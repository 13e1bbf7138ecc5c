"""The tenant's pipeline: which stages and statuses there are, and what becomes of those in them.

Leads name their stage and status by key, without a key in the database; this module is what holds
the two together: a lead locks the row it names, and removing a row waits for such leads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from leads.contacts.models import FIRST_STAGE, FIRST_STATUS, Lead
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.teams.models import Tenant

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
    """Leads stand in this stage; say which stage they move to."""

    code = "stage_in_use"


class StatusInUse(Conflict):
    """Leads have this status; say which status they get instead."""

    code = "status_in_use"


@dataclass(frozen=True, slots=True)
class Place:
    """What stages and statuses differ in; for everything else they are alike."""

    model: Any
    field: str
    name: str
    order: tuple[str, ...]
    preferred: str
    in_use: type[Conflict]


STAGES: Final = Place(LeadStage, "stage", "stage", ("display_order",), FIRST_STAGE, StageInUse)
STATUSES: Final = Place(LeadStatus, "status", "status", ("created_at", "id"), FIRST_STATUS, StatusInUse)
_PLACES: Final = {LeadStage: STAGES, LeadStatus: STATUSES}


@transaction.atomic
def ensure(tenant_id: UUID) -> None:
    """Give a tenant that has no stages or no statuses the usual ones. Idempotent, also for two at once."""
    # A deferrable key cannot arbitrate between two who insert; the tenant's row does.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    if not LeadStage.objects.filter(tenant=tenant_id).exists():
        LeadStage.objects.bulk_create(
            LeadStage(tenant_id=tenant_id, key=key, label=label, color=color, display_order=order)
            for order, (key, label, color) in enumerate(FIRST_STAGES, start=1)
        )
    if not LeadStatus.objects.filter(tenant=tenant_id).exists():
        LeadStatus.objects.bulk_create(
            LeadStatus(tenant_id=tenant_id, key=key, label=label, color=color) for key, label, color in FIRST_STATUSES
        )


def default_key(place: Place, tenant_id: UUID) -> str:
    """Where a lead begins when nobody says: at the usual place, or the first there is."""
    rows = place.model.objects.filter(tenant=tenant_id)
    if not rows.exists():
        ensure(tenant_id)
    if rows.filter(key=place.preferred).exists():
        return place.preferred
    return str(rows.order_by(*place.order).values_list("key", flat=True)[0])


def hold(place: Place, tenant_id: UUID, key: str) -> None:
    """Check that the tenant has the stage or status and keep it from being removed until the transaction ends.

    Raises Invalid, naming those there are.
    """
    if _held(place, tenant_id, key):
        return
    rows = place.model.objects.filter(tenant=tenant_id)
    if not rows.exists():
        ensure(tenant_id)
        if _held(place, tenant_id, key):
            return
    keys = ", ".join(rows.order_by(*place.order).values_list("key", flat=True))
    raise Invalid(errors={place.field: [f"There is no {place.name} {key!r}. Choose one of: {keys}."]})


def _held(place: Place, tenant_id: UUID, key: str) -> bool:
    # As a key in the database would: whoever removes the row waits, whoever else names it does not.
    table = connection.ops.quote_name(place.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE tenant_id = %s AND key = %s FOR KEY SHARE", [tenant_id, key])
        return cursor.fetchone() is not None


@transaction.atomic
def retire(*, row: Any, move_leads_to: Any = None, actor: Any = None) -> int:
    """Remove a stage or status and return how many leads were moved.

    Leads move in one statement. Emits ``leads.stage.retired`` or ``leads.status.retired``. Raises
    StageInUse or StatusInUse if leads stand in it and ``move_leads_to`` is None, Invalid if that is no other one.
    """
    place = _PLACES[type(row)]
    row = place.model.objects.select_for_update().get(pk=row.pk)
    leads = Lead.all_objects.filter(tenant=row.tenant_id, **{place.field: row.key})
    if move_leads_to is None:
        _refuse_if_used(place, row)
        moved = 0
    else:
        if move_leads_to.pk == row.pk or move_leads_to.tenant_id != row.tenant_id:
            raise Invalid(errors={"move_leads_to": [f"Choose another {place.name} of the same pipeline."]})
        hold(place, row.tenant_id, move_leads_to.key)
        moved = leads.update(**{place.field: move_leads_to.key})
    emit(
        f"leads.{place.name}.retired",
        aggregate=row,
        payload={"key": row.key, "moved_to": move_leads_to.key if move_leads_to else None, "moved": moved},
        actor=actor,
    )
    row.delete()
    return moved


def _refuse_if_used(place: Place, row: Any) -> None:
    # Deleted leads do not count: one that is restored goes to where leads begin.
    if Lead.objects.filter(tenant=row.tenant_id, **{place.field: row.key}).exists():
        raise place.in_use(
            f"Leads stand in “{row.label}”: move them to another {place.name} first, or while retiring it."
        )


@transaction.atomic
def reorder(*, stages: Sequence[LeadStage], actor: Any = None) -> list[LeadStage]:
    """Put all of a tenant's stages into the given order. Emits ``leads.stage.reordered``.

    Raises Invalid unless each stage of the pipeline is named once.
    """
    tenant_id = current_tenant_id()
    known = {row.pk: row for row in LeadStage.objects.select_for_update().filter(tenant=tenant_id)}
    wanted = [stage.pk for stage in stages]
    if len(wanted) != len(known) or set(wanted) != set(known):
        raise Invalid(errors={"stages": [f"Name each of the {len(known)} stages once, in the order you want."]})
    ordered = [known[key] for key in wanted]
    for place, row in enumerate(ordered, start=1):
        row.display_order = place
    # One statement, at whose end no two may stand at the same place.
    LeadStage.objects.bulk_update(ordered, ["display_order"])
    if ordered:
        keys = [row.key for row in ordered]
        emit("leads.stage.reordered", aggregate=ordered[0], payload={"keys": keys}, actor=actor)
    return ordered


class PlaceWriter(writes.Writer):
    """A stage or status keeps its key, for leads name it, and is not removed from under them."""

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        if values.get("key", row.key) != row.key:
            raise Invalid(errors={"key": ["The key stays, for leads name it: change the label instead."]})
        return super().update(row, values, actor=actor)

    def delete(self, row: Any, *, actor: Any = None) -> None:
        self.model.objects.select_for_update().get(pk=row.pk)
        _refuse_if_used(_PLACES[self.model], row)
        super().delete(row, actor=actor)


class StageWriter(PlaceWriter):
    """A stage put where another stands moves that one, and those behind it, one to the right."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> LeadStage:
        tenant_id = _tenant_of(values)
        order = values.get("display_order")
        if order is None:
            last = LeadStage.objects.filter(tenant=tenant_id).aggregate(last=Max("display_order"))["last"]
            order = (last or 0) + 1
        else:
            _make_room(tenant_id, order)
        row: LeadStage = super().create({**values, "display_order": order}, actor=actor)
        return row

    def update(self, row: LeadStage, values: Mapping[str, Any], *, actor: Any = None) -> LeadStage:
        if "display_order" in values:
            order = values["display_order"]
            if order is None:
                values = {name: value for name, value in values.items() if name != "display_order"}
            elif order != row.display_order:
                _make_room(row.tenant_id, order)
                row.refresh_from_db(fields=["display_order"])
        updated: LeadStage = super().update(row, values, actor=actor)
        return updated


def _make_room(tenant_id: Any, order: int) -> None:
    stages = LeadStage.objects.filter(tenant=tenant_id)
    if stages.filter(display_order=order).exists():
        stages.filter(display_order__gte=order).update(display_order=F("display_order") + 1)


def _tenant_of(values: Mapping[str, Any]) -> Any:
    tenant = values.get("tenant")
    return tenant.pk if tenant is not None else current_tenant_id()


writes.register(LeadStage, StageWriter)
writes.register(LeadStatus, PlaceWriter)
