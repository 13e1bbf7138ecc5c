"""The part of a form that says when people are called again: the minutes before each attempt, for each outcome."""

from typing import Any, Final

from django import forms
from django.utils.text import get_text_list
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from voice.carriers.outcomes import Outcome
from voice.json_schemas import MAX_ATTEMPTS, MAX_MINUTES, RETRIED

HELP: Final = "Minutes before each further attempt, such as 10, 60. Empty means that there is none."
OPTIONAL_HELP: Final = (
    "Minutes before each further attempt, such as 10, 60. If all lines are empty, your rules of dialling hold. If one"
    " is filled in, the empty ones mean no further attempt."
)
LABELS: Final = {name: f"after “{Outcome(name).label}”" for name in RETRIED}
NEVER: Final = "never"
BY_RULES: Final = "By your rules of dialling"
WRONG: Final = "“{label}”: write whole minutes, separated by commas, such as 10, 60."
TOO_MANY: Final = "“{label}”: enter at most {most} further attempts."
OUT_OF_RANGE: Final = "“{label}”: enter 1 to {most:,} minutes for each attempt."
NEVER_AND_MINUTES: Final = "Empty the minutes if nobody is to be called again."


class DelaysWidget(forms.MultiWidget):
    """A line of minutes for each outcome. ``optional`` adds a box for no further attempt at all."""

    template_name = "leads/admin/availability.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, optional: bool = False) -> None:
        self.optional = optional
        lines = [UnfoldAdminTextInputWidget(attrs={} if optional else {"placeholder": "none"}) for _name in RETRIED]
        super().__init__([*lines, *([UnfoldBooleanWidget()] if optional else [])], attrs)

    def decompress(self, value: object) -> list[Any]:
        delays = value if isinstance(value, dict) else {}
        lines = [", ".join(map(str, delays.get(name, ()))) for name in RETRIED]
        return [*lines, isinstance(value, dict) and not any(lines)] if self.optional else lines

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        labels = [*LABELS.values(), *([NEVER] if self.optional else [])]
        context["lines"] = list(zip(labels, context["widget"]["subwidgets"], strict=True))
        return context


class DelaysField(forms.MultiValueField):
    """The minutes before further attempts, by outcome. An optional one may be None: the tenant's rules hold."""

    def __init__(self, *, optional: bool = False, **options: Any) -> None:
        self.optional = optional
        fields: list[forms.Field] = [forms.CharField(required=False, max_length=100) for _name in RETRIED]
        if optional:
            fields.append(forms.BooleanField(required=False))
        super().__init__(
            fields=fields,
            widget=DelaysWidget(optional=optional),
            required=False,
            require_all_fields=False,
            **{"label": "Another attempt", "help_text": OPTIONAL_HELP if optional else HELP, **options},
        )

    def compress(self, data_list: list[Any]) -> dict[str, list[int]] | None:
        entered = zip(RETRIED, data_list or (), strict=False)
        delays = {name: _minutes(name, text) for name, text in entered if text}
        if not self.optional:
            return delays
        never = bool(data_list) and bool(data_list[len(RETRIED)])
        if never and delays:
            raise forms.ValidationError(NEVER_AND_MINUTES)
        return delays if delays or never else None


def in_words(delays: dict[str, list[int]] | None) -> str:
    """Return the delays for people, an outcome a line."""
    if delays is None:
        return BY_RULES
    found = [f"{Outcome(name).label}: {_after(delays[name])}" for name in RETRIED if delays.get(name)]
    return "\n".join(found) or "None"


def _after(minutes: list[int]) -> str:
    unit = "minute" if minutes == [1] else "minutes"
    return f"after {get_text_list([f'{each:,}' for each in minutes], 'and')} {unit}"


def _minutes(name: str, text: str) -> list[int]:
    label = Outcome(name).label
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() for word in words):
        raise forms.ValidationError(WRONG.format(label=label))
    if len(words) > MAX_ATTEMPTS:
        raise forms.ValidationError(TOO_MANY.format(label=label, most=MAX_ATTEMPTS))
    minutes = [int(word) for word in words]
    if not all(1 <= each <= MAX_MINUTES for each in minutes):
        raise forms.ValidationError(OUT_OF_RANGE.format(label=label, most=MAX_MINUTES))
    return minutes
