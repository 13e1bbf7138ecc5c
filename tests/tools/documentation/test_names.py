"""Files and Python names in the documents exist."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from lad.celery import app
from lad.outbox.catalogue import event_types
from lad.schedule import regular_tasks
from tenants.access.capabilities import capabilities

ROOT = Path(__file__).resolve().parents[3]
GENERATED = {"schema.md", "events.md"}
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in GENERATED),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
APPS = "lad|tenants|billing|leads|campaigns|voice|aiicp|demo|tools|tests"


def names_in(page: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, page.read_text()))


def is_code(name: str) -> bool:
    """Return whether the dotted name is a module, or a name in one."""
    module, _dot, attribute = name.rpartition(".")
    try:
        return find_spec(name) is not None or hasattr(import_module(module), attribute)
    except ModuleNotFoundError:
        # The parent is no package, but it may be a module that has the name.
        return find_spec(module) is not None and hasattr(import_module(module), attribute)


def test_the_documents_name_code() -> None:
    assert len({name for page in PAGES for name in names_in(page, rf"`((?:{APPS})[./][\w./]+)")}) > 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = names_in(page, rf"`((?:{APPS}|docs|benchmarks|clients)/[\w./-]+)`")
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_name_exists(page: Path) -> None:
    app.loader.import_default_modules()
    tasks = {task.name for task in regular_tasks()}
    others = tasks | {each.name for each in event_types()} | {each.key for each in capabilities}
    named = {name for name in names_in(page, rf"`((?:{APPS})(?:\.\w+)+)(?:\(\))?`") if not name.endswith(".env")}
    assert {name for name in named - others if not is_code(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = names_in(page, r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
    assert {link for link in links if not (page.parent / link).exists()} == set()
