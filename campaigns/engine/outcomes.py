"""What the engine knows of an enrolment, and what a step can do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.enrolment.models import ActivityStatus, EnrolmentStatus
from campaigns.messages.services import Draft


@dataclass(frozen=True, slots=True)
class Claimed:
    """An enrolment as it was when it was claimed. ``step_id`` is None before the first step."""

    id: UUID
    lead_id: UUID
    status: str
    step_id: UUID | None
    entered_at: datetime | None
    due_at: datetime | None
    reason: str
    order: int
    started_at: datetime | None


@dataclass(slots=True)
class Place:
    """Where an enrolment stands while its batch is worked on: at ``step_id`` since ``entered_at``."""

    id: UUID
    lead_id: UUID
    status: str
    step_id: UUID | None
    entered_at: datetime
    due_at: datetime | None
    reason: str
    order: int
    started_at: datetime | None
    detail: str = ""
    completed_at: datetime | None = None
    has_ended: bool = False
    visited: set[tuple[UUID, datetime]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on by an outcome. ``at`` is when the step was done, if not now. A ``status`` of None writes no activity."""

    outcome: str
    at: datetime | None = None
    status: ActivityStatus | None = ActivityStatus.DELIVERED
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at that time, or when something happens if it is None."""

    until: datetime | None
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Queue a message and wait until it is settled. The draft's ``activity_id`` becomes that of a queued activity."""

    draft: Draft
    activity_id: UUID


@dataclass(frozen=True, slots=True)
class Call:
    """Queue a call of a webhook and wait until it has ended."""

    endpoint_id: UUID


@dataclass(frozen=True, slots=True)
class Ring:
    """Ask for a call of the lead by a voice agent and wait until it is over, with its further attempts."""

    agent_id: int
    context: str
    decision: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """Write a pending activity and wait until a person settles it."""

    instructions: str


@dataclass(frozen=True, slots=True)
class End:
    """End the enrolment."""

    status: EnrolmentStatus
    reason: str
    detail: str = ""
    activity: ActivityStatus | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


Outcome = Advance | Wait | Send | Call | Ring | Task | End
