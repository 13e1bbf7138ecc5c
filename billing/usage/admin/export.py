"""The usage explorer's CSV file: every row of the period."""

import csv
from collections.abc import Iterable
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import Any, Final
from uuid import UUID

from django.http import FileResponse

from billing.usage.admin.filters import ExplorerQuery
from billing.usage.selectors import details, summaries
from billing.usage.selectors.details import UsageDetail

# Spreadsheets run a cell that begins with one of these as a formula.
FORMULA_PREFIXES: Final = ("=", "+", "-", "@", "\t", "\r")
HEADER: Final = (
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


def csv_response(query: ExplorerQuery) -> FileResponse:
    """Return the period's usage by day, user and component as a CSV download."""
    # Written to disk now: the scope ends before the response is sent, and a slow client must not keep a
    # transaction open.
    file = TemporaryFile()  # noqa: SIM115  (closed with the response)
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(HEADER)
    people: dict[UUID | None, str] = {None: ""}
    for lines in details.usage_details(query.period, query.usage_filter):
        people |= _emails({line.user_id for line in lines} - {*people})
        writer.writerows(_cells(line, people, query.usage_filter.currency) for line in lines)
    text.detach()
    file.seek(0)
    name = f"usage-{query.period.first}-{query.period.last}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def _emails(keys: Iterable[UUID | None]) -> dict[UUID | None, str]:
    user_ids = [key for key in keys if key is not None]
    found = summaries.visible_users(user_ids) if user_ids else {}
    return {key: found[key].email if key in found else str(key) for key in user_ids}


def _cells(line: UsageDetail, people: dict[UUID | None, str], currency: str) -> list[str]:
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
    return [f"'{text}" if text.startswith(FORMULA_PREFIXES) else text for text in map(str, values)]
