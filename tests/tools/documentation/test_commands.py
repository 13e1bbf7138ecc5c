"""Every command, address and file that the documents name exists."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param.read_text())


def test_every_command_of_manage_py_is_there(text: str) -> None:
    assert not set(re.findall(r"manage\.py (\w+)", text)) - {*get_commands()}


def test_every_script_that_is_named_is_there(text: str) -> None:
    assert [path for path in re.findall(r"python (\w+/[\w/]+\.py)", text) if not (ROOT / path).exists()] == []


def test_every_call_on_the_billing_page_is_in_the_api() -> None:
    page = (ROOT / "docs" / "billing.md").read_text()
    known = set(re.findall(r"^  /api/v1(/\S+):$", (ROOT / "docs" / "openapi.yaml").read_text(), re.MULTILINE))
    called: list[str] = []
    for row in re.findall(r"^\|(.*/billing-[^|]*)\|", page, re.MULTILINE):
        [resource] = set(re.findall(r"/billing-[\w-]+/", row.replace("/mine/", "/"))) if "…" in row else [""]
        called += [path.replace("…/", resource) for path in re.findall(r"(?:/billing-|…/)[\w/{}-]+", row)]
    assert len(called) > 20
    assert sorted(set(called) - known) == []
