"""Check the records of a sending domain, and say in words what to change."""

import math
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import dns.exception
import dns.resolver
from django.conf import settings

from campaigns.mail_text import domain_of

TIMEOUT_SECONDS: Final = 3.0
NO_ANSWER: Final = "The name server did not answer. Check again later."
MAX_SPF_LOOKUPS: Final = 10
# Mechanisms that make the receiver ask for another record.
_ASKING: Final = ("include:", "a", "mx", "ptr", "exists:", "redirect=")
COMMON_SELECTORS: Final = (
    "google",
    "selector1",
    "selector2",
    "default",
    "k1",
    "k2",
    "s1",
    "s2",
    "dkim",
    "mail",
    "zoho",
    "fm1",
    "sig1",
)


# When the check of a domain ends.
_until: Final[ContextVar[float]] = ContextVar("dns_check_until", default=math.inf)


class Grade(StrEnum):
    GOOD = "good"
    IMPROVE = "improve"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One record: how it is, what it says, and what to change."""

    record: str
    grade: Grade
    found: str = ""
    advice: str = ""


class _Unanswered(Exception):
    """The name server did not answer, so nothing is known."""


def resolver() -> dns.resolver.Resolver:
    """Return what asks the name servers."""
    asks = dns.resolver.Resolver(configure=not settings.MAIL_NAMESERVERS)
    if settings.MAIL_NAMESERVERS:
        named = [each.partition("#") for each in settings.MAIL_NAMESERVERS]
        asks.nameservers = [address for address, _mark, _port in named]
        asks.port = int(named[0][2] or 53)
    asks.lifetime = asks.timeout = TIMEOUT_SECONDS
    return asks


def check_domain(email: str, *, now: datetime, selectors: Sequence[str] = ()) -> dict[str, Any]:
    """Return the report on the domain of the address, as JSON.

    ``selectors`` are those of DKIM signatures that were seen; common ones are tried too. A name server that does not
    answer, or not within MAIL_TEST_SECONDS, leaves findings unknown.
    """
    domain = domain_of(email)
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("MX", lambda: _mx(domain)),
        ("SPF", lambda: _spf(domain)),
        ("DKIM", lambda: _dkim(domain, (*selectors, *COMMON_SELECTORS))),
        ("DMARC", lambda: _dmarc(domain)),
    )
    findings: list[Finding] = []
    answers = True
    token = _until.set(time.monotonic() + settings.MAIL_TEST_SECONDS)
    for record, check in checks:
        try:
            findings.append(check() if answers else Finding(record, Grade.UNKNOWN, advice=NO_ANSWER))
        except _Unanswered:
            # Each further question would wait as long.
            answers = False
            findings.append(Finding(record, Grade.UNKNOWN, advice=NO_ANSWER))
    _until.reset(token)
    return {"domain": domain, "checked_at": now.isoformat(), "findings": [asdict(each) for each in findings]}


def _mx(domain: str) -> Finding:
    hosts = [text.split(" ", 1)[-1].rstrip(".") for text in _records(domain, "MX")]
    if not hosts or hosts == [""]:
        return Finding("MX", Grade.MISSING, advice=f"{domain} receives no mail, so answers are lost. Add an MX record.")
    return Finding("MX", Grade.GOOD, ", ".join(hosts))


def _spf(domain: str) -> Finding:
    found = [text for text in _records(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        advice = f"Add a TXT record to {domain} that names your mail servers, for example “v=spf1 include:… ~all”."
        return Finding("SPF", Grade.MISSING, advice=advice)
    if len(found) > 1:
        advice = "There must be exactly one SPF record. Join them into one: receivers ignore them all otherwise."
        return Finding("SPF", Grade.IMPROVE, " | ".join(found), advice)
    words = found[0].lower().split()[1:]
    return Finding("SPF", *_spf_grade(words, found[0]))


def _spf_grade(words: Sequence[str], text: str) -> tuple[Grade, str, str]:
    asking = [each for each in words if each.lstrip("+-~?").split("/")[0].startswith(_ASKING) and not _is_all(each)]
    if len(asking) > MAX_SPF_LOOKUPS:
        return Grade.IMPROVE, text, f"It needs {len(asking)} lookups; receivers stop after {MAX_SPF_LOOKUPS}."
    ends = [each for each in words if _is_all(each)]
    if ends and ends[0] in ("all", "+all", "?all"):
        return Grade.IMPROVE, text, "It lets every server send in your name. End it with “~all” or “-all”."
    if not ends and not any(each.startswith("redirect=") for each in words):
        return Grade.IMPROVE, text, "It does not say what happens with other servers. End it with “~all” or “-all”."
    return Grade.GOOD, text, ""


def _is_all(word: str) -> bool:
    return word.lstrip("+-~?") == "all"


def _dkim(domain: str, selectors: Sequence[str]) -> Finding:
    revoked = ""
    for selector in dict.fromkeys(selectors):
        for text in _records(f"{selector}._domainkey.{domain}", "TXT"):
            tags = _tags(text)
            if tags.get("p"):
                return Finding("DKIM", Grade.GOOD, f"Key “{selector}”")
            revoked = selector if "p" in tags else revoked
    if revoked:
        advice = "The key is empty, which means that it was withdrawn. Publish a new one."
        return Finding("DKIM", Grade.IMPROVE, f"Key “{revoked}”", advice)
    advice = (
        "No key was found under the usual names. Turn on DKIM at your mail provider and publish the record that it"
        " shows. If it is on already, the key has a name of its own and is found once a sent message was read."
    )
    return Finding("DKIM", Grade.MISSING, advice=advice)


def _dmarc(domain: str) -> Finding:
    parts = domain.split(".")
    # A policy of the organisation's domain holds for those below it.
    for name in dict.fromkeys((domain, ".".join(parts[-2:]))):
        for text in _records(f"_dmarc.{name}", "TXT"):
            if not text.lower().startswith("v=dmarc1"):
                continue
            policy = _tags(text).get("p", "").lower()
            if policy in ("quarantine", "reject"):
                return Finding("DMARC", Grade.GOOD, text)
            advice = "It only watches. Once reports show that your own mail passes, change p=none to p=quarantine."
            return Finding("DMARC", Grade.IMPROVE, text, advice)
    advice = f"Add the TXT record “v=DMARC1; p=none; rua=mailto:…” to _dmarc.{domain}. Large receivers require one."
    return Finding("DMARC", Grade.MISSING, advice=advice)


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, mark, value in pairs if mark}


def _records(name: str, kind: str) -> list[str]:
    if time.monotonic() > _until.get():
        raise _Unanswered
    try:
        answer = resolver().resolve(name, kind)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise _Unanswered from error
    if kind == "TXT":
        return [b"".join(each.strings).decode("utf-8", "replace").strip() for each in answer]
    return [each.to_text() for each in answer]
