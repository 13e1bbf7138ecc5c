"""Write Markdown, escaping text that would break it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any


def cell(text: object) -> str:
    """Return the text as one line that a table cell can hold."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return a table, or no lines if there are no rows."""
    lines = [f"| {' | '.join(cell(each) or ' ' for each in row)} |" for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""]


def code(text: object) -> str:
    """Return the text as code, or an empty text for an empty one."""
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[Any]) -> str:
    return ", ".join(code(each) for each in texts)


def link(table_name: str) -> str:
    """Return a link from one table's page to another's."""
    return f"[{table_name}]({table_name}.md)"


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Return a section, or no lines if it would be empty."""
    body = [*lines]
    while body and not body[-1]:
        body.pop()
    return [f"## {title}", "", *body, ""] if body else []


def paragraph(text: str) -> str:
    """Join the lines of each paragraph of a docstring."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(each.split()) for each in paragraphs).replace("``", "`")


def sentence(text: str) -> str:
    """Return the first paragraph as one line."""
    return paragraph(text).split("\n\n")[0]
