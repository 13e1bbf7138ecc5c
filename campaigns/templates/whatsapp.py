"""Templates that WhatsApp has approved: which there are, what is wrong with a step that names one, and its words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
from campaigns.templates import checking
from campaigns.templates.rendering import MessageTexts

MAX_NAMES_SHOWN: Final = 10
_PLACE: Final = re.compile(r"\{\{\s*(\d+)\s*\}\}")


def approved(name: str) -> list[WhatsappTemplate]:
    """Return the approved versions of a template, in all languages and of all accounts."""
    rows = WhatsappTemplate.objects.filter(name=name, status=TemplateStatus.APPROVED)
    return list(rows.order_by("language", "pk"))


def in_language(rows: Sequence[WhatsappTemplate], wanted: str, usual: str) -> WhatsappTemplate | None:
    """Return the version in the ``wanted`` language; without one that in the ``usual`` language, else the first."""
    if wanted:
        return next((row for row in rows if row.language == wanted), None)
    main = usual.replace("_", "-").partition("-")[0]
    nearest = next((row for row in rows if row.language.replace("_", "-").partition("-")[0] == main), None)
    return nearest or next(iter(rows), None)


def filled_body(row: WhatsappTemplate, variables: Sequence[str]) -> str:
    """Return the words of a template with its variables filled."""

    def value(found: re.Match[str]) -> str:
        number = int(found[1])
        return variables[number - 1] if 0 < number <= len(variables) else found[0]

    return _PLACE.sub(value, row.body)


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the template that a step names, each with the setting's name in front."""
    name = config.get("template")
    if not name:
        return
    rows = list(WhatsappTemplate.objects.filter(name=name).order_by("language", "pk"))
    usable = [row for row in rows if row.status == TemplateStatus.APPROVED]
    if not rows:
        yield f"template: no WhatsApp account has a template “{name}”. {_offered()}"
        return
    if not usable:
        why = f" ({rows[0].status_reason})" if rows[0].status_reason else ""
        status = rows[0].get_status_display().lower()
        yield f"template: “{name}” is not approved by WhatsApp: {status}{why}. {_offered()}"
        return
    language = config.get("language")
    chosen = [row for row in usable if row.language == language] if language else usable
    if not chosen:
        languages = ", ".join(dict.fromkeys(row.language for row in usable))
        yield f"language: WhatsApp has approved “{name}” in {languages} only."
        return
    given = config.get("variables", ())
    if wrong := next((row for row in chosen if row.variables != len(given)), None):
        yield f"variables: “{name}” ({wrong.language}) has {wrong.variables}, and {len(given)} are filled in."
    for number, text in enumerate(given, start=1):
        yield from (f"variables: {number}: {each}" for each in checking.problems(MessageTexts(body=str(text))))


def _offered() -> str:
    names = WhatsappTemplate.objects.filter(status=TemplateStatus.APPROVED).order_by("name")
    known = list(names.values_list("name", flat=True).distinct()[:MAX_NAMES_SHOWN])
    return f"Approved are: {', '.join(known)}." if known else "None is approved yet."
