"""The ids by which the gateway calls people. Those of LinkedIn and Instagram hold the name of the profile."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from sandbox.networks.people import Person, canonical

CHANNELS: Final = {"LINKEDIN": "linkedin", "WHATSAPP": "whatsapp", "INSTAGRAM": "instagram"}
LINKEDIN_BEGINS: Final = "ACoAA"
WHATSAPP_ENDS: Final = "@s.whatsapp.net"


def provider_id(type: str, identifier: str) -> str:
    """Return what a network calls somebody."""
    if type == "LINKEDIN":
        return LINKEDIN_BEGINS + urlsafe_b64encode(identifier.encode()).decode().rstrip("=")
    if type == "INSTAGRAM":
        return str(int.from_bytes(identifier.encode()))
    return identifier.lstrip("+") + WHATSAPP_ENDS


def identifier_of(type: str, given: str) -> str:
    """Return the identifier of somebody who is called by the network's id, a profile's address or its name."""
    text = given.strip()
    if type == "LINKEDIN" and text.startswith(LINKEDIN_BEGINS):
        coded = text.removeprefix(LINKEDIN_BEGINS)
        return urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode(errors="replace")
    if type == "INSTAGRAM" and text.isdecimal():
        number = int(text)
        return number.to_bytes((number.bit_length() + 7) // 8).decode(errors="replace")
    return canonical(text)


def attendee_id(account: str, identifier: str) -> str:
    """Return the gateway's own id of somebody in the chats of an account."""
    return hashlib.sha256(f"{account}\x1f{identifier}".encode()).hexdigest()[:22]


def profile_url(type: str, identifier: str) -> str:
    if type == "LINKEDIN":
        return f"https://www.linkedin.com/in/{identifier}"
    return f"https://www.instagram.com/{identifier}/" if type == "INSTAGRAM" else ""


def attendee(type: str, account: str, person: Person) -> dict[str, Any]:
    """Return somebody as webhooks name them."""
    return {
        "attendee_id": attendee_id(account, person.identifier),
        "attendee_name": person.name,
        "attendee_provider_id": provider_id(type, person.identifier),
        "attendee_profile_url": profile_url(type, person.identifier),
    }
