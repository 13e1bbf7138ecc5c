"""Whoever may be called next in one tenant: entries of batches and calls that wait for their turn, under lock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, zip_longest
from typing import Any, Final
from uuid import UUID

from lad import writes
from lad.db.columns import Columns
from lad.db.identifiers import uuid7, uuid_or_none
from lad.db.queries import rows
from lad.tenancy.context import current_tenant_id
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.dialer import due
from voice.dialer.capacity import Room
from voice.dialer.models import CallPlacement, PlacementState
from voice.numbers.choosing import Wanted

# The number that somebody chose for a call. Without it, numbers take turns at each attempt.
WANTED_NUMBER = "wanted_number"
CONTEXT = "context"
SOURCE = "voice_call"
ENTRY: Final = Columns(CallBatchEntry, "entry")
LOCK_ENTRIES: Final = """
SELECT {entry} FROM voice_call_batch_entries entry
WHERE entry.tenant_id = %s AND entry.id = ANY(%s) AND entry.batch_id = ANY(%s) AND entry.status = 'queued'
    AND entry.deleted_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED
"""


@dataclass(slots=True, eq=False)
class Candidate:
    """One call that is due: of an entry whose call is yet to be written, or one that waits already.

    ``decision`` is set once somebody allowed it.
    """

    call_id: UUID
    to_phone: str
    lead_id: UUID | None
    agent_id: int | None
    purpose: str
    user_id: UUID | None
    batch: CallBatch | None = None
    entry: CallBatchEntry | None = None
    placement: CallPlacement | None = None
    number_id: UUID | None = None
    decision: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_entry(cls, entry: CallBatchEntry, batch: CallBatch) -> "Candidate":
        entry.batch = batch
        return cls(
            uuid7(),
            entry.to_phone,
            entry.lead_id,
            batch.agent_id,
            batch.purpose,
            batch.initiated_by_user_id,
            batch,
            entry,
            number_id=batch.from_number_id,
        )

    @classmethod
    def of_placement(cls, placement: CallPlacement) -> "Candidate":
        call: CallLog = placement.call_log
        batch: CallBatch | None = placement.batch
        if placement.entry is not None and batch is not None:
            placement.entry.batch = batch
        wanted = batch.from_number_id if batch is not None else uuid_or_none(call.metadata.get(WANTED_NUMBER))
        return cls(
            call.pk,
            placement.to_phone,
            call.lead_id,
            placement.agent_id,
            placement.purpose,
            call.initiated_by_user_id,
            batch,
            placement.entry,
            placement,
            number_id=wanted,
        )

    @property
    def key(self) -> UUID:
        """Return the key of the row that waits."""
        row = self.placement or self.entry
        assert row is not None  # one of them is always there
        return row.pk

    @property
    def agent(self) -> VoiceAgent | None:
        """Return the agent that would talk, as it was read with the row, or None if it was deleted."""
        row = self.placement or self.batch
        found: VoiceAgent | None = row.agent if row is not None else None
        return found if found is not None and found.deleted_at is None else None

    @property
    def about(self) -> CallBatchEntry | None:
        """Return the entry whose current call this is."""
        entry = self.entry
        if entry is None or self.placement is None:
            return entry
        return entry if entry.call_log_id == self.call_id and entry.deleted_at is None else None

    @property
    def campaign_id(self) -> UUID | None:
        """Return the campaign whose step asked for the call. A batch belongs to none."""
        return self.placement.call_log.campaign_id if self.placement is not None else None

    @property
    def wanted(self) -> Wanted:
        voice_id = self.batch.voice_id if self.batch is not None else None
        return Wanted(self.call_id, self.to_phone, self.user_id, self.number_id, voice_id)

    @property
    def context(self) -> str:
        """Return what the agent is told for this call beside its instructions."""
        own = self.entry.metadata.get(CONTEXT) if self.entry is not None else None
        base = self.batch.metadata.get("base_context") if self.batch is not None else None
        return str(own or base or "")


class Candidates:
    """Reads candidates piece by piece, so that many that must wait do not hide those behind them."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._seen: set[UUID] = set()
        self._batches = {batch.pk: batch for batch in due.lock_due_batches()}

    @property
    def seen(self) -> int:
        return len(self._seen)

    def next(self, limit: int) -> list[Candidate]:
        """Lock and return up to so many candidates that were not returned before, single calls and batches by turns."""
        # Some of those that were seen still wait, as far as the database knows.
        ahead = limit + len(self._seen)
        waiting = due.due_placements(limit=ahead, full_agents=self._room.full_agents)
        most = {key: self._room.of_batch(batch) for key, batch in self._batches.items()}
        entries = due.due_entries({key: ahead for key, number in most.items() if number}, limit=ahead)
        both = zip_longest(waiting, entries)
        keys = [key for key in chain.from_iterable(both) if key is not None and key not in self._seen][:limit]
        self._seen.update(keys)
        mine = set(keys)
        placements, rest = [key for key in waiting if key in mine], [key for key in entries if key in mine]
        locked = chain(_locked_placements(placements) if placements else (), self._locked_entries(rest) if rest else ())
        found = {each.key: each for each in locked}
        return [found[key] for key in keys if key in found]

    def _locked_entries(self, keys: Sequence[UUID]) -> Iterable[Candidate]:
        for row in rows(_lock_statement(), [current_tenant_id(), list(keys), list(self._batches)]):
            entry = ENTRY.row(row)
            yield Candidate.of_entry(entry, self._batches[entry.batch_id])


@cache
def _lock_statement() -> str:
    return LOCK_ENTRIES.format(entry=ENTRY)


def _locked_placements(keys: Sequence[UUID]) -> Iterable[Candidate]:
    waiting = CallPlacement.objects.filter(pk__in=keys, state=PlacementState.QUEUED)
    waiting = waiting.select_related("call_log", "batch", "entry", "agent")
    for placement in waiting.select_for_update(no_key=True, skip_locked=True, of=("self",)):
        if placement.call_log.is_finished:
            # Somebody ended the record by hand. There is nothing left to place.
            CallPlacement.objects.filter(pk=placement.pk).update(state=PlacementState.SETTLED)
        else:
            yield Candidate.of_placement(placement)


def give_leads(candidates: Sequence[Candidate]) -> None:
    """Give every candidate without a lead the lead with its number, or a new one: permission is a lead's."""
    without = [each for each in candidates if each.lead_id is None]
    if not without:
        return
    phones = {each.to_phone for each in without}
    known: Mapping[str, UUID] = dict(
        Lead.objects.filter(phone__in=phones).order_by("-created_at").values_list("phone", "pk")
    )
    missing = {each.to_phone: each for each in without if each.to_phone not in known}
    made = writes.create_many(Lead, [_new_lead(each) for each in missing.values()])
    leads = {**known, **dict(zip(missing, (lead.pk for lead in made), strict=True))}
    for each in without:
        each.lead_id = leads[each.to_phone]


def _new_lead(candidate: Candidate) -> dict[str, Any]:
    name = str(candidate.entry.metadata.get("lead_name", "")) if candidate.entry is not None else ""
    first, _space, last = name.strip().partition(" ")
    return {"first_name": first, "last_name": last.strip(), "phone": candidate.to_phone, "source": SOURCE}
