"""Record the last activity and the last contact of leads."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest

from leads.contacts.models import Lead


class ContactDirection(models.TextChoices):
    """Who contacted whom."""

    OUTBOUND = "outbound", "Outbound"
    INBOUND = "inbound", "Inbound"


def record_activity(lead_ids: Iterable[UUID], *, at: datetime) -> None:
    """Record that something happened with the leads at this time.

    Runs in one statement and emits no event. A later time that is already stored stays.
    """
    _move_forward(lead_ids, ["last_activity_at"], at)


def record_contact(lead_id: UUID, *, channel: str, at: datetime, direction: ContactDirection) -> None:
    """Record that the lead was reached, or got in touch, at this time. That counts as activity too.

    The lead stores the time only; its columns have no room for ``channel`` and ``direction`` yet. Runs in one
    statement and emits no event. A later time that is already stored stays.
    """
    _move_forward([lead_id], ["last_activity_at", "last_contacted_at"], at)


def _move_forward(lead_ids: Iterable[UUID], columns: list[str], at: datetime) -> None:
    earlier = Q()
    for name in columns:
        earlier |= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lt": at})
    # PostgreSQL's GREATEST leaves nulls out.
    later = {name: Greatest(name, models.Value(at, output_field=models.DateTimeField())) for name in columns}
    Lead.objects.filter(earlier, pk__in=list(lead_ids)).update(**later)
