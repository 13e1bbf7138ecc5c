"""Validate the reason that every correction of money needs."""

from lad.errors import Invalid


def require_reason(reason: str) -> str:
    """Return the stripped reason. Raise Invalid if it is empty."""
    stripped = reason.strip()
    if not stripped:
        raise Invalid(errors={"reason": ["Enter a reason."]})
    return stripped
