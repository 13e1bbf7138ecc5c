"""Fill the placeholders of messages, such as ``{{first_name}}``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.html import escape

from campaigns.templates.models import CommunicationTemplate

# Spaces around the name are stripped afterwards: a pattern that skips them could take hours for a long run of them.
PLACEHOLDER: Final = re.compile(r"\{\{([^{}]*)\}\}")

# The placeholders that every lead fills, each with a sample for previews.
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
class TemplatePreview:
    """A template filled with sample values. ``unknown`` lists placeholders that nothing fills."""

    subject: str
    body: str
    html: str
    unknown: tuple[str, ...]


def fill(text: str, values: Mapping[str, object], *, html: bool = False) -> str:
    """Return the text with its placeholders filled. Those without a value stay; in HTML, values are escaped."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1].strip())
        if found is None:
            return match[0]
        return str(escape(found)) if html else str(found)

    return PLACEHOLDER.sub(value, text)


def placeholders(*texts: str) -> list[str]:
    """Return the placeholders' names, each once, in order."""
    return list(dict.fromkeys(match[1].strip() for text in texts for match in PLACEHOLDER.finditer(text)))


def samples(template: CommunicationTemplate) -> dict[str, str]:
    """Return sample values: the defaults, overridden by the template's own."""
    declared = {
        name: str(variable.get("sample") or variable.get("label") or name)
        for name, variable in template.variables_schema.items()
    }
    return {**MERGE_FIELDS, **declared}


def preview(template: CommunicationTemplate) -> TemplatePreview:
    """Return the template filled with sample values."""
    values = samples(template)
    used = placeholders(template.subject, template.body, template.html_content)
    return TemplatePreview(
        subject=fill(template.subject, values),
        body=fill(template.body, values),
        html=fill(template.html_content, values, html=True),
        unknown=tuple(name for name in used if name not in values),
    )
