"""The admin as somebody uses it: in a browser, with the mouse and the keyboard."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDE_ONCE_PAINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"


def rows(page: Page) -> str:
    return page.inner_text("#changelist-form")


def save(page: Page) -> None:
    page.click("button[name=_save]")
    page.wait_for_selector("#changelist-form")


def choose(page: Page, field: str, text: str) -> None:
    """Pick from an autocomplete field by typing."""
    page.click(f"#id_{field} + .select2 .select2-selection")
    page.keyboard.type(text)
    page.click(f".select2-results__option:has-text('{text}')")


def switch_to(page: Page, name: str) -> None:
    page.click("#tenant-switcher > button")
    page.fill("#tenant-switcher [name=q]", name[:6])
    page.click(f"#tenant-options button:has-text('{name}')")
    expect(page.locator("#tenant-switcher > button")).to_contain_text(name)


def test_a_row_is_created_and_edited(opened):
    page = opened(at="/admin/tenants/tenantfeature/")
    page.click("a.addlink")
    choose(page, "tenant", "Harbour")
    page.select_option("[name=feature_key]", "voice-agent-tool-gmail")
    page.fill("[name=config]", '{"daily_limit": 40,}')
    expect(page.locator(".lad-json-state")).not_to_be_empty()
    page.fill("[name=config]", '{"daily_limit": 40}')
    expect(page.locator(".lad-json-state")).to_be_empty()
    page.click("button:text-is('Format')")
    save(page)
    assert "voice agent tool: gmail" in rows(page).lower()

    page.click("#changelist-form a:has-text('Voice agent tool: Gmail') >> nth=0")
    page.fill("[name=config]", '{"daily_limit": 60}')
    save(page)
    page.click("#changelist-form a:has-text('Voice agent tool: Gmail') >> nth=0")
    assert "60" in page.input_value("[name=config]")
    page.click("#main a:has-text('History')")
    expect(page.locator(".lad-history")).to_contain_text("60")
    expect(page.locator(".lad-history")).to_contain_text("admin@lad.localhost")

    page.goto("/admin/leads/leadattachment/add/")
    chosen, error = page.locator("[name=file]"), page.locator("[data-upload-error]")
    assert chosen.get_attribute("data-max-bytes") == str(settings.UPLOAD_MAX_SIZE)
    chosen.evaluate("input => { input.dataset.maxBytes = 1000; }")
    chosen.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x" * 2000})
    expect(error).to_contain_text("A file can be at most 25 MB.")
    page.click("button[name=_save]")
    expect(error).to_be_in_viewport()
    assert "This field is required" not in page.content(), "the form was sent"
    chosen.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x" * 500})
    expect(error).to_be_hidden()


def test_a_row_is_deleted_and_restored(opened):
    page = opened(at="/admin/tenants/membership/?q=priya.raman")
    page.click("a:has-text('priya.raman')")
    page.click("text=Delete membership")
    page.click("text=Yes, I’m sure")
    page.wait_for_selector("#changelist-form")
    assert "priya.raman" not in rows(page)

    page.goto("/admin/tenants/membership/?deleted=yes")
    page.click("a:has-text('priya.raman')")
    expect(page.locator("#deleted-note")).to_be_visible()
    page.click("a:has-text('Restore')")
    page.click("#row-action-form button:has-text('Restore')")
    page.wait_for_selector("text=was restored")
    page.goto("/admin/tenants/membership/?q=priya.raman")
    assert "priya.raman" in rows(page)


def test_the_superuser_switches_between_tenants_and_back_to_all(opened):
    page = opened(at="/admin/tenants/membership/")
    assert "kestrel" in rows(page)
    switch_to(page, "Brightpath Education")
    assert page.url.endswith("/admin/tenants/membership/")
    assert "daniel.kim" in rows(page)
    assert "jonas.weber" not in rows(page)
    page.click("#tenant-switcher > button")
    page.click("#tenant-options button:has-text('All tenants')")
    expect(page.locator("#tenant-switcher > button")).to_contain_text("All tenants")
    assert "jonas.weber" in rows(page)


def test_a_tenants_staff_switch_among_their_own_tenants(opened):
    page = opened(MAYA)
    expect(page.locator("#tenant-switcher > button")).to_contain_text("Kestrel Analytics")
    page.click("#tenant-switcher > button")
    expect(page.locator("#tenant-options button")).to_have_count(2)
    page.keyboard.press("Escape")
    switch_to(page, "Brightpath Education")
    page.goto("/admin/tenants/membership/")
    expect(page.locator("a.addlink")).to_have_count(0)
    assert "daniel.kim" in rows(page)


def test_a_tenant_is_suspended_with_a_reason(opened):
    page = opened(at="/admin/tenants/tenant/")
    page.click("a:has-text('Kestrel Analytics')")
    page.click("a:has-text('Suspend')")
    page.fill("[name=reason]", "Three invoices are unpaid")
    page.click("#row-action-form button:has-text('Suspend')")
    page.wait_for_selector("text=was suspended")
    page.goto("/admin/")
    expect(page.locator(".lad-card:has-text('Suspended tenants')")).to_contain_text("1")


def test_the_search_finds_people_from_anywhere(opened):
    page = opened()
    page.click("text=Find people, tenants, pages")
    # The box takes the focus a moment after it opens.
    expect(page.locator("[x-ref=searchInputCommand]")).to_be_focused()
    page.keyboard.type("priya", delay=30)
    page.click("#command-results-list a:has-text('priya.raman')")
    page.wait_for_selector("[name=first_name]")
    assert page.input_value("[name=first_name]") == "Priya"


PAGES = {
    "dashboard": "/admin/",
    "tenants": "/admin/tenants/tenant/",
    "invitations": "/admin/tenants/tenantinvitation/",
    "activity": "/admin/tenants/activityentry/",
    "outbox": "/admin/outbox/",
    "tables": "/admin/tables/",
    "add-user": "/admin/tenants/user/add/",
}
ROWS = {"tenant": "tenants", "invitation": "invitations"}


@pytest.mark.parametrize(
    ("name", "width", "height", "dark"),
    [("light", 1440, 900, False), ("dark", 1440, 900, True), ("phone", 390, 844, False)],
)
def test_pages_fit_their_screen(opened, pictures, name, width, height, dark):
    page = opened(width=width, height=height, dark=dark, at="about:blank")

    def look(title: str) -> None:
        page.wait_for_load_state()
        if pictures:
            page.screenshot(path=pictures / f"{title}-{name}.png")
        assert not page.evaluate(WIDE_ONCE_PAINTED), f"{title} is wider than the screen"
        assert ("dark" in (page.get_attribute("html", "class") or "")) is dark

    for title, path in PAGES.items():
        page.goto(path)
        look(title)
    for title, listed in ROWS.items():
        page.goto(PAGES[listed])
        page.click("#result_list tbody a[href*='/change/'] >> nth=0")
        page.wait_for_selector("fieldset")
        look(title)
