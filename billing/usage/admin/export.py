"""The usage explorer's CSV file: every row of the period."""

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import Final
from uuid import UUID

from django.http import FileResponse

from billing.pricing.models import PriceCategory
from billing.units import PriceUnit
from billing.usage.admin.filters import ExplorerQuery
from billing.usage.models import UsageStatus
from billing.usage.selectors import details, summaries
from billing.usage.selectors.details import UsageDetail
from lad.spreadsheets import CONTENT_TYPE, csv_lines

STATUSES: Final = dict(UsageStatus.choices)
CATEGORIES: Final = dict(PriceCategory.choices)
UNITS: Final = dict(PriceUnit.choices)
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
    file.writelines(line.encode() for line in csv_lines(_rows(query)))
    file.seek(0)
    name = f"usage-{query.period.first}-{query.period.last}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPE)


def _rows(query: ExplorerQuery) -> Iterator[Iterable[object]]:
    yield HEADER
    people: dict[UUID | None, str] = {None: ""}
    for lines in details.usage_details(query.period, query.usage_filter):
        people |= _emails({line.user_id for line in lines} - {*people})
        yield from (_cells(line, people, query.usage_filter.currency) for line in lines)


def _emails(keys: Iterable[UUID | None]) -> dict[UUID | None, str]:
    user_ids = [key for key in keys if key is not None]
    found = summaries.visible_users(user_ids) if user_ids else {}
    return {key: found[key].email if key in found else str(key) for key in user_ids}


def _cells(line: UsageDetail, people: dict[UUID | None, str], currency: str) -> Iterable[object]:
    return (
        line.day,
        line.feature_key,
        people[line.user_id],
        STATUSES.get(line.status, line.status),
        CATEGORIES.get(line.category, line.category),
        line.provider,
        line.model,
        UNITS.get(line.unit, line.unit),
        line.uses,
        line.quantity,
        line.cost,
        currency,
    )
