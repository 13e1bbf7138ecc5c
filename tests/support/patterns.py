"""Find every regular expression that outside text can meet, and time each against hostile text.

``python -m tests.support.patterns`` writes, as JSON, what took too long, with the beginning of the text. Patterns
run in a process with a limit on processor time, because one that backtracks cannot be interrupted.
"""

import ast
import gc
import importlib
import json
import os
import pkgutil
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from types import ModuleType
from typing import Any, Final

PACKAGES: Final = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")
ROOT: Final = Path(__file__).resolve().parents[2]
LENGTH: Final = 100_000
# A linear pattern needs some milliseconds for a text of this length, a quadratic one ten seconds or more.
MAX_SECONDS_FOR_A_TEXT: Final = 1.0
# A text is tried with parts of the length first. With a tenth a quadratic pattern needs a hundredth of the time. One
# that needs less than half of that is not tried any longer.
FIRST_LENGTHS: Final = (LENGTH // 32, LENGTH // 10)
MAX_SECONDS_FOR_A_PATTERN: Final = 30
MAX_UNITS: Final = 8
MAX_PREFIX: Final = 12
# Programs of developers and operators. They read LAD's own files.
NOT_SERVING: Final = ("lad.management", "lad.db.folding", "lad.db.sql_files", "lad.db.operations")

Pattern = re.Pattern[Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A recipe of a long text: a unit, or two one after the other, repeated between a beginning and an end."""

    unit: str
    beginning: str = ""
    end: str = "!"
    second: str = ""

    def of(self, length: int) -> str:
        """Return the text with about so many characters."""
        if self.second:
            half = length // 2
            middle = self.unit * (half // len(self.unit)) + self.second * (half // len(self.second))
        else:
            middle = self.unit * (length // len(self.unit))
        return f"{self.beginning}{middle}{self.end}"


def modules() -> Iterator[ModuleType]:
    """Yield every module that serves requests or runs tasks."""
    for package in PACKAGES:
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations" not in found.name and not found.name.startswith((*NOT_SERVING, "lad.asgi", "lad.wsgi")):
                yield importlib.import_module(found.name)


def discovered() -> dict[str, Pattern]:
    """Return the patterns of modules, validators and JSON Schemas by a name that says where they are."""
    from django.core.validators import RegexValidator

    from lad.db.json_schema import JsonSchemaValidator

    found: dict[str, Pattern] = {}
    for module in modules():
        for name, value in vars(module).items():
            for path, pattern in _within(value, f"{module.__name__}.{name}"):
                found.setdefault(path, pattern)
    for number, each in enumerate(gc.get_objects()):
        if isinstance(each, RegexValidator) and type(each) is RegexValidator:
            regex: Any = each.regex
            found[f"validator {number} {each.message}"] = re.compile(regex.pattern, regex.flags)
        elif isinstance(each, JsonSchemaValidator):
            found.update(_within(each.schema, f"schema {number}"))
    by_pattern = {(pattern.pattern, pattern.flags): name for name, pattern in reversed(found.items())}
    return {name: found[name] for name in sorted(by_pattern.values())}


def unnamed_patterns() -> list[str]:
    """Return the calls of ``re`` inside functions, whose patterns ``discovered`` cannot see."""
    return [
        f"{place}:{node.lineno}"
        for place, tree in _sources()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and _is_of_re(node.func)
    ]


def sql_patterns() -> dict[str, str]:
    """Return the regular expressions that PostgreSQL matches, by a name that says where they are."""
    from django.apps import apps

    found: dict[str, str] = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            for pattern in _regex_lookups(getattr(constraint, "condition", None)):
                found[f"constraint {constraint.name}"] = pattern
    in_sql = re.compile(r"(?:regexp_\w+\([^,]*,\s*|!?~\*?\s*)E?'((?:[^']|'')*)'")
    texts = [(place, text) for place, tree in _sources() for text in _constants_of(tree)]
    for package in PACKAGES:
        texts += [(str(path), path.read_text()) for path in sorted((ROOT / package).rglob("*.sql"))]
    # A long text goes on in the next line.
    texts = [(place, re.sub(r"'\n\s*'", "", text)) for place, text in texts]
    for place, text in texts:
        for number, match in enumerate(in_sql.finditer(text)):
            found[f"{place} {number}"] = match[1].replace("''", "'")
    return found


def hostile_texts(pattern: str | bytes, *, pairs: bool = True) -> Iterator[Text]:
    """Yield long texts made of what the pattern itself asks for: where backtracking is worst."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(text)
    runs = list(dict.fromkeys([*_runs(tree), " ", "a", "0", "-"]))[:MAX_UNITS]
    beginnings = [_witness(tree, optional=optional)[:MAX_PREFIX] for optional in (True, False)]
    prefixes = list(dict.fromkeys(text[:size] for text in beginnings for size in range(len(text) + 1)))
    for unit in runs:
        for prefix in prefixes:
            for tail in ("", "!\0", "\n!"):
                yield Text(unit, prefix, tail)
    for first in runs if pairs else ():
        for second in runs:
            if first != second:
                yield Text(first + second)
                yield Text(first, second=second)


def readers() -> dict[str, Callable[[str], object]]:
    """Return LAD's functions that read outside text with the patterns of other packages, or without any."""
    from django import forms
    from django.core.validators import URLValidator, validate_email
    from django.utils.dateparse import parse_datetime
    from django.utils.text import slugify

    from campaigns.channels.email.receiving.absence import away_until
    from campaigns.channels.email.receiving.bounces import judge
    from campaigns.channels.email.receiving.classification import classify
    from campaigns.channels.email.receiving.html_text import text_of_html
    from campaigns.channels.email.receiving.parsing import read
    from campaigns.channels.email.receiving.quoting import own_words
    from campaigns.templates.checking import MessageTexts, hints, problems
    from campaigns.templates.cleaning import text_of
    from lad import emails, jsontext, observability, phones
    from leads.education.admin.availability import AvailabilityField
    from leads.files.names import safe_name
    from voice.calls.transcripts import normalise_transcript

    head = b"From: mailer-daemon@a.test\nAuto-Submitted: auto-replied\n"
    today = date(2026, 2, 20)
    return {
        "mail.classify": lambda text: classify(
            read(head + b"Subject: " + text.encode() + b"\n\n" + text.encode()), own_addresses=(), received=today
        ),
        "mail.away_until": lambda text: away_until(text, received=today),
        "mail.own_words": lambda text: own_words(text, original=text),
        "mail.text_of_html": text_of_html,
        "mail.judge": lambda text: judge(status="", text=text),
        "phones.parse": phones.parse,
        "emails.valid_email": emails.valid_email,
        "observability.mask_text": observability.mask_text,
        "jsontext.parse": jsontext.parse,
        "jsontext.parse of a string": lambda text: jsontext.parse(json.dumps(text)),
        "names.safe_name": safe_name,
        "checking.problems": lambda text: problems(MessageTexts(text, text, text)),
        "checking.hints": lambda text: hints(MessageTexts(text, text, text)),
        "cleaning.text_of": lambda text: text_of(text.replace("<", " ")),
        "transcripts.normalise_transcript": normalise_transcript,
        "AvailabilityField": lambda text: AvailabilityField().clean([text, *[""] * 6, text]),
        "URLValidator": URLValidator(),
        "validate_email": validate_email,
        "parse_datetime": parse_datetime,
        "slugify": slugify,
        "forms.DecimalField": forms.DecimalField().clean,
        "forms.IntegerField": forms.IntegerField().clean,
        "forms.DateTimeField": forms.DateTimeField().clean,
        "forms.UUIDField": forms.UUIDField().clean,
    }


def plain_texts() -> Iterator[Text]:
    """Yield long texts for functions whose patterns are not known."""
    for unit in (" ", "a", "0", "-", ".", "\n", "{{", "eyJ", "a@", "a.", "<", "(", "[", "+0", ",", "%", '"', "/", "é"):
        for prefix in ("", "a@b.", "https://a.", "2026-12-24 ", "{{"):
            yield Text(unit, prefix)


def too_slow(runs: Mapping[str, tuple[Callable[[str], object], Iterable[Text]]]) -> dict[str, str]:
    """Return which of the functions take too long for one of their texts, each with the beginning of that text."""
    slow: dict[str, str] = {}
    waiting = list(runs)
    while waiting:
        finished = _run_in_child({name: runs[name] for name in waiting})
        slow |= {name: text for name, text in finished if text}
        waiting = waiting[len(finished) :]
        if waiting:
            slow[waiting.pop(0)] = "(stopped by the limit on processor time)"
    return slow


def _run_in_child(runs: Mapping[str, tuple[Callable[[str], object], Iterable[Text]]]) -> list[tuple[str, str]]:
    """Return the functions that were tried until one was stopped, in order, each with what was too slow for it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            for name, (run, texts) in runs.items():
                # In whole seconds of all that the process has used.
                limit = int(time.process_time()) + 1 + MAX_SECONDS_FOR_A_PATTERN
                resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
                slow = next(_slow_texts(run, texts), "")
                os.write(writer, f"{json.dumps([name, slow])}\n".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        lines = answers.read().splitlines()
    os.waitpid(child, 0)
    return [(name, text) for name, text in map(json.loads, lines)]


def search_all(pattern: Pattern) -> Callable[[str], object]:
    """Return a function that finds every match of the pattern in a text."""
    if isinstance(pattern.pattern, bytes):
        return lambda text: sum(1 for _match in pattern.finditer(text.encode("latin-1", "replace")))
    return lambda text: sum(1 for _match in pattern.finditer(text))


def _slow_texts(run: Callable[[str], object], texts: Iterable[Text]) -> Iterator[str]:
    for text in texts:
        if not _may_be_slow(run, text):
            continue
        long = text.of(LENGTH)
        if _seconds(run, long) > MAX_SECONDS_FOR_A_TEXT:
            yield repr(long[:40])


def _may_be_slow(run: Callable[[str], object], text: Text) -> bool:
    """Return whether parts of the text take as long as they do where the whole one takes too long."""
    taken = []
    for length in FIRST_LENGTHS:
        taken.append(_seconds(run, text.of(length)))
        if taken[-1] < _least_of_a_slow_one(length):
            return False
    # From the second part to the whole, time grows as from the first to the second, twice over. A large pattern takes
    # long for both parts, but grows slowly.
    first, second = taken
    return second * (second / first) ** 2 > MAX_SECONDS_FOR_A_TEXT / 2


def _least_of_a_slow_one(length: int) -> float:
    """Return half of the seconds for a text of this length, with which the whole one would just be too slow."""
    return MAX_SECONDS_FOR_A_TEXT * (length / LENGTH) ** 2 / 2


def _seconds(run: Callable[[str], object], text: str) -> float:
    """Return the processor time that the function takes for the text."""
    started = time.process_time()
    # Refusing the text is a right answer.
    with suppress(Exception):
        run(text)
    return time.process_time() - started


def _within(value: object, path: str) -> Iterator[tuple[str, Pattern]]:
    """Yield the compiled patterns in a value, and those of JSON Schemas in it."""
    if isinstance(value, re.Pattern):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "pattern" and isinstance(inner, str):
                yield f"{path}.pattern", re.compile(inner)
            elif name == "patternProperties" and isinstance(inner, Mapping):
                yield from ((f"{path}.{each}", re.compile(each)) for each in inner)
            yield from _within(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple | set | frozenset):
        for number, inner in enumerate(value):
            yield from _within(inner, f"{path}.{number}")
    elif isinstance(value, type) and value.__module__.split(".")[0] in PACKAGES:
        for name, inner in vars(value).items():
            if isinstance(inner, re.Pattern | Mapping | tuple):
                yield from _within(inner, f"{path}.{name}")


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            module = place.removesuffix(".py").replace("/", ".")
            if "migrations/" not in place and not module.startswith(NOT_SERVING):
                yield place, ast.parse(path.read_text())


def _is_of_re(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"


def _constants_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _regex_lookups(condition: Any) -> Iterator[str]:
    for child in getattr(condition, "children", ()):
        if isinstance(child, tuple):
            if str(child[0]).endswith(("__regex", "__iregex")):
                yield str(child[1])
        else:
            yield from _regex_lookups(child)


def _runs(tree: Any) -> Iterator[str]:
    """Yield the literal texts of a parsed pattern, and a character of each of its classes."""
    run = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            run += chr(argument)
            continue
        if run:
            yield run
            run = ""
        character = _character(code, argument)
        if character:
            yield character
        for inner in _inner(code, argument):
            yield from _runs(inner)
    if run:
        yield run


def _witness(tree: Any, *, optional: bool) -> str:
    """Return a short text that the pattern may begin with, with or without its optional parts."""
    text = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            text += chr(argument)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            least, _most, inner = argument
            text += _witness(inner, optional=optional) * max(int(optional), min(least, MAX_PREFIX))
        elif code is codes.SUBPATTERN:
            text += _witness(argument[-1], optional=optional)
        elif code is codes.BRANCH:
            text += _witness(argument[1][0], optional=optional)
        elif code is codes.ATOMIC_GROUP:
            text += _witness(argument, optional=optional)
        else:
            text += _character(code, argument)
    return text


def _inner(code: Any, argument: Any) -> Iterable[Any]:
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code is codes.ATOMIC_GROUP:
        return [argument]
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    return []


_CATEGORIES: Final = {
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_DIGIT: "0",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_NOT_WORD: "-",
}


def _character(code: Any, argument: Any) -> str:
    if code is codes.ANY:
        return "a"
    if code is codes.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if code is not codes.IN:
        return ""
    negated = argument[0][0] is codes.NEGATE
    if negated:
        excluded = {chr(value) for kind, value in argument if kind is codes.LITERAL}
        return next(each for each in "a0 -.\x01" if each not in excluded)
    kind, value = argument[0]
    if kind is codes.LITERAL:
        return chr(value)
    return chr(value[0]) if kind is codes.RANGE else _CATEGORIES.get(value, "")


def main() -> None:
    import django

    django.setup()
    patterns = discovered()
    runs = {name: (search_all(pattern), hostile_texts(pattern.pattern)) for name, pattern in patterns.items()}
    slow = too_slow({**runs, **{name: (read, plain_texts()) for name, read in readers().items()}})
    sys.stdout.write(json.dumps({"patterns": sorted(patterns), "slow": slow}))


if __name__ == "__main__":
    main()
