"""The language of templates: Liquid with an allowed list of tags and filters, limits, and spintax."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from hashlib import blake2b
from time import monotonic
from typing import Any, Final, TextIO

from liquid import Environment, RenderContext, Tag, Token, TokenStream, Undefined
from liquid.ast import BlockNode, Node
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.exceptions import LiquidSyntaxError
from liquid.parser import get_parser
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate
from liquid.token import TOKEN_TAG

from campaigns.templates.filters import allowed_filters, in_words
from campaigns.templates.lexing import SPIN_CLOSES, SPIN_NEXT, SPIN_OPENS, plain_tokens_of, tokens_of

MAX_OUTPUT_BYTES: Final = 400_000
MAX_LOCAL_BYTES: Final = 500_000
MAX_NESTING: Final = 20
# One unit is one part of a template that is filled once.
MAX_WORK: Final = 20_000
MAX_SECONDS: Final = 1.0

TAGS: Final = ["if", "unless", "case", "for", "break", "continue", "assign", "capture"]


class TooMuchWork(Exception):
    """The template does more than a message needs."""


class Missing(Undefined):
    """A variable without a value. Where it would be written out, it is noted as missing, and its name written."""

    __slots__ = ("noted",)

    def __init__(self, name: str, noted: dict[str, None]) -> None:
        super().__init__(name)
        self.noted = noted

    def __str__(self) -> str:
        self.noted[self.name] = None
        return f"[{self.name}]"

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Undefined)

    __hash__ = Undefined.__hash__


class Rendering(RenderContext):
    """One filling of one text: notes what is missing, counts the work, chooses among variants."""

    __slots__ = ("chosen", "deadline", "language", "missing", "seed", "snippets", "weight", "work")

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        self.missing: dict[str, None] = {}
        self.snippets: Mapping[str, Sequence[Node]] = {}
        self.language, self.seed = "en", ""
        self.chosen: list[int] = []
        self.work = self.weight = 0
        self.deadline = monotonic() + MAX_SECONDS

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        """Return the value at the path, or a Missing. Only mappings, lists and texts are looked into."""
        found: Any = self.scope
        for depth, key in enumerate(path, 1):
            try:
                found = self.get_item(found, key) if depth > 1 else found[key]
            except (KeyError, TypeError, IndexError):
                return Missing(".".join(str(each) for each in path[:depth]), self.missing)
        return found

    def charge(self, work: int) -> None:
        """Count the work. Raises TooMuchWork beyond the limit, of work or of time."""
        self.work += work
        if self.work > MAX_WORK or monotonic() > self.deadline:
            raise TooMuchWork

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the work of a loop that begins."""
        self.charge(length * self.weight)

    def choose(self, group: int, options: int) -> int:
        """Return which option of the group is taken: always the same for the same seed."""
        digest = blake2b(f"{self.seed}:{group}".encode(), digest_size=8).digest()
        choice = int.from_bytes(digest) % options
        self.chosen.append(choice)
        return choice


class WrittenOut(OutputNode):
    """``{{ … }}``. Dates are written in the words of the language."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(value, date):
            assert isinstance(context, Rendering)
            value = in_words(value, "", context.language)
        return buffer.write(to_liquid_string(value, context.autoescape))


class WrittenOutTag(Output):
    node_class = WrittenOut


class WeighedFor(ForNode):
    """A loop that counts its work before it begins."""

    __slots__ = ("weight",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.weight = sum(1 for _ in walk([self.block]))

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Rendering)
        context.weight = self.weight
        return super().render_to_output(context, buffer)


class WeighedForTag(ForTag):
    node_class = WeighedFor


class SpinNode(Node):
    """``{one|another}``: one of the options, chosen by the seed."""

    __slots__ = ("group", "options")

    def __init__(self, token: Token, group: int, options: list[BlockNode]) -> None:
        super().__init__(token)
        self.group, self.options, self.blank = group, options, False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Rendering)
        option = self.options[context.choose(self.group, len(self.options))]
        return sum(node.render(context, buffer) for node in option.nodes)

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> Iterable[Node]:
        return self.options


class SpinTag(Tag):
    name, end = SPIN_OPENS, SPIN_CLOSES

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        group = sum(1 for each in stream.tokens[: stream.pos - 1] if each.is_tag(SPIN_OPENS))
        options = [get_parser(self.env).parse_block(stream, (SPIN_NEXT, SPIN_CLOSES))]
        while stream.current.is_tag(SPIN_NEXT):
            next(stream)
            options.append(get_parser(self.env).parse_block(stream, (SPIN_NEXT, SPIN_CLOSES)))
        stream.expect(TOKEN_TAG, value=SPIN_CLOSES)
        return SpinNode(token, group, options)


class SnippetNode(Node):
    """``{% render "signature" %}``: a snippet, which sees the same variables."""

    __slots__ = ("name",)

    def __init__(self, token: Token, name: str) -> None:
        super().__init__(token)
        self.name, self.blank = name, False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Rendering)
        snippet = context.snippets.get(self.name)
        if snippet is None:
            raise LiquidSyntaxError(_no_snippet(self.name, context.snippets), token=self.token)
        context.charge(1 + len(snippet))
        return sum(node.render(context, buffer) for node in snippet)


class SnippetTag(Tag):
    name, block = "render", False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        inner = stream.into_inner(tag=token, eat=False)
        name = inner.current
        if name.kind != "string" or inner.peek.kind != "end of expression":
            problem = 'Write the key of a snippet in quotes: {% render "signature" %}.'
            raise LiquidSyntaxError(problem, token=token)
        return SnippetNode(token, name.value)


def _no_snippet(name: str, snippets: Iterable[str]) -> str:
    near = get_close_matches(name, list(snippets), n=1)
    hint = f" Did you mean “{near[0]}”?" if near else " Create a template of the category “snippet” with this key."
    return f"There is no snippet “{name}” for this channel.{hint}"


class FilledTemplate(BoundTemplate):
    context_class = Rendering


class Language(Environment):
    """Liquid with limits. ``autoescape`` is for HTML."""

    block_nesting_limit = MAX_NESTING
    context_depth_limit = MAX_NESTING + 10
    loop_iteration_limit = MAX_WORK
    local_namespace_limit = MAX_LOCAL_BYTES
    output_stream_limit = MAX_OUTPUT_BYTES
    template_class = FilledTemplate

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.filters = allowed_filters(self)
        needed = {name: self.tags[name] for name in ("content", "illegal", *TAGS)}
        self.tags = needed
        for tag in (WrittenOutTag, WeighedForTag, SpinTag, SnippetTag):
            self.add_tag(tag)

    def tokenizer(self) -> Any:
        return tokens_of


class PlainLanguage(Language):
    """Liquid without spintax."""

    def tokenizer(self) -> Any:
        return plain_tokens_of


TEXT: Final = Language()
PLAIN: Final = PlainLanguage()
HTML: Final = Language(autoescape=True)


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes and all within them, without those of snippets."""
    for node in nodes:
        yield node
        yield from walk(node.children(NO_CONTEXT, include_partials=False))


NO_CONTEXT: Final = RenderContext(FilledTemplate(TEXT, []))
