"""The platform's carrier account of the demo: the sandbox's Vapi, with the numbers of the demo's tenants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import httpx2
from django.conf import settings

from demo.voice.setups import SETUPS
from voice.carriers.models import AccountStatus, CarrierAccount
from voice.carriers.providers import VAPI

NAME: Final = "Sandbox telephony"
KEY: Final = "sandbox-demo"
CALLBACK_SECRET: Final = "sandbox-callbacks-of-the-demo"  # noqa: S105  (of a carrier on this computer)
ASSISTANT: Final = "lad-demo"
LINES: Final = 10
TIMEOUT_SECONDS: Final = 10


def load_shared(now: datetime) -> CarrierAccount | None:
    """Create the account, if there is a sandbox, and return it. The sandbox is told which numbers it has."""
    if not settings.SANDBOX_URL:
        return None
    phones = [phone.e164 for setup in SETUPS.values() for phone, *_rest in setup.numbers]
    return CarrierAccount.objects.create(
        name=NAME,
        carrier=VAPI.key,
        base_url=f"{settings.SANDBOX_URL}/vapi",
        secret=KEY,
        webhook_secret=CALLBACK_SECRET,
        agent=ASSISTANT,
        max_concurrent=LINES,
        status=AccountStatus.CONNECTED,
        tested_at=now,
        numbers=_numbers(phones),
    )


def find() -> CarrierAccount | None:
    """Return the account, or None without a sandbox."""
    return CarrierAccount.objects.filter(tenant__isnull=True, name=NAME).first()


def _numbers(phones: Sequence[str]) -> dict[str, str]:
    """Give the sandbox's account these numbers. Return them by the carrier's own names."""
    with httpx2.Client(base_url=settings.SANDBOX_URL, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        values = {"numbers": list(phones), "concurrent": LINES, "webhook_secret": CALLBACK_SECRET}
        client.post(f"/voice/accounts/{KEY}", json=values).raise_for_status()
        answer = client.get("/vapi/phone-number", headers={"Authorization": f"Bearer {KEY}"}).raise_for_status()
    return {each["number"]: each["id"] for each in answer.json()}
