"""Find the rows that the delete page shows first: those that will also be deleted and those that prevent it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from django.contrib.admin import AdminSite
from django.db import models
from django.db.models.deletion import get_candidate_relations_to_delete
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from lad.admin import defaults
from lad.db.models import LadModel

# Limits per model.
MAX_ROWS_NAMED: Final = 10
MAX_ROWS_COUNTED: Final = 1_000


@dataclass
class Consequences:
    """The rows that a deletion affects, by model."""

    counts: dict[str, str] = field(default_factory=dict)
    tree: list[Any] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)


def consequences(rows: list[Any], admin_site: AdminSite) -> Consequences:
    """Return what deleting the rows would also delete and what prevents it. Lookups are limited."""
    found = Consequences()
    if not rows:
        return found
    _count(found, type(rows[0]), len(rows))
    for row in rows[: MAX_ROWS_NAMED + 1]:
        found.tree.append(_link(row, admin_site))
    keys = [row.pk for row in rows]
    below: list[Any] = []
    for relation in _relations(type(rows[0])):
        _follow(found, below, relation, keys, admin_site)
    if below:
        found.tree.append(below)
    return found


def _relations(model: type[LadModel]) -> Iterator[Any]:
    """Yield relations that a deletion follows, as lad/db/deletion.py and Django's collector do."""
    soft = getattr(model, "soft_deletable", False)
    relations: Any = model._meta.related_objects if soft else get_candidate_relations_to_delete(cast(Any, model)._meta)
    for relation in relations:
        if relation.on_delete not in (models.CASCADE, models.PROTECT, models.RESTRICT):
            continue
        if not soft or getattr(relation.related_model, "soft_deletable", False):
            yield relation


def _follow(
    found: Consequences, below: list[Any], relation: ForeignObjectRel, keys: list[Any], admin_site: AdminSite
) -> None:
    related = cast(type[LadModel], relation.related_model)
    names = [f.name for f in related._meta.concrete_fields]
    joined, apart = defaults.select_related(related, names), defaults.prefetch_related(related, names)
    found_rows = related.objects.filter(**{f"{relation.field.name}__in": keys}).order_by("-pk")
    rows = list(found_rows.select_related(*joined).prefetch_related(*apart)[:MAX_ROWS_COUNTED])
    if not rows:
        return
    if relation.on_delete is not models.CASCADE:
        found.blocking += [_link(row, admin_site) for row in rows[:MAX_ROWS_NAMED]]
        return
    _count(found, related, len(rows))
    below += [_link(row, admin_site) for row in rows[:MAX_ROWS_NAMED]]
    if len(rows) > MAX_ROWS_NAMED:
        below.append(f"… and {len(rows) - MAX_ROWS_NAMED}{'+' if len(rows) == MAX_ROWS_COUNTED else ''} more")


def _count(found: Consequences, model: type[LadModel], number: int) -> None:
    name = str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)
    found.counts[name] = f"{number:,}+" if number >= MAX_ROWS_COUNTED else f"{number:,}"


def _link(row: LadModel, admin_site: AdminSite) -> Any:
    options = row._meta
    name = capfirst(options.verbose_name)
    if type(row) not in admin_site._registry:
        return f"{name}: {row}"
    try:
        url = reverse(f"{admin_site.name}:{options.app_label}_{options.model_name}_change", args=(row.pk,))
    except NoReverseMatch:
        return f"{name}: {row}"
    return format_html('{}: <a href="{}">{}</a>', name, url, row)
