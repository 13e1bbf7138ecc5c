"""Read a template once, with errors in plain words, and keep it for the next filling."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from io import StringIO
from typing import Final

from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.exceptions import (
    BlockNestingError,
    LiquidError,
    LiquidInterrupt,
    LocalNamespaceLimitError,
    OutputStreamLimitError,
)
from liquid.expression import Expression
from liquid.output import LimitedStringIO

from campaigns.templates import language
from campaigns.templates.language import (
    FilledTemplate,
    Language,
    Missing,
    Rendering,
    SnippetNode,
    SpinNode,
    TooMuchWork,
    walk,
)

CACHED_CHARACTERS: Final = 2_000_000
MAX_VARIANTS: Final = 1_000_000

TOO_MUCH: Final = "The template does more work than one message needs. Use fewer or shorter loops."
TOO_LONG: Final = f"The filled text is longer than {language.MAX_OUTPUT_BYTES:,} bytes. Shorten it."


class TemplateError(Exception):
    """A template cannot be filled. ``line`` counts from 1; 0 means the whole text."""

    def __init__(self, line: int, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.line, self.message, self.field = line, message, field

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True, slots=True)
class Use:
    """A variable that a text writes out or compares.

    ``guarded``: a default or a condition covers the case that the lead has none.
    """

    name: str
    line: int
    guarded: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text that was read without an error."""

    template: FilledTemplate
    source: str
    uses: tuple[Use, ...]
    snippets: Mapping[str, int]
    variants: int

    def fill(
        self,
        values: Mapping[str, object],
        *,
        missing: dict[str, None],
        seed: str = "",
        language: str = "en",
        snippets: Mapping[str, "Compiled"] | None = None,
    ) -> tuple[str, list[int]]:
        """Return the filled text and which options were chosen. Notes variables without a value in ``missing``."""
        context = Rendering(self.template, globals=values)
        context.missing, context.seed, context.language = missing, seed, language
        context.snippets = {name: each.template.nodes for name, each in (snippets or {}).items()}
        buffer: StringIO = LimitedStringIO(limit=self.template.env.output_stream_limit or 0)
        with _errors(self.source):
            for node in self.template.nodes:
                node.render(context, buffer)
        return buffer.getvalue(), context.chosen


class _Cache:
    """Compiled texts, up to a number of characters. The one that was not used for longest goes first."""

    def __init__(self, characters: int) -> None:
        self.free = characters
        self.rows: OrderedDict[tuple[str, Language], Compiled] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, source: str, environment: Language) -> Compiled:
        key = (source, environment)
        with self.lock:
            if (found := self.rows.get(key)) is not None:
                self.rows.move_to_end(key)
                return found
        compiled = _compiled(source, environment)
        with self.lock:
            if key not in self.rows:
                self.rows[key] = compiled
                self.free -= len(source) + 1
            while self.free < 0 and len(self.rows) > 1:
                (dropped, _environment), _row = self.rows.popitem(last=False)
                self.free += len(dropped) + 1
        return compiled


_cache: Final = _Cache(CACHED_CHARACTERS)


def compiled(source: str, *, html: bool = False, choices: bool = True) -> Compiled:
    """Return the text as read. In HTML, values are escaped. Raises TemplateError.

    Without ``choices``, ``{one|another}`` is ordinary text.
    """
    return _cache.get(source, language.HTML if html else language.TEXT if choices else language.PLAIN)


def _compiled(source: str, environment: Language) -> Compiled:
    with _errors(source):
        template = environment.from_string(source)
    assert isinstance(template, FilledTemplate)
    _check_filters(template, source)
    return Compiled(
        template=template,
        source=source,
        uses=tuple(dict.fromkeys(_uses(template.nodes, source, locals_=set(), covered=frozenset()))),
        snippets={
            node.name: line_of(source, node.token.start_index)
            for node in walk(template.nodes)
            if isinstance(node, SnippetNode)
        },
        variants=_variants(template.nodes),
    )


def line_of(source: str, index: int) -> int:
    """Return the line, from 1, of a place in the text."""
    return source.count("\n", 0, max(index, 0)) + 1


def _check_filters(template: FilledTemplate, source: str) -> None:
    known = template.env.filters
    for node in walk(template.nodes):
        for expression in _expressions(node.expressions()):
            for each in getattr(expression, "filters", None) or ():
                if each.name not in known:
                    raise TemplateError(line_of(source, each.token.start_index), _no_filter(each.name, known))


def _no_filter(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    if near:
        return f"There is no filter “{name}”. Did you mean “{near[0]}”?"
    return f'There is no filter “{name}”. For a fallback write {{{{ variable | default: "{name}" }}}}.'


def _expressions(expressions: Iterable[Expression]) -> Iterator[Expression]:
    for expression in expressions:
        yield expression
        yield from _expressions(expression.children())


def _uses(nodes: Iterable[Node], source: str, *, locals_: set[str], covered: frozenset[str]) -> Iterator[Use]:
    """Yield what the nodes use.

    ``locals_`` are names that the text itself sets, ``covered`` those that a condition around it asked.
    """
    for node in nodes:
        within = covered
        for expression in node.expressions():
            for path, safe in _paths(expression):
                name = _name(path)
                asked = not isinstance(node, OutputNode | AssignNode | language.WeighedFor)
                if str(path.path[0]) not in locals_:
                    yield Use(name, line_of(source, path.token.start_index), safe or asked or name in covered)
                if asked:
                    within |= {name}
        locals_.update(str(each) for each in node.template_scope())
        inner = locals_ | {str(each) for each in node.block_scope()} if node.block_scope() else locals_
        children = list(node.children(language.NO_CONTEXT, include_partials=False))
        if isinstance(node, IfNode):
            within |= {
                _name(path) for alternative in node.alternatives for path, _safe in _paths(alternative.expression)
            }
        yield from _uses(children, source, locals_=inner, covered=within)


def _name(path: Path) -> str:
    """Return the variable's name, such as custom.plan, without what is asked of its value, such as its size."""
    parts = [str(part) for part in path.path]
    while len(parts) > 1 and parts[-1] in ("size", "first", "last"):
        parts.pop()
    return ".".join(parts)


def _paths(expression: Expression, *, safe: bool = False) -> Iterator[tuple[Path, bool]]:
    """Yield the variables in the expression, each with whether a default stands behind it."""
    if isinstance(expression, FilteredExpression):
        filters = expression.filters or []
        safe = any(each.name == "default" for each in filters)
    if isinstance(expression, Path):
        yield expression, safe
    for child in expression.children():
        yield from _paths(child, safe=safe)


def _variants(nodes: Iterable[Node]) -> int:
    """Return how many texts the choices allow, at most MAX_VARIANTS."""

    def times(total: int, node: Node) -> int:
        children = list(node.children(language.NO_CONTEXT, include_partials=False))
        if isinstance(node, SpinNode):
            return min(total * sum(_variants(option.nodes) for option in node.options), MAX_VARIANTS)
        return min(total * _variants(children), MAX_VARIANTS) if children else total

    return reduce(times, nodes, 1)


@contextmanager
def _errors(source: str) -> Iterator[None]:
    """Raise whatever goes wrong as a TemplateError in plain words."""
    try:
        yield
    except TemplateError:
        raise
    except TooMuchWork:
        raise TemplateError(0, TOO_MUCH) from None
    except (OutputStreamLimitError, LocalNamespaceLimitError, MemoryError):
        raise TemplateError(0, TOO_LONG) from None
    except BlockNestingError:
        problem = f"Tags or choices are nested more than {language.MAX_NESTING} levels deep."
        raise TemplateError(0, problem) from None
    except LiquidInterrupt as error:
        raise TemplateError(0, f"{{% {error} %}} is only possible in a loop.") from None
    except LiquidError as error:
        start = error.token.start_index if error.token is not None else -1
        raise TemplateError(line_of(source, start) if start >= 0 else 0, in_plain_words(error)) from error
    except Exception as error:
        # A filter may stumble over values that nobody thought of. The template is at fault, not the worker.
        raise TemplateError(0, f"The template cannot be filled: {error}.") from error


_EXPECTED_END: Final = re.compile(r"expected '?tag'? (end\w+|spin\}), found")
_UNEXPECTED_TAG: Final = re.compile(r"unexpected tag '(.*?)'")


def in_plain_words(error: LiquidError) -> str:
    """Return the message of the library's error for somebody who writes a template."""
    message = str(error.message or "").strip()
    if found := _EXPECTED_END.search(message):
        if found[1] == language.SPIN_CLOSES:
            return "A tag like {% if %} must begin and end within one choice of {one|another}."
        return f"{{% {found[1].removeprefix('end')} %}} is not closed. Add {{% {found[1]} %}}."
    if found := _UNEXPECTED_TAG.search(message):
        return _unexpected_tag(found[1])
    if message[:1].isupper() or message[:1] == "“" or message.endswith("."):
        return message
    return f"This does not work: {message}."


def _unexpected_tag(name: str) -> str:
    if name in (language.SPIN_NEXT, language.SPIN_CLOSES):
        return "A tag like {% if %} must begin and end within one choice of {one|another}."
    if name.startswith("end") or name in ("else", "elsif", "when"):
        return f"{{% {name} %}} has no beginning. Remove it, or add the tag it ends."
    return f"The tag “{name}” cannot be used in messages. Use {', '.join(language.TAGS)} or render."


__all__ = ["Compiled", "Missing", "TemplateError", "Use", "compiled", "in_plain_words", "line_of"]
