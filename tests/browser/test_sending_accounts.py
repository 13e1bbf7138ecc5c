"""Sending accounts in a browser: the page of all of them, and WhatsApp connected by a code on the screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from campaigns.accounts.models import ChannelAccount, LinkedinAccount
from lad.tenancy.context import platform_context
from tests.browser.conftest import WIDE_ONCE_PAINTED
from tests.browser.test_outreach import MAYA, TENANT
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def gateway(demo: None, sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.UNIPILE_BASE_URL, settings.UNIPILE_API_KEY = f"{sandbox.url}/unipile", "sandbox"
    return sandbox


@pytest.fixture
def shoot(pictures: Path | None) -> Callable[[Page, str], None]:
    """``shoot(page, name)`` asserts that the page is no wider than the window, and keeps a picture of it."""

    def take(page: Page, name: str) -> None:
        assert not page.evaluate(WIDE_ONCE_PAINTED), f"{name} is wider than the window"
        if pictures is not None:
            page.screenshot(path=pictures / f"accounts-{name}.png", full_page=True)

    return take


def test_whatsapp_is_connected_by_scanning_the_code_on_the_page(
    opened: Callable[..., Page], gateway: Sandbox, shoot: Callable[[Page, str], None]
) -> None:
    page = opened(MAYA, at="/admin/sending-accounts/")
    shoot(page, "all")
    page.get_by_role("link", name="WhatsApp A number on a phone").click()
    page.locator("input[name=account_name]").fill("Reception")
    shoot(page, "add-whatsapp")
    page.locator("button[name=_save]").click()
    expect(page.locator("#connect-ways")).to_be_visible()
    shoot(page, "connect-whatsapp")
    page.get_by_role("button", name="Show the code").click()
    expect(page.locator(".connect-qr svg")).to_be_visible()
    shoot(page, "qr")
    with platform_context():
        account = ChannelAccount.objects.get(account_name="Reception")
    gateway.call("POST", "/unipile/phone", json={"account_id": account.checkpoint["account_id"]})
    expect(page.get_by_role("heading", name="Reception is connected")).to_be_visible(timeout=15_000)
    shoot(page, "connected")
    page.get_by_role("link", name="Open the account").click()
    expect(page.locator("#account-panel")).to_contain_text("Warming up")
    shoot(page, "new-whatsapp")


def test_a_linkedin_account_asks_for_a_code_and_shows_its_use(
    opened: Callable[..., Page], gateway: Sandbox, shoot: Callable[[Page, str], None]
) -> None:
    page = opened(MAYA, at="/admin/sending-accounts/", dark=True)
    shoot(page, "all-dark")
    page.get_by_role("link", name="LinkedIn Visits, invitations").click()
    page.locator("button[name=_save]").click()
    shoot(page, "connect-linkedin-dark")
    page.get_by_text("With name and password").click()
    page.locator("input[name=credentials-username]").fill("maya.otp@kestrel.example")
    page.locator("input[name=credentials-password]").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#connect-ways")).to_contain_text("did not take what was entered")
    shoot(page, "wrong-password-dark")
    page.locator("input[name=credentials-password]").fill("right")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="LinkedIn has sent a code")).to_be_visible()
    shoot(page, "code-dark")
    page.locator("input[name=code]").fill(str(gateway.log("network_code")[-1]["code"]))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("[data-connecting]")).to_contain_text("is connected")
    with platform_context():
        worn = LinkedinAccount.objects.filter(tenant__slug=TENANT, actions_today__gt=0).first()
    assert worn is not None
    page.goto(f"/admin/campaigns/linkedinaccount/{worn.pk}/change/")
    expect(page.locator("#account-panel")).to_contain_text("Invitations")
    shoot(page, "linkedin-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    shoot(page, "linkedin-phone-dark")
    page.goto("/admin/sending-accounts/")
    shoot(page, "all-phone-dark")
