"""The editor of JSON columns, in a real browser."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WRONG = '{\n  "roles": ["CFO"]\n  "locations": []\n}'
UNTIDY = '{"zebra":12345678901234567890,"10":["a","b"],"2":{"deep":[{"x":null}]}}'
TIDY = (
    '{\n  "zebra": 12345678901234567890,\n  "10": ["a", "b"],\n  "2": {\n    "deep": [\n      {\n'
    '        "x": null\n      }\n    ]\n  }\n}'
)


def test_the_editor_shows_and_links_to_the_place_of_an_error(opened):
    page = opened(at="/admin/voice/voice/add/")
    area, state = page.locator("[name=metadata]"), page.locator(".lad-json-editor .lad-json-state").first
    area.fill(WRONG)
    expect(state).to_have_text("Line 3, column 3: a comma or } is missing.")
    expect(area).to_have_attribute("aria-invalid", "true")
    state.click()
    assert area.evaluate("area => area.selectionStart") == WRONG.index('"locations"')
    area.fill('{"roles": ["CFO"], "roles": []}')
    expect(state).to_have_text('Line 1, column 20: "roles" appears twice.')
    area.fill('{"roles": ["CFO"]}')
    expect(state).to_be_empty()


def test_formatting_keeps_order_and_numbers_and_updates_the_preview(opened):
    page = opened(at="/admin/voice/voice/add/")
    editor = page.locator(".lad-json-editor", has=page.locator("[name=metadata]"))
    area = editor.locator("textarea")
    expect(editor.locator(".lad-json-preview")).to_be_hidden()
    area.fill(UNTIDY)
    editor.get_by_text("Format").click()
    assert area.input_value() == TIDY
    expect(editor.locator(".lad-json-preview > dl > div > dt")).to_have_text(["zebra", "10", "2"])
    expect(editor.locator(".lad-json-preview .lad-chip")).to_have_text(["a", "b"])
    area.fill('{"name": "<img src=x onerror=alert(1)>"}')
    expect(editor.locator(".lad-json-preview dd")).to_have_text("<img src=x onerror=alert(1)>")
