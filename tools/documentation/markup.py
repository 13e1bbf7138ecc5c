"""Markdown that stays in one piece whatever is put into it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any


def cell(text: Any) -> str:
    """Text that may stand in a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table, or nothing when there are no rows."""
    lines = [f"| {' | '.join(cell(each) or ' ' for each in row)} |" for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""]


def code(text: Any) -> str:
    """Something as it is written in code; nothing stays nothing."""
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[Any]) -> str:
    return ", ".join(code(each) for each in texts)


def link(table_name: str) -> str:
    """A link from one table's page to another's."""
    return f"[{table_name}]({table_name}.md)"


def section(title: str, lines: Sequence[str]) -> list[str]:
    """A section with an empty line around it; nothing when it would be empty."""
    body = [*lines]
    while body and not body[-1]:
        body.pop()
    return [f"## {title}", "", *body, ""] if body else []


def paragraph(text: str) -> str:
    """Docstrings are broken into lines; a page is not."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(each.split()) for each in paragraphs).replace("``", "`")


def sentence(text: str) -> str:
    """The first paragraph, in one line."""
    return paragraph(text).split("\n\n")[0]
