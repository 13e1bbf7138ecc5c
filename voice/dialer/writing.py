"""Write the calls of a claim: new ones of entries, and those that waited, all under a lease."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lad import phones
from lad.db.queries import execute
from lad.db.statements import insert_rows
from lad.tenancy.context import current_tenant_id
from voice.agents.services.versions import published_versions
from voice.calls.models import CallLog
from voice.dialer.candidates import CONTEXT, Candidate
from voice.dialer.models import CallPlacement, PlacementState
from voice.numbers.models import VoiceNumber

# The columns of new rows whose values are not the defaults.
CALL_COLUMNS: Final = frozenset(
    {
        *("id", "created_at", "tenant", "initiated_by_user", "lead", "agent", "agent_version", "from_number"),
        *("to_country_code", "to_base_number", "to_leading_zeros", "metadata"),
    }
)
PLACEMENT_COLUMNS: Final = frozenset(
    {
        *("id", "created_at", "tenant", "call_log", "batch", "entry", "agent", "number", "carrier_account"),
        *("to_phone", "purpose", "state", "attempts", "lease_until", "asked_at", "decision"),
    }
)
# Longer than the carrier is waited for, so that no lease ends while its call is being placed.
LEASE: Final = timedelta(seconds=120)
CLAIM_ENTRIES: Final = """
UPDATE voice_call_batch_entries entry SET status = 'running', call_log_id = given.call_id, lead_id = given.lead_id,
    decision = given.decision, next_attempt_at = NULL, error_message = ''
FROM json_to_recordset(%s) AS given (id uuid, call_id uuid, lead_id uuid, decision jsonb)
WHERE entry.tenant_id = %s AND entry.id = given.id
"""
CLAIM_PLACEMENTS: Final = """
UPDATE voice_call_placements placement SET state = 'placing', attempts = attempts + 1, lease_until = %s, asked_at = %s,
    number_id = given.number_id, carrier_account_id = given.account_id, decision = given.decision, error = '',
    placed_at = NULL, look_at = NULL, looks = 0
FROM json_to_recordset(%s) AS given (id uuid, number_id uuid, account_id uuid, decision jsonb)
WHERE placement.tenant_id = %s AND placement.id = given.id
"""
CLAIM_CALLS: Final = """
UPDATE voice_call_logs call SET from_number_id = given.number_id, lead_id = given.lead_id
FROM json_to_recordset(%s) AS given (id uuid, number_id uuid, lead_id uuid)
WHERE call.tenant_id = %s AND call.id = given.id
"""


@dataclass(slots=True)
class Chosen:
    """A candidate that may be called now, with the number that calls."""

    candidate: Candidate
    number: VoiceNumber


def write(chosen: Sequence[Chosen], *, now: datetime) -> list[CallPlacement]:
    """Write the calls and return their placements under a lease."""
    return _Writing(now, chosen).write()


class _Writing:
    """Writes the calls of a claim: new ones of entries, and those that waited."""

    def __init__(self, now: datetime, chosen: Sequence[Chosen]) -> None:
        self._now, self._chosen = now, chosen
        self._tenant = current_tenant_id()
        agents = (each.candidate.agent for each in chosen)
        self._agents = {agent.pk: agent for agent in agents if agent is not None}
        # A call keeps the version of its agent with which it began.
        self._versions = published_versions(self._agents.values()) if self._agents else {}

    def write(self) -> list[CallPlacement]:
        """Return the placements under their lease, in the order of the candidates."""
        new = [each for each in self._chosen if each.candidate.placement is None]
        waiting = [each for each in self._chosen if each.candidate.placement is not None]
        made = self._write_new(new) if new else []
        if waiting:
            self._take_up(waiting)
        return [*made, *(self._loaded(each) for each in waiting)]

    def _write_new(self, new: Sequence[Chosen]) -> list[CallPlacement]:
        calls = [self._call(each) for each in new]
        insert_rows(calls, CALL_COLUMNS)
        placements = [self._placement(each, call) for each, call in zip(new, calls, strict=True)]
        insert_rows(placements, PLACEMENT_COLUMNS)
        given = [
            {
                "id": str(each.candidate.key),
                "call_id": str(each.candidate.call_id),
                "lead_id": str(each.candidate.lead_id),
                "decision": each.candidate.decision,
            }
            for each in new
        ]
        execute(CLAIM_ENTRIES, [json.dumps(given), self._tenant])
        return placements

    def _call(self, chosen: Chosen) -> CallLog:
        candidate, number = chosen.candidate, chosen.number
        phone = phones.parse(candidate.to_phone)
        return CallLog(
            pk=candidate.call_id,
            tenant_id=self._tenant,
            initiated_by_user_id=candidate.user_id,
            lead_id=candidate.lead_id,
            agent=self._agents.get(candidate.agent_id) if candidate.agent_id else None,
            agent_version=self._versions.get(candidate.agent_id) if candidate.agent_id else None,
            from_number=number,
            to_country_code=phone.country_code,
            to_base_number=phone.base_number,
            to_leading_zeros=phone.leading_zeros,
            metadata={CONTEXT: candidate.context} if candidate.context else {},
        )

    def _placement(self, chosen: Chosen, call: CallLog) -> CallPlacement:
        candidate, number = chosen.candidate, chosen.number
        return CallPlacement(
            tenant_id=self._tenant,
            call_log=call,
            batch=candidate.batch,
            entry=candidate.entry,
            agent=call.agent,
            number=number,
            carrier_account=number.carrier_account,
            to_phone=candidate.to_phone,
            purpose=candidate.purpose,
            state=PlacementState.PLACING,
            attempts=1,
            lease_until=self._now + LEASE,
            asked_at=self._now,
            decision=candidate.decision,
        )

    def _take_up(self, waiting: Sequence[Chosen]) -> None:
        placements, calls = [], []
        for each in waiting:
            number, candidate = each.number, each.candidate
            placements.append(
                {
                    "id": str(candidate.key),
                    "number_id": str(number.pk),
                    "account_id": str(number.carrier_account_id),
                    "decision": candidate.decision,
                }
            )
            lead_id = str(candidate.lead_id) if candidate.lead_id else None
            calls.append({"id": str(candidate.call_id), "number_id": str(number.pk), "lead_id": lead_id})
        execute(CLAIM_PLACEMENTS, [self._now + LEASE, self._now, json.dumps(placements), self._tenant])
        execute(CLAIM_CALLS, [json.dumps(calls), self._tenant])

    def _loaded(self, chosen: Chosen) -> CallPlacement:
        """Return a placement that waited as the statements have left it."""
        candidate, number = chosen.candidate, chosen.number
        placement = candidate.placement
        assert placement is not None  # only those are taken up
        placement.state, placement.attempts = PlacementState.PLACING, placement.attempts + 1
        placement.lease_until, placement.asked_at = self._now + LEASE, self._now
        placement.number, placement.carrier_account, placement.decision = (
            number,
            number.carrier_account,
            candidate.decision,
        )
        call = placement.call_log
        call.from_number = number
        call.lead_id = candidate.lead_id
        call.agent = self._agents.get(candidate.agent_id) if candidate.agent_id else None
        return placement
