"""The wallet page in a real browser: money moved by hand with the mouse and the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TENANT = "Kestrel Analytics"


def amount(text: str) -> float:
    """The number in ``1,234.50 USD``; close enough to compare what a page shows."""
    return float(re.sub(r"[^0-9.]", "", text))


def figure(page: Page, name: str) -> float:
    return amount(page.inner_text(f"#wallet-{name}"))


@pytest.fixture
def wallet(opened) -> Page:
    """The page of a tenant's own wallet."""
    page: Page = opened(width=1500, height=950, at="/admin/billing/wallet/")
    page.click(f"#result_list tr:has-text('{TENANT}'):has-text('own') th a")
    page.wait_for_selector("#wallet-page")
    return page


def act(page: Page, link: str, button: str, *, group: str = "", **entries: str) -> None:
    """Choose the action, fill in its form, look again, confirm."""
    if group:
        page.click(f"li[x-data] > a:has-text('{group}')")
    page.click(f"a:has-text('{link}')")
    for name, value in entries.items():
        page.fill(f"[name={name}]", value)
    page.click("#row-action-form button:has-text('Review')")
    expect(page.locator("#confirm-form")).to_contain_text("Nothing has happened yet")
    page.click(f"#confirm-form button:has-text('{button}')")
    page.wait_for_selector("#wallet-page, fieldset")


def test_money_is_topped_up_and_adjusted_after_a_confirmation(wallet):
    before = figure(wallet, "available")
    act(wallet, "Top up", "Top up", amount="120.5", reason="Bank transfer of Friday")
    assert figure(wallet, "available") == pytest.approx(before + 120.5)
    expect(wallet.locator("#wallet-ledger tbody tr >> nth=0")).to_contain_text("Bank transfer of Friday")
    act(wallet, "Adjust", "Adjust", amount="-20.25", reason="Counted twice")
    assert figure(wallet, "available") == pytest.approx(before + 100.25)


def test_the_confirmation_leads_back_to_the_form_and_a_double_click_posts_once(wallet):
    before = figure(wallet, "available")
    wallet.click("a:has-text('Top up')")
    wallet.fill("[name=amount]", "5")
    wallet.fill("[name=reason]", "Cash")
    wallet.click("button:has-text('Review')")
    wallet.click("button:has-text('Edit')")
    assert wallet.input_value("[name=amount]") == "5"
    wallet.fill("[name=amount]", "7")
    wallet.click("button:has-text('Review')")
    wallet.dblclick("#confirm-form button:has-text('Top up')")
    wallet.wait_for_selector("#wallet-page")
    wallet.reload()
    assert figure(wallet, "available") == pytest.approx(before + 7)


def test_a_row_of_the_ledger_is_reversed(wallet):
    before = figure(wallet, "available")
    act(wallet, "Top up", "Top up", amount="33", reason="For the wrong tenant")
    row = wallet.inner_text("#wallet-ledger tbody tr >> nth=0 >> td >> nth=0")
    wallet.click(f"#wallet-ledger tbody a:has-text('{row}') >> nth=0")
    act(wallet, "Reverse", "Reverse", reason="It was for the wrong tenant")
    expect(wallet.locator("#main")).to_contain_text("Reversed by")
    wallet.click("#ledger-around a:has-text('Wallet of')")
    wallet.wait_for_selector("#wallet-page")
    assert figure(wallet, "available") == pytest.approx(before)
    expect(wallet.locator("#wallet-ledger tbody tr >> nth=1")).to_contain_text("reversed by")


def test_a_wallet_is_suspended_and_reactivated(wallet):
    act(wallet, "Suspend", "Suspend", group="More", reason="The bank asked for it")
    expect(wallet.locator("#wallet-status")).to_have_text("Suspended")
    expect(wallet.locator("#wallet-page")).to_contain_text("nothing can be spent or reserved")
    act(wallet, "Reactivate", "Reactivate", group="More", reason="Settled")
    expect(wallet.locator("#wallet-status")).to_have_text("Active")


def test_the_page_fits_a_phone_and_the_dark(opened):
    for width, height, dark in ((390, 844, False), (1440, 900, True)):
        page = opened(width=width, height=height, dark=dark, at="/admin/billing/wallet/")
        page.click("#result_list tbody a[href*='/change/'] >> nth=0")
        page.wait_for_selector("#wallet-page")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
