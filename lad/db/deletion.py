"""Soft deletion of a row with what belongs to it, and its exact restore.

One deletion marks every row it reaches with the same ``deletion_id``; restoring it brings back
those rows and no others, so that what had been deleted earlier stays deleted.
"""

from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.errors import Conflict


class NotDeleted(Conflict):
    """The row is not deleted, so there is nothing to restore."""

    code = "not_deleted"


def is_soft(model: type[models.Model]) -> bool:
    """Whether rows of the model are marked as deleted rather than removed."""
    return bool(getattr(model, "soft_deletable", False))


def soft_delete(rows: models.QuerySet) -> tuple[int, dict[str, int]]:
    """Mark the rows, and the soft-deletable rows that would cascade with them, as deleted.

    Returns counts as Django's ``delete`` does. Raises ProtectedError when a live row
    protects one of them.
    """
    counts: dict[str, int] = {}
    with transaction.atomic(using=rows.db):
        keys = list(rows.values_list("pk", flat=True))
        _mark(rows.model, keys, deletion_id=uuid7(), counts=counts)
    return sum(counts.values()), counts


def restore(row: Any) -> int:
    """Undo the one deletion that removed the row; returns how many rows came back.

    Raises NotDeleted when the row is not deleted.
    """
    if row.deletion_id is None:
        raise NotDeleted
    with transaction.atomic():
        restored = _unmark(type(row), row.deletion_id, seen=set())
    row.refresh_from_db(from_queryset=type(row).all_objects.all())
    return restored


def _owned_relations(model: type[models.Model], on_delete: Any) -> list[Any]:
    return [
        relation
        for relation in model._meta.related_objects
        if relation.on_delete is on_delete and is_soft(relation.related_model)
    ]


def _mark(model: Any, keys: list[UUID], *, deletion_id: UUID, counts: dict[str, int]) -> None:
    if not keys:
        return
    for relation in _owned_relations(model, models.PROTECT):
        blocking = relation.related_model.objects.filter(**{f"{relation.field.name}__in": keys})
        if blocking.exists():
            raise ProtectedError(
                f"{relation.related_model._meta.verbose_name_plural} still refer to it.", set(blocking[:10])
            )
    marked = model.objects.filter(pk__in=keys).update(deleted_at=timezone.now(), deletion_id=deletion_id)
    counts[model._meta.label] = counts.get(model._meta.label, 0) + marked

    for relation in _owned_relations(model, models.CASCADE):
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
    for relation in _owned_relations(model, models.CASCADE):
        if relation.related_model not in seen:
            restored += _unmark(relation.related_model, deletion_id, seen=seen)
    return int(restored)
