"""Errors as Twilio words them."""

from typing import Any, Final

from sandbox.answering import Refused

# Code → status and message.
KNOWN: Final = {
    "20003": (401, "Authenticate"),
    "20404": (404, "The requested resource was not found"),
    "20429": (429, "Too Many Requests"),
    "20500": (500, "Internal Server Error"),
    "21211": (400, "Invalid 'To' Phone Number"),
    "21212": (400, "Invalid From Number (caller ID)"),
    "21602": (400, "Message body is required."),
    "21603": (400, "A 'From' phone number is required"),
    "21604": (400, "A 'To' phone number is required."),
    "21606": (400, "The 'From' phone number provided is not a valid, message-capable Twilio phone number."),
    "21610": (400, "Attempt to send to unsubscribed recipient"),
    "21617": (400, "The concatenated message body exceeds the 1600 character limit."),
    "30003": (400, "Unreachable destination handset"),
    "30004": (400, "Message blocked"),
    "30005": (400, "Unknown destination handset"),
    "30007": (400, "Message filtered"),
}
BY_STATUS: Final = {401: "20003", 404: "20404", 429: "20429", 400: "21211"}


def refused(code: str) -> Refused:
    return Refused(KNOWN[code][0], code, KNOWN[code][1])


def spoken(refused: Refused) -> dict[str, Any]:
    code = refused.code if refused.code in KNOWN else BY_STATUS.get(refused.status, "20500")
    if refused.asked in KNOWN:
        code = refused.asked
    return {
        "code": int(code),
        "message": KNOWN[code][1],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": refused.status,
    }
