"""Filling the placeholders of a message: ``{{first_name}}`` and the like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.html import escape

from campaigns.templates.models import CommunicationTemplate

PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

# What every lead can fill in, with what a preview shows for it.
MERGE_FIELDS: Final[Mapping[str, str]] = {
    "first_name": "Maya",
    "last_name": "Lindqvist",
    "full_name": "Maya Lindqvist",
    "fullname": "Maya Lindqvist",
    "title": "Head of Operations",
    "company": "Northwind Logistics",
    "company_name": "Northwind Logistics",
    "industry": "Logistics",
    "location": "Gothenburg",
    "email": "maya.lindqvist@northwind.example",
    "phone": "+46 70 174 06 05",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """A template as somebody would get it. ``unknown`` are placeholders nothing will fill."""

    subject: str
    body: str
    html: str
    unknown: tuple[str, ...]


def fill(text: str, values: Mapping[str, Any], *, html: bool = False) -> str:
    """The text with its placeholders filled; those without a value stay as they are. In HTML values are escaped."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None:
            return match[0]
        return str(escape(found)) if html else str(found)

    return PLACEHOLDER.sub(value, text)


def placeholders(*texts: str) -> list[str]:
    """The names in the texts, each once, in their order."""
    return list(dict.fromkeys(match[1] for text in texts for match in PLACEHOLDER.finditer(text)))


def samples(template: CommunicationTemplate) -> dict[str, str]:
    """What a preview fills in: the template's own samples over those of every lead."""
    declared = {
        name: str(variable.get("sample") or variable.get("label") or name)
        for name, variable in template.variables_schema.items()
    }
    return {**MERGE_FIELDS, **declared}


def preview(template: CommunicationTemplate) -> Preview:
    """The template filled with sample values."""
    values = samples(template)
    used = placeholders(template.subject, template.body, template.html_content)
    return Preview(
        subject=fill(template.subject, values),
        body=fill(template.body, values),
        html=fill(template.html_content, values, html=True),
        unknown=tuple(name for name in used if name not in values),
    )
