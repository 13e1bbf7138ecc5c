"""Helpers of the tests of analyses."""

from typing import Any

ROLES = {"A": "agent", "P": "person", "S": "system"}


def talk(*lines: str) -> list[dict[str, Any]]:
    """Return the turns of ``"A: Hello"`` for the agent, and ``"P: Hi"`` for the person."""
    return [
        {"role": ROLES[line[0]], "text": line[3:], "start": 4.0 * place, "end": 4.0 * place + 3}
        for place, line in enumerate(lines)
    ]
