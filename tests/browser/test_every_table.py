"""Every table of the admin opened in a browser over the demo data: its list, its form to add, and one row.

The fixture fails on a console error, a page error and an answer of 400 or more.
"""

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from playwright.sync_api import Page

from tests.browser.conftest import WIDE_ONCE_PAINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_list_the_add_form_and_a_row_of_every_table_open(opened: Any, pictures: Path | None) -> None:
    page = opened(at="about:blank")
    wide: list[str] = []

    def look(name: str) -> None:
        if pictures:
            page.screenshot(path=pictures / f"{name}.png")
        if page.evaluate(WIDE_ONCE_PAINTED):
            wide.append(name)

    for model in sorted(admin.site._registry, key=lambda each: str(each._meta.db_table)):
        name = model._meta.db_table
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        page.goto(base)
        page.wait_for_selector("#changelist")
        row = _first_row(page)
        look(f"{name}-list")
        if page.locator("a.addlink").count():
            page.goto(f"{base}add/")
            page.wait_for_selector("button[name=_save]")
            look(f"{name}-add")
        if row is not None:
            page.goto(row)
            page.wait_for_selector("fieldset")
            look(f"{name}-row")
    page.goto("/admin/outbox/")
    page.wait_for_selector("#outbox")
    assert not wide, "wider than the screen"


def _first_row(page: Page) -> str | None:
    link = page.locator("#result_list tbody a[href*='/change/']").first
    return link.get_attribute("href") if link.count() else None
