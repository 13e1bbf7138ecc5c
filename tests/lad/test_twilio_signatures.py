"""Twilio's signatures: the example of its documentation, and everything that must not pass."""

import hashlib
from typing import Any

import pytest

from lad.twilio_signatures import is_genuine

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
SIGNATURE = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def genuine(**values: Any) -> bool:
    given = {"url": URL, "signature": SIGNATURE, "tokens": [TOKEN], "parameters": list(FORM.items()), **values}
    return is_genuine(**given)


@pytest.mark.parametrize(
    ("values", "passes"),
    [
        ({}, True),
        ({"parameters": list(reversed(FORM.items()))}, True),
        # The previous token passes while it is replaced.
        ({"tokens": ["a-new-token", TOKEN]}, True),
        ({"url": URL.replace("mycompany.com", "mycompany.com:443")}, True),
        ({"tokens": ["another"]}, False),
        ({"tokens": []}, False),
        ({"tokens": ["", TOKEN]}, False),
        ({"signature": ""}, False),
        ({"signature": SIGNATURE.lower()}, False),
        # A proxy that takes TLS off, another port, path or query.
        ({"url": URL.replace("https", "http")}, False),
        ({"url": URL.replace("mycompany.com", "mycompany.com:8443")}, False),
        ({"url": URL + "&more=1"}, False),
        ({"parameters": [*FORM.items(), ("More", "1")]}, False),
        ({"parameters": [*list(FORM.items())[1:]]}, False),
        # A value that moves to another name.
        ({"parameters": [(name, value.replace("CA", "CB")) for name, value in FORM.items()]}, False),
        ({"parameters": [], "body": b"{}"}, False),
    ],
)
def test_forms(values: dict[str, Any], passes: bool) -> None:
    assert genuine(**values) is passes


# Signed with the address alone, whose query holds the digest of the body.
BODY = b'{"CallStatus":"completed"}'
JSON_URL = f"https://mycompany.com/status?bodySHA256={hashlib.sha256(BODY).hexdigest()}"
JSON_SIGNATURE = "QFFPO3CzlEX90gTyUttJm88Z+mo="


@pytest.mark.parametrize(
    ("url", "body", "passes"),
    [
        (JSON_URL, BODY, True),
        (JSON_URL, BODY + b" ", False),
        ("https://mycompany.com/status", BODY, False),
        (JSON_URL.replace("bodySHA256=", "bodySHA256=0"), BODY, False),
    ],
)
def test_other_contents(url: str, body: bytes, passes: bool) -> None:
    assert is_genuine(url=url, signature=JSON_SIGNATURE, tokens=[TOKEN], body=body) is passes


def test_a_form_is_not_passed_off_as_another_content() -> None:
    assert not is_genuine(url=JSON_URL, signature=JSON_SIGNATURE, tokens=[TOKEN], parameters=[("a", "b")], body=BODY)
