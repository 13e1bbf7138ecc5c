"""Show what a template makes of a lead, or of samples, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.templates import checking
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import Account, Context, contexts, sample_context
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.rendering import MessageTexts, render_with_gaps
from campaigns.templates.services import problems_of
from campaigns.templates.texts import texts_of_template
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
    found = problems_of(template)
    errors = [problem for problem in found if not problem.hint]
    texts = texts_of_template(template)
    context = sample_context(template.variables_schema)
    if lead is not None:
        context = contexts(enrolments_or_leads=[lead], account=account)[lead.pk]
    context.seed = f"preview {variant}"
    try:
        return _filled(template, texts, context, variant, tuple(found))
    except TemplateError as error:
        if not errors:
            found = [checking.TemplateProblem(error.field, error.line, error.message)]
        return Preview(problems=tuple(found), variant=variant)


def _filled(
    template: CommunicationTemplate,
    texts: MessageTexts,
    context: Context,
    variant: int,
    problems: tuple[checking.TemplateProblem, ...],
) -> Preview:
    message, missing = render_with_gaps(texts, context)
    unknown = checking.unknown_variables(texts, declared=template.variables_schema)
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
