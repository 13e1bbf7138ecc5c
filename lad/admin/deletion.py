"""What the delete page tells before anything happens: what goes along, and what stands in the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models
from django.db.models.deletion import get_candidate_relations_to_delete
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from lad.admin import derive

# Of each kind so many are named, and so many counted.
NAMED: Final = 10
COUNTED: Final = 1_000


@dataclass
class Consequences:
    """The rows a deletion reaches, by kind."""

    counts: dict[str, str] = field(default_factory=dict)
    tree: list[Any] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)


def consequences(rows: list[Any], admin_site: Any) -> Consequences:
    """Look up, bounded, what deleting the rows would also delete and what protects them."""
    found = Consequences()
    if not rows:
        return found
    _count(found, type(rows[0]), len(rows))
    for row in rows[: NAMED + 1]:
        found.tree.append(_link(row, admin_site))
    keys = [row.pk for row in rows]
    below: list[Any] = []
    for relation in _relations(type(rows[0])):
        _follow(found, below, relation, keys, admin_site)
    if below:
        found.tree.append(below)
    return found


def _relations(model: Any) -> Iterator[Any]:
    """Relations whose rows go with a row of the model, as lad/db/deletion.py and Django's collector choose them."""
    soft = getattr(model, "soft_deletable", False)
    relations: Any = model._meta.related_objects if soft else get_candidate_relations_to_delete(model._meta)
    for relation in relations:
        if relation.on_delete not in (models.CASCADE, models.PROTECT, models.RESTRICT):
            continue
        if not soft or getattr(relation.related_model, "soft_deletable", False):
            yield relation


def _follow(found: Consequences, below: list[Any], relation: Any, keys: list[Any], admin_site: Any) -> None:
    related = relation.related_model
    names = [f.name for f in related._meta.concrete_fields]
    joined, apart = derive.select_related(related, names), derive.prefetch_related(related, names)
    found_rows = related.objects.filter(**{f"{relation.field.name}__in": keys}).order_by("-pk")
    rows = list(found_rows.select_related(*joined).prefetch_related(*apart)[:COUNTED])
    if not rows:
        return
    if relation.on_delete is not models.CASCADE:
        found.blocking += [_link(row, admin_site) for row in rows[:NAMED]]
        return
    _count(found, related, len(rows))
    below += [_link(row, admin_site) for row in rows[:NAMED]]
    if len(rows) > NAMED:
        below.append(f"… and {len(rows) - NAMED}{'+' if len(rows) == COUNTED else ''} more")


def _count(found: Consequences, model: Any, number: int) -> None:
    name = str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)
    found.counts[name] = f"{number:,}+" if number >= COUNTED else f"{number:,}"


def _link(row: Any, admin_site: Any) -> Any:
    options = row._meta
    name = capfirst(options.verbose_name)
    if type(row) not in admin_site._registry:
        return f"{name}: {row}"
    try:
        url = reverse(f"{admin_site.name}:{options.app_label}_{options.model_name}_change", args=(row.pk,))
    except NoReverseMatch:
        return f"{name}: {row}"
    return format_html('{}: <a href="{}">{}</a>', name, url, row)
