"""Forms for the settings of steps, made from the JSON Schema of the step's type."""

from typing import Any, Final

from django import forms

from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import TEMPLATE, TEMPLATE_ID, JsonSchema, StepSpec, step_types
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad.admin.widgets import JSONEditor, JSONFormField
from lad.labels import in_words
from lad.types import Values

# Longer texts get an input of several lines.
MAX_LINE_LENGTH: Final = 500
# Joins the names of an object and its property.
NESTED: Final = "__"


def has_settings(step: CampaignStep) -> bool:
    """Return whether the step's type has settings to fill in."""
    return step.type in step_types and bool(_settings(step_types.get(step.type)))


def config_form(step: CampaignStep) -> type[forms.Form]:
    """Return a form for the settings of the step's type, filled with the step's own."""
    spec = step_types.get(step.type)
    fields = {
        name: _field(
            name, schema, required=name in spec.required and not spec.templated, initial=_value(step.config, name)
        )
        for name, schema in _settings(spec).items()
    }
    if spec.templated:
        fields[TEMPLATE] = _template_field(spec, step.config.get(TEMPLATE))
    return type("ConfigForm", (forms.Form,), fields)


def entered_config(step: CampaignStep, entered: Values) -> dict[str, Any]:
    """Return the step's config with what was entered. Empty settings are left out."""
    config = {name: value for name, value in step.config.items() if name not in _top_names(entered)}
    settings = {**_settings(step_types.get(step.type)), TEMPLATE: TEMPLATE_ID}
    for name, text in entered.items():
        schema = settings[name]
        value = _entries(text, schema) if schema.get("type") == "array" and isinstance(text, str) else text
        if value in (None, "", []) or (value is False and name not in step.config):
            continue
        top, _, nested = name.partition(NESTED)
        if nested:
            config.setdefault(top, {})[nested] = value
        else:
            config[top] = value
    return config


def _settings(spec: StepSpec) -> dict[str, JsonSchema]:
    """Return the schema of each setting, those of an object's properties one by one."""
    found: dict[str, JsonSchema] = {}
    for name, schema in {**spec.required, **spec.one_of, **spec.optional}.items():
        properties = schema.get("properties") if schema.get("type") == "object" else None
        if properties is None:
            found[name] = schema
        else:
            found |= {f"{name}{NESTED}{each}": nested for each, nested in properties.items()}
    return found


def _field(name: str, schema: JsonSchema, *, required: bool, initial: object) -> forms.Field:
    label = in_words(name.rpartition(NESTED)[2])
    if "enum" in schema:
        choices = [("", "–"), *((value, in_words(value)) for value in schema["enum"])]
        return forms.ChoiceField(label=label, choices=choices, required=required, initial=initial)
    if schema.get("type") == "boolean":
        return forms.BooleanField(label=label, required=False, initial=initial)
    if _holds_objects(schema):
        return JSONFormField(label=label, required=required, initial=initial, widget=JSONEditor({"rows": 6}))
    if schema.get("type") == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        return forms.IntegerField(label=label, required=required, initial=initial, min_value=low, max_value=high)
    if schema.get("type") == "array":
        lines = "\n".join(map(str, initial)) if isinstance(initial, list) else ""
        widget = forms.Textarea(attrs={"rows": 3})
        return forms.CharField(
            label=label, required=required, initial=lines, widget=widget, help_text="One entry per line."
        )
    max_length = schema.get("maxLength")
    long = max_length is None or max_length > MAX_LINE_LENGTH
    area = forms.Textarea(attrs={"rows": 5}) if long else forms.TextInput()
    return forms.CharField(label=label, required=required, initial=initial, max_length=max_length, widget=area)


def _template_field(spec: StepSpec, chosen: object) -> forms.Field:
    """Return a choice among the templates of the step's channel, each key and category once."""
    rows = CommunicationTemplate.objects.filter(channel=spec.channel, is_active=True).exclude(category=SNIPPET)
    found: dict[tuple[str, str], CommunicationTemplate] = {}
    for row in rows.order_by("name", "language"):
        if str(row.pk) == chosen:
            found[row.template_key, row.category] = row
        found.setdefault((row.template_key, row.category), row)
    choices = [("", "The texts written here"), *((str(row.pk), str(row)) for row in found.values())]
    hint = "Its texts are sent instead of those written here, in the language of each lead if there is a version in it."
    return forms.ChoiceField(label="Template", choices=choices, required=False, initial=chosen, help_text=hint)


def _value(config: Values, name: str) -> object:
    top, _, nested = name.partition(NESTED)
    value = config.get(top)
    return value.get(nested) if nested and isinstance(value, dict) else value if not nested else None


def _holds_objects(schema: JsonSchema) -> bool:
    """Return whether the setting is a list of objects, which has no simpler input than JSON."""
    return schema.get("type") == "array" and schema.get("items", {}).get("type") == "object"


def _entries(text: str, schema: JsonSchema) -> list[Any]:
    """Return the lines as entries of the list. What should be a number and is none stays for the check to report."""
    lines = _lines(text)
    if schema.get("items", {}).get("type") == "integer":
        return [int(line) if line.lstrip("-").isdecimal() else line for line in lines]
    return lines


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _top_names(entered: Values) -> set[str]:
    return {name.partition(NESTED)[0] for name in entered}
