"""Forms of many fields, shown in groups with a heading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django import forms
from django.forms import BoundField


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that are shown together, and what they are about."""

    title: str
    names: tuple[str, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with its fields, as the template takes it."""

    title: str
    explanation: str
    fields: Sequence[BoundField]


class GroupedForm(forms.Form):
    """A form whose fields are shown in ``groups``. Fields of no group come first, without a heading."""

    groups: ClassVar[Sequence[FieldGroup]] = ()

    def shown_groups(self) -> Iterator[ShownGroup]:
        """Yield the groups that have visible fields."""
        visible = {field.name: field for field in self.visible_fields()}
        grouped = {name for group in self.groups for name in group.names}
        rest = FieldGroup("", tuple(name for name in visible if name not in grouped))
        for group in (rest, *self.groups):
            fields = [visible[name] for name in group.names if name in visible]
            if fields:
                yield ShownGroup(group.title, group.explanation, fields)
