"""Write leads, assign them and move them through the pipeline, one or many at a time."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.ledger.selectors import currency_of
from lad import phones, writes
from lad.errors import Invalid
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Actor, Values
from lad.writes import Change
from leads.contacts.models import Lead
from leads.pipeline.services import (
    STAGES,
    STATUSES,
    PipelineField,
    choose,
    default_key,
    followed,
    lock_choice,
    statuses_after,
)
from tenants.accounts.models import User
from tenants.teams.models import Membership

# A selection in a list. More is a job for an import.
MAX_LEADS: Final = 500
# Left out of ``leads.lead.updated``: they have events of their own, or follow from other fields.
_NOT_NAMED: Final = frozenset({"stage", "status", "assigned_user", *Lead.bookkeeping})
# A lead without any of them is nobody.
IDENTIFYING: Final = ("first_name", "last_name", "email", "phone", "company_name", "company_domain", "linkedin_url")
WHAT_TO_ENTER: Final = "Enter at least a name, an e-mail address, a phone number, a company or a LinkedIn address."
_WEB_ADDRESS: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?([^/?#:]*)")


@dataclass(frozen=True, slots=True)
class LeadOutcome:
    """The outcome for one lead of a change of many."""

    id: UUID
    verdict: Literal["changed", "unchanged", "not_found"]


@dataclass(frozen=True, slots=True)
class _Before:
    """A lead before a change of many: the column that is changed, and its status."""

    value: Any
    status: str


class LeadWriter(writes.Writer[Lead]):
    """Writes leads: their stage and status exist, and phone, e-mail, domain and currency are normalised.

    Emits ``leads.lead.stage_changed``, ``status_changed`` and ``assigned`` besides the plain changes.
    """

    def prepare(self, row: Lead | None, values: Values, *, actor: Actor) -> Values:
        return _new_values(values, actor, _Tenant()) if row is None else _changed_values(row, values)

    def prepare_many(self, values: Sequence[Values], *, actor: Actor) -> list[Values]:
        tenant = _Tenant()
        return [_new_values(each, actor, tenant) for each in values]

    def announced(self, change: Change[Lead]) -> list[str]:
        return [name for name in change.changed if name not in _NOT_NAMED]

    def events(self, change: Change[Lead]) -> Iterator[NewEvent]:
        row, actor = change.row, change.actor
        for name in ("stage", "status"):
            if name in change.before:
                payload = {"before": change.before[name], "after": getattr(row, name)}
                yield NewEvent(f"leads.lead.{name}_changed", row, payload, actor)
        if "assigned_user" in change.before or (change.created and row.assigned_user_id):
            payload = _assigned_payload(change.before.get("assigned_user"), row.assigned_user_id)
            yield NewEvent("leads.lead.assigned", row, payload, actor)

    def after_restore(self, row: Lead, *, actor: Actor) -> None:
        """Give the lead the default if its stage or status was removed meanwhile."""
        missing = {}
        for field in (STAGES, STATUSES):
            if not field.model.objects.filter(tenant=row.tenant_id, key=getattr(row, field.name)).exists():
                missing[field.name] = default_key(field, row.tenant_id)
        self.update(row, missing, actor=actor)


@writes.in_transaction
def assign(*, lead: Lead, user: User | None, actor: Actor = None) -> Lead:
    """Assign a lead to a member, or to nobody. Emits ``leads.lead.assigned`` if that is a change."""
    row = Lead.objects.select_for_update().get(pk=lead.pk)
    return writes.update(row, {"assigned_user": user}, actor=actor)


@writes.in_transaction
def assign_many(*, ids: Sequence[UUID], user: User | None, actor: Actor = None) -> list[LeadOutcome]:
    """Assign leads of the current tenant to a member, or to nobody. Return the outcomes in the order of the ids.

    Emits ``leads.lead.assigned`` for each changed lead. Raises Invalid for more than MAX_LEADS ids and for a user
    who is not a member.
    """
    after = user.pk if user else None
    require_member(after)
    now = timezone.now()
    return _change_many(
        ids,
        _Change("assigned_user_id", after, {"assigned_user": after, "assigned_at": now if user else None}),
        events=lambda lead, before: [_event_of(lead, "assigned", _assigned_payload(before.value, after), actor)],
        now=now,
    )


@writes.in_transaction
def move_many(*, ids: Sequence[UUID], stage: str, actor: Actor = None) -> list[LeadOutcome]:
    """Move leads of the current tenant to the stage with this key. Return the outcomes in the order of the ids.

    Their status follows a won or lost stage, as ``statuses_after`` says. Emits ``leads.lead.stage_changed`` for each
    changed lead, and ``status_changed`` where that changes. Raises Invalid for more than MAX_LEADS ids and for a
    stage that does not exist.
    """
    lock_choice(STAGES, current_tenant_id(), stage)
    statuses = statuses_after(current_tenant_id(), stage)
    return _change_many(
        ids,
        _Change("stage", stage, {"stage": stage, **({"status": followed(statuses)} if statuses else {})}),
        events=lambda lead, before: _moved(lead, before, stage, statuses, actor),
        now=timezone.now(),
    )


def _moved(lead: UUID, before: _Before, stage: str, statuses: Mapping[str, str], actor: Actor) -> Iterator[NewEvent]:
    yield _event_of(lead, "stage_changed", {"before": before.value, "after": stage}, actor)
    if before.status in statuses:
        payload = {"before": before.status, "after": statuses[before.status]}
        yield _event_of(lead, "status_changed", payload, actor)


@writes.in_transaction
def archive_many(*, ids: Sequence[UUID], actor: Actor = None) -> list[LeadOutcome]:
    """Archive leads of the current tenant. Return the outcomes in the order of the ids.

    Emits ``leads.lead.updated`` for each changed lead. Raises Invalid for more than MAX_LEADS ids.
    """
    return _change_many(
        ids,
        _Change("is_archived", True, {"is_archived": True}),
        events=lambda lead, before: [_event_of(lead, "updated", {"changed": ["is_archived"]}, actor)],
        now=timezone.now(),
    )


def require_member(user_id: UUID | None) -> None:
    """Raise Invalid unless the user is a member of the current tenant. Nobody (None) is allowed."""
    if user_id and not Membership.objects.filter(tenant=current_tenant_id(), user=user_id).exists():
        raise Invalid(errors={"assigned_user": ["Choose a member of this tenant."]})


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of many leads: the column that decides whether a lead differs, its new value, and all new values."""

    column: str
    after: Any
    values: Values


def _change_many(
    ids: Sequence[UUID], change: _Change, *, events: Callable[[UUID, _Before], Iterable[NewEvent]], now: datetime
) -> list[LeadOutcome]:
    """Change all leads that differ in one statement. Rows are locked in key order, which prevents deadlocks."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MAX_LEADS:
        raise Invalid(errors={"ids": [f"Choose at most {MAX_LEADS} leads. You chose {len(wanted)}."]})
    own = Lead.objects.filter(tenant=current_tenant_id())
    rows = own.select_for_update().filter(pk__in=wanted).order_by("pk")
    before = {key: _Before(value, status) for key, value, status in rows.values_list("pk", change.column, "status")}
    differing = [key for key, found in before.items() if found.value != change.after]
    if differing:
        own.filter(pk__in=differing).update(**change.values, last_activity_at=now)
        emit_many([event for key in differing for event in events(key, before[key])])
    changed = set(differing)
    return [
        LeadOutcome(key, "changed" if key in changed else "unchanged" if key in before else "not_found")
        for key in wanted
    ]


def _event_of(lead_id: UUID, verb: str, payload: Mapping[str, object], actor: Actor) -> NewEvent:
    return NewEvent(f"leads.lead.{verb}", payload=payload, actor=actor, aggregate_type="lead", aggregate_id=lead_id)


class _Tenant:
    """What new leads of one tenant read of it, each thing once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], str] = {}

    def currency(self, tenant_id: UUID) -> str:
        return self._once((tenant_id, "currency"), lambda: currency_of(tenant_id))

    def country(self, tenant_id: UUID) -> str:
        return self._once((tenant_id, "country"), lambda: country_of(tenant_id))

    def choose(self, field: PipelineField, tenant_id: UUID, key: str | None) -> str:
        return self._once((tenant_id, field.name, key), lambda: choose(field, tenant_id, key))

    def status_with(self, tenant_id: UUID, stage: str, status: str) -> str:
        return self._once((tenant_id, "after", stage, status), lambda: _status_with(tenant_id, stage, status))

    def _once(self, name: tuple[Any, ...], read: Callable[[], str]) -> str:
        if name not in self._known:
            self._known[name] = read()
        return self._known[name]


def _new_values(values: Values, actor: Actor, tenant: _Tenant) -> dict[str, Any]:
    tenant_id = values["tenant"].pk if values.get("tenant") is not None else current_tenant_id()
    given = {name for name in ("stage", "status") if values.get(name)}
    values = {"created_by_user": actor, **_normalised(None, values, tenant_id, tenant)}
    _require_somebody(values)
    if not values.get("currency"):
        values["currency"] = tenant.currency(tenant_id)
    for field in (STAGES, STATUSES):
        values[field.name] = tenant.choose(field, tenant_id, values.get(field.name))
    if given == {"stage"} and values["stage"] != STAGES.default:
        values["status"] = tenant.status_with(tenant_id, values["stage"], values["status"])
    if values.get("assigned_user") is not None:
        values["assigned_at"] = timezone.now()
    return values


def _changed_values(row: Lead, values: Values) -> dict[str, Any]:
    values = _normalised(row, values, row.tenant_id, _Tenant())
    present = {field: getattr(row, field.name) for field in (STAGES, STATUSES)}
    moved = [field for field, key in present.items() if values.get(field.name, key) != key]
    for field in moved:
        values[field.name] = choose(field, row.tenant_id, values[field.name])
    if moved == [STAGES]:
        values["status"] = _status_with(row.tenant_id, values["stage"], row.status)
    if not values.keys().isdisjoint(IDENTIFYING):
        _require_somebody({name: values.get(name, getattr(row, name)) for name in IDENTIFYING})
    changed = writes.differing(row, values)
    if changed:
        values["last_activity_at"] = timezone.now()
    if "assigned_user" in changed:
        values["assigned_at"] = values["last_activity_at"] if values["assigned_user"] else None
    return values


def _require_somebody(values: Values) -> None:
    """Raise Invalid, saying what to enter, if the values do not tell who the lead is."""
    if not any(str(values.get(name) or "").strip() for name in IDENTIFYING):
        raise Invalid(errors={"non_field_errors": [WHAT_TO_ENTER]})


def _status_with(tenant_id: UUID, stage: str, status: str) -> str:
    """Return the status that a lead with this status gets with the stage, and lock it if it is another one."""
    after = statuses_after(tenant_id, stage).get(status, status)
    return choose(STATUSES, tenant_id, after) if after != status else status


def _assigned_payload(before: UUID | None, after: UUID | None) -> dict[str, str | None]:
    return {"before": str(before) if before else None, "after": str(after) if after else None}


def _normalised(row: Lead | None, values: Values, tenant_id: UUID, tenant: _Tenant) -> dict[str, Any]:
    """Return the values as the table stores them. Raise Invalid for a phone number that is not valid.

    An old number that stays as it is need not be valid.
    """
    values = dict(values)
    if "phone" in values and (row is None or values["phone"] != row.phone):
        values |= _phone_columns(values["phone"], tenant_id, tenant)
    if isinstance(values.get("email"), str):
        values["email"] = values["email"].strip().lower()
    if isinstance(values.get("company_domain"), str):
        values["company_domain"] = domain_of(values["company_domain"])
    if isinstance(values.get("currency"), str):
        values["currency"] = values["currency"].strip().upper()
    return values


def domain_of(text: str) -> str:
    """Return the domain of a web address: ``acme.example`` for ``https://www.Acme.example/about``."""
    found = _WEB_ADDRESS.match(text.strip().lower())
    return found.group(1).rstrip(".") if found else ""


def _phone_columns(text: str | None, tenant_id: UUID, tenant: _Tenant) -> dict[str, str | int | None]:
    if not (text or "").strip():
        return {"phone": "", "country_code": "", "base_number": None, "leading_zeros": 0}
    try:
        phone = phones.parse(str(text), "" if phones.is_international(str(text)) else tenant.country(tenant_id))
    except ValidationError as error:
        raise Invalid(errors={"phone": error.messages}) from error
    return {
        "phone": phone.e164,
        "country_code": phone.country_code,
        "base_number": phone.base_number,
        "leading_zeros": phone.leading_zeros,
    }


writes.register(Lead, LeadWriter)
