"""A search for a long text finds nothing at once, instead of comparing every word with every column."""

from typing import Any

import pytest

LISTS = ["leads/lead", "voice/voicenumber", "voice/voiceagent", "tenants/user", "billing/invoice", "campaigns/campaign"]
TEXTS = {"words": "a " * 4_000, "digits": "1" * 5_000, "quotes": "\"' " * 3_000, "braces": "{{ " * 3_000}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_long_search_finds_nothing(root: Any, text: str) -> None:
    found = root.get("/admin/search/", {"s": text})
    assert (found.status_code, found.content) == (200, b"")
    for name in LISTS:
        page = root.get(f"/admin/{name}/", {"q": text})
        assert page.status_code == 200, name
        assert page.context["cl"].result_count == 0
