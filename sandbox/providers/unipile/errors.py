"""Errors as the gateway words them: ``type``, ``title``, ``detail``, ``status``."""

from typing import Any, Final

from sandbox.answering import Refused

# Type → status and title.
KNOWN: Final = {
    "invalid_parameters": (400, "Invalid parameters"),
    "too_many_characters": (400, "Too many characters"),
    "invalid_checkpoint_solution": (400, "Invalid checkpoint solution"),
    "missing_credentials": (401, "Missing credentials"),
    "invalid_credentials": (401, "Invalid credentials"),
    "disconnected_account": (401, "Disconnected account"),
    "resource_not_found": (404, "Resource not found"),
    "request_timeout": (408, "Request timeout"),
    "already_invited_recently": (422, "Already invited recently"),
    "already_connected": (422, "Already connected"),
    "cannot_resend_yet": (422, "Cannot resend yet"),
    "limit_exceeded": (422, "Limit exceeded"),
    "no_connection_with_recipient": (422, "No connection with recipient"),
    "recipient_cannot_be_reached": (422, "Recipient cannot be reached"),
    "invalid_recipient": (422, "Invalid recipient"),
    "too_many_requests": (429, "Too many requests"),
    "unexpected_error": (500, "Unexpected error"),
    "provider_error": (500, "Provider error"),
    "network_down": (503, "Network down"),
}
BY_STATUS: Final = {status: name for name, (status, _) in reversed(KNOWN.items())}


def refused(name: str, detail: str, *, status: int | None = None) -> Refused:
    return Refused(status or KNOWN[name][0], name, detail)


def spoken(refused: Refused) -> dict[str, Any]:
    name = refused.code if refused.code in KNOWN else BY_STATUS.get(refused.status, "unexpected_error")
    if refused.asked.removeprefix("errors/") in KNOWN:
        name = refused.asked.removeprefix("errors/")
    return {
        "type": f"errors/{name}",
        "title": KNOWN[name][1],
        "detail": str(refused),
        "instance": "",
        "status": refused.status,
    }
