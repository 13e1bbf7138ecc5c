"""Write message templates."""

from typing import Final

from campaigns.design.step_types.linkedin_connect import MAX_INVITATION_LENGTH
from campaigns.templates import checking
from campaigns.templates.cleaning import clean_source
from campaigns.templates.contexts import sample_context
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from campaigns.templates.rendering import MessageTexts, render_with_gaps
from campaigns.templates.texts import texts_of_template
from lad import writes
from lad.errors import Conflict, Invalid
from lad.types import Actor, Values
from leads.channels import Channel

INVITATION: Final = "linkedin_connection"
_FIELDS_CHECKED: Final = ("channel", "category", "language", "subject", "body", "html_content", "variables_schema")
# The fields of the texts on the template.
COLUMNS: Final = {"subject": "subject", "body": "body", "html": "html_content"}


class BuiltinTemplate(Conflict):
    """This template ships with LAD. Deactivate it instead of deleting it."""

    code = "builtin_template"


class TemplateWriter(writes.Writer[CommunicationTemplate]):
    """Writes templates: their language is checked, their HTML cleaned, built-in ones are not deleted."""

    def prepare(self, row: CommunicationTemplate | None, values: Values, *, actor: Actor) -> Values:
        before = {name: getattr(row, name) for name in _FIELDS_CHECKED} if row is not None else {}
        after = {name: values[name] for name in _FIELDS_CHECKED if name in values}
        if not after:
            return values
        _check(CommunicationTemplate(**{**before, **after}))
        if after.get("html_content"):
            values = {**values, "html_content": clean_source(after["html_content"])}
        return values

    def before_delete(self, row: CommunicationTemplate, *, actor: Actor) -> None:
        if row.is_builtin:
            raise BuiltinTemplate


def problems_of(template: CommunicationTemplate) -> list[checking.TemplateProblem]:
    """Return the errors in the template's texts and, if there are none, advice."""
    texts = texts_of_template(template)
    is_snippet = template.category == SNIPPET
    found = checking.problems(texts, declared=_declared(template), is_snippet=is_snippet)
    if found or template.channel != Channel.EMAIL or is_snippet:
        return found
    return checking.hints(texts)


def _declared(template: CommunicationTemplate) -> list[str]:
    return list(template.variables_schema) if isinstance(template.variables_schema, dict) else []


def _check(template: CommunicationTemplate) -> None:
    errors: dict[str, list[str]] = {}
    if template.channel == Channel.EMAIL and not template.subject and template.category != SNIPPET:
        errors["subject"] = ["An e-mail needs a subject."]
    texts = texts_of_template(template)
    is_snippet = template.category == SNIPPET
    for problem in checking.problems(texts, declared=_declared(template), is_snippet=is_snippet):
        errors.setdefault(COLUMNS[problem.field], []).append(str(problem))
    if not errors and template.channel == Channel.LINKEDIN and template.category == INVITATION:
        errors.update(_too_long(texts, template))
    if errors:
        raise Invalid(errors=errors)


def _too_long(texts: MessageTexts, template: CommunicationTemplate) -> dict[str, list[str]]:
    declared = template.variables_schema if isinstance(template.variables_schema, dict) else {}
    filled, _missing = render_with_gaps(texts, sample_context(declared))
    if len(filled.body) <= MAX_INVITATION_LENGTH:
        return {}
    return {"body": [f"A LinkedIn invitation can have at most {MAX_INVITATION_LENGTH} characters."]}


writes.register(CommunicationTemplate, TemplateWriter)
