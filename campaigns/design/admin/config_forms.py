"""Forms for the settings of steps, made from the JSON Schema of the step's type."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final
from uuid import UUID

from django import forms

from campaigns.design.admin.setting_choices import choices_of
from campaigns.design.admin.setting_words import default_of, help_of, label_of, value_in_words
from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import TEMPLATE, TEMPLATE_ID, JsonSchema, StepSpec, step_types
from campaigns.engine import facts
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad.admin.grouped_forms import FieldGroup, GroupedForm
from lad.labels import in_words
from lad.types import Values

# Longer texts get an input of several lines.
MAX_LINE_LENGTH: Final = 500
# Joins the names of an object and its property, and those of a list, the number of an entry and its property.
NESTED: Final = "__"
# Empty entries that a list of objects offers beside those that it has.
SPARE_ENTRIES: Final = 2
NO_TEMPLATE: Final = "The texts written here"


def has_settings(step: CampaignStep) -> bool:
    """Return whether the step's type has settings to fill in."""
    return step.type in step_types and bool(_settings(step_types.get(step.type), step.config))


def config_form(step: CampaignStep) -> type[forms.Form]:
    """Return a form for the settings of the step's type, filled with the step's own."""
    spec = step_types.get(step.type)
    fields = config_fields(spec, step.config, step.tenant_id)
    groups = config_groups(spec, step.config)
    return type("ConfigForm", (GroupedForm,), {**fields, "groups": groups})


def config_fields(spec: StepSpec, config: Values, tenant_id: UUID) -> dict[str, forms.Field]:
    """Return a field for each setting of the type, filled with those of the config."""
    fields: dict[str, forms.Field] = {}
    if spec.templated:
        fields[TEMPLATE] = _template_field(spec, config.get(TEMPLATE))
    for name, schema in _settings(spec, config).items():
        required = name in spec.required and not spec.templated
        fields[name] = _field(name, schema, tenant_id, required=required, initial=_value(config, name))
    return fields


def config_groups(spec: StepSpec, config: Values) -> tuple[FieldGroup, ...]:
    """Return the groups of the fields: each entry of a list of objects is one. The other fields stand before them."""
    entries: dict[str, list[str]] = {}
    for name in _settings(spec, config):
        top, *rest = name.split(NESTED)
        if len(rest) > 1:
            entries.setdefault(f"{top}{NESTED}{rest[0]}", []).append(name)
    return tuple(FieldGroup(_title(prefix), tuple(names)) for prefix, names in entries.items())


def entered_config(step: CampaignStep, entered: Values) -> dict[str, Any]:
    """Return the step's config with what was entered."""
    return config_from(step_types.get(step.type), step.config, entered)


def config_from(spec: StepSpec, before: Values, entered: Values) -> dict[str, Any]:
    """Return the config ``before`` with what was entered.

    Empty settings are left out. Settings that the form does not know stay.
    """
    settings = {**_settings(spec, before), **({TEMPLATE: TEMPLATE_ID} if spec.templated else {})}
    config = _without(deepcopy(dict(before)), settings)
    for name, schema in settings.items():
        value = _stored(entered.get(name), schema)
        if value in (None, "", []) or (value is False and _value(before, name) is None):
            continue
        _put(config, name.split(NESTED), value)
    return {name: _without_gaps(value) for name, value in config.items()}


def config_in_words(step: CampaignStep) -> Iterator[tuple[str, str]]:
    """Yield the step's settings with their values, as its page shows them. Settings without a value are left out."""
    spec = step_types.get(step.type)
    if spec.templated and (chosen := step.config.get(TEMPLATE)):
        row = CommunicationTemplate.objects.filter(pk=chosen).first()
        yield "Template", str(row) if row else "A template that does not exist any more"
    for name, schema in _settings(spec, step.config).items():
        value = _value(step.config, name)
        if value in (None, "", []):
            continue
        top, *rest = name.split(NESTED)
        entry = f"{_title(f'{top}{NESTED}{rest[0]}')}: " if len(rest) > 1 else ""
        yield f"{entry}{label_of(name)}", _value_in_words(name, schema, value, step.tenant_id)


def _value_in_words(name: str, schema: JsonSchema, value: Any, tenant_id: UUID) -> str:
    offered = choices_of(name.rpartition(NESTED)[2], tenant_id, value)
    if offered is not None:
        return dict(offered).get(str(value), str(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value_in_words(value) if "enum" in schema else str(value)


def _settings(spec: StepSpec, config: Values) -> dict[str, JsonSchema]:
    """Return the schema of each setting, those of an object's properties and of a list's objects one by one."""
    found: dict[str, JsonSchema] = {}
    for name, schema in {**spec.required, **spec.one_of, **spec.optional}.items():
        if schema.get("type") == "object":
            found |= {f"{name}{NESTED}{each}": nested for each, nested in schema["properties"].items()}
        elif _holds_objects(schema):
            entries = len(config.get(name, ())) + SPARE_ENTRIES
            for number in range(min(entries, schema.get("maxItems", entries))):
                place = f"{name}{NESTED}{number}"
                found |= {f"{place}{NESTED}{each}": nested for each, nested in schema["items"]["properties"].items()}
        else:
            found[name] = schema
    return found


def _field(name: str, schema: JsonSchema, tenant_id: UUID, *, required: bool, initial: Any) -> forms.Field:
    common: dict[str, Any] = {"label": label_of(name), "help_text": help_of(name), "required": required}
    is_number = schema.get("type") == "integer"
    if (offered := choices_of(name.rpartition(NESTED)[2], tenant_id, initial)) is not None:
        coerce: Any = int if is_number else str
        return forms.TypedChoiceField(**common, choices=offered, initial=initial, coerce=coerce, empty_value=None)
    if "enum" in schema:
        choices = [
            ("", default_of(name)),
            *((value, value_in_words(value)) for value in _known(name, schema["enum"], initial)),
        ]
        return forms.ChoiceField(**common, choices=choices, initial=initial)
    if schema.get("type") == "boolean":
        return forms.BooleanField(**{**common, "required": False}, initial=initial)
    if is_number:
        low, high = schema.get("minimum"), schema.get("maximum")
        return forms.IntegerField(**common, initial=initial, min_value=low, max_value=high)
    if schema.get("type") == "array":
        lines = "\n".join(map(str, initial)) if isinstance(initial, list) else ""
        common["help_text"] = common["help_text"] or "One entry per line."
        return forms.CharField(**common, initial=lines, widget=forms.Textarea(attrs={"rows": 3}))
    max_length = schema.get("maxLength")
    long = "pattern" not in schema if max_length is None else max_length > MAX_LINE_LENGTH
    area = forms.Textarea(attrs={"rows": 5}) if long else forms.TextInput()
    return forms.CharField(**common, initial=initial, max_length=max_length, widget=area)


def _known(name: str, values: list[str], chosen: object) -> list[str]:
    """Return the values to choose from. Conditions that LAD cannot answer are offered only where they are chosen."""
    if name.rpartition(NESTED)[2] != "condition":
        return values
    return [value for value in values if value in facts.ANSWERABLE or value == chosen]


def _template_field(spec: StepSpec, chosen: object) -> forms.Field:
    """Return a choice among the templates of the step's channel, each key and category once."""
    rows = CommunicationTemplate.objects.filter(channel=spec.channel, is_active=True).exclude(category=SNIPPET)
    found: dict[tuple[str, str], CommunicationTemplate] = {}
    for row in rows.order_by("name", "language"):
        if str(row.pk) == chosen:
            found[row.template_key, row.category] = row
        found.setdefault((row.template_key, row.category), row)
    choices = [("", NO_TEMPLATE), *((str(row.pk), str(row)) for row in found.values())]
    hint = "Its texts are sent instead of those written here, in the language of each lead if there is a version in it."
    return forms.ChoiceField(label="Template", choices=choices, required=False, initial=chosen, help_text=hint)


def _value(config: Values, name: str) -> Any:
    """Return the value of a setting, None if there is none."""
    found: Any = config
    for part in name.split(NESTED):
        if isinstance(found, list):
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _without(config: dict[str, Any], settings: Mapping[str, JsonSchema]) -> dict[str, Any]:
    """Take the settings out of the config. What they do not name stays."""
    for name in settings:
        *outer, last = name.split(NESTED)
        place = _value(config, NESTED.join(outer)) if outer else config
        if isinstance(place, dict):
            place.pop(last, None)
    tops = {name.partition(NESTED)[0] for name in settings if NESTED in name}
    return {name: value for name, value in config.items() if value or name not in tops}


def _put(config: dict[str, Any], path: list[str], value: Any) -> None:
    top, *rest = path
    if not rest:
        config[top] = value
    elif len(rest) == 1:
        config.setdefault(top, {})[rest[0]] = value
    else:
        entries = config.setdefault(top, [])
        entries += [{} for _ in range(int(rest[0]) + 1 - len(entries))]
        entries[int(rest[0])][rest[1]] = value


def _without_gaps(value: Any) -> Any:
    """Leave out the entries of a list in which nothing was filled in."""
    return [each for each in value if each != {}] if isinstance(value, list) else value


def _holds_objects(schema: JsonSchema) -> bool:
    return schema.get("type") == "array" and schema.get("items", {}).get("type") == "object"


def _title(prefix: str) -> str:
    """Return the title of an entry: “Rule 1” for ``rules__0``."""
    name, _, number = prefix.partition(NESTED)
    return f"{in_words(name).removesuffix('s')} {int(number) + 1}"


def _stored(value: Any, schema: JsonSchema) -> Any:
    """Return an entry as the config stores it: the lines of a list as its entries."""
    if schema.get("type") != "array" or not isinstance(value, str):
        return value
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if schema.get("items", {}).get("type") == "integer":
        # What should be a number and is none stays for the check to report.
        return [int(line) if line.lstrip("-").isdecimal() else line for line in lines]
    return lines
