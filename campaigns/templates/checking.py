"""Find what is wrong with the texts of a message before anybody gets it."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from campaigns.templates.cleaning import LiquidMisplaced, TooManyTags, clean_source
from campaigns.templates.compiling import Compiled, TemplateError, compiled
from campaigns.templates.rendering import MessageTexts, snippet_source
from campaigns.templates.variables import canonical, is_known, suggestion

FIELDS: Final = ("subject", "body", "html")
# Inboxes on telephones cut longer subjects.
LONG_SUBJECT: Final = 70
MAX_LINKS: Final = 5

MISPLACED: Final = (
    "Liquid can stand in the text and in values of attributes, such as href, but not between attributes, in scripts or "
    "in styles of the page. Move it."
)


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Something to correct in a field. ``line`` counts from 1; 0 means the whole field.

    A ``hint`` is advice, the template can be used as it is.
    """

    field: str
    line: int
    message: str
    hint: bool = False

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


def problems(texts: MessageTexts, *, declared: Collection[str] = (), is_snippet: bool = False) -> list[TemplateProblem]:
    """Return the errors of the texts: syntax, unknown filters, variables and snippets, HTML that cannot be cleaned.

    ``declared`` are further variables, which the template declares. A snippet cannot use snippets.
    """
    found: list[TemplateProblem] = []
    for name in FIELDS:
        source = getattr(texts, name)
        try:
            read = compiled(source, html=name == "html")
            if name == "html":
                clean_source(source)
        except TemplateError as error:
            found.append(TemplateProblem(name, error.line, error.message))
        except TooManyTags as error:
            found.append(TemplateProblem(name, 0, error.message))
        except LiquidMisplaced:
            found.append(TemplateProblem(name, 0, MISPLACED))
        else:
            found.extend(_unknown(read, name, declared))
            if is_snippet:
                nested = "A snippet cannot use another snippet. Write its text here."
                found.extend(TemplateProblem(name, line, nested) for line in read.snippets.values())
            else:
                found.extend(_of_snippets(read, name, texts, declared))
    return found


def _unknown(read: Compiled, field: str, declared: Collection[str]) -> Iterable[TemplateProblem]:
    for use in {use.name: use for use in reversed(read.uses)}.values():
        if not is_known(use.name, declared):
            message = f"Nothing fills {{{{ {use.name} }}}}. {suggestion(use.name, declared)}"
            yield TemplateProblem(field, use.line, message)


def _of_snippets(
    read: Compiled, field: str, texts: MessageTexts, declared: Collection[str]
) -> Iterable[TemplateProblem]:
    for name, line in read.snippets.items():
        snippet = texts.snippets.get(name)
        if snippet is None:
            near = get_close_matches(name, list(texts.snippets), n=1)
            hint = f"Did you mean “{near[0]}”?" if near else "Create a template of the category snippet with this key."
            yield TemplateProblem(field, line, f"There is no snippet “{name}”. {hint}")
            continue
        source = snippet_source(snippet, html=field == "html")
        try:
            of_snippet = compiled(source, html=field == "html")
        except TemplateError as error:
            yield TemplateProblem(field, line, f"The snippet “{name}” has an error. {error}")
            continue
        if of_snippet.snippets:
            yield TemplateProblem(field, line, f"The snippet “{name}” uses another snippet. Only templates can do so.")
        for problem in _unknown(of_snippet, field, declared):
            yield replace(problem, line=line, message=f"In the snippet “{name}”: {problem.message}")


def unknown_variables(texts: MessageTexts, *, declared: Collection[str] = ()) -> list[str]:
    """Return the variables of the texts that nothing fills, in order. Raises TemplateError."""
    reads = [compiled(getattr(texts, name), html=name == "html") for name in FIELDS]
    names = dict.fromkeys(use.name for read in reads for use in read.uses)
    return [name for name in names if not is_known(name, declared)]


def required_variables(texts: MessageTexts) -> list[str]:
    """Return the variables that the texts write out without a fallback or a condition, in order.

    Raises TemplateError.
    """
    found: dict[str, None] = {}
    for name in FIELDS:
        html = name == "html"
        read = compiled(getattr(texts, name), html=html)
        parts = [read, *(compiled(snippet_source(each, html=html), html=html) for each in _used(read, texts))]
        found.update((canonical(use.name), None) for part in parts for use in part.uses if not use.guarded)
    return list(found)


def _used(read: Compiled, texts: MessageTexts) -> list:
    return [texts.snippets[name] for name in read.snippets if name in texts.snippets]


def variants(texts: MessageTexts) -> int:
    """Return how many different messages the choices allow, at most a million. Raises TemplateError."""
    body = compiled(texts.body or texts.html, html=not texts.body)
    return min(compiled(texts.subject).variants * body.variants, 1_000_000)


_BRACES: Final = re.compile(r"(?<![{\\])\{\s*([a-zA-Z_]{3,40})\s*\}(?!\})")
_SHOUTING: Final = re.compile(r"\b[A-Z]{4,}\b(?:\W+\b[A-Z]{4,}\b){2,}")
_SPAM_WORDS: Final = re.compile(
    r"\b(100% free|act now|risk[- ]free|click here|guaranteed income|make money|once in a lifetime|winner|viagra)\b",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"https?://[^\s<>\"']{3,2000}")


def hints(texts: MessageTexts) -> list[TemplateProblem]:
    """Return advice on an e-mail's texts: length, links, words that filters dislike, the way to unsubscribe."""
    found: list[TemplateProblem] = []

    def hint(field: str, message: str) -> None:
        found.append(TemplateProblem(field, 0, message, hint=True))

    if len(texts.subject) > LONG_SUBJECT and "{" not in texts.subject:
        hint("subject", f"The subject has {len(texts.subject)} characters. Telephones show about {LONG_SUBJECT}.")
    if texts.subject.count("!") > 1 or _SHOUTING.search(texts.subject):
        hint("subject", "Capitals and exclamation marks in the subject look like advertising.")
    everything = {"subject": texts.subject, "body": texts.body, "html": texts.html}
    for field, text in everything.items():
        if match := _SPAM_WORDS.search(text):
            hint(field, f"Filters for unwanted mail look for words like “{match[0]}”.")
        for match in _BRACES.finditer(text):
            if is_known(match[1]):
                hint(field, f"“{match[0]}” is not filled. Write {{{{ {canonical(match[1])} }}}}.")
    if len(set(_LINK.findall(texts.body or texts.html))) > MAX_LINKS:
        hint("body", f"More than {MAX_LINKS} links make a first message look like advertising.")
    if not any(part in texts.body + texts.html for part in ("unsubscribe_url", "unsubscribe_link")):
        hint("body", "Offer a way out: {{ unsubscribe_url }}. Mail programs show their own button for it in any case.")
    return found


def snippets_used(texts: MessageTexts, field: str) -> list[str]:
    """Return the keys of the snippets that a field uses. Raises TemplateError."""
    return list(compiled(getattr(texts, field), html=field == "html").snippets)
