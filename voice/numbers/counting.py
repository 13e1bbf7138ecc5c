"""Count on the days of numbers how their calls ended, and who asked not to be called again."""

from dataclasses import astuple, dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from lad.db.identifiers import uuid7
from lad.outbox.consumers import Batch, Event, consumes
from lad.tenancy.context import current_tenant_id
from voice.analysis.models import CallAnalysisVersion
from voice.carriers.outcomes import Outcome
from voice.dialer.hooks import CallOver, when_over
from voice.dialer.models import CallPlacement

# Networks count answered calls that end within so many seconds against a number.
SHORT_SECONDS: Final = 6
COLUMNS: Final = {
    Outcome.ANSWERED: "answered",
    Outcome.VOICEMAIL: "voicemails",
    Outcome.BUSY: "unanswered",
    Outcome.NO_ANSWER: "unanswered",
    Outcome.DECLINED: "unanswered",
    Outcome.WRONG_NUMBER: "failed",
    Outcome.REFUSED: "failed",
    Outcome.OVER_LIMIT: "failed",
    Outcome.CARRIER_FAILED: "failed",
    Outcome.AGENT_FAILED: "failed",
    Outcome.UNKNOWN: "failed",
}
# A call counts on the day on which the carrier was asked to place it, like the call itself.
COUNT: Final = """
INSERT INTO voice_number_days AS counted (
    id, tenant_id, number_id, day, answered, short, voicemails, unanswered, failed, complaints, talk_seconds,
    created_at, updated_at
)
SELECT %s, tenant.id, %s, (%s AT TIME ZONE tenant.timezone)::date, %s, %s, %s, %s, %s, %s, %s,
       statement_timestamp(), statement_timestamp()
FROM tenants tenant WHERE tenant.id = %s
ON CONFLICT (tenant_id, number_id, day) DO UPDATE SET
    answered = counted.answered + EXCLUDED.answered,
    short = counted.short + EXCLUDED.short,
    voicemails = counted.voicemails + EXCLUDED.voicemails,
    unanswered = counted.unanswered + EXCLUDED.unanswered,
    failed = counted.failed + EXCLUDED.failed,
    complaints = counted.complaints + EXCLUDED.complaints,
    talk_seconds = counted.talk_seconds + EXCLUDED.talk_seconds
"""


@dataclass(slots=True)
class _Addition:
    answered: int = 0
    short: int = 0
    voicemails: int = 0
    unanswered: int = 0
    failed: int = 0
    complaints: int = 0
    talk_seconds: int = 0


@when_over
def count_over(over: CallOver) -> None:
    """Count how a call that LAD placed ended. One that was cancelled tells nothing about its number."""
    column = COLUMNS.get(over.outcome)
    if over.placement is None or column is None:
        return
    added = _Addition()
    setattr(added, column, 1)
    if over.outcome == Outcome.ANSWERED:
        added.talk_seconds = over.call.duration_seconds or 0
        added.short = int(added.talk_seconds <= SHORT_SECONDS)
    _count(over.placement, added)


@consumes("voice.call.analysed", name="voice.number_complaints", scope="tenant")
def count_complaints(batch: Batch) -> None:
    """Count on their number's day the calls in which somebody asked not to be called again, each once."""
    asked = [event for event in batch if event.payload.get("do_not_call") and not _is_known(event)]
    calls = {UUID(str(event.payload["call_log_id"])) for event in asked}
    for placement in CallPlacement.objects.filter(call_log__in=calls).order_by("number", "pk"):
        _count(placement, _Addition(complaints=1))


def _is_known(event: Event) -> bool:
    """Return whether an earlier analysis of the call said so already."""
    if not event.payload.get("again"):
        return False
    call_id, version = event.payload["call_log_id"], event.payload["version"]
    earlier = CallAnalysisVersion.objects.filter(analysis__call_log=call_id, number__lt=version)
    return any(earlier.values_list("content__do_not_call", flat=True))


def _count(placement: CallPlacement, added: _Addition) -> None:
    if placement.number_id is None or placement.asked_at is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [uuid7(), placement.number_id, placement.asked_at, *astuple(added), current_tenant_id()])
