"""Read values out of carriers' JSON, in which anything may be missing or of another type."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID


def text(value: Any, limit: int = 1_000) -> str:
    """Return a text without the zero character, which no table stores."""
    return value[:limit].replace("\0", "") if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, Sequence) else []


def number(value: Any) -> Decimal | None:
    """Return a finite number, which may be given as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal(10) ** 24 else None


def moment(value: Any) -> datetime | None:
    """Return the moment of an ISO 8601 text with an offset."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def epoch(value: Any, unit: int = 1) -> datetime | None:
    """Return the moment of a time since 1970, of which ``unit`` make a second. Zero is none."""
    found = number(value)
    if not found:
        return None
    try:
        return datetime.fromtimestamp(float(found / unit), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
