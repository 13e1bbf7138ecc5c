"""Soft-delete rows with the rows that cascade from them, and restore exactly those.

One deletion marks all its rows with the same ``deletion_id``. A restore brings back the rows with that id, so
rows deleted earlier stay deleted.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from lad.db.fields import OnDelete
from lad.db.identifiers import uuid7
from lad.errors import Conflict


class NotDeleted(Conflict):
    """This is not deleted, so it cannot be restored."""

    code = "not_deleted"


def is_soft(model: type[models.Model]) -> bool:
    """Return whether rows of the model are marked as deleted instead of removed."""
    return bool(getattr(model, "soft_deletable", False))


def soft_delete(rows: models.QuerySet[Any]) -> tuple[int, dict[str, int]]:
    """Mark the rows, and soft-deletable rows that cascade from them, as deleted.

    Return counts as Django's ``delete`` does. Raises ProtectedError if a row that is not deleted protects
    one of them.
    """
    counts: dict[str, int] = {}
    with transaction.atomic(using=rows.db, savepoint=False):
        keys = list(rows.values_list("pk", flat=True))
        _mark(rows.model, keys, deletion_id=uuid7(), counts=counts)
    return sum(counts.values()), counts


def restore(row: models.Model) -> int:
    """Undo the deletion that removed the row. Return how many rows were restored.

    Raises NotDeleted if the row is not deleted.
    """
    deletion_id: UUID | None = getattr(row, "deletion_id", None)
    if deletion_id is None:
        raise NotDeleted
    model: Any = type(row)
    with transaction.atomic(savepoint=False):
        restored = _unmark(model, deletion_id, seen=set())
    row.refresh_from_db(from_queryset=model.all_objects.all())
    return restored


def deleted_with(row: models.Model) -> Iterator[tuple[Any, Any]]:
    """Yield the deleted row and the rows that were deleted with it, each with the key of the row it went with.

    A row follows the one it went with; the first went with none.
    """
    yield row, None
    deletion_id = getattr(row, "deletion_id", None)
    yield from _deleted_below(type(row), [row.pk], deletion_id, seen={row.pk})


def restore_alone(row: models.Model) -> None:
    """Undo the deletion of this row only."""
    model: Any = type(row)
    model.all_objects.filter(pk=row.pk).update(deleted_at=None, deletion_id=None)


def _deleted_below(model: Any, keys: list[Any], deletion_id: UUID | None, *, seen: set[Any]) -> Iterator[Any]:
    for relation in _soft_relations(model, models.CASCADE):
        name = relation.field.name
        rows = relation.related_model.all_objects.filter(deletion_id=deletion_id, **{f"{name}__in": keys})
        found = [each for each in rows.order_by("pk") if each.pk not in seen]
        seen |= {each.pk for each in found}
        for each in found:
            yield each, getattr(each, relation.field.attname)
        if found:
            below = [each.pk for each in found]
            yield from _deleted_below(relation.related_model, below, deletion_id, seen=seen)


def _soft_relations(model: type[models.Model], on_delete: OnDelete) -> list[Any]:
    return [
        relation
        for relation in model._meta.related_objects
        if relation.on_delete is on_delete and is_soft(relation.related_model)
    ]


def _mark(model: Any, keys: list[UUID], *, deletion_id: UUID, counts: dict[str, int]) -> None:
    if not keys:
        return
    for relation in _soft_relations(model, models.PROTECT):
        blocking = relation.related_model.objects.filter(**{f"{relation.field.name}__in": keys})
        if blocking.exists():
            raise ProtectedError(
                f"{relation.related_model._meta.verbose_name_plural} still refer to this.", set(blocking[:10])
            )
    marked = model.objects.filter(pk__in=keys).update(deleted_at=timezone.now(), deletion_id=deletion_id)
    counts[model._meta.label] = counts.get(model._meta.label, 0) + marked

    for relation in _soft_relations(model, models.CASCADE):
        children = relation.related_model.objects.filter(**{f"{relation.field.name}__in": keys})
        _mark(
            relation.related_model,
            list(children.values_list("pk", flat=True)),
            deletion_id=deletion_id,
            counts=counts,
        )


def _unmark(model: Any, deletion_id: UUID, *, seen: set[Any]) -> int:
    seen.add(model)
    restored = model.all_objects.filter(deletion_id=deletion_id).update(deleted_at=None, deletion_id=None)
    for relation in _soft_relations(model, models.CASCADE):
        if relation.related_model not in seen:
            restored += _unmark(relation.related_model, deletion_id, seen=seen)
    return int(restored)
