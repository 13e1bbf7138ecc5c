"""Files that CONTRIBUTING.md names exist, and those it calls new do not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEW = "*(new"

LISTS = (ROOT / "CONTRIBUTING.md").read_text().split("## Where do I")[1]
ROWS = re.findall(r"^\| ((?:`[^`|]*/[^`|]*`[^|]*)+)\|", LISTS, re.MULTILINE)
NAMED = [(path, NEW in row) for row in ROWS for path in re.findall(r"`([\w./-]+/[\w./-]*)`", row)]


def test_the_tables_name_files() -> None:
    assert len([path for path, new in NAMED if not new]) > 15


@pytest.mark.parametrize("path", sorted({path for path, new in NAMED if not new}))
def test_a_file_to_change_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", sorted({path for path, new in NAMED if new and path.endswith(".py")}))
def test_a_new_file_goes_into_an_existing_package_or_a_new_one(path: str) -> None:
    assert not (ROOT / path).exists()
    assert (ROOT / path).parent.parent.is_dir()
