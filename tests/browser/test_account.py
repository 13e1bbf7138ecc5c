"""My account in a browser: an authenticator app, recovery codes, a passkey, and sessions."""

import time
from typing import Any

import pyotp
import pytest

from demo.load import ADMIN_EMAIL
from tests.browser.conftest import PASSWORD, Opened

pytestmark = pytest.mark.browser


def next_code(key: str, used: str) -> str:
    """The app's next code: none is accepted twice."""
    totp = pyotp.TOTP(key)
    while totp.at(int(time.time()), counter_offset=1) == used:
        time.sleep(1)
    return totp.at(int(time.time()), counter_offset=1)


def sign_in_again(page: Any) -> None:
    """Sign out, and enter the password anew."""
    page.context.clear_cookies()
    page.goto("/admin/")
    page.fill("[name=username]", ADMIN_EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("#login-form button")


def test_an_app_a_recovery_code_and_a_session_to_end(opened: Opened) -> None:
    other = opened()
    page = opened(at="/admin/account/")
    page.click("text=Set up an authenticator app")
    page.wait_for_selector("#qr-code svg")
    key = page.inner_text("#app-key")
    code = pyotp.TOTP(key).now()
    page.fill("[name=code]", code)
    page.click("#code-form button")
    recovery = page.locator("#recovery-codes code").all_inner_texts()
    assert len(recovery) == 10
    page.click("text=I have kept them")
    page.wait_for_selector("#dashboard")

    sign_in_again(page)
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", next_code(key, code))
    page.click("#code-form button")
    page.wait_for_selector("#dashboard")

    sign_in_again(page)
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", recovery[0])
    page.click("#code-form button")
    page.wait_for_selector("#dashboard")

    page.goto("/admin/account/")
    rows = page.locator("#sessions tbody tr")
    before = rows.count()
    assert page.locator("#sessions >> text=this session").count() == 1
    page.click("#sessions >> text=End all other sessions")
    page.wait_for_selector("text=All your other sessions were ended")
    assert before > 1
    assert rows.count() == 1
    other.goto("/admin/")
    other.wait_for_selector("#login-form")


def test_a_passkey_signs_in(opened: Opened, live_server: Any) -> None:
    page = opened()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/admin/account/")
    page.click("text=Add a passkey")
    page.fill("[name=name]", "Laptop")
    page.click("#passkey-form button")
    page.wait_for_selector("#recovery-codes")
    page.goto("/admin/account/")
    page.wait_for_selector("#two-factor >> text=Laptop")

    sign_in_again(page)
    page.click("#passkey-form button")
    page.wait_for_selector("#dashboard")
