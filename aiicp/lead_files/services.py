"""Read a file of leads and assess it. Nothing is stored; ``jobs.start_import`` imports the rows.

The content of a file goes to no language model: values are understood here. Headings that LAD does not know may be
shown to the tenant's model, see ``model_mapping``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiicp.lead_files import assessment
from aiicp.lead_files.columns import BY_KEY
from aiicp.lead_files.files import Table, read_file
from aiicp.lead_files.mapping import MappedColumn, with_choices
from aiicp.lead_files.matching import Matches, match
from aiicp.lead_files.rows import CheckedRow, Issue, cells_of, check_row
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of

MAX_LEADS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Assessment:
    """A file as it is understood: its columns, rows, what is wrong with them, and what the rows are good for.

    Of a long file these are the first rows.
    """

    table: Table
    columns: tuple[MappedColumn, ...]
    rows: tuple[CheckedRow, ...]
    coverage: Mapping[str, assessment.Coverage]
    matches: Matches

    @property
    def people(self) -> list[CheckedRow]:
        """Return the rows that name somebody."""
        return [row for row in self.rows if row.is_somebody]

    @property
    def issues(self) -> list[Issue]:
        return [issue for row in self.rows for issue in row.issues]

    @property
    def new(self) -> int:
        """Return how many rows are neither leads already nor repeated in the file."""
        known = {*self.matches.leads, *self.matches.repeated}
        return sum(row.number not in known for row in self.people)

    @property
    def recommended(self) -> list[assessment.RecommendedAction]:
        return assessment.recommended(self.coverage)

    @property
    def summary(self) -> str:
        return assessment.summary(self.people, self.coverage)


def assess_file(content: bytes, *, now: datetime, mapping: Mapping[int, str] | None = None) -> Assessment:
    """Read a file and compare it with the current tenant's leads and do-not-contact list.

    ``mapping`` names by place what columns hold; the others are recognised. Raises UnreadableFile and Invalid.
    """
    return assess_table(read_file(content), now=now, mapping=mapping)


def assess_table(
    table: Table,
    *,
    now: datetime,
    mapping: Mapping[int, str] | None = None,
    columns: Sequence[MappedColumn] | None = None,
) -> Assessment:
    """Assess the cells of a file, as ``assess_file`` does. ``columns`` are what they hold, if that is known already."""
    columns = required(tuple(columns) if columns is not None else with_choices(table, mapping or {}))
    headings = {each.key: each.heading for each in columns if each.heading}
    country = country_of(current_tenant_id())
    rows = tuple(
        check_row(number, texts, custom, country=country, headings=headings)
        for number, texts, custom in cells_of(table.rows, columns)
    )
    people = [row for row in rows if row.is_somebody]
    return Assessment(table, columns, rows, assessment.coverage(people), match(people, now=now))


def required(columns: tuple[MappedColumn, ...]) -> tuple[MappedColumn, ...]:
    """Return the columns. Raises Invalid if not one of them says what a lead has."""
    if not any(each.key in BY_KEY for each in columns):
        raise Invalid(
            "No column of the file could be recognised. Name the columns as the template does, for example “E-mail”,"
            " “First name” and “Company”, or choose what they hold."
        )
    return columns


def checked_leads(leads: Sequence[Mapping[str, Any]]) -> list[CheckedRow]:
    """Return leads that a client has read from a file, checked as rows are. They are numbered from 1.

    Keys that are no column are left out. Raises Invalid for more than MAX_LEADS of them.
    """
    if len(leads) > MAX_LEADS:
        raise Invalid(errors={"leads": [f"Send at most {MAX_LEADS:,} leads at once. You sent {len(leads):,}."]})
    country = country_of(current_tenant_id())
    return [
        check_row(number, {key: str(lead[key]) for key in BY_KEY if _is_text(lead.get(key))}, country=country)
        for number, lead in enumerate(leads, 1)
    ]


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() != ""
