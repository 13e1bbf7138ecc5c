"""Columns of other features in the list of leads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.pagination import LadChangeList
from lad.tenancy.access import access_of
from leads.contacts.extensions import LeadColumn, columns_for
from leads.contacts.models import Lead


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column as the list shows it."""

    column: LeadColumn
    shown: Callable[[Lead], Any]


def added_columns(request: HttpRequest) -> list[AddedColumn]:
    """Return the columns of other features that the caller sees and that have something to show, found once."""
    known: list[AddedColumn] | None = vars(request).get("added_lead_columns")
    if known is None:
        offered = columns_for(access_of(request)) if access_of(request).tenant_id is not None else []
        headings = [(each, each.heading(request)) for each in offered]
        known = [AddedColumn(each, _shown(each, heading)) for each, heading in headings if heading]
        vars(request)["added_lead_columns"] = known
    return known


def _shown(column: LeadColumn, heading: str) -> Callable[[Lead], Any]:
    @display(description=heading, ordering=F(column.order).desc(), label=dict(column.label) if column.label else None)
    def cell(obj: Lead) -> Any:
        return column.cell(obj)

    cell.__name__ = column.name
    return cell


class LeadChangeList(LadChangeList):
    """Sorts by a column of another feature the leads that have a value there."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet:
        rows = super().get_queryset(request, exclude_parameters)
        # An address may name columns that are not there.
        sorted_by = [
            self.list_display[each] for each in self.get_ordering_field_columns() if each < len(self.list_display)
        ]
        for each in added_columns(request):
            if each.shown in sorted_by:
                rows = each.column.by(request, rows)
        return rows
