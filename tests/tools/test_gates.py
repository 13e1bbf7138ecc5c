"""Every directory with Python code is linted, type-checked and, if it is no test, held to the import contracts."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Code that runs beside LAD and imports all of it.
OUTSIDE_THE_LAYERS = {"tests", "benchmarks"}


def packages() -> set[str]:
    """Return the directories at the root that hold Python."""
    visible = (each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith("."))
    return {each.name for each in visible if next(each.rglob("*.py"), None) is not None}


def configuration() -> dict[str, Any]:
    tools: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    return tools


def linted() -> set[str]:
    found = re.search(r"^SOURCES := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert found is not None
    return set(re.sub(r"\$\(wildcard (\w+)\)", r"\1", found[1]).split())


def test_the_packages_are_found() -> None:
    assert {"lad", "tenants", "billing", "tools", "tests", "benchmarks"} <= packages()


def test_every_package_is_linted() -> None:
    assert packages() <= linted()


def test_every_package_is_type_checked() -> None:
    assert packages() <= set(configuration()["mypy"]["files"])


def test_every_package_is_held_to_the_import_contracts() -> None:
    assert packages() - OUTSIDE_THE_LAYERS == set(configuration()["importlinter"]["root_packages"])
