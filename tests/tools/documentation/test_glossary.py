"""The glossary defines each term once and names code that exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROWS = re.findall(
    r"^\| (?!term )([^|`-][^|]*) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.M
)
NAMES = sorted({name for _term, _meaning, code in ROWS for name in re.findall(r"`([\w.]+)`", code)})


def test_every_term_is_defined_once_in_a_sentence() -> None:
    terms = [term for term, _meaning, _code in ROWS]
    assert len(terms) > 60
    assert [term for term in terms if terms.count(term) > 1] == []
    assert [meaning for _term, meaning, _code in ROWS if not meaning.endswith(".")] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_module_class_or_function_exists(name: str) -> None:
    try:
        import_module(name)
    except ModuleNotFoundError:
        module, _dot, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute)


def test_readme_and_contributing_link_the_glossary() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "docs/glossary.md" in (ROOT / page).read_text()
