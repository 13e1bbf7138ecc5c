"""The board of a tenant's calls: who is being called, how much room is left, what waits, and what is in the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet, Sum

from leads.contactability.whereabouts import zone_named
from tenants.teams.models import Tenant
from voice.batches.models import CallBatch
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.models import IS_OPEN, CallPlacement, PlacementState
from voice.formatting import CALL_COLOURS
from voice.live.capacity import Obstacle, Room, Use, obstacles_of, room_of, uses_of
from voice.live.states import STATES, LiveState, state_of
from voice.numbers.models import NumberDay
from voice.statuses import BATCH_OPEN, CallStatus, Direction

CALLS_SHOWN: Final = 200
BATCHES_SHOWN: Final = 8
ENDED_SHOWN: Final = 10
NEWEST_LOOKED_AT: Final = 60
JUST_NOW: Final = timedelta(hours=12)
# Counting stops there.
MANY: Final = 10_000
# No inbound call lasts longer. One that is open for longer was never reported as over.
LONGEST_INBOUND: Final = timedelta(hours=4)
IN_CALL: Final = (CallStatus.RINGING.value, CallStatus.ONGOING.value)
HEAVY: Final = ("transcripts", "cost_breakdown", "metadata")
OF_TODAY: Final = ("placed", "answered", "voicemails", "unanswered", "failed", "talk_seconds")


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is under way. ``number`` is the tenant's."""

    call: CallLog
    state: LiveState
    number: str
    batch: CallBatch | None = None

    @property
    def who(self) -> str:
        """Return whom the tenant talks to."""
        return _who(self.call)


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that has just ended."""

    call: CallLog

    @property
    def who(self) -> str:
        return _who(self.call)

    @property
    def result(self) -> str:
        """Return how it ended: its outcome, or its status where nobody reported one."""
        return str(self.call.get_outcome_display() or self.call.get_status_display())

    @property
    def tone(self) -> str:
        """Return the colour of its label: a machine that answered is nothing to be glad of."""
        voicemail = self.call.outcome == Outcome.VOICEMAIL
        return "default" if voicemail else str(CALL_COLOURS[CallStatus(self.call.status)])


@dataclass(frozen=True, slots=True)
class LiveBatch:
    """A batch that is being called, or that waits for its time or for somebody."""

    batch: CallBatch
    calling: int

    @property
    def title(self) -> str:
        return self.batch.name or str(self.batch.agent)

    @property
    def done(self) -> int:
        return self.batch.completed_calls + self.batch.failed_calls

    @property
    def waiting(self) -> int:
        return max(self.batch.total_calls - self.done - self.calling, 0)

    @property
    def share(self) -> float:
        return self.done / self.batch.total_calls if self.batch.total_calls else 0


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the board as of ``at``.

    ``counts`` has the calls by state, ``today`` what the tenant's numbers did today. ``waiting`` is at most ``MANY``.
    """

    at: datetime
    room: Room
    uses: Sequence[Use]
    calls: Sequence[LiveCall]
    hidden: int
    counts: Mapping[str, int]
    batches: Sequence[LiveBatch]
    waiting: int
    today: Mapping[str, int]
    ended: Sequence[EndedCall]
    obstacles: Sequence[Obstacle]

    @property
    def answer_rate(self) -> float:
        """Return which share of today's calls was answered."""
        return self.today["answered"] / self.today["placed"] if self.today["placed"] else 0


def board(tenant_id: UUID, *, now: datetime) -> Board:
    """Return the board of a tenant, in its scope. Its statements cost the same however many calls there were."""
    placements = CallPlacement.objects.filter(tenant=tenant_id)
    taken = list(placements.filter(IS_OPEN).values_list("agent_id", "number_id", "carrier_account_id", "batch_id"))
    inbound = _inbound(tenant_id, now)
    calls = [*map(_placed, _open(placements)), *map(_received, inbound)]
    batches = _batches(tenant_id, Counter(row[3] for row in taken))
    queued = len(placements.filter(state=PlacementState.QUEUED).values_list("pk")[:MANY])
    return Board(
        at=now,
        room=room_of(tenant_id, outbound=len(taken), inbound=len(inbound)),
        uses=uses_of(
            tenant_id,
            [row[0] for row in taken] + [call.agent_id for call in inbound],
            [row[1] for row in taken] + [call.from_number_id for call in inbound],
            [row[2] for row in taken],
        ),
        calls=calls,
        hidden=len(taken) + len(inbound) - len(calls),
        counts={state: sum(each.state.key == state for each in calls) for state in STATES},
        batches=batches,
        waiting=min(queued + sum(each.waiting for each in batches if each.batch.paused_at is None), MANY),
        today=_today(tenant_id, now),
        ended=_ended(tenant_id, now),
        obstacles=obstacles_of(tenant_id, now=now),
    )


def _open(placements: QuerySet[CallPlacement]) -> list[CallPlacement]:
    related = ("call_log__lead", "call_log__agent", "number", "batch__agent")
    heavy = ("facts", *(f"call_log__{name}" for name in HEAVY))
    found = placements.filter(IS_OPEN).select_related(*related).defer(*heavy)
    return list(found.order_by("created_at")[:CALLS_SHOWN])


def _inbound(tenant_id: UUID, now: datetime) -> list[CallLog]:
    calls = CallLog.objects.filter(tenant=tenant_id, direction=Direction.INBOUND, status__in=IN_CALL)
    recent = calls.filter(created_at__gte=now - LONGEST_INBOUND).select_related("lead", "agent", "from_number")
    return list(recent.defer(*HEAVY).order_by("created_at")[:CALLS_SHOWN])


def _placed(placement: CallPlacement) -> LiveCall:
    number = placement.number.phone.international if placement.number is not None else ""
    return LiveCall(placement.call_log, state_of(placement.call_log, placement), number, placement.batch)


def _received(call: CallLog) -> LiveCall:
    return LiveCall(call, state_of(call), call.from_number.phone.international if call.from_number is not None else "")


def _batches(tenant_id: UUID, calling: Mapping[UUID | None, int]) -> list[LiveBatch]:
    """Return the open batches, those that have begun first."""
    open_ones = CallBatch.objects.filter(tenant=tenant_id, status__in=[status.value for status in BATCH_OPEN])
    found = open_ones.select_related("agent").order_by("-status", "-created_at")[:BATCHES_SHOWN]
    return [LiveBatch(batch, calling.get(batch.pk, 0)) for batch in found]


def _ended(tenant_id: UUID, now: datetime) -> list[EndedCall]:
    newest = CallLog.objects.filter(tenant=tenant_id).select_related("lead", "agent").defer(*HEAVY)
    found = newest.filter(created_at__gte=now - JUST_NOW).order_by("-created_at")[:NEWEST_LOOKED_AT]
    over = [(call.ended_at, call) for call in found if call.ended_at is not None]
    over.sort(key=lambda each: each[0], reverse=True)
    return [EndedCall(call) for _ended_at, call in over[:ENDED_SHOWN]]


def _today(tenant_id: UUID, now: datetime) -> dict[str, int]:
    zone = Tenant.objects.filter(pk=tenant_id).values_list("timezone", flat=True).first() or "UTC"
    days = NumberDay.objects.filter(tenant=tenant_id, day=now.astimezone(zone_named(zone)).date())
    return {name: number or 0 for name, number in days.aggregate(**{name: Sum(name) for name in OF_TODAY}).items()}


def _who(call: CallLog) -> str:
    return str(call.lead) if call.lead is not None else str(call.phone.international)
