"""What LAD asks of a carrier, whoever it is. Implementations are in ``livekit`` and ``vapi``.

Placing is idempotent by LAD's own id of the call: the carrier is told it, and a call can be looked up by it. So a
placement whose answer was lost is looked up, never repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from voice.carriers.outcomes import AnsweredBy, Cause, Outcome
from voice.statuses import CallStatus, Direction


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one carrier account holds. ``agent`` names the agent worker or assistant that speaks."""

    base_url: str
    key_id: str = ""
    secret: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The number that calls: in E.164, and by the carrier's own name, such as a trunk."""

    number: str
    reference: str


@dataclass(frozen=True, slots=True)
class AgentVoice:
    """A voice by its provider's name of it. The provider is one of ``voice.agents.providers``."""

    provider: str
    id: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentBrief:
    """How the agent speaks on one call. Its texts are filled; ``variables`` are for the carrier's own prompts.

    ``tools`` are names of ``voice.agents.tools``. ``transfer_to`` is the number to which it hands a call over.
    """

    instructions: str = ""
    first_message: str = ""
    language: str = "en"
    variables: Mapping[str, str] = field(default_factory=dict)
    voice: AgentVoice | None = None
    tools: tuple[str, ...] = ()
    transfer_to: str = ""


@dataclass(frozen=True, slots=True)
class CallToPlace:
    """One call to a number in E.164. ``callback_url`` is where the carrier reports, as far as it can be told."""

    call_id: UUID
    to_number: str
    caller: Caller
    callback_url: str
    agent: AgentBrief = AgentBrief()
    ringing_seconds: int = 45
    max_seconds: int = 1800
    record: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that the carrier took.

    ``already`` is set if it was placed before. ``cause`` is set if it ended at once. ``room_left`` is how many more the
    carrier would take now, if it says so.
    """

    reference: str
    carrier_call_id: str = ""
    already: bool = False
    cause: Cause | None = None
    room_left: int | None = None


@dataclass(frozen=True, slots=True)
class CallKey:
    """A call to look up: by LAD's id, and by the carrier's reference if it is known.

    ``asked_at`` is when its placing began.
    """

    call_id: UUID
    asked_at: datetime
    caller: Caller | None = None
    reference: str = ""


class Presence(StrEnum):
    """Whether the carrier has a call."""

    PLACED = "placed"
    # Certain: it was not placed, and no request that would place it is under way.
    NEVER_PLACED = "never_placed"
    # The carrier does not know it, or not any more. It may have rung.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said. ``start`` and ``end`` are seconds from the answer."""

    role: str
    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one component of a call used: seconds, tokens or characters."""

    component: str
    unit: str
    amount: Decimal
    provider: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What the carrier charges for a call, with its parts by component."""

    amount: Decimal
    currency: str
    parts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording at the carrier."""

    location: str
    duration_seconds: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """Something that the agent asks LAD to do during a call."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """What the carrier knows of a call. Everything it does not say is None or empty.

    ``state`` is that of a call that goes on; ``cause`` is set for one that is over. ``answered`` is set if the carrier
    says that somebody answered; callbacks about other things say nothing of it. ``duration_seconds`` is the talk time.
    """

    presence: Presence
    reference: str = ""
    call_id: UUID | None = None
    state: CallStatus | None = None
    cause: Cause | None = None
    answered: bool = False
    answered_by: AnsweredBy | None = None
    placed_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    price: Price | None = None
    recording: Recording | None = None
    transcript: tuple[Turn, ...] = ()
    usage: tuple[Usage, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """Return how the call ended as far as the carrier says, or None while it has not."""
        if self.cause is None:
            return None
        return self.cause.outcome(answered=self.answered, answered_by=self.answered_by)

    @property
    def status(self) -> CallStatus | None:
        """Return the state of a call that goes on or is over, or None if the carrier does not say."""
        return self.state if self.cause is None else self.cause.state(answered=self.answered)


class EventKind(StrEnum):
    """What a callback is about."""

    STATE = "state"
    RECORDING = "recording"
    # Transcript, usage and whatever else is known at the end.
    REPORT = "report"
    TOOL_CALLS = "tool_calls"
    # The agent did not answer the person in time.
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One thing that a callback tells. ``id`` is the same for every delivery of it.

    ``call`` holds what the callback says of the call. ``number`` and ``other_number`` are set for a call that LAD did
    not place: the tenant's number that was called, and the number that called.
    """

    id: str
    kind: EventKind
    reference: str
    call_id: UUID | None
    at: datetime
    call: CarrierCall
    tools: tuple[ToolCall, ...] = ()
    direction: Direction = Direction.OUTBOUND
    number: str = ""
    other_number: str = ""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback as it arrived. Header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class CarrierNumber:
    """A number that the account may call from."""

    number: str
    reference: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A recording that was written. ``content_type`` is what the carrier calls it."""

    size: int
    content_type: str


class Carrier(Protocol):
    """A carrier with the credentials of one account. Call it outside a transaction.

    Every method that asks the carrier may raise CredentialsRefused, LimitReached and CarrierDown.
    """

    def place(self, call: CallToPlace) -> Placed:
        """Place a call, once for each ``call_id``. Raises NumberRefused, and AnswerLost: then look it up."""

    def look_up(self, key: CallKey) -> CarrierCall:
        """Return what the carrier knows of a call. Asks as often as it takes and changes nothing."""

    def hang_up(self, reference: str) -> None:
        """End a call. One that has ended stays as it is. Raises HangUpRefused and AnswerLost; both may be repeated."""

    def parse_callback(self, request: CallbackRequest) -> list[CarrierEvent]:
        """Return what a callback tells; nothing if it is about none of LAD's calls. Raises CallbackRefused."""

    def callback_reply(self, results: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the body that answers a callback, with the result of each tool call by its id."""

    def fetch_recording(self, recording: Recording, to: BinaryIO) -> Fetched:
        """Write a recording to ``to``. Raises RecordingMissing."""

    def numbers(self) -> Sequence[CarrierNumber]:
        """Return the numbers that the account may call from. Costs nothing, so that it tests the credentials too."""
