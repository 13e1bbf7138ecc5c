"""Accounts on networks and the sandbox's gateway."""

from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.accounts.models import ChannelAccount, LinkedinAccount
from tests.support.networks import Reported, reports
from tests.support.sandbox import Sandbox


@pytest.fixture
def gateway(sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox, as the gateway to LinkedIn, WhatsApp and Instagram."""
    settings.UNIPILE_BASE_URL, settings.UNIPILE_API_KEY = f"{sandbox.url}/unipile", "sandbox"
    return sandbox


@pytest.fixture
def notices(settings: Any) -> Iterator[Reported]:
    """What the gateway posts to LAD's addresses, which is not delivered by itself."""
    with reports() as heard:
        settings.PUBLIC_URL = heard.url.removesuffix("/reports")
        yield heard


@pytest.fixture
def linkedin(call: Any, owner: Any) -> LinkedinAccount:
    """An account that is not connected yet."""
    made = call("post", "social-linkedin-accounts", body={"account_name": "Maya", "user": str(owner.pk)})
    assert made.status_code == 201, made.content
    return LinkedinAccount(pk=made.json()["id"])


@pytest.fixture
def whatsapp(call: Any) -> ChannelAccount:
    made = call("post", "channel-accounts", body={"account_name": "Office phone", "channel": "whatsapp"})
    assert made.status_code == 201, made.content
    return ChannelAccount(pk=made.json()["id"])
