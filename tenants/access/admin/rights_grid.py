"""Rights as a table of areas and verbs, to read and to choose from."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from lad.labels import in_words
from tenants.access.rights import ADMINISTER, is_right

# The verbs that most areas have come first, what only LAD's staff do last.
FIRST_VERBS: Final = ("view", "create", "update", "delete")
TEMPLATE: Final = "tenants/access/rights_grid.html"


@dataclass(frozen=True, slots=True)
class Cell:
    """A right in the table. ``right`` is empty where an area does not have the verb."""

    right: str
    held: bool
    label: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The table: names of the verbs, and for each area its name and a cell for each verb. ``others`` have no area."""

    verbs: list[str]
    areas: list[tuple[str, list[Cell]]]
    others: list[str]


def grid_of(held: Collection[str], offered: Collection[str]) -> Grid:
    """Return the table of the offered rights, with those that are held marked."""
    known = {right for right in offered if is_right(right)}
    verbs = _ordered({right.partition(".")[2] for right in known})
    areas = sorted({right.partition(".")[0] for right in known})
    rows = [(in_words(area), [_cell(area, verb, known, held) for verb in verbs]) for area in areas]
    return Grid([in_words(verb) for verb in verbs], rows, sorted(right for right in held if not is_right(right)))


def grid_html(held: Collection[str], offered: Collection[str] | None = None) -> SafeString:
    """Return the table as HTML, to read. By default it has the held rights only."""
    grid = grid_of(held, offered if offered is not None else held)
    return SafeString(render_to_string(TEMPLATE, {"grid": grid}))


class RightsGrid(forms.Widget):
    """A table of check boxes."""

    template_name = TEMPLATE

    def __init__(self, offered: Collection[str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.offered = offered

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "grid": grid_of(value or (), self.offered)}

    def format_value(self, value: Iterable[str] | None) -> str:
        return " ".join(sorted(value or ()))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given: list[str] = data.getlist(name) if hasattr(data, "getlist") else [data.get(name, "")]
        return sorted({right for text in given for right in text.split()})

    def use_required_attribute(self, initial: Any) -> bool:
        """Return False: each box may be empty."""
        return False

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return False: a browser sends nothing for empty boxes."""
        return False


class RightsFormField(forms.Field):
    """A choice of rights. The writer of the role checks them."""

    def __init__(self, *, offered: Collection[str], **kwargs: Any) -> None:
        kwargs.update(widget=RightsGrid(offered))
        super().__init__(**kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or ()) != set(data or ())


def _cell(area: str, verb: str, known: Collection[str], held: Collection[str]) -> Cell:
    right = f"{area}.{verb}"
    if right not in known:
        return Cell("", held=False, label="")
    return Cell(right, right in held, f"{in_words(verb)} {in_words(area).lower()}")


def _ordered(verbs: set[str]) -> list[str]:
    first = [verb for verb in FIRST_VERBS if verb in verbs]
    last = [verb for verb in (ADMINISTER,) if verb in verbs]
    return [*first, *sorted(verbs - {*first, *last}), *last]
