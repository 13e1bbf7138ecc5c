"""Split the text of a template into literal text, Liquid and spintax, in time that grows with its length only."""

import re
from collections.abc import Iterator
from typing import Final

from liquid.exceptions import LiquidSyntaxError
from liquid.token import TOKEN_CONTENT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG, Token

MAX_SOURCE_LENGTH: Final = 200_000
MAX_EXPRESSION_LENGTH: Final = 1_000
MAX_LIQUID_PARTS: Final = 2_000
MAX_SPIN_GROUPS: Final = 500
# Brackets can stand in brackets, which are read by recursion.
MAX_BRACKETS: Final = 20

# The names of spintax in the stream of tokens. Nobody can write tags of these names, because of their braces.
SPIN_OPENS: Final = "spin{"
SPIN_NEXT: Final = "spin|"
SPIN_CLOSES: Final = "spin}"

_OPENING: Final = re.compile(r"\{[{%]")
_TAG: Final = re.compile(r"(#|\w+)\s*")
_SPIN_MARK: Final = re.compile(r"\\[{|}]|[{|}]")
_SPIN_TAGS: Final = {"{": SPIN_OPENS, "|": SPIN_NEXT, "}": SPIN_CLOSES}


def tokens_of(source: str) -> Iterator[Token]:
    """Yield the tokens of the text. Raises LiquidSyntaxError if Liquid is not closed or a part is too long."""
    yield from _with_spintax(list(plain_tokens_of(source)))


def plain_tokens_of(source: str) -> Iterator[Token]:
    """Yield the tokens of a text whose single braces are ordinary text, such as the JSON in a prompt."""
    if len(source) > MAX_SOURCE_LENGTH:
        raise LiquidSyntaxError(f"The text is longer than {MAX_SOURCE_LENGTH:,} characters.", token=None)
    yield from _parts(source)


def _parts(source: str) -> Iterator[Token]:
    """Yield literal texts and Liquid. Comments are left out."""
    position, parts, strip = 0, 0, False
    while match := _OPENING.search(source, position):
        start = match.start()
        closing = "}}" if match[0] == "{{" else "%}"
        end = _end_of_liquid(source, start, closing)
        inner = source[start + 2 : end]
        yield from _literal(source, position, start, strip=strip, strip_end=inner.startswith("-"))
        position, strip = end + 2, inner.endswith("-")
        parts += 1
        if parts > MAX_LIQUID_PARTS:
            problem = f"The text has more than {MAX_LIQUID_PARTS:,} parts in {{{{ }}}} or {{% %}}."
            raise LiquidSyntaxError(problem, token=_token(TOKEN_CONTENT, match[0], start, source))
        found = list(_liquid(source, start, inner, is_tag=closing == "%}"))
        if found[0] == (TOKEN_TAG, "comment", found[0].start_index, source):
            position = _end_of_comment(source, position, found[0])
            continue
        yield from found
    yield from _literal(source, position, len(source), strip=strip, strip_end=False)


def _end_of_liquid(source: str, start: int, closing: str) -> int:
    end = source.find(closing, start + 2, start + 2 + MAX_EXPRESSION_LENGTH)
    if source.count("[", start, max(end, start)) > MAX_BRACKETS:
        problem = f"Use at most {MAX_BRACKETS} brackets in one expression."
        raise LiquidSyntaxError(problem, token=_token(TOKEN_CONTENT, "[", start, source))
    if end >= 0:
        return end
    opening = source[start : start + 2]
    if len(source) > start + 2 + MAX_EXPRESSION_LENGTH:
        problem = f"“{opening}” is not closed by “{closing}” within {MAX_EXPRESSION_LENGTH:,} characters."
    else:
        problem = f"“{opening}” is not closed. Add “{closing}”."
    raise LiquidSyntaxError(problem, token=_token(TOKEN_CONTENT, opening, start, source))


def _liquid(source: str, start: int, inner: str, *, is_tag: bool) -> Iterator[Token]:
    """Yield the tokens of one output or tag, whose text between the delimiters is ``inner``."""
    body = inner.removeprefix("-").removesuffix("-")
    offset = start + 2 + inner.startswith("-")
    expression = body.strip()
    offset += len(body) - len(body.lstrip())
    opening = source[start : start + 2]
    if not is_tag:
        if not expression:
            problem = "“{{ }}” is empty. Write the name of a variable in it."
            raise LiquidSyntaxError(problem, token=_token(TOKEN_CONTENT, opening, start, source))
        yield _token(TOKEN_OUTPUT, expression, start, source)
        yield _token(TOKEN_EXPRESSION, expression, offset, source)
        return
    name = _TAG.match(expression)
    if name is None:
        problem = "“{% %}” needs the name of a tag, for example “if”."
        raise LiquidSyntaxError(problem, token=_token(TOKEN_CONTENT, opening, start, source))
    word = "comment" if name[1] == "#" else name[1]
    yield _token(TOKEN_TAG, word, offset, source)
    if word == "comment" and name[1] == "#":
        return
    if rest := expression[name.end() :]:
        yield _token(TOKEN_EXPRESSION, rest, offset + name.end(), source)


_COMMENT_TAG: Final = re.compile(r"\{%-?[ \t]{0,20}(end)?comment[ \t]{0,20}-?%\}")


def _end_of_comment(source: str, position: int, opening: Token) -> int:
    """Return where the text after a comment begins. An inline comment, ``{% # … %}``, has ended already."""
    if source[opening.start_index] == "#":
        return position
    depth = 1
    while depth:
        match = _COMMENT_TAG.search(source, position)
        if match is None:
            raise LiquidSyntaxError("“{% comment %}” is not closed. Add “{% endcomment %}”.", token=opening)
        depth += -1 if match[1] else 1
        position = match.end()
    return position


def _literal(source: str, start: int, end: int, *, strip: bool, strip_end: bool) -> Iterator[Token]:
    while strip and start < end and source[start].isspace():
        start += 1
    while strip_end and end > start and source[end - 1].isspace():
        end -= 1
    if start < end:
        yield _token(TOKEN_CONTENT, source[start:end], start, source)


def _with_spintax(tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens with spintax as tags. Braces without a bar between them are ordinary text."""
    marks = _structural_marks(tokens)
    for token in tokens:
        if token.kind != TOKEN_CONTENT:
            yield token
            continue
        text, begin = [], 0
        for match in _SPIN_MARK.finditer(token.value):
            place = token.start_index + match.start()
            if len(match[0]) == 1 and place not in marks:
                continue
            text.append(token.value[begin : match.start()])
            begin = match.end()
            if len(match[0]) > 1:
                text.append(match[0][1])
                continue
            if written := "".join(text):
                yield token._replace(value=written)
            text = []
            yield token._replace(kind=TOKEN_TAG, value=_SPIN_TAGS[match[0]], start_index=place)
        if written := "".join([*text, token.value[begin:]]):
            yield token._replace(value=written)


def _structural_marks(tokens: list[Token]) -> set[int]:
    """Return where the braces and bars of ``{one|another}`` stand."""
    found: set[int] = set()
    groups = 0
    open_groups: list[list[int]] = []
    for token in tokens:
        if token.kind != TOKEN_CONTENT:
            continue
        for match in _SPIN_MARK.finditer(token.value):
            place = token.start_index + match.start()
            if match[0] == "{":
                open_groups.append([place])
            elif match[0] == "|" and open_groups:
                open_groups[-1].append(place)
            elif match[0] == "}" and open_groups:
                group = open_groups.pop()
                if len(group) > 1:
                    found.update([*group, place])
                    groups += 1
                if groups > MAX_SPIN_GROUPS:
                    problem = f"The text has more than {MAX_SPIN_GROUPS} choices like {{one|another}}."
                    raise LiquidSyntaxError(problem, token=token._replace(start_index=place))
    return found


def _token(kind: str, value: str, start: int, source: str) -> Token:
    return Token(kind, value, start, source)
