"""Kinds of jobs that change many leads: assign, move, archive."""

from typing import Any, Final
from uuid import UUID

from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict, job_kinds
from lad.labels import in_words
from lad.tenancy.context import current_tenant_id
from lad.types import Values
from leads.contacts.models import Lead
from leads.contacts.services import leads
from leads.pipeline.services import STAGES, lock_choice
from tenants.accounts.models import User

FEATURE: Final = "deals-pipeline"
GONE: Final = "The lead was deleted in the meantime."

_VERDICTS: Final = {"changed": Verdict.CHANGED, "unchanged": Verdict.UNCHANGED, "not_found": Verdict.SKIPPED}


def _outcomes(found: list[leads.LeadOutcome]) -> list[RowOutcome]:
    return [RowOutcome(each.id, _VERDICTS[each.verdict], GONE if each.verdict == "not_found" else "") for each in found]


def _user(parameters: Values) -> User | None:
    key = parameters["assigned_user"]
    return User.objects.get(pk=key) if key else None


def _assign(rows: Rows) -> list[RowOutcome]:
    user = _user(rows.parameters)
    return _outcomes(leads.assign_many(ids=_ids(rows), user=user, actor=rows.actor))


def _move(rows: Rows) -> list[RowOutcome]:
    return _outcomes(leads.move_many(ids=_ids(rows), stage=rows.parameters["stage"], actor=rows.actor))


def _archive(rows: Rows) -> list[RowOutcome]:
    return _outcomes(leads.archive_many(ids=_ids(rows), actor=rows.actor))


def _ids(rows: Rows) -> list[UUID]:
    return [key for key in rows.keys if isinstance(key, UUID)]


def _check_member(parameters: Values) -> None:
    key = parameters["assigned_user"]
    leads.require_member(UUID(key) if key else None)


def _check_stage(parameters: Values) -> None:
    lock_choice(STAGES, current_tenant_id(), parameters["stage"])


def _assignee(parameters: Values) -> str:
    user = _user(parameters)
    return (user.full_name or user.email) if user else "nobody"


def _register(key: str, label: str, **options: Any) -> JobKind:
    return job_kinds.register(
        JobKind(
            key=key,
            label=label,
            model=lambda _parameters: Lead,
            right=lambda _parameters: "leads.update",
            feature=lambda _parameters: FEATURE,
            **options,
        )
    )


ASSIGN: Final = _register(
    "leads.assign",
    "Assign leads",
    change=_assign,
    check=_check_member,
    title=lambda parameters, rows: f"Assign {rows} to {_assignee(parameters)}",
    done=lambda parameters: f"assigned to {_assignee(parameters)}",
)
MOVE: Final = _register(
    "leads.move",
    "Move leads to a stage",
    change=_move,
    check=_check_stage,
    title=lambda parameters, rows: f"Move {rows} to “{in_words(parameters['stage'])}”",
    done=lambda parameters: f"moved to “{in_words(parameters['stage'])}”",
)
ARCHIVE: Final = _register(
    "leads.archive",
    "Archive leads",
    change=_archive,
    title=lambda _parameters, rows: f"Archive {rows}",
    done=lambda _parameters: "archived",
)
