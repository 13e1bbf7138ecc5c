"""Availability rules shown as a table and entered as text, one line for each weekday."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from lad.moments import WEEKDAYS
from leads.education.availability import Rules, weekly_minutes, windows_of

MINUTES: Final = 60
_WINDOW: Final = re.compile(r"^(\d{1,2}):?(\d{2})?\s*(?:-|–|to)\s*(\d{1,2}):?(\d{2})?$")
_EXCEPTION: Final = re.compile(r"^(\d{4}-\d{2}-\d{2})\s([^()]*)(?:\((.*)\))?$")
CLOSED: Final = "closed"


def hours(rules: Rules) -> str:
    """Return the open time of a week, for example ``22 h 30 min``."""
    whole, minutes = divmod(weekly_minutes(rules), MINUTES)
    return " ".join(part for part in (f"{whole} h" if whole else "", f"{minutes} min" if minutes else "") if part)


def week_table(rules: Rules) -> SafeString:
    """Return the week and its exceptions as a table."""
    if not rules:
        return format_html('<span class="lad-hint">{}</span>', "No hours are set.")
    days = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td></tr>',
        ((day.capitalize(), _chips(windows_of(rules, day))) for day in WEEKDAYS),
    )
    exceptions = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{} <span class="lad-hint">{}</span></td></tr>',
        (
            (each["date"], _chips(sorted((w["start"], w["end"]) for w in each["windows"])), each.get("reason", ""))
            for each in rules.get("exceptions", ())
        ),
    )
    return format_html(
        '<div class="lad-table-wrap"><table class="lad-table"><tbody>{}{}</tbody></table></div>', days, exceptions
    )


def _chips(windows: Iterable[tuple[str, str]]) -> SafeString:
    shown = format_html_join(" ", '<span class="lad-chip lad-nowrap">{}–{}</span>', windows)
    return shown or format_html('<span class="lad-hint">{}</span>', CLOSED)


class AvailabilityWidget(forms.MultiWidget):
    """One input for each weekday and one for the exceptions."""

    template_name = "leads/admin/availability.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        days = {day: UnfoldAdminTextInputWidget(attrs={"placeholder": "09:00–12:00, 13:00–17:30"}) for day in WEEKDAYS}
        hint = "2026-12-24 closed (Christmas)\n2026-12-31 09:00–12:00"
        super().__init__([*days.values(), UnfoldAdminTextareaWidget(attrs={"rows": 4, "placeholder": hint})], attrs)

    def decompress(self, value: object) -> list[str]:
        rules = value if isinstance(value, dict) else {}
        weekly = [_text(windows_of(rules, day)) for day in WEEKDAYS]
        return [*weekly, "\n".join(_exception_text(each) for each in rules.get("exceptions", ()))]

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        labels = [*(day.capitalize() for day in WEEKDAYS), "Exceptions"]
        context["lines"] = list(zip(labels, context["widget"]["subwidgets"], strict=True))
        return context


class AvailabilityField(forms.MultiValueField):
    """Reads windows that people typed. The model checks the result."""

    widget = AvailabilityWidget

    def __init__(self, **kwargs: Any) -> None:
        texts = [forms.CharField(required=False) for _name in (*WEEKDAYS, "exceptions")]
        super().__init__(fields=texts, required=False, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[str]) -> dict[str, Any]:
        if not any(data_list):
            return {}
        *days, exceptions = data_list
        weekly = {day: _windows(text, day) for day, text in zip(WEEKDAYS, days, strict=True) if text}
        lines = [line.strip() for line in (exceptions or "").splitlines() if line.strip()]
        return {"weekly": weekly, "exceptions": [_exception(line) for line in lines]}


def _text(windows: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{start}–{end}" for start, end in windows)


def _exception_text(each: Mapping[str, Any]) -> str:
    windows = _text((w["start"], w["end"]) for w in each["windows"])
    reason = f" ({each['reason']})" if each.get("reason") else ""
    return f"{each['date']} {windows or CLOSED}{reason}"


def _windows(text: str, where: str) -> list[dict[str, str]]:
    windows = []
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        found = _WINDOW.match(piece)
        if found is None:
            raise ValidationError(f"{where.capitalize()}: write “{piece}” as 09:00–17:30.")
        start, start_minutes, end, end_minutes = found.groups()
        windows.append(
            {"start": f"{int(start):02}:{start_minutes or '00'}", "end": f"{int(end):02}:{end_minutes or '00'}"}
        )
    return windows


def _exception(line: str) -> dict[str, Any]:
    found = _EXCEPTION.match(line)
    windows = found[2].strip() if found else ""
    if found is None or not windows:
        raise ValidationError(f"Exceptions: write “{line}” as 2026-12-24 closed (Christmas).")
    day, reason = found[1], found[3]
    open_hours = [] if windows.lower() == CLOSED else _windows(windows, day)
    return {"date": day, "windows": open_hours, **({"reason": reason} if reason else {})}
