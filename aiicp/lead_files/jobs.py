"""Import the rows of a file as a job: they wait in a table, and parts of them become leads.

A row is deleted in the transaction that writes its lead, so that each becomes a lead once. Rows that name nobody, and
those that are left alone because the person is a lead already, stay with the job, which says why.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from aiicp.lead_files.models import LeadFileRow
from aiicp.lead_files.rows import check_row
from aiicp.lead_files.writing import Verdict, Wish, write_rows
from lad.api.permissions import MissingRight
from lad.db.identifiers import uuid7
from lad.jobs import kinds
from lad.jobs import services as jobs
from lad.jobs.kinds import JobKind, RowOutcome, Rows, job_kinds
from lad.jobs.models import Job
from lad.tenancy.access import Access
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.tenancy.members import mark_as_member, member_ids
from lad.types import Values
from leads.contacts.services.duplicates import Duplicates
from leads.contacts.services.leads import require_member
from tenants.accounts.models import User

RIGHT: Final = "leads.create"
RIGHT_TO_UPDATE: Final = "leads.update"
FEATURE: Final = "deals-pipeline"
PART_SIZE: Final = 200
ROWS_PER_STATEMENT: Final = 5_000
INSERT: Final = """
INSERT INTO lead_file_rows (id, tenant_id, job_id, number, texts, custom, created_at)
SELECT id, %s, %s, number, texts, custom, statement_timestamp() FROM json_to_recordset(%s) AS given
    (id uuid, number int, texts jsonb, custom jsonb)
"""

CellsOfRow = tuple[int, dict[str, str], dict[str, str]]


def start_import(
    *,
    rows: Iterable[CellsOfRow],
    duplicates: Duplicates,
    owner_id: UUID | None = None,
    tags: Sequence[str] = (),
    file_name: str = "",
    access: Access,
) -> Job:
    """Start a job that imports the rows as leads of the current tenant, and return it.

    ``rows`` are what ``cells_of`` yields; they are stored in portions, so that a long file is never whole in memory.
    Raises Invalid for an owner who is no member, what reading
    the rows raises, and what ``lad.jobs.services.start`` raises.
    """
    if not access.allows(RIGHT):
        # Completing leads needs the other right too, which the kind names.
        raise MissingRight(right=RIGHT)
    parameters = {
        "duplicates": str(duplicates),
        "owner": str(owner_id) if owner_id else "",
        "tags": list(tags),
        "file_name": file_name[:255],
        "import": str(uuid7()),
    }
    return jobs.start(kind=IMPORT, rows=lambda job: _write(job, rows), parameters=parameters, access=access)


def _write(job: Job, rows: Iterable[CellsOfRow]) -> QuerySet[LeadFileRow]:
    with connection.cursor() as cursor:
        waiting = iter(rows)
        while portion := list(islice(waiting, ROWS_PER_STATEMENT)):
            some = [
                {"id": str(uuid7()), "number": number, "texts": texts, "custom": custom}
                for number, texts, custom in portion
            ]
            cursor.execute(INSERT, [job.tenant_id, job.pk, orjson.dumps(some).decode()])
    written: QuerySet[LeadFileRow] = LeadFileRow.objects.filter(job=job.pk)
    return written


def _import(rows: Rows) -> list[RowOutcome]:
    lines = list(LeadFileRow.objects.filter(pk__in=rows.keys).order_by("number", "pk"))
    country = country_of(current_tenant_id())
    checked = [check_row(line.number, line.texts, line.custom, country=country) for line in lines]
    somebody = [row for row in checked if row.is_somebody]
    originals = {line.number: line.texts for line in lines}
    written = write_rows(somebody, originals, _wish(rows.parameters), actor=rows.actor)
    outcomes = []
    for line, row in zip(lines, checked, strict=True):
        found = written.get(line.number)
        if found is None:
            outcomes.append(RowOutcome(line.pk, kinds.Verdict.FAILED, " ".join(each.problem for each in row.issues)))
        else:
            outcomes.append(RowOutcome(line.pk, _VERDICTS[found.verdict], found.reason))
    done = [each.key for each in outcomes if each.verdict in (kinds.Verdict.CHANGED, kinds.Verdict.UNCHANGED)]
    LeadFileRow.objects.filter(pk__in=done).delete()
    return outcomes


def _wish(parameters: Values) -> Wish:
    owner = User.objects.filter(pk=parameters["owner"]).first() if parameters["owner"] else None
    if owner is not None and member_ids().filter(user=owner.pk).exists():
        # So that this is not asked again for each row.
        mark_as_member(owner)
    return Wish(
        Duplicates(parameters["duplicates"]),
        owner,
        tuple(parameters["tags"]),
        parameters["file_name"],
        parameters["import"],
    )


def _check(parameters: Values) -> None:
    require_member(UUID(parameters["owner"]) if parameters["owner"] else None)


def _right(parameters: Values) -> str:
    """Return the right that is needed: who completes leads that exist must be allowed to change them."""
    return RIGHT_TO_UPDATE if parameters["duplicates"] == Duplicates.UPDATE else RIGHT


def _title(parameters: Values, rows: str) -> str:
    name = f" of {parameters['file_name']}" if parameters["file_name"] else ""
    return f"Import {rows}{name} as leads"


_VERDICTS: Final[dict[Verdict, kinds.Verdict]] = {
    Verdict.CREATED: kinds.Verdict.CHANGED,
    Verdict.UPDATED: kinds.Verdict.CHANGED,
    Verdict.UNCHANGED: kinds.Verdict.UNCHANGED,
    Verdict.SKIPPED: kinds.Verdict.SKIPPED,
}


def _model(_parameters: Values) -> type[Any]:
    return LeadFileRow


IMPORT: Final = job_kinds.register(
    JobKind(
        key="leads.import_file",
        label="Import a file of leads",
        change=_import,
        check=_check,
        model=_model,
        right=_right,
        feature=lambda _parameters: FEATURE,
        title=_title,
        done=lambda _parameters: "imported as leads",
        part_size=PART_SIZE,
    )
)
