"""Write the activity feed: a sentence about each event."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.apps import apps

from lad.db.identifiers import as_uuid, from_uuid
from lad.db.models import LadModel
from lad.outbox.catalogue import EventType, event_type
from lad.outbox.consumers import Batch, Event
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tenants.teams.models import Membership

PLATFORM_LABEL: Final = "LAD"
MAX_LABEL_LENGTH: Final = 255
MAX_SUMMARY_LENGTH: Final = 500


class _BlankIfMissing(dict[str, object]):
    """Returns an empty string for fields that the payload lacks."""

    def __missing__(self, name: str) -> str:
        return ""


def record(batch: Batch) -> None:
    """Write one entry per event, in a few statements. Events that have an entry already are skipped."""
    actors = _users(event.actor_id for event in batch)
    subjects = _subjects(batch)
    entries = [_entry(event, actors, subjects) for event in batch]
    ActivityEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _entry(event: Event, actors: dict[UUID, User], subjects: dict[UUID, str]) -> ActivityEntry:
    definition = event_type(event.type)
    actor = actors.get(event.actor_id) if event.actor_id else None
    actor_label = actor.full_name if actor else PLATFORM_LABEL
    subject = subjects.get(event.aggregate_id, "") if event.aggregate_id else ""
    return ActivityEntry(
        tenant_id=event.tenant_id,
        event_id=event.id,
        event_type=event.type,
        actor=actor,
        actor_label=actor_label[:MAX_LABEL_LENGTH],
        verb=definition.verb,
        subject_type=event.aggregate_type,
        subject_id=event.aggregate_id,
        subject_label=subject[:MAX_LABEL_LENGTH],
        summary=_sentence(definition, event, actor_label, subject)[:MAX_SUMMARY_LENGTH],
        occurred_at=event.created_at,
    )


def _sentence(definition: EventType, event: Event, actor: str, subject: str) -> str:
    values = _BlankIfMissing({**event.payload, "actor": actor, "subject": subject})
    return " ".join(definition.summary.format_map(values).split())


def _users(ids: Iterable[UUID | None]) -> dict[UUID, User]:
    keys = {key for key in ids if key is not None}
    return User.all_objects.in_bulk(keys) if keys else {}


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
            related = ["user"] if model is Membership else []
            rows = model.all_objects.select_related(*related).in_bulk({from_uuid(model, key) for key in ids})
            labels |= {as_uuid(key): _label(row) for key, row in rows.items()}
    return labels


def _label(row: LadModel) -> str:
    """Return the name to show for a row; ``str()`` of users and memberships is an address."""
    if isinstance(row, Membership):
        return row.user.full_name
    return row.full_name if isinstance(row, User) else str(row)


def _models() -> dict[str, type[LadModel]]:
    return {model.event_name: model for model in apps.get_models() if issubclass(model, LadModel)}
