"""Leads: how they are written, given to people and moved through the pipeline, one or many at a time."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from lad import phones, writes
from lad.errors import Invalid
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import current_tenant_id
from leads.contacts.models import Lead
from leads.pipeline import services as pipeline
from leads.pipeline.services import STAGES, STATUSES, Place
from tenants.accounts.models import User
from tenants.teams.models import Membership

# More is an import, not a selection.
MOST_AT_ONCE: Final = 500
# What has an event of its own, and is not told of a second time.
_TOLD_APART: Final = frozenset({"stage", "status", "assigned_user"})
_ADDRESS: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?([^/?#:]*)")

Verdict = Literal["changed", "unchanged", "not_found"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one lead of many."""

    id: UUID
    verdict: Verdict


class LeadWriter(writes.Writer):
    """Leads stand in stages and statuses of their tenant, and their numbers, addresses and domains are normalised.

    Besides plain changes it emits ``leads.lead.stage_changed``, ``status_changed`` and ``assigned``.
    """

    @transaction.atomic
    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Lead:
        values = dict(values)
        tenant_id = values["tenant"].pk if values.get("tenant") is not None else current_tenant_id()
        for place in (STAGES, STATUSES):
            values[place.field] = values.get(place.field) or pipeline.default_key(place, tenant_id)
            pipeline.hold(place, tenant_id, values[place.field])
        values = _normalised(values)
        values.setdefault("created_by_user", actor)
        if values.get("assigned_user") is not None:
            values["assigned_at"] = timezone.now()
        row: Lead = super().create(values, actor=actor)
        if row.assigned_user_id is not None:
            emit_many([_assigned(row, None, actor)])
        return row

    @transaction.atomic
    def update(self, row: Lead, values: Mapping[str, Any], *, actor: Any = None) -> Lead:
        values = _normalised(values)
        for place in (STAGES, STATUSES):
            if place.field in values and values[place.field] != getattr(row, place.field):
                values[place.field] = values[place.field] or pipeline.default_key(place, row.tenant_id)
                pipeline.hold(place, row.tenant_id, values[place.field])
        changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
        if not changed:
            return row
        before = {"stage": row.stage, "status": row.status, "assigned_user": row.assigned_user_id}
        for name in changed:
            setattr(row, name, values[name])
        row.last_activity_at = timezone.now()
        if "assigned_user" in changed:
            row.assigned_at = row.last_activity_at if row.assigned_user_id else None
        self._save(row)
        plain = [name for name in changed if name not in _TOLD_APART and not _is_phone_part(name)]
        if plain:
            writes.announce("updated", row, changed=plain, actor=actor)
        emit_many(_told_apart(row, changed, before, actor))
        return row

    @transaction.atomic
    def restore(self, row: Lead, *, actor: Any = None) -> Lead:
        restored: Lead = super().restore(row, actor=actor)
        moves = {}
        for place in (STAGES, STATUSES):
            if not place.model.objects.filter(tenant=row.tenant_id, key=getattr(row, place.field)).exists():
                moves[place.field] = pipeline.default_key(place, row.tenant_id)
        return self.update(restored, moves, actor=actor) if moves else restored


@transaction.atomic
def assign(*, lead: Lead, user: User | None, actor: Any = None) -> Lead:
    """Give a lead to a member, or to nobody. Emits ``leads.lead.assigned``; no event when nothing changes."""
    row = Lead.objects.select_for_update().get(pk=lead.pk)
    updated: Lead = writes.update(row, {"assigned_user": user}, actor=actor)
    return updated


@transaction.atomic
def assign_many(*, ids: Sequence[UUID], user: User | None, actor: Any = None) -> list[Outcome]:
    """Give many leads of the current tenant to a member, or to nobody; each outcome in the order asked.

    Emits ``leads.lead.assigned`` for each that changed. Raises Invalid for more than MOST_AT_ONCE, or for
    somebody who is no member.
    """
    tenant_id = current_tenant_id()
    if user is not None and not Membership.objects.filter(tenant=tenant_id, user=user.pk).exists():
        raise Invalid(errors={"assigned_user": ["Choose a member of this tenant."]})
    now = timezone.now()
    changes = {"assigned_user": user, "assigned_at": now if user else None}
    return _change_many(
        ids,
        changes=changes,
        now=now,
        differs=lambda row: row.assigned_user_id != (user.pk if user else None),
        event=lambda row: _assigned(row, row.assigned_user_id, actor, after=user.pk if user else None),
    )


def move_many(*, ids: Sequence[UUID], stage: str, actor: Any = None) -> list[Outcome]:
    """Move many leads of the current tenant to a stage, by its key; each outcome in the order asked.

    Emits ``leads.lead.stage_changed`` for each that moved. Raises Invalid for more than MOST_AT_ONCE, or
    for a stage there is not.
    """
    return _place_many(STAGES, ids, stage, actor)


def set_status_many(*, ids: Sequence[UUID], status: str, actor: Any = None) -> list[Outcome]:
    """The same for the status; emits ``leads.lead.status_changed``."""
    return _place_many(STATUSES, ids, status, actor)


@transaction.atomic
def touch(*, lead_ids: Iterable[UUID], now: datetime | None = None, contacted: bool = False) -> None:
    """Note that something happened with the leads; ``contacted`` when they were reached."""
    now = now or timezone.now()
    moments = {"last_activity_at": now, **({"last_contacted_at": now} if contacted else {})}
    Lead.objects.filter(pk__in=list(lead_ids)).update(**moments)


@transaction.atomic
def _place_many(place: Place, ids: Sequence[UUID], key: str, actor: Any) -> list[Outcome]:
    pipeline.hold(place, current_tenant_id(), key)
    return _change_many(
        ids,
        changes={place.field: key},
        now=timezone.now(),
        differs=lambda row: getattr(row, place.field) != key,
        event=lambda row: NewEvent(
            f"leads.lead.{place.name}_changed", row, {"before": getattr(row, place.field), "after": key}, actor
        ),
    )


def _change_many(
    ids: Sequence[UUID],
    *,
    changes: Mapping[str, Any],
    now: datetime,
    differs: Callable[[Lead], bool],
    event: Callable[[Lead], NewEvent],
) -> list[Outcome]:
    """One statement for all that differ; rows are locked in the order of their keys, lest two wait in a ring."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(errors={"ids": [f"At most {MOST_AT_ONCE} leads at once; these are {len(wanted)}."]})
    rows = {
        row.pk: row
        for row in Lead.objects.select_for_update(of=("self",))
        .filter(tenant=current_tenant_id(), pk__in=wanted)
        .order_by("pk")
    }
    moving = [row for row in rows.values() if differs(row)]
    Lead.objects.filter(pk__in=[row.pk for row in moving]).update(**changes, last_activity_at=now)
    emit_many([event(row) for row in moving])
    moved = {row.pk for row in moving}
    return [Outcome(key, "changed" if key in moved else "unchanged" if key in rows else "not_found") for key in wanted]


def _told_apart(row: Lead, changed: Sequence[str], before: Mapping[str, Any], actor: Any) -> list[NewEvent]:
    events = [
        NewEvent(f"leads.lead.{name}_changed", row, {"before": before[name], "after": getattr(row, name)}, actor)
        for name in ("stage", "status")
        if name in changed
    ]
    if "assigned_user" in changed:
        events.append(_assigned(row, before["assigned_user"], actor))
    return events


_SAME: Final = object()


def _assigned(row: Lead, before: UUID | None, actor: Any, *, after: Any = _SAME) -> NewEvent:
    after = row.assigned_user_id if after is _SAME else after
    payload = {"before": str(before) if before else None, "after": str(after) if after else None}
    return NewEvent("leads.lead.assigned", row, payload, actor)


def _normalised(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the table keeps them. Raises Invalid for a number nobody can dial."""
    values = dict(values)
    if "phone" in values:
        values |= _phone_columns(values["phone"])
    if isinstance(values.get("email"), str):
        values["email"] = values["email"].strip().lower()
    if isinstance(values.get("company_domain"), str):
        values["company_domain"] = domain_of(values["company_domain"])
    if isinstance(values.get("currency"), str):
        values["currency"] = values["currency"].strip().upper()
    return values


def domain_of(text: str) -> str:
    """The domain in what people paste: ``https://www.Acme.example/about`` is ``acme.example``."""
    found = _ADDRESS.match(text.strip().lower())
    return found.group(1).rstrip(".") if found else ""


def _phone_columns(text: str | None) -> dict[str, Any]:
    if not (text or "").strip():
        return {"phone": "", "country_code": "", "base_number": None, "leading_zeros": 0}
    try:
        phone = phones.parse(str(text))
    except ValidationError as error:
        raise Invalid(errors={"phone": error.messages}) from error
    return {
        "phone": phone.e164,
        "country_code": phone.country_code,
        "base_number": phone.base_number,
        "leading_zeros": phone.leading_zeros,
    }


def _is_phone_part(name: str) -> bool:
    return name in ("country_code", "base_number", "leading_zeros")


writes.register(Lead, LeadWriter)
