"""Mail providers that LAD knows: their servers, and whether they keep a copy of what is sent."""

from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.resolver

from campaigns.accounts.mailbox.dns import resolver
from campaigns.mail_text import domain_of


@dataclass(frozen=True, slots=True)
class Provider:
    """The servers of one provider. ``mx`` are ends of the names of its receiving servers."""

    name: str
    smtp: tuple[str, int]
    imap: tuple[str, int]
    saves_sent: bool | None = None
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()


PROVIDERS: Final = (
    Provider(
        "Google",
        ("smtp.gmail.com", 587),
        ("imap.gmail.com", 993),
        saves_sent=True,
        domains=("gmail.com", "googlemail.com"),
        mx=(".google.com", ".googlemail.com"),
    ),
    Provider(
        "Microsoft",
        ("smtp.office365.com", 587),
        ("outlook.office365.com", 993),
        saves_sent=True,
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
        mx=(".protection.outlook.com", ".mx.microsoft"),
    ),
    Provider(
        "iCloud",
        ("smtp.mail.me.com", 587),
        ("imap.mail.me.com", 993),
        domains=("icloud.com", "me.com", "mac.com"),
        mx=(".mail.icloud.com",),
    ),
    Provider(
        "Yahoo",
        ("smtp.mail.yahoo.com", 465),
        ("imap.mail.yahoo.com", 993),
        domains=("yahoo.com",),
        mx=(".yahoodns.net",),
    ),
    Provider("Zoho", ("smtp.zoho.com", 465), ("imap.zoho.com", 993), domains=("zoho.com",), mx=(".zoho.com",)),
    Provider(
        "Fastmail",
        ("smtp.fastmail.com", 465),
        ("imap.fastmail.com", 993),
        domains=("fastmail.com",),
        mx=(".messagingengine.com",),
    ),
    Provider("IONOS", ("smtp.ionos.com", 465), ("imap.ionos.com", 993), mx=(".ionos.com", ".kundenserver.de")),
    Provider("GMX", ("mail.gmx.net", 587), ("imap.gmx.net", 993), domains=("gmx.de", "gmx.net", "gmx.com")),
    Provider("Rackspace", ("secure.emailsrvr.com", 465), ("secure.emailsrvr.com", 993), mx=(".emailsrvr.com",)),
)


def by_address(email: str) -> Provider | None:
    """Return the provider of an address by its domain, without asking a name server."""
    domain = domain_of(email)
    return next((each for each in PROVIDERS if domain in each.domains), None)


def by_host(host: str) -> Provider | None:
    """Return the provider whose server for sending this is."""
    return next((each for each in PROVIDERS if each.smtp[0] == host.strip().lower()), None)


def by_mx(email: str) -> Provider | None:
    """Return the provider that receives mail for the address's domain. Asks the name server."""
    try:
        answer = resolver().resolve(domain_of(email), "MX")
    except (dns.exception.DNSException, OSError):
        return None
    hosts = [str(each.exchange).rstrip(".").lower() for each in answer]
    return next((each for each in PROVIDERS for host in hosts if each.mx and host.endswith(each.mx)), None)
