"""Texts on one line, of bounded length."""


def cut(text: object, length: int) -> str:
    """Return the text on one line, with an ellipsis if it is longer than ``length`` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
