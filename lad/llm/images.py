"""Take images out of a model's words: a program that shows one sends its address, and what is in it, to a stranger."""

import re
from typing import Final

MAX_ADDRESS: Final = 2_000
_MARKDOWN: Final = re.compile(
    rf"!\[([^\]\[]{{0,{MAX_ADDRESS}}})\](?:\([^)]{{0,{MAX_ADDRESS}}}\)?|\[[^\]]{{0,{MAX_ADDRESS}}}\]?)"
)
_HTML: Final = re.compile(
    rf"<(?:img|image|iframe|object|embed|video|audio|source|link|svg)\b[^>]{{0,{MAX_ADDRESS}}}>?", re.IGNORECASE
)
_BEGINS: Final = re.compile(r"!\[|<(?:i|o|e|v|a|s|l)", re.IGNORECASE)


def without_images(text: str) -> str:
    """Return the text with the descriptions of images instead of the images."""
    if "![" not in text and "<" not in text:
        return text
    return _HTML.sub("", _MARKDOWN.sub(r"\1", text))


def finished(text: str) -> int:
    """Return how many characters of an unfinished text hold no image that may go on."""
    tail = max(0, len(text) - MAX_ADDRESS)
    for found in _BEGINS.finditer(text, tail):
        rest = text[found.start() :]
        if not (")" in rest or (">" in rest and rest[0] == "<") or "\n\n" in rest):
            return found.start()
    # An exclamation mark or a bracket may begin one.
    return len(text) - 1 if text.endswith(("!", "<")) else len(text)
