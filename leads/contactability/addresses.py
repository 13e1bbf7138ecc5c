"""Addresses in one form each, and the keyed hashes under which suppressions are found."""

import hmac
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError

from lad import emails, phones
from leads.channels import Channel
from leads.contactability.free_mail import is_free_mail


class Kind(StrEnum):
    """The kind of an address. Its name is part of the address's hash, so it never changes."""

    EMAIL = "email"
    PHONE = "phone"
    LINKEDIN = "linkedin"
    PROFILE = "profile"
    DOMAIN = "domain"
    # A lead who has no address at all.
    LEAD = "lead"


KIND_OF_CHANNEL: Final[Mapping[str, Kind]] = {
    Channel.EMAIL: Kind.EMAIL,
    Channel.VOICE: Kind.PHONE,
    Channel.SMS: Kind.PHONE,
    Channel.WHATSAPP: Kind.PHONE,
    Channel.LINKEDIN: Kind.LINKEDIN,
    Channel.WEB: Kind.PROFILE,
}
# The networks whose profiles are the addresses of the channel web.
_NETWORKS: Final = ("instagram", "facebook")
_PROFILE_PAGE: Final = re.compile(r"\A(?:https?://)?(?:[a-z-]+\.)*(instagram|facebook)\.com/([^/?#\s]+)", re.IGNORECASE)
_LINKEDIN_PAGE: Final = re.compile(r"\A(?:https?://)?(?:[a-z-]+\.)*linkedin\.com/([a-z]+)/([^/?#\s]+)", re.IGNORECASE)
_HANDLE: Final = re.compile(r"@?[\w.%-]+")
_DOMAIN: Final = re.compile(
    r"\A(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?@?((?:[\w-]+\.)+[\w-]{2,})\.?(?:[/?#:].*)?", re.UNICODE
)
_MIN_LABELS: Final = 2
WHAT_TO_WRITE: Final = (
    "“{text}” is not an e-mail address, telephone number, LinkedIn address or domain. Write it as in"
    " maya@acme.example, +971 50 123 4567, linkedin.com/in/maya or acme.example."
)
FREE_MAIL: Final = (
    "{domain} belongs to everybody with a mailbox there, not to a company. Enter the e-mail addresses instead."
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its one form: ``value`` is equal for all ways to write it."""

    kind: Kind
    value: str

    def hashes(self, tenant_id: UUID) -> list[str]:
        """Return the hash under each of the installation's keys, that of the newest first."""
        return hashes(tenant_id, self.kind, self.value)


def recognise(text: str, *, country: str = "") -> Address:
    """Return what a text is: an e-mail address, a number, a profile or a domain.

    ``country`` is where a number without a country code is read. Raises ValidationError.
    """
    written = text.strip()
    profile = linkedin(written) if "linkedin." in written.lower() else _profile(written)
    if profile:
        return Address(Kind.LINKEDIN if "linkedin." in written.lower() else Kind.PROFILE, profile)
    if "@" in written[1:]:
        return Address(Kind.EMAIL, email(emails.normalise(written.removeprefix("mailto:"), any_script=True)))
    if phones.digits_of(written) or written[:4].lower() == "tel:":
        return Address(Kind.PHONE, phones.normalise(written, "" if phones.is_international(written) else country))
    found = domain(written)
    if not found:
        raise ValidationError(WHAT_TO_WRITE.format(text=text[:200]), code="address")
    if is_free_mail(found):
        raise ValidationError(FREE_MAIL.format(domain=found), code="free_mail")
    return Address(Kind.DOMAIN, found)


def email(text: str) -> str:
    """Return an e-mail address in one form: without regard to case, its domain in Unicode."""
    written = text.strip()
    if written.isascii() and "xn--" not in written.lower():
        return written.lower()
    local, _at, name = unicodedata.normalize("NFC", written).rpartition("@")
    return f"{local}@{_unicode_domain(name)}".casefold()


def linkedin(text: str) -> str:
    """Return a LinkedIn address as ``in/maya``, or an empty string if it names no page. A handle is a person's."""
    page = _LINKEDIN_PAGE.match(text.strip())
    if page:
        return f"{page[1]}/{unquote(page[2])}".casefold()
    handle = _HANDLE.fullmatch(text.strip())
    return f"in/{unquote(handle[0]).lstrip('@')}".casefold() if handle and "linkedin.com" not in text.lower() else ""


def domain(text: str) -> str:
    """Return the domain of a web address or an e-mail domain, in Unicode, or an empty string."""
    found = _DOMAIN.fullmatch(text.strip().lower())
    name = _unicode_domain(found[1]) if found else ""
    return "" if name.replace(".", "").isdecimal() else name


def addresses_of(
    *, email_address: str, phone: str, linkedin_url: str, social: Mapping[str, Any] | None
) -> Iterator[Address]:
    """Yield a lead's own addresses: at most one of each kind."""
    profiles = social or {}
    if "@" in email_address:
        yield Address(Kind.EMAIL, email(email_address))
    number = phone or str(profiles.get("whatsapp") or "")
    if number.startswith("+"):
        yield Address(Kind.PHONE, _number(number))
    page = linkedin(linkedin_url or str(profiles.get("linkedin") or ""))
    if page:
        yield Address(Kind.LINKEDIN, page)
    for network in _NETWORKS:
        handle = str(profiles.get(network) or "").strip()
        if handle:
            yield Address(Kind.PROFILE, _profile(handle) or f"{network}/{handle.lstrip('@')}".casefold())
            return


@lru_cache(maxsize=50_000)
def company_domains(*texts: str) -> tuple[str, ...]:
    """Return the companies' domains that the texts name, each with the domains it is a part of.

    Takes domains and e-mail addresses. Domains where anybody gets a mailbox are left out.
    """
    found: dict[str, None] = {}
    for text in texts:
        name = _unicode_domain(text.rpartition("@")[2].strip().lower())
        labels = name.split(".")
        if not is_free_mail(name):
            found |= dict.fromkeys(".".join(labels[start:]) for start in range(len(labels) - _MIN_LABELS + 1))
    return tuple(name for name in found if not is_free_mail(name))


def hashes(tenant_id: UUID, kind: Kind, value: str) -> list[str]:
    """Return the keyed hash of an address of the tenant under each key, that of the newest first."""
    return Hasher(tenant_id).hashes(kind, value)


class Hasher:
    """Hashes many addresses of one tenant."""

    def __init__(self, tenant_id: UUID) -> None:
        self._tenant = tenant_id.hex
        self._keys = _keys(tuple(settings.ADDRESS_HASH_KEYS))
        self._of_domains: dict[tuple[str, ...], list[str]] = {}

    def hashes(self, kind: str, value: str) -> list[str]:
        """Return the keyed hash of an address under each key, that of the newest first."""
        message = f"{self._tenant}:{kind}:{value}".encode()
        return [hmac.digest(key, message, "sha256").hex() for key in self._keys]

    def of_domains(self, names: tuple[str, ...]) -> list[str]:
        """Return the hashes of all the domains. Those of colleagues are made once."""
        found = self._of_domains.get(names)
        if found is None:
            found = self._of_domains[names] = [each for name in names for each in self.hashes(Kind.DOMAIN, name)]
        return found


@lru_cache(maxsize=10)
def _keys(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(sha256(f"lad.contactability.address:{secret}".encode()).digest() for secret in secrets)


def _number(text: str) -> str:
    """Return the number as it is stored. What is no valid number any more is known by its digits."""
    return f"+{phones.digits_of(text).lstrip('0') or text}" if not text[1:].isdecimal() else text


def _profile(text: str) -> str:
    found = _PROFILE_PAGE.match(text)
    return f"{found[1]}/{unquote(found[2])}".casefold() if found else ""


def _unicode_domain(name: str) -> str:
    if "xn--" not in name:
        return name
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name
