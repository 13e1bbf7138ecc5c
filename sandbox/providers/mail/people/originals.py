"""The message that a person reacts to, as they see it."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

LINK: Final = re.compile(r"""<a\b[^<>]*?\bhref\s*=\s*["']([^"']+)""", re.IGNORECASE)
IMAGE: Final = re.compile(r"""<img\b[^<>]*?\bsrc\s*=\s*["']([^"']+)""", re.IGNORECASE)
PLAIN_LINK: Final = re.compile(r"""https?://[^\s<>"')\]]+""")
UNSUBSCRIBE: Final = re.compile(r"<([^>]*)>")
AUTOMATIC: Final = ("auto-replied", "auto-generated", "auto-notified")


@dataclass(frozen=True)
class Original:
    content: bytes
    message: EmailMessage
    message_id: str
    references: str
    subject: str
    sender_name: str
    sender: str
    # Where answers go.
    reply_to: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """All links, each once, as the HTML or else the text has them."""
        found = [unescaped(link) for link in LINK.findall(self.html)] if self.html else PLAIN_LINK.findall(self.text)
        return list(dict.fromkeys(link for link in found if link.lower().startswith(("http://", "https://"))))

    @property
    def images(self) -> list[str]:
        found = (unescaped(link) for link in IMAGE.findall(self.html))
        return list(dict.fromkeys(link for link in found if link.lower().startswith(("http://", "https://"))))

    @property
    def unsubscribe_url(self) -> str:
        return next((link for link in self._unsubscribe if link.lower().startswith("http")), "")

    @property
    def unsubscribe_address(self) -> tuple[str, str]:
        """The address and the subject of the mail that unsubscribes."""
        link = next((link for link in self._unsubscribe if link.lower().startswith("mailto:")), "")
        url = urlsplit(link)
        subject = parse_qs(url.query).get("subject", ["unsubscribe"])[0]
        return unquote(url.path).lower(), " ".join(subject.split())

    @property
    def one_click(self) -> bool:
        return str(self.message.get("List-Unsubscribe-Post", "")).replace(" ", "") == "List-Unsubscribe=One-Click"

    @property
    def is_automatic(self) -> bool:
        return str(self.message.get("Auto-Submitted", "")).lower().startswith(AUTOMATIC)

    @property
    def _unsubscribe(self) -> list[str]:
        return UNSUBSCRIBE.findall("".join(str(self.message.get("List-Unsubscribe", "")).split()))


def read(content: bytes) -> Original:
    """Parse a message. What cannot be read is empty."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    name, sender = parseaddr(_header(message, "From"))
    return Original(
        content=content,
        message=message,
        message_id=_header(message, "Message-ID").strip(),
        references=" ".join(_header(message, "References").split()),
        subject=" ".join(_header(message, "Subject").split()),
        sender_name=name,
        sender=sender.lower(),
        reply_to=(parseaddr(_header(message, "Reply-To"))[1] or sender).lower(),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def unescaped(link: str) -> str:
    return link.replace("&amp;", "&").strip()


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError):
        # The header parser of the standard library fails on some malformed addresses.
        return ""


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, KeyError):
        return ""
