"""Escape text for HTML."""

import html

from django.utils.functional import Promise


def escaped(value: object) -> str:
    """Return the value as escaped text, unchanged if it is safe already. The result is not marked as safe.

    Django's ``conditional_escape`` does the same and looks for lazy text once more, which takes twice as long.
    """
    if isinstance(value, Promise):
        value = str(value)
    return value.__html__() if hasattr(value, "__html__") else html.escape(str(value))
