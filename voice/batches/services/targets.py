"""Who is to be called: rows of leads and numbers, each judged on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError

from lad import phones
from leads.contacts.models import Lead

MAX_TARGETS: Final = 5_000

TAKEN: Final = "queued"
UNKNOWN_LEAD: Final = "unknown_lead"
NO_PHONE: Final = "no_phone"
BAD_PHONE: Final = "invalid_phone"
DUPLICATE: Final = "duplicate"
VERDICTS: Final = (TAKEN, UNKNOWN_LEAD, NO_PHONE, BAD_PHONE, DUPLICATE)

_SAYS: Final = {
    TAKEN: "Will be called.",
    UNKNOWN_LEAD: "There is no such lead here.",
    NO_PHONE: "Name a lead with a number, or the number itself.",
    DUPLICATE: "The number stands in an earlier row.",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to call: a lead at its number, a number, or a lead at another number; ``context`` is told the agent."""

    lead_id: UUID | None = None
    phone: str = ""
    name: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the row at ``index``; ``to_phone`` is in E.164 where it was understood."""

    index: int
    verdict: str
    detail: str
    to_phone: str = ""
    lead_id: UUID | None = None
    lead_name: str = ""

    @property
    def is_taken(self) -> bool:
        return self.verdict == TAKEN

    def shown(self) -> dict[str, Any]:
        """The verdict as the API answers it."""
        return {
            "index": self.index,
            "verdict": self.verdict,
            "detail": self.detail,
            "to_phone": self.to_phone,
            "lead": str(self.lead_id) if self.lead_id else None,
        }


def judge(targets: Sequence[Target]) -> list[Verdict]:
    """One verdict per target, in order; leads are looked up at once."""
    leads: dict[UUID, Lead] = Lead.objects.in_bulk([each.lead_id for each in targets if each.lead_id])
    seen: set[str] = set()
    verdicts = []
    for index, target in enumerate(targets):
        verdict = _judge(index, target, leads)
        if verdict.is_taken and verdict.to_phone in seen:
            verdict = _verdict(index, DUPLICATE, target, to_phone=verdict.to_phone)
        seen.add(verdict.to_phone)
        verdicts.append(verdict)
    return verdicts


def _judge(index: int, target: Target, leads: dict[UUID, Lead]) -> Verdict:
    lead = leads.get(target.lead_id) if target.lead_id else None
    if target.lead_id and lead is None:
        return _verdict(index, UNKNOWN_LEAD, target)
    written = target.phone.strip() or (lead.phone if lead else "")
    if not written:
        return _verdict(index, NO_PHONE, target)
    try:
        to_phone = phones.normalise(written)
    except ValidationError as error:
        return _verdict(index, BAD_PHONE, target, detail=error.messages[0])
    return _verdict(index, TAKEN, target, to_phone=to_phone, lead_name=lead.full_name if lead else "")


def _verdict(index: int, verdict: str, target: Target, *, detail: str = "", **known: str) -> Verdict:
    return Verdict(index, verdict, detail or _SAYS[verdict], lead_id=target.lead_id, **known)
