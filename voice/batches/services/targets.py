"""Check who can be called: which leads and numbers, by what is known of permission, and who has to wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError

from lad import phones
from lad.tenancy.context import current_tenant_id, default_tenant_id
from lad.tenancy.countries import country_of
from leads.channels import Channel
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead
from voice.batches.models import CallBatch, CallBatchEntry
from voice.numbers import destinations

# In one request or one part of a job.
MAX_TARGETS: Final = 5_000

ACCEPTED: Final = "queued"
UNKNOWN_LEAD: Final = "unknown_lead"
NO_PHONE: Final = "no_phone"
INVALID_PHONE: Final = "invalid_phone"
DUPLICATE: Final = "duplicate"
REFUSED: Final = "refused"
TARGET_RESULTS: Final = (ACCEPTED, UNKNOWN_LEAD, NO_PHONE, INVALID_PHONE, DUPLICATE, REFUSED)

_DETAILS: Final = {
    ACCEPTED: "Will be called.",
    UNKNOWN_LEAD: "This lead does not exist.",
    NO_PHONE: "Enter a number, or choose a lead that has one.",
    DUPLICATE: "An earlier row has the same number.",
}
IN_BATCH: Final = "This number is already in the batch."


@dataclass(frozen=True, slots=True)
class Target:
    """Who to call: a lead, a number, or a lead at another number.

    The agent gets ``context`` and ``variables`` for this call only.
    """

    lead_id: UUID | None = None
    phone: str = ""
    name: str = ""
    context: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """Whether the row at ``index`` can be called.

    ``to_phone`` is in E.164, or empty if no number could be read. ``reason`` is the code of why somebody is left out
    or waits, and ``until`` when somebody who waits may be called. ``decision`` is what the entry stores of that.
    """

    index: int
    result: str
    detail: str
    to_phone: str = ""
    lead_id: UUID | None = None
    lead_name: str = ""
    reason: str = ""
    until: datetime | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)

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
            "until": self.until,
        }


def check_people(
    targets: Sequence[Target], *, purpose: str, at: datetime, batch: CallBatch | None = None
) -> list[TargetCheck]:
    """Return one check per target of the current tenant, in the same order, in a few statements for all.

    Permission is judged as of ``at``, when the calls would begin, and again before each call. A number without a lead
    is judged by the lead that has it, if one does. Numbers that are in ``batch`` already count as repeated.
    """
    checks = check_targets(targets)
    if batch is not None and batch.total_calls:
        checks = _without_taken(checks, batch)
    known = _leads_by_phone([each.to_phone for each in checks if each.is_accepted and each.lead_id is None])
    checks = [_with_lead(check, known) for check in checks]
    asked = [check.lead_id for check in checks if check.is_accepted and check.lead_id]
    decisions = decide(lead_ids=asked, channel=Channel.VOICE, purpose=Purpose(purpose), at=at)
    return [_judged(check, decisions.get(check.lead_id) if check.lead_id else None) for check in checks]


def check_targets(targets: Sequence[Target]) -> list[TargetCheck]:
    """Return one check per target of its lead and number only, in the same order. Look up all leads in one query."""
    rows = Lead.objects.only("phone", "first_name", "last_name")
    leads: dict[UUID, Lead] = rows.in_bulk([each.lead_id for each in targets if each.lead_id])
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
    if refusal := destinations.check(to_phone):
        return _result(index, REFUSED, target, detail=refusal.detail, to_phone=to_phone, reason=refusal.reason)
    return _result(index, ACCEPTED, target, to_phone=to_phone, lead_name=lead.full_name if lead else "")


def _result(
    index: int,
    result: str,
    target: Target,
    *,
    detail: str = "",
    to_phone: str = "",
    lead_name: str = "",
    reason: str = "",
) -> TargetCheck:
    reason = "" if result == ACCEPTED else reason or result
    return TargetCheck(
        index, result, detail or _DETAILS[result], to_phone, target.lead_id, lead_name=lead_name, reason=reason
    )


def _without_taken(checks: Sequence[TargetCheck], batch: CallBatch) -> list[TargetCheck]:
    numbers = [check.to_phone for check in checks if check.is_accepted]
    entries = CallBatchEntry.objects.filter(batch=batch, to_phone__in=numbers)
    taken = set(entries.values_list("to_phone", flat=True))
    return [
        replace(check, result=DUPLICATE, detail=IN_BATCH, reason=DUPLICATE)
        if check.is_accepted and check.to_phone in taken
        else check
        for check in checks
    ]


def _leads_by_phone(numbers: Sequence[str]) -> dict[str, Lead]:
    """Return the lead that has each number. Where several have one, the first of those that are not archived."""
    if not numbers:
        return {}
    rows = Lead.objects.filter(tenant=current_tenant_id(), phone__in=numbers).order_by("-is_archived", "-created_at")
    return {row.phone: row for row in rows.only("phone", "first_name", "last_name", "is_archived", "created_at")}


def _with_lead(check: TargetCheck, known: Mapping[str, Lead]) -> TargetCheck:
    lead = known.get(check.to_phone) if check.lead_id is None else None
    return check if lead is None else replace(check, lead_id=lead.pk, lead_name=lead.full_name)


def _judged(check: TargetCheck, decision: Decision | None) -> TargetCheck:
    if decision is None or decision.allowed or not check.is_accepted:
        return check
    code = str(decision.reasons[0].code) if decision.reasons else ""
    if decision.verdict == Verdict.DEFER:
        return replace(
            check, detail=decision.sentence(), reason=code, until=decision.until, decision=decision.explained()
        )
    # The lead has no number, but this row does.
    if code == ReasonCode.NO_ADDRESS:
        return check
    return replace(check, result=REFUSED, detail=decision.sentence(), reason=code)
