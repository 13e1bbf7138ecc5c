"""The operations page names every setting."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_environment_variable_is_on_the_operations_page() -> None:
    settings = "".join(path.read_text() for path in (ROOT / "lad").glob("settings*.py"))
    names = set(re.findall(r"""(?:env(?:\.\w+)?|_secret)\(\s*"([A-Z_]+)\"""", settings))
    page = (ROOT / "docs" / "operations.md").read_text()
    assert names, "the pattern no longer finds the settings"
    assert not {name for name in names if f"`{name}`" not in page}
