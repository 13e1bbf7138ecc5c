"""Reads of the leads domain that are more than a filter."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from leads.models import Lead, LeadStage

# What a lead is found by: the beginnings of these, as they are stored.
LEAD_SEARCH: Final = ("name_key", "last_name_key", "company_key", "email", "phone", "company_domain")
_LAST_CHARACTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class StageCount:
    """One column of the board: how many leads that are not archived stand there, and what they are worth."""

    key: str
    label: str
    color: str
    leads: int
    values: dict[str, Decimal]


def board(tenant_id: UUID) -> list[StageCount]:
    """The tenant's stages in order, counted; read from an index alone, whatever the number of leads."""
    counts: dict[str, int] = defaultdict(int)
    values: dict[str, dict[str, Decimal]] = defaultdict(dict)
    sums = (
        Lead.objects.filter(tenant=tenant_id, is_archived=False)
        .order_by()
        .values_list("stage", "currency")
        .annotate(number=Count("*"), value=Sum("estimated_value"))
    )
    for key, currency, number, value in sums:
        counts[key] += number
        if value:
            values[key][currency] = value
    stages = LeadStage.objects.filter(tenant=tenant_id).order_by("display_order")
    known = [
        StageCount(stage.key, stage.label, stage.color, counts.pop(stage.key, 0), values[stage.key]) for stage in stages
    ]
    # Rows that were brought in past the services may name a stage there is not: better shown than lost.
    return [*known, *(StageCount(key, key, "", number, values[key]) for key, number in sorted(counts.items()))]


def starting_with(rows: QuerySet, fields: Iterable[str], term: str) -> QuerySet:
    """The rows in which one of the fields begins with the term, small letters or capitals.

    As bounds on columns in byte order, which an index serves under row-level security too; LIKE it would not.
    """
    begins = term.strip().lower()
    if not begins:
        return rows
    found = Q()
    for name in fields:
        found |= Q(**{f"{name}__gte": begins, f"{name}__lt": begins + _LAST_CHARACTER})
    return rows.filter(found)


def find_leads(rows: QuerySet, term: str) -> QuerySet:
    """The leads whose name, company, address, number or domain begins with the term."""
    digits = "".join(character for character in term if character.isdigit())
    if len(digits) > 5 and not any(character.isalpha() for character in term):
        term = f"+{digits.removeprefix('00')}"
    return starting_with(rows, LEAD_SEARCH, term)


def stage_choices(tenant_id: Any) -> list[tuple[str, str]]:
    """Keys and labels of the tenant's stages, in order."""
    return list(LeadStage.objects.filter(tenant=tenant_id).order_by("display_order").values_list("key", "label"))
