"""What the tests of leads share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, transaction

from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context

LEADS = "/api/v1/leads/"
STAGES = "/api/v1/lead-stages/"
STATUSES = "/api/v1/lead-statuses/"
NOTES = "/api/v1/lead-notes/"
SOCIAL = "/api/v1/lead-social/"
BOOKINGS = "/api/v1/lead-bookings/"


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    return response.status_code, response.json()["code"]


def fresh(row: Any) -> Any:
    """The row as the database has it now, deleted or not."""
    with platform_context():
        return type(row).all_objects.get(pk=row.pk)


def events(kind: str, about: UUID | None = None) -> list[dict[str, Any]]:
    """What the events of one type told, the oldest first."""
    with platform_context():
        found = DomainEvent.objects.filter(event_type=kind).order_by("created_at", "id")
        if about is not None:
            found = found.filter(aggregate_id=about)
        return [event.payload for event in found]


@contextmanager
def refused(name: str, cause: type[Exception] = psycopg.errors.IntegrityError) -> Iterator[None]:
    """The database refuses what happens inside, by the constraint of that name."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    error = caught.value.__cause__
    assert isinstance(error, cause)
    assert isinstance(error, psycopg.Error)
    assert error.diag.constraint_name == name
