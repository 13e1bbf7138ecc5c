"""Turn the HTML of a received message into text, in linear time. Quoted messages get a ``>`` before each line."""

import re
from html import unescape
from typing import Final

MAX_HTML_LENGTH: Final = 200_000
TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]*)>")
WHITE_SPACE: Final = re.compile(r"\s+")

HIDDEN: Final = frozenset({"script", "style", "head", "title", "template"})
BREAKING: Final = frozenset(
    {"br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote"}
)
# What mail programs write around or before the message that is answered.
QUOTE_MARKS: Final = ("gmail_quote", "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "zmail_extra")
# Everything after these is the answered message.
QUOTE_FOLLOWS: Final = ("divrplyfwdmsg", "appendonsend", "ms-outlook-mobile-reference-message", "olk_src_body_section")
REST_IS_QUOTED: Final = "-----Original Message-----"


def text_of_html(html: str) -> str:
    """Return the text of the HTML as a reader sees it, one line for each block."""
    reader = _Reader()
    position = 0
    html = _without_comments(html[:MAX_HTML_LENGTH])
    for tag in TAG.finditer(html):
        reader.add(html[position : tag.start()])
        reader.tag(tag[2].lower(), closing=bool(tag[1]), attributes=tag[3].lower())
        position = tag.end()
    reader.add(html[position:])
    return reader.finish()


def _without_comments(html: str) -> str:
    """Return the HTML without its comments. One that is not closed hides the rest."""
    pieces = html.split("<!--")
    return "".join([pieces[0], *(piece.partition("-->")[2] for piece in pieces[1:])])


class _Reader:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.hidden = ""
        self.depth = 0
        # How deep in ``div`` elements each quotation of a mail program began.
        self.divs = 0
        self.quoted_divs: list[int] = []

    def add(self, text: str) -> None:
        if not self.hidden and text:
            self.line.append(WHITE_SPACE.sub(" ", unescape(text)))

    def tag(self, name: str, *, closing: bool, attributes: str) -> None:
        if self.hidden:
            if (closing and name == self.hidden) or name == "body":
                self.hidden = ""
            return
        if name in HIDDEN and not closing and not attributes.endswith("/"):
            self.hidden = name
        elif name in BREAKING:
            self._break()
        if name == "blockquote":
            self.depth = max(0, self.depth + (-1 if closing else 1))
        elif name == "div":
            self._div(attributes, closing=closing)
        if not closing and any(mark in attributes for mark in QUOTE_FOLLOWS):
            self._break()
            self.lines.append(REST_IS_QUOTED)

    def finish(self) -> str:
        self._break()
        return "\n".join(self.lines)

    def _div(self, attributes: str, *, closing: bool) -> None:
        if closing:
            self.divs = max(0, self.divs - 1)
            if self.quoted_divs and self.divs <= self.quoted_divs[-1]:
                self.quoted_divs.pop()
            return
        if any(mark in attributes for mark in QUOTE_MARKS):
            self.quoted_divs.append(self.divs)
        self.divs += 1

    def _break(self) -> None:
        text = "".join(self.line).replace("\N{NO-BREAK SPACE}", " ").strip()
        self.line = []
        quoted = self.depth or self.quoted_divs
        if text or (self.lines and self.lines[-1]):
            self.lines.append(f"> {text}" if quoted and text else text)
