"""Decide which texts a step sends: its own or those of its template, in the lead's language."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from campaigns.design.step_specs import TEMPLATE, channel_of
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import Context
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from campaigns.templates.rendering import MessageTexts, MissingVariables, RenderedMessage, Snippet, render

# The settings of steps that hold what the lead reads, in the order in which the first one given counts.
BODY_SETTINGS: Final = ("body", "message", "comment", "content", "context")
TEMPLATE_DELETED: Final = "The step's template was deleted. Choose another one."

Outcome = RenderedMessage | MissingVariables | TemplateError


class SendingStep(Protocol):
    """A step as its texts are read: a row, or the engine's own form of it."""

    @property
    def id(self) -> UUID: ...

    @property
    def type(self) -> str: ...

    @property
    def config(self) -> Mapping[str, Any]: ...


def texts_of(step: SendingStep, language: str = "") -> MessageTexts:
    """Return the texts that the step sends to a lead of this language, with the snippets they use.

    Costs at most two statements. Raises TemplateError if the step's template is gone.
    """
    return texts_by_language(step, [language])[language]


def texts_by_language(step: SendingStep, languages: Iterable[str]) -> dict[str, MessageTexts]:
    """Return the texts that the step sends, for each language. See texts_of."""
    templates = _versions(step)
    return _complete(step, {language: _nearest(templates, language) for language in languages})


def all_texts_of(step: SendingStep) -> list[MessageTexts]:
    """Return the texts that the step sends, in each language that there are. See texts_of."""
    templates: list[CommunicationTemplate | None] = [*_versions(step)]
    return [*_complete(step, {row.language if row else "": row for row in templates or [None]}).values()]


def _complete(step: SendingStep, chosen: Mapping[str, CommunicationTemplate | None]) -> dict[str, MessageTexts]:
    """Return the texts of the chosen templates, or the step's own, with their snippets."""
    config = step.config
    own = {
        "subject": str(config.get("subject") or ""),
        "body": next((str(config[name]) for name in BODY_SETTINGS if config.get(name)), ""),
        "html": str(config.get("html") or ""),
    }
    sources = {language: own if row is None else _texts_of_template(row) for language, row in chosen.items()}
    channel = channel_of(step.type) or ""
    known = _snippets(str(channel)) if any(_uses_snippets(each) for each in sources.values()) else []
    return {
        language: MessageTexts(
            **each, seed=str(step.id), snippets=_in_language(known, each.get("language") or language)
        )
        for language, each in sources.items()
    }


def texts_of_template(template: CommunicationTemplate, *, language: str = "") -> MessageTexts:
    """Return the texts of a template with the snippets they use. Costs at most one statement."""
    texts = _texts_of_template(template)
    known = _snippets(template.channel) if _uses_snippets(texts) else []
    return MessageTexts(**texts, seed=str(template.pk), snippets=_in_language(known, template.language or language))


def render_step(step: SendingStep, contexts: Mapping[UUID, Context]) -> dict[UUID, Outcome]:
    """Return the message of the step for each context, or why it cannot be filled. Costs at most two statements."""
    try:
        texts = texts_by_language(step, {context.language for context in contexts.values()})
    except TemplateError as error:
        return dict.fromkeys(contexts, error)
    return {key: _attempt(texts[context.language], context) for key, context in contexts.items()}


def _attempt(texts: MessageTexts, context: Context) -> Outcome:
    try:
        return render(texts, context)
    except (MissingVariables, TemplateError) as error:
        return error


def _texts_of_template(template: CommunicationTemplate) -> dict[str, str]:
    return {
        "subject": template.subject,
        "body": template.body,
        "html": template.html_content,
        "language": template.language,
    }


def _versions(step: SendingStep) -> list[CommunicationTemplate]:
    """Return the step's template and its active versions in other languages; none if the step has its own texts."""
    template_id = step.config.get(TEMPLATE)
    if not template_id:
        return []
    chosen = CommunicationTemplate.objects.filter(pk=template_id).first()
    if chosen is None:
        raise TemplateError(0, TEMPLATE_DELETED, field=TEMPLATE)
    others = CommunicationTemplate.objects.filter(
        tenant=chosen.tenant_id,
        channel=chosen.channel,
        template_key=chosen.template_key,
        category=chosen.category,
        agent_id=chosen.agent_id,
        is_active=True,
    ).exclude(pk=chosen.pk)
    # The chosen one comes first, and so is taken where no other is nearer.
    return [chosen, *others.order_by("language")]


def _nearest(templates: Sequence[CommunicationTemplate], language: str) -> CommunicationTemplate | None:
    """Return the row in the language, else in its main language, else the first one."""
    main = language.partition("-")[0]

    def distance(row: CommunicationTemplate) -> int:
        if row.language == language:
            return 0
        if row.language == main:
            return 1
        return 2 if row.language.partition("-")[0] == main else 3

    # The first of those that are equally near.
    return min(templates, key=distance, default=None)


def _uses_snippets(texts: Mapping[str, str]) -> bool:
    return any("{%" in each and "render" in each for each in texts.values())


def _snippets(channel: str) -> list[CommunicationTemplate]:
    """Return the snippets of the channel: the tenant's own before shared ones, English before other languages."""
    rows = CommunicationTemplate.objects.filter(category=SNIPPET, channel=channel, is_active=True)
    return sorted(rows, key=lambda row: (row.tenant_id is None, row.language != "en", row.language))


def _in_language(rows: Iterable[CommunicationTemplate], language: str) -> dict[str, Snippet]:
    by_key: dict[str, list[CommunicationTemplate]] = {}
    for row in rows:
        versions = by_key.setdefault(row.template_key, [])
        # A tenant's own snippet replaces the shared one altogether.
        if not versions or versions[0].tenant_id == row.tenant_id:
            versions.append(row)
    found = ((key, _nearest(versions, language)) for key, versions in by_key.items())
    return {key: Snippet(row.body, row.html_content, row.language) for key, row in found if row is not None}
