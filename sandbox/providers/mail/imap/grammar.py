"""Parse the commands that clients send, and quote what servers answer."""

import re
from collections.abc import Sequence
from typing import Final

# A word, or a list of words and lists.
Token = bytes | list["Token"]
LITERAL: Final = re.compile(rb"\{(\d{1,9})(\+?)\}$")
SPECIAL: Final = b'(){ "'
MAX_DEPTH: Final = 20


class GrammarError(Exception):
    """The client's command cannot be parsed."""


def parse(parts: Sequence[bytes | bytearray]) -> list[Token]:
    """Return the words of a command. ``parts`` are its lines, and between them bytearrays with its literals."""
    stack: list[list[Token]] = [[]]
    for part in parts:
        if isinstance(part, bytearray):
            stack[-1].append(bytes(part))
        else:
            _parse_line(LITERAL.sub(b"", part), stack)
    if len(stack) != 1:
        raise GrammarError("a list is not closed")
    return stack[0]


def _parse_line(line: bytes, stack: list[list[Token]]) -> None:
    place = 0
    while place < len(line):
        sign = line[place : place + 1]
        if sign == b" ":
            place += 1
        elif sign == b"(":
            if len(stack) > MAX_DEPTH:
                raise GrammarError("lists are nested too deeply")
            inner: list[Token] = []
            stack[-1].append(inner)
            stack.append(inner)
            place += 1
        elif sign == b")":
            if len(stack) == 1:
                raise GrammarError("a list is closed that was not opened")
            stack.pop()
            place += 1
        elif sign == b'"':
            word, place = _quoted(line, place + 1)
            stack[-1].append(word)
        else:
            word, place = _atom(line, place)
            stack[-1].append(word)


def _quoted(line: bytes, place: int) -> tuple[bytes, int]:
    word = bytearray()
    while place < len(line):
        sign = line[place]
        if sign == ord('"'):
            return bytes(word), place + 1
        if sign == ord("\\"):
            place += 1
        word += line[place : place + 1]
        place += 1
    raise GrammarError("a quoted word is not closed")


def _atom(line: bytes, place: int) -> tuple[bytes, int]:
    """Return the word from ``place`` on. What stands in square brackets belongs to it, lists included."""
    start, depth = place, 0
    while place < len(line):
        sign = line[place]
        if sign == ord("["):
            depth += 1
        elif sign == ord("]"):
            depth -= 1
        elif depth <= 0 and sign in SPECIAL:
            break
        place += 1
    if place == start:
        raise GrammarError(f"unexpected {line[place : place + 1]!r}")
    return line[start:place], place


def word(token: Token) -> bytes:
    """Return the token if it is a word. Raise GrammarError for a list."""
    if isinstance(token, list):
        raise GrammarError("a word is expected, not a list")
    return token


def text(token: Token) -> str:
    return word(token).decode(errors="replace")


def quote(value: str | bytes) -> bytes:
    """Return a quoted string, or a literal where the value needs one."""
    value = value.encode() if isinstance(value, str) else value
    if len(value) > 900 or any(sign < 32 or sign > 126 for sign in value):
        return literal(value)
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(value: bytes) -> bytes:
    return b"{%d}\r\n" % len(value) + value


def numbers(spec: bytes, known: Sequence[int]) -> list[int]:
    """Return those of the ascending numbers ``known`` that a set such as ``1:4,7,9:*`` names."""
    if not known:
        return []
    highest = known[-1]
    ranges = []
    for part in spec.split(b","):
        first, _, last = part.partition(b":")
        ends = [highest if end == b"*" else _number(end) for end in (first, last or first)]
        ranges.append((min(ends), max(ends)))
    if ranges == [(1, highest)]:
        return list(known)
    return [number for number in known if any(low <= number <= high for low, high in ranges)]


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 10:
        raise GrammarError(f"{digits!r} is no number")
    return int(digits)
