"""Use as a file that spreadsheets open: every line there is, however many."""

import csv
from collections.abc import Iterable
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import Any, Final
from uuid import UUID

from django.http import FileResponse

from billing.usage.admin.filters import Asked
from billing.usage.selectors import details as usage_details
from billing.usage.selectors import summaries
from billing.usage.selectors.details import Detail

# A cell that begins so would be run as a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
HEAD: Final = (
    "day",
    "feature",
    "person",
    "status",
    "category",
    "provider",
    "model",
    "unit",
    "uses",
    "quantity",
    "cost",
    "currency",
)


def usage_file(question: Asked) -> FileResponse:
    """The use of the period by day, person and component."""
    # Written now, to the disk: the scope it may be read in ends before the answer is sent, and who
    # receives it slowly must not keep a transaction open.
    file = TemporaryFile()  # noqa: SIM115  (closed with the response)
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(HEAD)
    people: dict[UUID | None, str] = {None: ""}
    for lines in usage_details.details(question.period, question.chosen):
        people |= _emails({line.user_id for line in lines} - {*people})
        writer.writerows(_cells(line, people, question.chosen.currency) for line in lines)
    text.detach()
    file.seek(0)
    name = f"usage-{question.period.first}-{question.period.last}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def _emails(keys: Iterable[UUID | None]) -> dict[UUID | None, str]:
    wanted = [key for key in keys if key is not None]
    found = summaries.users(wanted) if wanted else {}
    return {key: found[key].email if key in found else str(key) for key in wanted}


def _cells(line: Detail, people: dict[UUID | None, str], currency: str) -> list[str]:
    values: tuple[Any, ...] = (
        line.day.isoformat(),
        line.feature_key,
        people[line.user_id],
        line.status,
        line.category,
        line.provider,
        line.model,
        line.unit,
        line.uses,
        f"{line.quantity:f}",
        f"{line.cost:f}",
        currency,
    )
    return [f"'{text}" if text.startswith(FORMULA) else text for text in map(str, values)]
