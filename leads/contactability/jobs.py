"""Import long lists of addresses as a job: the lines wait in a table, and parts of them are put on the list.

A line that was understood is deleted in the transaction that lists its address, so that each counts once. The others
stay with the job, which names their numbers and what is wrong with them.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from lad.db.identifiers import uuid7
from lad.jobs import services as jobs
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.jobs.models import Job
from lad.tenancy.access import Access
from lad.types import Values
from leads.contactability.models import SuppressionLine
from leads.contactability.services import import_rows, read_rows

RIGHT: Final = "contactability.create"
FEATURE: Final = "deals-pipeline"
PART_SIZE: Final = 2_000
LINES_PER_STATEMENT: Final = 20_000
INSERT: Final = """
INSERT INTO suppression_lines (id, tenant_id, job_id, number, text, created_at)
SELECT id, %s, %s, number, text, statement_timestamp() FROM unnest(%s::uuid[], %s::int[], %s::text[])
    AS line (id, number, text)
"""


def start_import(
    *, lines: Sequence[tuple[int, str]], channel: str, reason: str, source: str = "", access: Access
) -> Job:
    """Start a job that puts the addresses of the lines on the current tenant's list, and return it.

    ``lines`` are numbers with the text, as ``rows_of_file`` returns them. Raises what ``lad.jobs.services.start``
    raises.
    """
    parameters = {"channel": channel, "reason": reason, "source": source}
    return jobs.start(kind=IMPORT, rows=lambda job: _write(job, lines), parameters=parameters, access=access)


def _write(job: Job, lines: Sequence[tuple[int, str]]) -> QuerySet[SuppressionLine]:
    with connection.cursor() as cursor:
        for start in range(0, len(lines), LINES_PER_STATEMENT):
            some = lines[start : start + LINES_PER_STATEMENT]
            texts = [text[: SuppressionLine.MAX_TEXT] for _number, text in some]
            numbers = [number for number, _text in some]
            cursor.execute(INSERT, [job.tenant_id, job.pk, [uuid7() for _each in some], numbers, texts])
    rows: QuerySet[SuppressionLine] = SuppressionLine.objects.filter(job=job.pk)
    return rows


def _import(rows: Rows) -> list[RowOutcome]:
    lines = list(SuppressionLine.objects.filter(pk__in=rows.keys).order_by("number", "pk"))
    if not lines:
        return []
    read = read_rows([(line.number, line.text) for line in lines], tenant_id=lines[0].tenant_id)
    channel, reason, source = (str(rows.parameters[name]) for name in ("channel", "reason", "source"))
    found = import_rows(read, channel=channel, reason=reason, source=source, actor=rows.actor).verdicts
    outcomes = [
        RowOutcome(line.pk, VERDICTS[verdict], each.problem)
        for line, each, verdict in zip(lines, read, found, strict=True)
    ]
    understood = [each.key for each in outcomes if each.verdict != Verdict.FAILED]
    SuppressionLine.objects.filter(pk__in=understood).delete()
    return outcomes


def _title(_parameters: Values, lines: str) -> str:
    return f"Import {lines} into the do-not-contact list"


VERDICTS: Final = {
    "added": Verdict.CHANGED,
    "listed": Verdict.UNCHANGED,
    "repeated": Verdict.UNCHANGED,
    "invalid": Verdict.FAILED,
}
IMPORT: Final = job_kinds.register(
    JobKind(
        key="suppressions.import",
        label="Import a do-not-contact list",
        change=_import,
        model=lambda _parameters: SuppressionLine,
        right=lambda _parameters: RIGHT,
        feature=lambda _parameters: FEATURE,
        title=_title,
        done=lambda _parameters: "put on the do-not-contact list",
        part_size=PART_SIZE,
    )
)
