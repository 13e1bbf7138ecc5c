"""The addresses at which the gateway reports to LAD."""

from collections.abc import Mapping
from typing import Any, Final

from campaigns.gateways.unipile.records import identifier
from campaigns.gateways.unipile.requests import act, path, read

SECRET_HEADER: Final = "Unipile-Auth"  # noqa: S105  (the name of a header)
# What LAD wants to hear of, by the gateway's sources.
WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "messaging": ("message_received", "message_read", "message_delivered"),
    "users": ("new_relation",),
    "account_status": (
        *("creation_success", "reconnected", "sync_success", "ok", "connecting"),
        *("error", "credentials", "permissions", "stopped", "deleted"),
    ),
}


def register(url: str, secret: str) -> list[str]:
    """Let the gateway report to the address, with the secret. Return the sources that were registered now.

    A source that reports there already is left alone. Raises a GatewayError.
    """
    known = _known(url)
    missing = [source for source in WANTED if source not in known]
    for source in missing:
        body: dict[str, Any] = {
            "source": source,
            "name": f"LAD {source}",
            "request_url": url,
            "format": "json",
            "events": list(WANTED[source]),
            "headers": [
                {"key": "Content-Type", "value": "application/json"},
                {"key": SECRET_HEADER, "value": secret},
            ],
        }
        act("POST", "webhooks", body)
    return missing


def remove(url: str) -> int:
    """Let the gateway report nothing more to the address. Return how many sources did."""
    known = _known(url)
    for webhook_id in known.values():
        act("DELETE", path("webhooks", webhook_id))
    return len(known)


def _known(url: str) -> dict[str, str]:
    """Return the sources that report to the address, with the ids of their webhooks."""
    rows = read("webhooks", limit=250).get("items") or ()
    return {
        str(row.get("source") or ""): identifier(row.get("id"))
        for row in rows
        if isinstance(row, dict) and row.get("request_url") == url and row.get("enabled") is not False
    }
