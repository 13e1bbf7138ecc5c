"""Put many people into a batch as a job: leads of the list or the rows of a file wait in a table of lines.

The batch is paused until everybody is in it, so that it cannot be over before that. A line is deleted in the
transaction that puts its person into the batch, so that each is added once however often the worker dies. The others
stay with the job, which says what is wrong with them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from lad import writes
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.jobs import services as jobs
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.jobs.models import Job
from lad.outbox.emission import quiet
from lad.tenancy.access import Access
from lad.types import Values
from leads.contacts.models import Lead
from voice.batches.models import CallBatch, CallBatchLine
from voice.batches.services import pausing
from voice.batches.services.batches import announce_created
from voice.batches.services.filling import add_people, release, require_room
from voice.batches.services.targets import DUPLICATE, Target, TargetCheck
from voice.errors import BatchFinished
from voice.features import VOICE_AGENT
from voice.statuses import BATCH_OPEN

RIGHT: Final = "calls.update"
PART_SIZE: Final = 1_000
LINES_PER_STATEMENT: Final = 10_000
MAX_PROBLEM: Final = 500

_INSERT: Final = f"""
INSERT INTO voice_call_batch_lines (id, tenant_id, batch_id, job_id, number, content, created_at)
SELECT {TIME_ORDERED_UUID}, %s, %s, %s, number, content::jsonb, statement_timestamp()
FROM unnest(%s::int[], %s::text[]) AS line (number, content)
"""
_INSERT_LEADS: Final = f"""
INSERT INTO voice_call_batch_lines (id, tenant_id, batch_id, job_id, number, content, created_at)
SELECT {TIME_ORDERED_UUID}, %s, %s, %s, row_number() OVER (ORDER BY id), jsonb_build_object('lead', id),
    statement_timestamp()
FROM (SELECT DISTINCT id FROM ({{chosen}}) AS selected (id)) AS once
"""


@dataclass(frozen=True, slots=True)
class StartedBatch:
    """A batch and the job that puts people into it."""

    batch: CallBatch
    job: Job


Source = QuerySet[Lead] | Sequence[tuple[int, Target]]


@writes.in_transaction
def create_with(*, values: Values, people: Source, access: Access) -> StartedBatch:
    """Create a batch and start the job that puts people into it: leads, or numbered rows of a file.

    The batch begins when all are in it. Emits ``voice.call_batch.created``. Raises Invalid, NotPermitted, and what
    ``lad.jobs.services.start`` raises.
    """
    with quiet():  # The event below says more.
        batch = writes.create(CallBatch, values, actor=access.user)
    started = add_to(batch=batch, people=people, access=access)
    announce_created(batch, total=started.job.total, refused=0, actor=access.user)
    return started


@writes.in_transaction
def add_to(*, batch: CallBatch, people: Source, access: Access) -> StartedBatch:
    """Start the job that puts more people into a batch that is not over. It is paused until all are in it.

    A batch that is paused for another reason stays paused. Raises BatchFinished and what
    ``lad.jobs.services.start`` raises.
    """
    row = CallBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if row.status not in BATCH_OPEN:
        raise BatchFinished
    parameters = {"batch": str(row.pk), "name": row.name or "a batch"}
    with quiet():  # It is no pause that somebody wanted.
        pausing.pause([row.pk], reason=pausing.FILLING, now=timezone.now(), actor=access.user)
    job = jobs.start(kind=FILL, rows=lambda job: _write(job, row, people), parameters=parameters, access=access)
    require_room(row, job.total)
    row.refresh_from_db()
    return StartedBatch(row, job)


def _write(job: Job, batch: CallBatch, people: Source) -> QuerySet[CallBatchLine]:
    with connection.cursor() as cursor:
        if isinstance(people, QuerySet):
            sql, parameters = jobs.own_rows(people).values("pk").query.sql_with_params()
            cursor.execute(_INSERT_LEADS.format(chosen=sql), [job.tenant_id, batch.pk, job.pk, *parameters])
        else:
            for start in range(0, len(people), LINES_PER_STATEMENT):
                some = people[start : start + LINES_PER_STATEMENT]
                numbers = [number for number, _target in some]
                contents = [json.dumps(_content(target)) for _number, target in some]
                cursor.execute(_INSERT, [job.tenant_id, batch.pk, job.pk, numbers, contents])
    lines: QuerySet[CallBatchLine] = CallBatchLine.objects.filter(job=job.pk)
    return lines


def _content(target: Target) -> dict[str, Any]:
    values = {
        "lead": str(target.lead_id) if target.lead_id else None,
        "phone": target.phone,
        "name": target.name,
        "context": target.context,
        "variables": dict(target.variables),
    }
    return {name: value for name, value in values.items() if value}


def _target(content: Values) -> Target:
    lead = content.get("lead")
    return Target(
        UUID(lead) if lead else None,
        content.get("phone", ""),
        content.get("name", ""),
        content.get("context", ""),
        content.get("variables", {}),
    )


def _fill(rows: Rows) -> list[RowOutcome]:
    lines = list(CallBatchLine.objects.filter(pk__in=rows.keys).order_by("number", "pk"))
    batch = CallBatch.objects.select_for_update(no_key=True).filter(pk=rows.parameters["batch"]).first()
    if batch is None or batch.status not in BATCH_OPEN:
        return [RowOutcome(line.pk, Verdict.SKIPPED, "The batch is over.") for line in lines]
    targets, places = [_target(line.content) for line in lines], [line.number for line in lines]
    checks = add_people(batch, targets, now=timezone.now(), places=places)
    for line, check in zip(lines, checks, strict=True):
        line.problem = "" if check.is_accepted else (check.detail or "It was left out.")[:MAX_PROBLEM]
    CallBatchLine.objects.filter(pk__in=[line.pk for line in lines if not line.problem]).delete()
    CallBatchLine.objects.bulk_update([line for line in lines if line.problem], ["problem"])
    if lines and not CallBatchLine.objects.filter(batch=batch, problem="").exists():
        release(batch, actor=rows.actor)
    return [_outcome(line, check) for line, check in zip(lines, checks, strict=True)]


def _outcome(line: CallBatchLine, check: TargetCheck) -> RowOutcome:
    if check.is_accepted:
        return RowOutcome(line.pk, Verdict.CHANGED)
    verdict = Verdict.UNCHANGED if check.result == DUPLICATE else Verdict.SKIPPED
    return RowOutcome(line.pk, verdict, check.detail)


def _check(parameters: Values) -> None:
    status = CallBatch.objects.filter(pk=parameters["batch"]).values_list("status", flat=True).first()
    if status not in BATCH_OPEN:
        raise BatchFinished("The batch was cancelled or deleted. Nobody else is added to it.")


FILL: Final = job_kinds.register(
    JobKind(
        key="voice.batch.fill",
        label="Add people to a batch of calls",
        change=_fill,
        check=_check,
        model=lambda _parameters: CallBatchLine,
        right=lambda _parameters: RIGHT,
        feature=lambda _parameters: VOICE_AGENT,
        title=lambda parameters, _lines: f"Add people to {parameters['name']}",
        done=lambda _parameters: "put into the batch",
        part_size=PART_SIZE,
    )
)
