"""Check on demand the links of a filled message: how they are written, where they lead, whether anybody answers."""

import http.client
import re
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from time import monotonic
from typing import Final
from urllib.parse import urljoin, urlsplit

from campaigns.accounts.mailbox.errors import MailboxError, Problem
from campaigns.accounts.mailbox.hosts import connect, tls_context
from campaigns.templates.cleaning import text_of
from campaigns.templates.variables import UNSUBSCRIBE_MARKER
from lad.tenancy.context import require_no_scope

MAX_LINKS_CHECKED: Final = 20
TIMEOUT_SECONDS: Final = 4.0
MAX_SECONDS: Final = 15.0
MAX_REDIRECTS: Final = 3
AT_ONCE: Final = 5
PORTS: Final = {"http": 80, "https": 443}
SHORTENERS: Final = frozenset(
    (
        *("bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "shorturl.at"),
        *("t.co", "t.ly", "tiny.cc", "tinyurl.com", "v.gd"),
    )
)

NOT_AN_ADDRESS: Final = "This is not a web address. Write it as in https://www.example.com/page."
SHORTENER: Final = "Filters for unwanted mail distrust link shorteners. Link to the page itself."
NO_TLS: Final = "It is not encrypted. Use https:// if the page has it."
INTERNAL: Final = "It leads into a private network, where leads cannot open it."
NO_ANSWER: Final = "Nobody answers there. Check how it is written."
TOO_MANY: Final = "It leads from page to page without an end."
NO_TIME: Final = "It was not checked: the others took too long."
CERTIFICATE: Final = "Its certificate is not valid, so browsers warn of it."

_LINK: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"'()]{1,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What is wrong with a link; ``problem`` is empty if it works."""

    url: str
    problem: str = ""


def links_of(body: str, html: str) -> list[str]:
    """Return the web addresses in the texts, each once, without the link to unsubscribe."""
    found = dict.fromkeys(match[0].rstrip(".,;:!?") for match in _LINK.finditer(f"{body}\n{text_of(html)}"))
    return [url for url in found if url != UNSUBSCRIBE_MARKER]


def check_links(urls: Sequence[str]) -> list[LinkReport]:
    """Return a report for each link, up to a number. Takes at most 15 seconds.

    Asks their servers: call it outside any scope.
    """
    require_no_scope("Links are asked")
    deadline = monotonic() + MAX_SECONDS
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda url: LinkReport(url, _problem(url, deadline)), urls[:MAX_LINKS_CHECKED]))


def _problem(url: str, deadline: float) -> str:
    written = _written_wrong(url)
    if written:
        return written
    try:
        reached = _reached(url, deadline)
    except MailboxError as error:
        return INTERNAL if error.problem == Problem.INTERNAL else NO_ANSWER
    except ssl.SSLCertVerificationError:
        return CERTIFICATE
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    return reached or ("" if url.lower().startswith("https://") else NO_TLS)


def _written_wrong(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return NOT_AN_ADDRESS
    if parts.scheme.lower() not in PORTS or "." not in host or parts.username is not None:
        return NOT_AN_ADDRESS
    return SHORTENER if host.removeprefix("www.") in SHORTENERS else ""


def _reached(url: str, deadline: float) -> str:
    """Ask for the page and those it leads to. Return what is wrong with the answer."""
    for _attempt in range(MAX_REDIRECTS + 1):
        status, location = _ask("HEAD", url, deadline)
        if status in (405, 501):
            status, location = _ask("GET", url, deadline)
        if status == 0:
            return NO_TIME
        if 300 <= status < 400 and location:
            url = urljoin(url, location)
            if _written_wrong(url):
                return _written_wrong(url)
            continue
        # Some servers refuse programs, which says nothing about people.
        return f"The server answers {status}. Check the address." if status in (404, 410) or status >= 500 else ""
    return TOO_MANY


def _ask(method: str, url: str, deadline: float) -> tuple[int, str]:
    """Return the status and the address that it leads on to; a status of 0 if the time is up."""
    left = min(TIMEOUT_SECONDS, deadline - monotonic())
    if left <= 0:
        return 0, ""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    # The address that was checked is the one that is connected to.
    connection = http.client.HTTPConnection(host, timeout=left)
    with closing(connection):
        connection.sock = connect(host, parts.port or PORTS[scheme], left)
        connection.sock.settimeout(left)
        if scheme == "https":
            connection.sock = tls_context().wrap_socket(connection.sock, server_hostname=host)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request(method, path, headers={"User-Agent": "LAD link check", "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or ""
