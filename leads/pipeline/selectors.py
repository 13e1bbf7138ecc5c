"""Read a tenant's pipeline."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Sum, Value

from lad.labels import in_words
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage, LeadStatus, Outcome

# Pairs of key and label, as Django's choice fields take them.
Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class StageCount:
    """One column of the board: the number of leads that are not archived, and their value by currency."""

    key: str
    label: str
    color: str
    leads: int
    values: dict[str, Decimal]
    outcome: str = Outcome.OPEN


def board(tenant_id: UUID) -> list[StageCount]:
    """Return the tenant's stages in order, with their leads counted. Reads only an index, however many leads."""
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
        StageCount(stage.key, stage.label, stage.color, counts.pop(stage.key, 0), values[stage.key], stage.outcome)
        for stage in stages
    ]
    # Rows imported with plain SQL may name a stage that does not exist. They must not disappear from the board.
    return [
        *known,
        *(StageCount(key, in_words(key), "", number, values[key]) for key, number in sorted(counts.items())),
    ]


def stage_choices(tenant_id: UUID) -> Choices:
    """Return keys and labels of the tenant's stages, in order."""
    return list(LeadStage.objects.filter(tenant=tenant_id).order_by("display_order").values_list("key", "label"))


def status_choices(tenant_id: UUID) -> Choices:
    """Return keys and labels of the tenant's statuses, oldest first."""
    rows = LeadStatus.objects.filter(tenant=tenant_id).order_by("created_at", "id")
    return list(rows.values_list("key", "label"))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A tenant's stages and statuses, in order. ``colors`` are those of the stages, by key."""

    stage: Choices
    status: Choices
    colors: dict[str, str]


def pipeline_of(tenant_id: UUID) -> Pipeline:
    """Return the tenant's stages and statuses, read in one query."""
    columns = ("kind", "rank", "created_at", "key", "label", "hue")
    stages = LeadStage.objects.filter(tenant=tenant_id).annotate(
        kind=Value("stage"), rank=F("display_order"), hue=F("color")
    )
    statuses = LeadStatus.objects.filter(tenant=tenant_id).annotate(kind=Value("status"), rank=Value(0), hue=Value(""))
    rows = stages.values_list(*columns).union(statuses.values_list(*columns), all=True).order_by(*columns[:4])
    found = Pipeline([], [], {})
    for kind, _rank, _created_at, key, label, color in rows:
        if kind == "stage":
            found.stage.append((key, label))
            found.colors[key] = color
        else:
            found.status.append((key, label))
    return found
