"""The job that deletes rows of any model that has a page in the admin."""

from typing import Any, Final, cast

from django.apps import apps
from django.contrib import admin
from django.db.models import Model

from lad import writes
from lad.db.models import LadModel
from lad.jobs.kinds import JobKind, RowOutcome, Rows, each_row, job_kinds
from lad.types import Values

# Each row is written with its rules and its event, so a part takes longer than that of other kinds.
PART_SIZE: Final = 100
GONE: Final = "It was deleted in the meantime."


def deletion_of(model: type[Model]) -> Values:
    """Return the parameters of a job that deletes rows of the model."""
    return {"model": model._meta.label_lower}


def model_of(parameters: Values) -> type[LadModel]:
    """Return the model that the parameters name."""
    return cast(type[LadModel], apps.get_model(parameters["model"]))


def right_of(parameters: Values) -> str:
    """Return the right to delete rows of the model, which is the right to restore them too."""
    registry: dict[Any, Any] = admin.site._registry
    return f"{registry[model_of(parameters)].area}.delete"


def _delete(rows: Rows) -> list[RowOutcome]:
    model = model_of(rows.parameters)
    found = model.objects.filter(pk__in=rows.keys).select_for_update(of=("self",)).order_by("pk")
    return each_row(rows, found, lambda row: writes.delete(row, actor=rows.actor), gone=GONE)


DELETE: Final = job_kinds.register(
    JobKind(
        key="rows.delete",
        label="Delete rows",
        change=_delete,
        model=model_of,
        right=right_of,
        title=lambda _parameters, rows: f"Delete {rows}",
        done=lambda _parameters: "deleted",
        part_size=PART_SIZE,
    )
)
