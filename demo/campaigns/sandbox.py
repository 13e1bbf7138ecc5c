"""Put the demo's mailboxes on the sandbox that `make up` runs."""

from typing import Any, Final

import httpx2
from django.conf import settings

from campaigns.accounts.models import EmailAccountStatus

PASSWORD: Final = "demo"  # noqa: S105  (of a mailbox on this computer)
# What the name server says of a tenant's domain: one is in order, others give the check something to say.
RECORDS: Final = {"kestrel-analytics": "good", "brightpath-education": "no-dmarc"}
DEFAULT_RECORDS: Final = "two-spf"
TIMEOUT_SECONDS: Final = 10
GAP_SECONDS: Final = 5


def prepare(slug: str, domain: str, addresses: list[str]) -> dict[str, Any]:
    """Create the mailboxes and the domain's records. Return the servers as values of an account.

    Without a sandbox the mailboxes are on a server that does not exist.
    """
    if not (settings.SANDBOX_URL and settings.SANDBOX_SMTP and settings.SANDBOX_IMAP):
        return {"smtp_host": f"smtp.{domain}", "smtp_port": 587, "smtp_password": PASSWORD}
    with httpx2.Client(base_url=settings.SANDBOX_URL, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for address in addresses:
            mailbox = {"address": address, "password": PASSWORD, "saves_sent": address == addresses[0]}
            client.post("/mailboxes", json=mailbox).raise_for_status()
        records = {"domain": domain, "preset": RECORDS.get(slug, DEFAULT_RECORDS)}
        client.post("/dns", json=records).raise_for_status()
    smtp, imap = (address.rpartition(":") for address in (settings.SANDBOX_SMTP, settings.SANDBOX_IMAP))
    return {
        "smtp_host": smtp[0],
        "smtp_port": int(smtp[2]),
        "smtp_password": PASSWORD,
        "smtp_secure": False,
        "imap_host": imap[0],
        "imap_port": int(imap[2]),
        "imap_secure": False,
        "status": EmailAccountStatus.CONNECTED,
        # Who tries the demo waits minutes, not hours.
        "min_gap_seconds": GAP_SECONDS,
    }
