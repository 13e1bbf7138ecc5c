"""Write the calls of a claim: new ones of entries, and those that waited, all under a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lad import phones
from lad.db.queries import execute
from lad.db.recordsets import Row, as_json
from lad.tenancy.context import current_tenant_id
from voice.agents.services.versions import published_versions
from voice.calls.models import CallLog
from voice.dialer.candidates import CONTEXT, Candidate
from voice.dialer.models import CallPlacement, PlacementState
from voice.numbers.models import VoiceNumber

# Longer than the carrier is waited for, so that no lease ends while its call is being placed.
LEASE: Final = timedelta(seconds=120)
NEW_CALLS: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(calls)s) AS given (call_id uuid, created_at timestamptz, placement_id uuid,
        user_id uuid, lead_id uuid, agent_id bigint, version_id uuid, number_id uuid, account_id uuid,
        country_code text, base_number bigint, leading_zeros smallint, metadata jsonb,
        batch_id uuid, entry_id uuid, to_phone text, purpose text, decision jsonb)
), called AS (
    INSERT INTO voice_call_logs (id, created_at, tenant_id, initiated_by_user_id, lead_id, agent_id, agent_version_id,
        from_number_id, to_country_code, to_base_number, to_leading_zeros, metadata)
    SELECT call_id, created_at, %(tenant)s, user_id, lead_id, agent_id, version_id, number_id,
        country_code, base_number, leading_zeros, metadata
    FROM given
), placed AS (
    INSERT INTO voice_call_placements (id, created_at, tenant_id, call_log_id, batch_id, entry_id, agent_id, number_id,
        carrier_account_id, to_phone, purpose, state, attempts, lease_until, asked_at, decision)
    SELECT placement_id, created_at, %(tenant)s, call_id, batch_id, entry_id, agent_id, number_id,
        account_id, to_phone, purpose, 'placing', 1, %(lease_until)s, %(now)s, decision
    FROM given
)
UPDATE voice_call_batch_entries entry SET status = 'running', call_log_id = given.call_id, lead_id = given.lead_id,
    decision = given.decision, next_attempt_at = NULL, error_message = ''
FROM given WHERE entry.tenant_id = %(tenant)s AND entry.id = given.entry_id
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
        placements = [self._placement(each, self._call(each)) for each in new]
        values = {
            "calls": as_json([_row(placement) for placement in placements]),
            "tenant": self._tenant,
            "lease_until": self._now + LEASE,
            "now": self._now,
        }
        execute(NEW_CALLS, values)
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
            **phone.columns("to_"),
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
                    "id": candidate.key,
                    "number_id": number.pk,
                    "account_id": number.carrier_account_id,
                    "decision": candidate.decision,
                }
            )
            calls.append({"id": candidate.call_id, "number_id": number.pk, "lead_id": candidate.lead_id})
        execute(CLAIM_PLACEMENTS, [self._now + LEASE, self._now, as_json(placements), self._tenant])
        execute(CLAIM_CALLS, [as_json(calls), self._tenant])

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


def _row(placement: CallPlacement) -> Row:
    """Return what ``NEW_CALLS`` writes of a new call and its placement."""
    call = placement.call_log
    return {
        "call_id": call.pk,
        "created_at": call.created_at,
        "placement_id": placement.pk,
        "user_id": call.initiated_by_user_id,
        "lead_id": call.lead_id,
        "agent_id": call.agent_id,
        "version_id": call.agent_version_id,
        "number_id": call.from_number_id,
        "account_id": placement.carrier_account_id,
        "country_code": call.to_country_code,
        "base_number": call.to_base_number,
        "leading_zeros": call.to_leading_zeros,
        "metadata": call.metadata,
        "batch_id": placement.batch_id,
        "entry_id": placement.entry_id,
        "to_phone": placement.to_phone,
        "purpose": placement.purpose,
        "decision": placement.decision,
    }
