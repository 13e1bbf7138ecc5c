"""Tell people who open a message or click a link from programs that do so for them."""

from datetime import datetime, timedelta
from typing import Final

# A link that is fetched so soon after sending is fetched by the server that receives the message.
SCANNING_TIME: Final = timedelta(seconds=10)
# Somebody who follows two links within this time is a program.
BETWEEN_CLICKS: Final = timedelta(seconds=2)
AGENTS: Final = (
    "bot",
    "crawl",
    "spider",
    "scan",
    "preview",
    "prefetch",
    "proxy",
    "monitor",
    "check",
    "fetch",
    "headless",
    "phantomjs",
    "curl/",
    "wget/",
    "python",
    "go-http-client",
    "okhttp",
    "java/",
    "libwww",
    "axios",
    "node-fetch",
    "ruby",
    "perl",
    "php/",
    "apache-httpclient",
    "winhttp",
    "ggpht.com",
    "googleimageproxy",
    "yahoomailproxy",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "trendmicro",
    "trend micro",
    "fireeye",
    "cisco",
    "ironport",
    "sophos",
    "forcepoint",
    "zscaler",
    "checkpoint",
    "safelinks",
    "skypeuripreview",
    "whatsapp",
    "slack",
    "telegram",
    "facebookexternalhit",
    "linkedin",
    "twitter",
    "microsoft office existence discovery",
    "ms-office",
    "datanyze",
)
# Apple's Mail Privacy Protection names itself so and nothing more.
BARE_AGENTS: Final = frozenset({"", "mozilla/5.0", "mozilla/4.0", "mozilla"})
PREFETCHING: Final = frozenset({"prefetch", "prerender", "preview"})


def is_machine(*, method: str, agent: str, purpose: str, sent_at: datetime | None, at: datetime) -> bool:
    """Return whether the request came from a program.

    ``purpose`` is the request's ``Sec-Purpose`` or ``Purpose``. A request before the message was sent, or so soon
    after that nobody can have read it, came from a program too.
    """
    name = agent.strip().lower()
    if method != "GET" or name in BARE_AGENTS or any(each in name for each in AGENTS):
        return True
    if purpose.partition(";")[0].strip().lower() in PREFETCHING:
        return True
    return sent_at is None or at < sent_at + SCANNING_TIME
