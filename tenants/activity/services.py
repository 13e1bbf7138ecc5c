"""Write the activity feed, a sentence about each event, and the record of exports."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final
from uuid import UUID

from django.apps import apps
from django.db import connection

from lad import writes
from lad.db.identifiers import as_uuid, from_uuid, uuid7
from lad.db.models import LadModel
from lad.jobs.reports import on_export
from lad.outbox.catalogue import event_type
from lad.outbox.consumers import Batch, Event
from lad.tenancy.access import Access
from tenants.accounts.models import User
from tenants.activity.models import DataExport

PLATFORM_LABEL: Final = "LAD"
MAX_LABEL_LENGTH: Final = 255
MAX_SUMMARY_LENGTH: Final = 500

# The rows travel as one JSON text, which both sides handle faster than an array per column.
INSERT: Final = """
INSERT INTO activity_entries
    (id, tenant_id, event_id, event_type, actor_id, actor_label, verb,
     subject_type, subject_id, subject_label, summary, occurred_at, created_at)
SELECT id, tenant_id, event_id, event_type, actor_id, actor_label, verb,
       subject_type, subject_id, subject_label, summary, occurred_at, clock_timestamp()
FROM json_to_recordset(%s) AS entry (
    id uuid, tenant_id uuid, event_id uuid, event_type text, actor_id uuid, actor_label text, verb text,
    subject_type text, subject_id uuid, subject_label text, summary text, occurred_at timestamptz
)
ON CONFLICT (tenant_id, event_id) DO NOTHING
"""


def record_export(access: Access, kind: str, row_count: int | None = None) -> DataExport:
    """Record that the caller takes rows of a kind out of LAD."""
    values = {"tenant": access.details.get("tenant"), "user": access.user, "kind": kind, "row_count": row_count}
    return writes.create(DataExport, values, actor=access.user)


class _BlankIfMissing(dict[str, object]):
    """Returns an empty string for fields that the payload lacks."""

    def __missing__(self, name: str) -> str:
        return ""


def record(batch: Batch) -> None:
    """Write one entry per event, in a few statements. Events that have an entry already are skipped."""
    actors = _actors(event.actor_id for event in batch)
    subjects = _subjects(batch)
    entries = [_entry(event, actors, subjects) for event in batch]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [json.dumps(entries)])


def _entry(event: Event, actors: Mapping[UUID, str], subjects: Mapping[UUID, str]) -> dict[str, str | None]:
    definition = event_type(event.type)
    actor_id = event.actor_id
    # A user who is gone is no actor of the feed.
    actor_label = actors.get(actor_id) if actor_id else None
    actor = actor_label or PLATFORM_LABEL
    subject = subjects.get(event.aggregate_id, "") if event.aggregate_id else ""
    values = _BlankIfMissing({**event.payload, "actor": actor, "subject": subject})
    return {
        "id": str(uuid7()),
        "tenant_id": str(event.tenant_id),
        "event_id": str(event.id),
        "event_type": event.type,
        "actor_id": str(actor_id) if actor_label is not None else None,
        "actor_label": actor[:MAX_LABEL_LENGTH],
        "verb": definition.verb,
        "subject_type": event.aggregate_type,
        "subject_id": str(event.aggregate_id) if event.aggregate_id else None,
        "subject_label": subject[:MAX_LABEL_LENGTH],
        "summary": " ".join(definition.summary.format_map(values).split())[:MAX_SUMMARY_LENGTH],
        "occurred_at": event.created_at.isoformat(),
    }


def _actors(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    keys = {key for key in ids if key is not None}
    return User.labels(keys) if keys else {}


def _subjects(batch: Batch) -> dict[UUID, str]:
    """Return the label of each aggregate, with one query per model."""
    keys: dict[str, set[UUID]] = defaultdict(set)
    for event in batch:
        if event.aggregate_id is not None:
            keys[event.type.partition(".")[0] + "." + event.aggregate_type].add(event.aggregate_id)
    models = _models()
    labels: dict[UUID, str] = {}
    for event_name, ids in keys.items():
        model = models.get(event_name)
        if model is not None:
            found = model.labels(from_uuid(model, key) for key in ids)
            labels |= {as_uuid(key): label for key, label in found.items()}
    return labels


@cache
def _models() -> dict[str, type[LadModel]]:
    return {model.event_name: model for model in apps.get_models() if issubclass(model, LadModel)}


on_export(record_export)
