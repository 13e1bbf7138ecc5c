"""Finding people in a real browser: on a wide screen in both colours, and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WIDE_ONCE_PAINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SELLER = "maya.lindqvist@kestrel-analytics.example"
FOUND = "/admin/find-people/?seniorities=director&seniorities=manager"
SCREENS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"dark": True}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("screen", SCREENS)
def test_people_are_chosen_and_their_price_is_said(opened: Any, pictures: Path | None, screen: str) -> None:
    page = opened(SELLER, at=FOUND, **SCREENS[screen])
    expect(page.locator("#find-people")).to_contain_text("412 people")
    assert not page.evaluate(WIDE_ONCE_PAINTED)
    if pictures:
        page.screenshot(path=pictures / f"find-people-{screen}.png", full_page=True)
    page.check("input[aria-label='Choose all']")
    boxes = page.locator("input[name=person]")
    assert boxes.count() == page.locator("input[name=person]:checked").count() > 5
    page.click("button[value=reveal-phone]")
    expect(page.locator("#reveal-form")).to_contain_text("Costs at most")
    assert not page.evaluate(WIDE_ONCE_PAINTED)
    if pictures:
        page.screenshot(path=pictures / f"reveal-people-{screen}.png", full_page=True)
