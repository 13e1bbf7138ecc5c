"""The form of a step as data, made from the settings of its type, and what was entered in it."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict
from uuid import UUID

from django import forms

from campaigns.design.admin.config_forms import config_fields, config_from, config_groups
from campaigns.design.step_specs import step_types
from campaigns.editor.drafts import DraftStep
from campaigns.editor.faults import Faults
from campaigns.templates.texts import BODY_SETTINGS

# Settings with variables that are filled in for each lead.
FILLED: Final = frozenset({"subject", "html", "instructions", *BODY_SETTINGS})
# Settings that few steps need. They stand behind a fold.
SELDOM: Final = frozenset(
    {"html", "if_missing", "if_refused", "if_failed", "zone", "minutes", "until_weekday", "until_time", "max_leads"}
)


class Choice(TypedDict):
    value: str
    label: str


class Field(TypedDict):
    """One input. ``kind`` is text, area, number, tick or choice; ``filled`` marks texts that take variables."""

    name: str
    label: str
    help: str
    kind: str
    value: Any
    choices: list[Choice]
    required: bool
    most: int | None
    least: int | None
    max_length: int | None
    filled: bool
    seldom: bool
    group: str


def fields_of(step: DraftStep, tenant_id: UUID) -> list[Field]:
    """Return the inputs for the settings of the step, filled with its own."""
    if step.type not in step_types:
        return []
    spec = step_types.get(step.type)
    groups = {name: group.title for group in config_groups(spec, step.config) for name in group.names}
    made = config_fields(spec, step.config, tenant_id)
    return [_field(name, field, groups.get(name, "")) for name, field in made.items()]


def entered(step: DraftStep, values: Mapping[str, Any], tenant_id: UUID) -> tuple[dict[str, Any], Faults]:
    """Return the step's config with what was entered, and what cannot be read as it was entered."""
    spec = step_types.get(step.type)
    form_class = type("EnteredForm", (forms.Form,), dict(config_fields(spec, step.config, tenant_id)))
    form = form_class({name: value for name, value in values.items() if value not in (None, False)})
    form.is_valid()
    faults = {
        name: list(map(str, texts)) for name, texts in form.errors.items() if form.data.get(name) not in (None, "")
    }
    return config_from(spec, step.config, form.cleaned_data), faults


def _field(name: str, field: forms.Field, group: str) -> Field:
    kind = _kind(field)
    value = field.initial
    return {
        "name": name,
        "label": str(field.label),
        "help": str(field.help_text),
        "kind": kind,
        "value": bool(value) if kind == "tick" else ("" if value is None else str(value)),
        "choices": [{"value": str(key), "label": str(label)} for key, label in getattr(field, "choices", ())],
        "required": field.required,
        "most": getattr(field, "max_value", None),
        "least": getattr(field, "min_value", None),
        "max_length": getattr(field, "max_length", None),
        "filled": name in FILLED,
        "seldom": name.rpartition("__")[2] in SELDOM and value in (None, "", False),
        "group": group,
    }


def _kind(field: forms.Field) -> str:
    if isinstance(field, forms.BooleanField):
        return "tick"
    if isinstance(field, forms.ChoiceField):
        return "choice"
    if isinstance(field, forms.IntegerField):
        return "number"
    return "area" if isinstance(field.widget, forms.Textarea) else "text"
