"""Claim calls: in one transaction, everything is asked that must be so before a telephone may ring.

docs/decisions/0060-a-claim-asks-everything.md.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from lad.db.queries import execute, rows
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id, tenant_context
from leads.channels import Channel
from leads.contactability.decisions import Verdict
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services import decide
from leads.contacts.services import Touch, record_contacts
from voice.agents.briefs import briefs_of
from voice.carriers.callback_addresses import callback_url
from voice.carriers.connecting import account_of, caller_of
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import AgentBrief, Caller, CallToPlace
from voice.charging.services import Refusal, hold_for
from voice.dialer.campaign_hours import windows_of
from voice.dialer.candidates import Candidate, Candidates, give_leads
from voice.dialer.capacity import Room, measure
from voice.dialer.models import CallPlacement
from voice.dialer.waiting import Aside
from voice.dialer.writing import Chosen, write
from voice.numbers import choosing, destinations
from voice.numbers.choosing import NoNumber
from voice.numbers.models import VoiceNumber
from voice.statuses import BATCH_OPEN, BatchStatus

# Candidates that must wait may stand before those that may be called. So many are looked at in one claim.
LOOKED_AT_ONCE: Final = 20
MAX_LOOKED_AT: Final = 200
# A number that is on the telephone with the tenant is looked at again after this.
BUSY_WAIT: Final = timedelta(minutes=1)
# What a deferral that names no time is asked again after.
AGAIN: Final = timedelta(hours=1)
# Why a number makes no call for the moment.
LINES_TAKEN: Final = frozenset({"number_busy", "account_busy"})
ON_THE_LINE: Final = "This number is being called right now."
CALLS_US: Final = "This number is on the telephone with you right now."
NO_AGENT: Final = "The agent of these calls was deleted. Restore it, or choose another one."
ENDED: Final = "Somebody ended the call before it was placed."
BATCH_OVER: Final = "The batch was cancelled or stopped."

START_BATCHES: Final = """
UPDATE voice_call_batches SET status = 'running', started_at = COALESCE(started_at, %s)
WHERE tenant_id = %s AND id = ANY(%s) AND status = 'queued' RETURNING id
"""
BUSY: Final = """
SELECT to_phone FROM voice_call_placements
WHERE tenant_id = %s AND to_phone = ANY(%s) AND state IN ('placing', 'placed', 'unknown')
"""
GIVE_BACK: Final = """
UPDATE voice_call_placements SET state = 'queued', lease_until = NULL, asked_at = NULL
WHERE tenant_id = %s AND call_log_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call under a lease, and what the carrier is asked. ``claimed_at`` is monotonic."""

    placement: CallPlacement
    account: CarrierAccount
    order: CallToPlace
    claimed_at: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The calls of one claim, and how many people were put aside: they wait or are left out, and others are next."""

    calls: list[Claimed]
    put_aside: int


def claim(tenant_id: UUID, *, most: int, wait: bool = True) -> Turn | None:
    """Claim up to so many calls of a tenant. The claim is committed before this returns.

    Who may be called later waits; who may never be is left out. Without ``wait``, returns None if another claim of
    the tenant is under way.
    """
    begun = time.monotonic()
    with tenant_context(tenant_id):
        now = timezone.now()
        room = measure(now=now, wait=wait)
        if room is None:
            return None
        claimer = Claimer(room, now)
        claimed = [Claimed(placement, account, order, begun) for placement, account, order in claimer.claim(most)]
    claimer.aside.settle(tenant_id)
    return Turn(claimed, len(claimer.aside.waiting) + len(claimer.aside.left))


@dataclass(frozen=True, slots=True)
class _Line:
    """The carrier account, caller and callback address of a number. All calls of the number share them."""

    account: CarrierAccount
    caller: Caller
    callback_url: str

    @classmethod
    def of_number(cls, number: VoiceNumber) -> "_Line":
        account = account_of(number)
        return cls(account, caller_of(number), callback_url(account))


class Claimer:
    """One claim, in its transaction."""

    def __init__(self, room: Room, now: datetime) -> None:
        self._room, self._now = room, now
        self._phones: set[str] = set()
        self._leads: set[UUID | None] = set()
        self._lines_taken = False
        self.aside = Aside(now)

    def claim(self, most: int) -> list[tuple[CallPlacement, CarrierAccount, CallToPlace]]:
        """Return the calls that are to be placed now."""
        wanted = min(most, self._room.tenant)
        if wanted <= 0:
            return []
        candidates, chosen = Candidates(self._room), list[Chosen]()
        while len(chosen) < wanted and candidates.seen < MAX_LOOKED_AT:
            found = candidates.next(max(wanted - len(chosen), LOOKED_AT_ONCE))
            if not found:
                break
            self._start_batches(found)
            # For the others there is no room. They simply stay due.
            fitting = [each for each in found if self._room.admits(each.agent_id, each.batch)]
            callable_now = self._allowed(self._reachable(fitting))
            chosen += self._with_number(callable_now[: wanted - len(chosen)])
            if self._lines_taken:
                break
        placements = self._place(chosen)
        self.aside.postpone()
        return placements

    def _start_batches(self, found: Sequence[Candidate]) -> None:
        """Let batches begin with the first of their people who is looked at. Nothing else is locked yet."""
        new = {each.batch.pk: each.batch for each in found if each.batch and each.batch.status == BatchStatus.QUEUED}
        for [key] in rows(START_BATCHES, [self._now, current_tenant_id(), list(new)]) if new else ():
            emit("voice.call_batch.started", aggregate=new[key], payload={"total_calls": new[key].total_calls})
        for batch in new.values():
            batch.status = BatchStatus.RUNNING

    def _reachable(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates whose number can be dialled and is not on the line with the tenant."""
        busy = {phone for [phone] in rows(BUSY, [current_tenant_id(), [each.to_phone for each in found]])}
        free = []
        for each in found:
            refusal = destinations.check(each.to_phone)
            if each.batch is not None and each.batch.status not in BATCH_OPEN:
                self.aside.fail(each, "batch_over", BATCH_OVER, Outcome.CANCELLED)
            elif each.placement is not None and each.placement.hang_up_asked_at is not None:
                # Somebody ended it while nobody knew whether it had been placed.
                self.aside.fail(each, "cancelled", ENDED, Outcome.CANCELLED)
            elif each.agent is None:
                self._without_agent(each)
            elif refusal is not None:
                self.aside.fail(each, str(refusal.reason), refusal.detail, Outcome.WRONG_NUMBER)
            elif each.to_phone in busy or each.to_phone in self._phones:
                self.aside.wait(each, self._now + BUSY_WAIT, "on_the_line", ON_THE_LINE)
            elif each.to_phone in self._room.callers:
                self.aside.wait(each, self._now + BUSY_WAIT, "calls_us", CALLS_US)
            else:
                self._phones.add(each.to_phone)
                free.append(each)
        return free

    def _without_agent(self, candidate: Candidate) -> None:
        if candidate.batch is not None:
            self.aside.wait(candidate, self._now + BUSY_WAIT, "no_agent", NO_AGENT)
            self.aside.pause(candidate.batch.pk, NO_AGENT)
        else:
            self.aside.fail(candidate, "no_agent", NO_AGENT, Outcome.REFUSED)

    def _allowed(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Ask contactability about the leads, which stay locked. Record what the others wait for."""
        give_leads(found)
        # The limits of a lead's next call depend on this one.
        first: dict[UUID | None, Candidate] = {}
        for each in found:
            if each.lead_id not in self._leads:
                first.setdefault(each.lead_id, each)
        groups: dict[str, list[Candidate]] = {}
        for each in first.values():
            groups.setdefault(each.purpose, []).append(each)
        allowed: set[UUID] = set()
        for purpose, group in groups.items():
            by_lead = {each.lead_id: each for each in group if each.lead_id is not None}
            decisions = decide(
                lead_ids=list(by_lead),
                channel=Channel.VOICE,
                purpose=Purpose(purpose),
                at=self._now,
                windows=windows_of({lead_id: each.campaign_id for lead_id, each in by_lead.items()}),
                ignoring=[each.call_id for each in group],
                lock=True,
                phones={lead_id: each.to_phone for lead_id, each in by_lead.items()},
            )
            for lead_id, each in by_lead.items():
                decision = decisions[lead_id]
                each.decision = decision.explained()
                if decision.verdict == Verdict.ALLOW:
                    allowed.add(each.call_id)
                elif decision.verdict == Verdict.DEFER:
                    self.aside.defer(each, decision, decision.until or self._now + AGAIN)
                else:
                    self.aside.refuse(each, decision)
        return [each for each in found if each.call_id in allowed]

    def _with_number(self, allowed: Sequence[Candidate]) -> list[Chosen]:
        """Give the candidates their numbers, as long as there is room. The others wait, or their batch is paused."""
        fitting = []
        for each in allowed:
            if self._room.admits(each.agent_id, each.batch):
                self._room.take(each.agent_id, each.batch.pk if each.batch is not None else None)
                fitting.append(each)
        if not fitting:
            return []
        numbers = choosing.choose([each.wanted for each in fitting], now=self._now, account_room=self._room.accounts)
        chosen = []
        for each in fitting:
            number = numbers[each.call_id]
            if isinstance(number, NoNumber):
                self._room.give_back(each.agent_id, each.batch.pk if each.batch is not None else None)
                self._without_number(each, number)
                continue
            account_id = number.carrier_account_id
            if account_id in self._room.accounts:
                self._room.accounts[account_id] -= 1
            self._leads.add(each.lead_id)
            chosen.append(Chosen(each, number))
        return chosen

    def _without_number(self, candidate: Candidate, reason: NoNumber) -> None:
        if reason.reason in LINES_TAKEN:
            # It stays due: the next call begins as soon as one ends.
            self._lines_taken = True
        elif reason.until is not None:
            self.aside.wait(candidate, reason.until, reason.reason, reason.detail)
        elif candidate.batch is not None:
            # Somebody must change something, and then resumes the batch.
            self.aside.wait(candidate, self._now + BUSY_WAIT, reason.reason, reason.detail)
            self.aside.pause(candidate.batch.pk, reason.detail)
        else:
            self.aside.fail(candidate, reason.reason, reason.detail, Outcome.REFUSED)

    def _place(self, chosen: Sequence[Chosen]) -> list[tuple[CallPlacement, CarrierAccount, CallToPlace]]:
        """Write calls and placements, hold their credits and record the touches."""
        if not chosen:
            return []
        by_call = {each.candidate.call_id: each for each in chosen}
        placements = write(chosen, now=self._now)
        held = hold_for(placements, now=self._now, policy=self._room.policy)
        for placement in placements:
            if placement.call_log_id in held.refused:
                self._wait_for_credit(by_call[placement.call_log_id], placement, held.refused[placement.call_log_id])
        self._give_back([by_call[call_id].number.pk for call_id in held.refused], list(held.refused))
        paid = [placement for placement in placements if placement.call_log_id in held.allowed]
        record_contacts(list(filter(None, (_touch(placement, self._now) for placement in paid))))
        briefs = briefs_of(
            [each.call_log for each in paid], {key: each.candidate.about for key, each in by_call.items()}
        )
        lines = {each.number.pk: _Line.of_number(each.number) for each in chosen}
        placed = []
        for placement in paid:
            line = lines[by_call[placement.call_log_id].number.pk]
            placed.append((placement, line.account, self._order(placement, line, briefs[placement.call_log_id])))
        return placed

    def _wait_for_credit(self, chosen: Chosen, placement: CallPlacement, refusal: Refusal) -> None:
        candidate = chosen.candidate
        candidate.placement = placement
        self.aside.wait(candidate, refusal.until, "credit", refusal.detail)
        if refusal.ends and candidate.batch is not None:
            self.aside.pause(candidate.batch.pk, refusal.detail)

    def _give_back(self, numbers: Sequence[UUID], calls: Sequence[UUID]) -> None:
        """Let calls wait again whose credits could not be held, and count them on no number's day."""
        if calls:
            execute(GIVE_BACK, [current_tenant_id(), list(calls)])
            choosing.give_back(Counter(numbers), at=self._now)

    def _order(self, placement: CallPlacement, line: _Line, brief: AgentBrief) -> CallToPlace:
        policy = self._room.policy
        return CallToPlace(
            call_id=placement.call_log_id,
            to_number=placement.to_phone,
            caller=line.caller,
            callback_url=line.callback_url,
            agent=brief,
            ringing_seconds=policy.ringing_seconds,
            max_seconds=policy.max_minutes * 60,
            record=policy.record_calls,
        )


def _touch(placement: CallPlacement, now: datetime) -> Touch | None:
    call, purpose = placement.call_log, Purpose(placement.purpose)
    if call.lead_id is None:
        return None
    return Touch(call.lead_id, Channel.VOICE, ContactDirection.OUTBOUND, now, call.pk, purpose)
