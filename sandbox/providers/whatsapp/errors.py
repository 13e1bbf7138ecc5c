"""Errors as Graph words them."""

from typing import Any, Final

from sandbox.answering import Refused

# Code → status and title.
KNOWN: Final = {
    "0": (401, "AuthException"),
    "190": (401, "Access token has expired or is invalid"),
    "10": (403, "Application does not have permission for this action"),
    "100": (400, "Invalid parameter"),
    "33": (400, "Unsupported request - object does not exist"),
    "130429": (429, "Rate limit hit"),
    "131008": (400, "Required parameter is missing"),
    "131009": (400, "Parameter value is not valid"),
    "131016": (500, "Service unavailable"),
    "131026": (400, "Message undeliverable"),
    "131047": (400, "Re-engagement message"),
    "131048": (429, "Spam rate limit hit"),
    "131051": (400, "Unsupported message type"),
    "131056": (429, "(Business Account, Consumer Account) pair rate limit hit"),
    "132000": (400, "Number of parameters does not match the expected number of params"),
    "132001": (404, "Template name does not exist in the translation"),
    "132015": (400, "Template is paused"),
    "131000": (500, "Something went wrong"),
}
BY_STATUS: Final = {401: "190", 403: "10", 400: "100", 404: "132001", 429: "130429", 503: "131016"}


def refused(code: str, details: str) -> Refused:
    return Refused(KNOWN[code][0], code, details)


def described(code: str, details: str) -> dict[str, Any]:
    """Return an error as reports have it."""
    title = KNOWN[code][1]
    return {"code": int(code), "title": title, "message": title, "error_data": {"details": details}}


def spoken(refused: Refused) -> dict[str, Any]:
    code = refused.code if refused.code in KNOWN else BY_STATUS.get(refused.status, "131000")
    if refused.asked in KNOWN:
        code = refused.asked
    return {
        "error": {
            "message": f"(#{code}) {KNOWN[code][1]}",
            "type": "OAuthException",
            "code": 100 if code == "33" else int(code),
            "error_data": {"messaging_product": "whatsapp", "details": str(refused)},
            **({"error_subcode": 33} if code == "33" else {}),
            "fbtrace_id": "sandbox",
        }
    }
