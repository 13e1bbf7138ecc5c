"""Undo an import as a job: delete, softly, the leads that it created, if nobody has touched them since.

A lead that was changed, got a note or is in a campaign stays, and the job says so. Leads that the import completed stay
as they are.
"""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from aiicp.lead_files.jobs import FEATURE, IMPORT
from aiicp.lead_files.writing import SOURCE
from campaigns.enrolment.models import CampaignLead
from lad import writes
from lad.errors import Conflict, NotFound
from lad.jobs import services as jobs
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.jobs.models import Job
from lad.tenancy.access import Access
from lad.tenancy.context import current_tenant_id
from lad.types import Values
from leads.contacts.models import Lead, LeadNote
from leads.contacts.services.duplicates import Duplicates

RIGHT: Final = "leads.delete"
# Each lead is deleted with its rules and its event.
PART_SIZE: Final = 100
CHANGED: Final = "It was changed after the import."
NOTED: Final = "It has a note."
ENROLLED: Final = "It is in a campaign."
GONE: Final = "It was deleted in the meantime."


class ImportRuns(Conflict):
    """The import is not finished. Cancel it or wait for its end, then undo it."""

    code = "import_not_finished"


def import_of(key: UUID, access: Access) -> Job:
    """Return an import that the caller may see. Raises NotFound."""
    found: Job | None = jobs.visible_jobs(access, Job.objects.filter(pk=key, kind=IMPORT.key)).first()
    if found is None:
        raise NotFound
    return found


def start_undo(*, job: Job, access: Access) -> Job:
    """Start a job that undoes an import, and return it.

    Raises ImportRuns, and NothingToChange if no lead of it is left. Raises MissingRight without the right to delete
    leads.
    """
    if not job.is_finished:
        raise ImportRuns
    parameters = {
        "file_name": job.parameters["file_name"],
        "until": job.finished_at.isoformat() if job.finished_at else "",
        # Rows further down in the file may have completed what it created.
        "completed": job.parameters["duplicates"] == Duplicates.UPDATE,
    }
    return jobs.start(kind=UNDO, rows=created_by(job), parameters=parameters, access=access)


def created_by(job: Job) -> QuerySet[Lead]:
    """Return the leads that an import created. Reads only the leads that came from files while it ran."""
    rows: QuerySet[Lead] = Lead.objects.filter(
        tenant=current_tenant_id(), source=SOURCE, created_at__gte=job.created_at
    )
    if job.finished_at is not None:
        rows = rows.filter(created_at__lte=job.finished_at)
    return rows.filter(raw_data__contains={"import": job.parameters["import"]})


def _undo(rows: Rows) -> list[RowOutcome]:
    found = {
        lead.pk: lead for lead in Lead.objects.filter(pk__in=rows.keys).select_for_update(of=("self",)).order_by("pk")
    }
    noted = _leads_of(LeadNote, found)
    enrolled = _leads_of(CampaignLead, found)
    outcomes = []
    for key in rows.keys:
        lead = found.get(key)
        reason = GONE if lead is None else ""
        if lead is not None:
            reason = ENROLLED if key in enrolled else NOTED if key in noted else _change(lead, rows.parameters)
        if lead is None or reason:
            outcomes.append(RowOutcome(key, Verdict.SKIPPED, reason))
            continue
        writes.delete(lead, actor=rows.actor)
        outcomes.append(RowOutcome(key, Verdict.CHANGED))
    return outcomes


def _leads_of(model: Any, leads: Collection[Any]) -> set[Any]:
    return set(model.objects.filter(lead__in=list(leads)).values_list("lead", flat=True))


def _change(lead: Lead, parameters: Values) -> str:
    if lead.updated_at == lead.created_at:
        return ""
    until = parse_datetime(parameters["until"]) if parameters["completed"] else None
    return "" if until is not None and lead.updated_at <= until else CHANGED


def _title(parameters: Values, rows: str) -> str:
    name = f" of {parameters['file_name']}" if parameters["file_name"] else ""
    return f"Undo the import{name}: delete {rows}"


def _model(_parameters: Values) -> type[Any]:
    return Lead


UNDO: Final = job_kinds.register(
    JobKind(
        key="leads.undo_import",
        label="Undo an import of leads",
        change=_undo,
        model=_model,
        right=lambda _parameters: RIGHT,
        feature=lambda _parameters: FEATURE,
        title=_title,
        done=lambda _parameters: "deleted",
        part_size=PART_SIZE,
    )
)
