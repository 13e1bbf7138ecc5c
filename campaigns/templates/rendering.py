"""Fill the texts of one message for one lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.templates.cleaning import TooManyTags, clean, text_of
from campaigns.templates.compiling import Compiled, TemplateError, compiled
from campaigns.templates.contexts import contexts
from campaigns.templates.variables import UNSUBSCRIBE_MARKER


class MissingVariables(Exception):
    """Variables of the texts have no value for this lead. ``names`` lists them in order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"The lead has no value for {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text that templates of the channel can use."""

    body: str
    html: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """The texts of a message before they are filled.

    ``seed`` is the same for all messages of a step; with the context's own seed it decides the choices of
    ``{one|another}``. ``language`` is the language of the texts, empty if unknown.
    """

    subject: str = ""
    body: str = ""
    html: str = ""
    snippets: Mapping[str, Snippet] = field(default_factory=dict)
    seed: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A message as it is sent. ``choices`` says which option of each choice was taken, from 0."""

    subject: str
    body: str
    html: str = ""
    choices: tuple[int, ...] = ()


def render(texts: MessageTexts, context: Mapping[str, object]) -> RenderedMessage:
    """Return the filled message. Its HTML is cleaned, its text made from the HTML if there is no other.

    Raises MissingVariables if the message would write out variables without a value, and TemplateError with the
    field if a text cannot be filled.
    """
    missing: dict[str, None] = {}
    filled = _fill_all(texts, context, missing)
    if missing:
        raise MissingVariables(tuple(missing))
    return filled


def render_with_gaps(texts: MessageTexts, context: Mapping[str, object]) -> tuple[RenderedMessage, tuple[str, ...]]:
    """Return the message with names in brackets where values are missing, and those names. Raises TemplateError."""
    missing: dict[str, None] = {}
    filled = _fill_all(texts, context, missing)
    return filled, tuple(missing)


def with_unsubscribe_link(text: str, url: str) -> str:
    """Return the filled text with the message's own link in the place of the marker."""
    return text.replace(UNSUBSCRIBE_MARKER, url)


def _fill_all(texts: MessageTexts, context: Mapping[str, object], missing: dict[str, None]) -> RenderedMessage:
    subject, chosen = _fill(texts, "subject", context, missing)
    body, of_body = _fill(texts, "body", context, missing)
    html, of_html = _fill(texts, "html", context, missing)
    try:
        html = clean(html) if html else ""
        body = body or text_of(html)
    except TooManyTags as error:
        raise TemplateError(0, error.message, field="html") from error
    # A subject is one line, whatever the values hold.
    return RenderedMessage(" ".join(subject.split()), body, html, (*chosen, *(of_body or of_html)))


def _fill(
    texts: MessageTexts, name: str, context: Mapping[str, object], missing: dict[str, None]
) -> tuple[str, list[int]]:
    source = getattr(texts, name)
    if "{" not in source:
        return source, []
    # HTML and text have the same seed, so that both versions of a message make the same choices.
    part = "subject" if name == "subject" else "body"
    try:
        return compiled(source, html=name == "html").fill(
            context,
            missing=missing,
            seed=f"{getattr(context, 'seed', '')}:{texts.seed}:{part}",
            language=texts.language or getattr(context, "language", "en"),
            snippets=_snippets(texts.snippets, html=name == "html"),
        )
    except TemplateError as error:
        raise TemplateError(error.line, error.message, field=name) from error


def _snippets(snippets: Mapping[str, Snippet], *, html: bool) -> dict[str, Compiled]:
    return {key: compiled(snippet_source(each, html=html), html=html) for key, each in snippets.items()}


def snippet_source(snippet: Snippet, *, html: bool) -> str:
    """Return the snippet's text for the part. Its text serves for HTML too if it has no HTML of its own."""
    if not html:
        return snippet.body
    return snippet.html or snippet.body.replace("\n", "<br>\n")


__all__ = [
    "MessageTexts",
    "MissingVariables",
    "RenderedMessage",
    "Snippet",
    "TemplateError",
    "contexts",
    "render",
    "render_with_gaps",
    "with_unsubscribe_link",
]
