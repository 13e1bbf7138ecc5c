"""The activity feed: events as people read them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final
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
LABEL_LENGTH: Final = 255
SUMMARY_LENGTH: Final = 500

# Models whose own text is no name for a person to read.
_LABELS: dict[type, Callable[[Any], str]] = {
    User: lambda user: user.full_name,
    Membership: lambda membership: membership.user.full_name,
}


class _Blanks(dict[str, Any]):
    """Fields a payload may lack read as nothing."""

    def __missing__(self, name: str) -> str:
        return ""


def record(batch: Batch) -> None:
    """Write one entry per event, in a handful of statements; an event that has its entry keeps it."""
    actors = _people(event.actor_id for event in batch)
    subjects = _subjects(batch)
    entries = [_entry(event, actors, subjects) for event in batch]
    ActivityEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _entry(event: Event, actors: dict[UUID, User], subjects: dict[UUID, str]) -> ActivityEntry:
    kind = event_type(event.type)
    actor = actors.get(event.actor_id) if event.actor_id else None
    actor_label = actor.full_name if actor else PLATFORM_LABEL
    subject = subjects.get(event.aggregate_id, "") if event.aggregate_id else ""
    return ActivityEntry(
        tenant_id=event.tenant_id,
        event_id=event.id,
        event_type=event.type,
        actor=actor,
        actor_label=actor_label[:LABEL_LENGTH],
        verb=kind.verb,
        subject_type=event.aggregate_type,
        subject_id=event.aggregate_id,
        subject_label=subject[:LABEL_LENGTH],
        summary=_sentence(kind, event, actor_label, subject)[:SUMMARY_LENGTH],
        occurred_at=event.created_at,
    )


def _sentence(kind: EventType, event: Event, actor: str, subject: str) -> str:
    values = _Blanks({**event.payload, "actor": actor, "subject": subject})
    return " ".join(kind.summary.format_map(values).split())


def _people(ids: Iterable[UUID | None]) -> dict[UUID, User]:
    wanted = {key for key in ids if key is not None}
    return User.all_objects.in_bulk(wanted) if wanted else {}


def _subjects(batch: Batch) -> dict[UUID, str]:
    """What each aggregate is called; one query per kind of aggregate."""
    keys: dict[str, set[UUID]] = defaultdict(set)
    for event in batch:
        if event.aggregate_id is not None:
            keys[event.type.partition(".")[0] + "." + event.aggregate_type].add(event.aggregate_id)
    models = _models()
    labels: dict[UUID, str] = {}
    for kind, wanted in keys.items():
        model = models.get(kind)
        if model is not None:
            label = _LABELS.get(model, str)
            related = ["user"] if model is Membership else []
            rows = model.all_objects.select_related(*related).in_bulk({from_uuid(model, key) for key in wanted})
            labels |= {as_uuid(key): label(row) for key, row in rows.items()}
    return labels


def _models() -> dict[str, Any]:
    return {model.event_name: model for model in apps.get_models() if issubclass(model, LadModel)}
