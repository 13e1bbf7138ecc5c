"""Find what is wrong with a step, by the field of its form in which it stands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import TEMPLATE, channel_of, step_types
from campaigns.editor.drafts import DraftStep
from campaigns.templates import checking
from campaigns.templates.compiling import TemplateError
from campaigns.templates.services import problems_of_step
from campaigns.templates.texts import BODY_SETTINGS, texts_of
from lad.db.json_schema import JsonSchemaValidator
from leads.channels import Channel

# Joins the parts of a path to the name of a field, as the forms of settings do.
NESTED: Final = "__"
# What concerns the step as a whole, and no field of its form.
WHOLE: Final = ""
TITLE: Final = "title"
MAX_TITLE: Final = 255

Faults = dict[str, list[str]]


def faults_of(step: DraftStep) -> Faults:
    """Return what must be corrected before the step can be saved, by field. Empty if it can be."""
    found: Faults = {}
    if not step.title.strip():
        found[TITLE] = ["Give the step a title."]
    elif len(step.title) > MAX_TITLE:
        found[TITLE] = [f"A title has at most {MAX_TITLE} characters."]
    if step.type not in step_types:
        found[WHOLE] = ["LAD does not know this kind of step. Remove it."]
        return found
    for name, message in _of_config(step):
        if message not in found.setdefault(name, []):
            found[name].append(message)
    if not found:
        for name, message in _of_texts(step):
            found.setdefault(name, []).append(message)
    return found


def by_field(step: DraftStep, errors: Mapping[str, Sequence[str]]) -> Faults:
    """Return a writer's errors by the fields of the step's form. What it says of the whole config has no field."""
    known = {TITLE, "description", *field_names(step)}
    found: Faults = {}
    for name, messages in errors.items():
        found.setdefault(name if name in known else WHOLE, []).extend(messages)
    return found


def field_names(step: DraftStep) -> set[str]:
    """Return the names of the settings of the step's type."""
    if step.type not in step_types:
        return set()
    spec = step_types.get(step.type)
    return {*spec.required, *spec.optional, *spec.one_of, TEMPLATE}


def _of_config(step: DraftStep) -> Iterator[tuple[str, str]]:
    spec = step_types.get(step.type)
    config = dict(step.config)
    for path, message in JsonSchemaValidator(spec.schema()).faults(config):
        name = NESTED.join(map(str, path))
        empty = path and _at(config, path) in ("", None)
        yield name, "Fill this in." if empty else message
    if spec.one_of and not any(config.get(name) for name in spec.one_of):
        yield next(iter(spec.one_of)), "Fill in at least one of these."


def _at(config: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        try:
            config = config[part]
        except (KeyError, IndexError, TypeError):
            return None
    return config


def _of_texts(step: DraftStep) -> Iterator[tuple[str, str]]:
    """Yield the errors in the texts that the step sends."""
    row = CampaignStep(type=step.type, config=dict(step.config))
    if not step_types.get(step.type).delivers:
        return
    if step.config.get(TEMPLATE):
        for message in problems_of_step(row):
            yield TEMPLATE, message
        return
    body = next((name for name in BODY_SETTINGS if step.config.get(name)), BODY_SETTINGS[0])
    for problem in checking.problems(texts_of(row)):
        yield body if problem.field == "body" else problem.field, str(problem)


def advice_on(step: DraftStep) -> list[str]:
    """Return advice on the texts of an e-mail. The step can be saved without following it."""
    if channel_of(step.type) != Channel.EMAIL:
        return []
    row = CampaignStep(type=step.type, config=dict(step.config))
    try:
        return [each.message for each in checking.hints(texts_of(row))]
    except TemplateError:
        return []
