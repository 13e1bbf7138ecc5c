"""When something last happened with a lead, and when somebody last was in contact with them."""

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
    """Note that something happened with the leads at the given time.

    One statement. A later time that is stored already stays. Emits nothing.
    """
    _move_forward(lead_ids, ["last_activity_at"], at)


def record_contact(lead_id: UUID, *, channel: str, at: datetime, direction: ContactDirection) -> None:
    """Note that the lead was reached, or got in touch, at the given time; this counts as activity too.

    The tables keep the time of the last contact only, whatever its channel and direction.
    One statement. A later time that is stored already stays. Emits nothing.
    """
    _move_forward([lead_id], ["last_activity_at", "last_contacted_at"], at)


def _move_forward(lead_ids: Iterable[UUID], columns: list[str], at: datetime) -> None:
    earlier = Q()
    for name in columns:
        earlier |= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lt": at})
    # PostgreSQL's GREATEST leaves nulls out.
    later = {name: Greatest(name, models.Value(at, output_field=models.DateTimeField())) for name in columns}
    Lead.objects.filter(earlier, pk__in=list(lead_ids)).update(**later)
