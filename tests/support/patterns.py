"""Find every regular expression that outside text can meet, and time each against hostile text.

``python -m tests.support.patterns`` writes, as JSON, what took too long, with the beginning of the text. Patterns
run in a process with a limit on processor time, because one that backtracks cannot be interrupted.
"""

import ast
import gc
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.support.hostile_texts import hostile_texts, plain_texts
from tests.support.slow_functions import Pattern, search_all, too_slow

PACKAGES: Final = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")
ROOT: Final = Path(__file__).resolve().parents[2]
# Programs of developers and operators. They read LAD's own files.
NOT_SERVING: Final = ("lad.management", "lad.db.folding", "lad.db.sql_files", "lad.db.operations")


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


def main() -> None:
    import django

    django.setup()
    patterns = discovered()
    runs = {name: (search_all(pattern), hostile_texts(pattern.pattern)) for name, pattern in patterns.items()}
    slow = too_slow({**runs, **{name: (read, plain_texts()) for name, read in readers().items()}})
    sys.stdout.write(json.dumps({"patterns": sorted(patterns), "slow": slow}))


if __name__ == "__main__":
    main()
