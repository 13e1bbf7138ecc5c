"""Reads of the leads domain that are more than a filter."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage


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


def stage_choices(tenant_id: Any) -> list[tuple[str, str]]:
    """Keys and labels of the tenant's stages, in order."""
    return list(LeadStage.objects.filter(tenant=tenant_id).order_by("display_order").values_list("key", "label"))
