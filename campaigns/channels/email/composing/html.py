"""Clean HTML for mail, and make plain text of it."""

import re
from html import escape, unescape
from html.parser import HTMLParser
from typing import Final

import nh3

MAX_HTML_BYTES: Final = 200_000
# Cleaning takes the square of the depth: without a limit, a hostile text would hold up a sender for seconds.
MAX_TAGS: Final = 10_000
_STYLED: Final = {"style", "align", "valign", "width", "height", "bgcolor", "class", "dir", "lang"}
_ATTRIBUTES: Final = {
    "*": _STYLED,
    "a": {"href", "title", "name", "target"},
    "img": {"src", "alt", "title", "border"},
    "table": {"border", "cellpadding", "cellspacing", "role"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
}
_TAGS: Final = nh3.ALLOWED_TAGS | {"font", "center"}
_BLOCKS: Final = frozenset(
    ("p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "pre")
)
_APART: Final = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "pre"])
_UNSEEN: Final = frozenset(["style", "script", "title", "head", "template", "noscript"])


class TooMuchHtml(ValueError):
    """The HTML is larger than LAD sends. Shorten it, or send plain text."""


def clean(html: str) -> str:
    """Return HTML without scripts, forms, frames and event handlers. Raises TooMuchHtml."""
    if len(html.encode()) > MAX_HTML_BYTES:
        raise TooMuchHtml(f"The HTML is larger than {MAX_HTML_BYTES // 1000} KB. Shorten it, or send plain text.")
    if html.count("<") > MAX_TAGS:
        raise TooMuchHtml(f"The HTML has more than {MAX_TAGS:,} tags. Simplify it, or send plain text.")
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        strip_comments=True,
        link_rel="noopener noreferrer",
    )


def to_text(html: str) -> str:
    """Return the HTML as plain text: blocks become lines, links keep their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def from_text(text: str) -> str:
    """Return plain text as HTML with its lines and paragraphs."""
    paragraphs = re.split(r"\n{2,}", text.strip("\n"))
    return "".join(f"<p>{'<br>'.join(escape(each).split(chr(10)))}</p>" for each in paragraphs if each.strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag in _APART else "\n")
            if tag == "li":
                self.parts.append("- ")
        elif tag == "a":
            self._links.append((unescape(dict(attrs).get("href") or ""), len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag in _APART:
            self.parts.append("\n\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            shown = "".join(self.parts[start:]).strip()
            if address.startswith(("http://", "https://")) and address.rstrip("/") != shown.rstrip("/"):
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # Line ends in HTML are spaces.
            self.parts.append(re.sub(r"\s+", " ", data))
