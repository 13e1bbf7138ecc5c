"""Check the rows of a new batch: which leads and numbers can be called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError

from lad import phones
from lad.tenancy.context import default_tenant_id
from lad.tenancy.countries import country_of
from leads.contacts.models import Lead

MAX_TARGETS: Final = 5_000

ACCEPTED: Final = "queued"
UNKNOWN_LEAD: Final = "unknown_lead"
NO_PHONE: Final = "no_phone"
INVALID_PHONE: Final = "invalid_phone"
DUPLICATE: Final = "duplicate"
TARGET_RESULTS: Final = (ACCEPTED, UNKNOWN_LEAD, NO_PHONE, INVALID_PHONE, DUPLICATE)

_DETAILS: Final = {
    ACCEPTED: "Will be called.",
    UNKNOWN_LEAD: "This lead does not exist.",
    NO_PHONE: "Enter a number, or choose a lead that has one.",
    DUPLICATE: "An earlier row has the same number.",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Who to call: a lead, a number, or a lead at another number. The agent gets ``context`` for this call only."""

    lead_id: UUID | None = None
    phone: str = ""
    name: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """Whether the row at ``index`` can be called. ``to_phone`` is in E.164, or empty if no number could be read."""

    index: int
    result: str
    detail: str
    to_phone: str = ""
    lead_id: UUID | None = None
    lead_name: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.result == ACCEPTED

    def as_json(self) -> dict[str, object]:
        """Return the check as API responses show it."""
        return {
            "index": self.index,
            "verdict": self.result,
            "detail": self.detail,
            "to_phone": self.to_phone,
            "lead": str(self.lead_id) if self.lead_id else None,
        }


def check_targets(targets: Sequence[Target]) -> list[TargetCheck]:
    """Return one check per target, in the same order. Look up all leads in one query."""
    leads: dict[UUID, Lead] = Lead.objects.in_bulk([each.lead_id for each in targets if each.lead_id])
    written = [phone for target in targets if (phone := _written(target, leads))]
    # Most lists hold international numbers only.
    country = "" if all(map(phones.is_international, written)) else country_of(default_tenant_id())
    seen: set[str] = set()
    checks = []
    for index, target in enumerate(targets):
        check = _check_target(index, target, leads, country)
        if check.is_accepted and check.to_phone in seen:
            check = _result(index, DUPLICATE, target, to_phone=check.to_phone)
        seen.add(check.to_phone)
        checks.append(check)
    return checks


def _written(target: Target, leads: dict[UUID, Lead]) -> str:
    lead = leads.get(target.lead_id) if target.lead_id else None
    return target.phone.strip() or (lead.phone if lead else "")


def _check_target(index: int, target: Target, leads: dict[UUID, Lead], country: str) -> TargetCheck:
    lead = leads.get(target.lead_id) if target.lead_id else None
    if target.lead_id and lead is None:
        return _result(index, UNKNOWN_LEAD, target)
    phone = _written(target, leads)
    if not phone:
        return _result(index, NO_PHONE, target)
    try:
        to_phone = phones.normalise(phone, country)
    except ValidationError as error:
        return _result(index, INVALID_PHONE, target, detail=error.messages[0])
    return _result(index, ACCEPTED, target, to_phone=to_phone, lead_name=lead.full_name if lead else "")


def _result(
    index: int, result: str, target: Target, *, detail: str = "", to_phone: str = "", lead_name: str = ""
) -> TargetCheck:
    return TargetCheck(index, result, detail or _DETAILS[result], to_phone, target.lead_id, lead_name)
