"""The kind of job that analyses many calls again."""

from typing import Final
from uuid import UUID

from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from voice.analysis.queue import request_analyses
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT

RIGHT: Final = "calls.update"
NOT_OVER: Final = "The call has not ended."


def _request(rows: Rows) -> list[RowOutcome]:
    """Put the calls into the queue of analyses, in one statement. A model is asked outside of any transaction."""
    keys = [key for key in rows.keys if isinstance(key, UUID)]
    over = {call.pk for call in CallLog.objects.filter(pk__in=keys).only("pk", "status") if call.is_finished}
    request_analyses(list(over), actor=rows.actor)
    return [
        RowOutcome(key, Verdict.CHANGED) if key in over else RowOutcome(key, Verdict.SKIPPED, NOT_OVER) for key in keys
    ]


ANALYSE: Final = job_kinds.register(
    JobKind(
        key="voice.analyse",
        label="Analyse calls again",
        change=_request,
        model=lambda _parameters: CallLog,
        right=lambda _parameters: RIGHT,
        feature=lambda _parameters: VOICE_AGENT,
        title=lambda _parameters, rows: f"Analyse {rows} again",
        done=lambda _parameters: "queued for analysis",
    )
)
