"""Show what a template makes of a lead, or of samples, before anything is sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import channel_of
from campaigns.templates import checking
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import Account, Context, contexts, sample_context
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.rendering import MessageTexts, render_with_gaps
from campaigns.templates.services import problems_of
from campaigns.templates.texts import texts_of, texts_of_template
from leads.channels import Channel
from leads.contacts.models import Lead


@dataclass(frozen=True, slots=True)
class Preview:
    """A filled template.

    ``missing`` names variables without a value for this lead, ``unknown`` those that nothing fills.
    ``variant`` is the number of the variant shown, from 1, ``choices`` the option taken at each choice, from 1.
    ``snippets`` gives the language of each snippet used. The texts are empty if ``problems`` holds an error.
    """

    subject: str = ""
    body: str = ""
    html: str = ""
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    variants: int = 1
    variant: int = 1
    choices: tuple[int, ...] = ()
    language: str = ""
    snippets: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[checking.TemplateProblem, ...] = ()


def preview(
    template: CommunicationTemplate, *, lead: Lead | None = None, account: Account | None = None, variant: int = 1
) -> Preview:
    """Return the template filled for the lead, as sent by the account, or with samples. It may be unsaved.

    The same number of a variant always shows the same one.
    """
    declared = template.variables_schema if isinstance(template.variables_schema, dict) else {}
    context = _context(lead, account, variant, declared)
    return _attempt(texts_of_template(template), context, variant, declared, problems_of(template))


def preview_step(
    step: CampaignStep, *, lead: Lead | None = None, account: Account | None = None, variant: int = 1
) -> Preview:
    """Return the message of the step filled for the lead, in its language, or with samples. See preview."""
    context = _context(lead, account, variant, {})
    try:
        texts = texts_of(step, context.language if lead is not None else "")
    except TemplateError as error:
        return Preview(problems=(checking.TemplateProblem(error.field, error.line, error.message),), variant=variant)
    found = checking.problems(texts)
    if not found and channel_of(step.type) == Channel.EMAIL:
        found = checking.hints(texts)
    return _attempt(texts, context, variant, {}, found)


# Nothing in a shown message runs or loads, apart from pictures.
_POLICY: Final = "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'"


def document_of(shown: Preview) -> str:
    """Return the message's HTML as a document of its own, for a frame with an empty sandbox attribute."""
    if not shown.html:
        return ""
    return f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><base target="_blank">{shown.html}'


def _context(
    lead: Lead | None, account: Account | None, variant: int, declared: Mapping[str, Mapping[str, Any]]
) -> Context:
    if lead is None:
        context = sample_context(declared)
    else:
        context = contexts(enrolments_or_leads=[lead], account=account)[lead.pk]
    context.seed = f"preview {variant}"
    return context


def _attempt(
    texts: MessageTexts,
    context: Context,
    variant: int,
    declared: Collection[str],
    found: list[checking.TemplateProblem],
) -> Preview:
    try:
        return _filled(texts, context, variant, declared, tuple(found))
    except TemplateError as error:
        if all(problem.hint for problem in found):
            found = [checking.TemplateProblem(error.field, error.line, error.message)]
        return Preview(problems=tuple(found), variant=variant)


def _filled(
    texts: MessageTexts,
    context: Context,
    variant: int,
    declared: Collection[str],
    problems: tuple[checking.TemplateProblem, ...],
) -> Preview:
    message, missing = render_with_gaps(texts, context)
    unknown = checking.unknown_variables(texts, declared=declared)
    used = {name for part in checking.FIELDS for name in checking.snippets_used(texts, part)}
    return Preview(
        subject=message.subject,
        body=message.body,
        html=message.html,
        unknown=tuple(unknown),
        missing=tuple(name for name in missing if name not in unknown),
        variants=checking.variants(texts),
        variant=variant,
        choices=tuple(choice + 1 for choice in message.choices),
        language=texts.language or context.language,
        snippets={name: texts.snippets[name].language for name in sorted(used) if name in texts.snippets},
        problems=problems,
    )
