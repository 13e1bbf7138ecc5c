"""Keep only harmless HTML in messages, and make plain text of it."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

import nh3

# Cleaning takes time that grows with the square of the depth: so many tags can be nested without harm.
MAX_TAGS: Final = 5_000
MAX_HTML_BYTES: Final = 200_000

_STYLES: Final = frozenset(
    [
        "background",
        "background-color",
        "border",
        "border-bottom",
        "border-collapse",
        "border-color",
        "border-left",
        "border-radius",
        "border-right",
        "border-spacing",
        "border-style",
        "border-top",
        "border-width",
        "color",
        "direction",
        "display",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-variant",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "opacity",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "table-layout",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-transform",
        "vertical-align",
        "white-space",
        "width",
        "word-break",
        "word-spacing",
    ]
)
_LAYOUT: Final = {"align", "bgcolor", "border", "cellpadding", "cellspacing", "dir", "height", "valign", "width"}
_ATTRIBUTES: Final = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": {"style", "title", "lang", "role", *_LAYOUT},
    "font": {"color", "face", "size"},
}


def _cleaner(*, strip_comments: bool) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=(nh3.ALLOWED_TAGS | {"font"}) - {"area", "map", "details", "summary"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        filter_style_properties=set(_STYLES),
        link_rel=None,
        strip_comments=strip_comments,
    )


_CLEANER: Final = _cleaner(strip_comments=True)
_SOURCE_CLEANER: Final = _cleaner(strip_comments=False)


class TooMuchHtml(Exception):
    """The HTML is larger than LAD sends."""


class LiquidMisplaced(Exception):
    """Liquid stands where cleaning removes it, such as in a script or between the attributes of a tag."""


def clean(html: str) -> str:
    """Return the HTML without scripts, forms, styles of the page and all else that mail programs must not run.

    Raises TooMuchHtml.
    """
    _require_size(html)
    return _CLEANER.clean(html)


def clean_source(html: str) -> str:
    """Return the HTML of a template, cleaned with its Liquid as written. Raises TooMuchHtml and LiquidMisplaced."""
    _require_size(html)
    parts: list[str] = []
    held = _hold_liquid(_without_comments(html), parts)
    cleaned = _SOURCE_CLEANER.clean(held)
    seen = [int(match[1] or match[2]) for match in _HELD.finditer(cleaned)]
    if seen != list(range(len(parts))):
        raise LiquidMisplaced
    return _HELD.sub(lambda match: parts[int(match[1] or match[2])], cleaned)


def _without_comments(html: str) -> str:
    """Return the HTML without its comments, in time that grows with its length only."""
    kept, position = [], 0
    while (start := html.find("<!--", position)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        kept.append(html[position:start])
        position = end + 3
    return "".join([*kept, html[position:]])


def _require_size(html: str) -> None:
    if len(html.encode()) > MAX_HTML_BYTES:
        raise TooMuchHtml(f"The HTML is larger than {MAX_HTML_BYTES // 1000} KB. Shorten it, or send plain text.")
    if html.count("<") > MAX_TAGS:
        raise TooMuchHtml(f"The HTML has more than {MAX_TAGS:,} tags. Simplify it, or send plain text.")


_LIQUID_OR_TAG: Final = re.compile(r"\{\{|\{%|<(?=[a-zA-Z/])|>|\"|'")
_HELD: Final = re.compile(r"<!--lad-liquid-(\d+)-->|ladliquid(\d+)held")


def _hold_liquid(html: str, parts: list[str]) -> str:
    """Return the HTML with a comment or, in an attribute, a word in the place of each piece of Liquid."""
    found: list[str] = []
    position, in_tag, quote = 0, False, ""
    while match := _LIQUID_OR_TAG.search(html, position):
        found.append(html[position : match.start()])
        mark = match[0]
        position = match.end()
        if mark in ("{{", "{%"):
            end = html.find("}}" if mark == "{{" else "%}", position)
            if end < 0:
                # The check of the syntax says so.
                position = match.start()
                break
            position = end + 2
            found.append(f"ladliquid{len(parts)}held" if in_tag else f"<!--lad-liquid-{len(parts)}-->")
            parts.append(html[match.start() : position])
            continue
        found.append(mark)
        if mark == "<":
            in_tag = True
        elif in_tag and mark in ("'", '"'):
            quote = "" if quote == mark else quote or mark
        elif in_tag and mark == ">" and not quote:
            in_tag = False
    return "".join([*found, html[position:]])


def text_of(html: str) -> str:
    """Return the HTML as plain text: paragraphs apart, links with their address, lists with dashes.

    Raises TooMuchHtml.
    """
    if not html:
        return ""
    reader = _TextReader()
    reader.feed(clean(html))
    reader.close()
    return reader.text()


def from_text(text: str) -> str:
    """Return plain text as HTML with its lines and paragraphs."""
    paragraphs = (each.strip("\n") for each in text.split("\n\n"))
    return "".join(f"<p>{escape(each).replace(chr(10), '<br>')}</p>" for each in paragraphs if each.strip())


class _TextReader(HTMLParser):
    """Collects the text of cleaned HTML."""

    APART: Final = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"])
    LINES: Final = frozenset(
        [
            "div",
            "br",
            "li",
            "tr",
            "article",
            "aside",
            "footer",
            "header",
            "nav",
            "dt",
            "dd",
            "figure",
            "figcaption",
            "caption",
        ]
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        values = dict(attrs)
        if tag == "li":
            self.parts.append("- ")
        elif tag == "a":
            self.links.append((values.get("href") or "", len(self.parts)))
        elif tag == "img" and values.get("alt"):
            self.parts.append(str(values["alt"]))
        elif tag == "hr":
            self.parts.append("\n\n---\n\n")

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag == "a" and self.links:
            address, start = self.links.pop()
            label = "".join(self.parts[start:]).strip()
            if not address.startswith(_SHOWN):
                return
            address = address.removeprefix("mailto:").removeprefix("tel:")
            if address.rstrip("/") != label.rstrip("/"):
                self.parts.append(f" ({address})" if label else address)
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(_SPACES.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in self.APART:
            self.parts.append("\n\n")
        elif tag in self.LINES:
            self.parts.append("\n")

    def text(self) -> str:
        lines = [_SPACES.sub(" ", line).strip() for line in "".join(self.parts).split("\n")]
        text = _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
        return _LONE_DASH.sub("- ", text)


# Other addresses, such as those within the page, lead nowhere from a text.
_SHOWN: Final = ("http://", "https://", "mailto:", "tel:")
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
# A paragraph in an item of a list stands behind its dash.
_LONE_DASH: Final = re.compile(r"^-\n+", re.MULTILINE)
