"""A very long or unbroken text breaks no page, and is within reach as a whole."""

import re
from typing import Any

import pytest
from django.test import Client

from lad.admin.shortening import KEPT_LENGTH, SHOWN_LENGTH, shortened
from lad.tenancy.context import platform_context
from lad.texts import cut
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory, LeadNoteFactory
from tests.support.api import text

pytestmark = pytest.mark.usefixtures("all_features")

NAME = "Wolfeschlegelsteinhausenbergerdorff" * 8 + "x" * 20
TEXTS = ["x" * 300, "word " * 60, "株式会社" * 75, "<b>" * 100, "a\nb\t" * 100]


def test_a_long_text_is_cut_and_kept_for_pointer_focus_and_screen_readers():
    assert len(TEXTS) == 5
    for whole in TEXTS:
        shown = shortened(whole)
        visible, kept = re.findall(r"<span class=\"lad-long-(?:cut|whole)\"[^>]*>([^<]*)</span>", shown)
        assert visible.endswith("…")
        assert 'title="' in shown and 'tabindex="0"' in shown and 'aria-hidden="true"' in shown
        assert len(cut(whole, SHOWN_LENGTH)) <= SHOWN_LENGTH
        assert "<b>" not in shown
        assert len(kept) >= len(" ".join(whole.split()))
        assert 'tabindex="0"' not in shortened(whole, linked=True)
    assert shortened("short <b>") == "short &lt;b&gt;"
    assert len(cut("x" * 5_000, KEPT_LENGTH)) == KEPT_LENGTH


@pytest.mark.django_db
def test_a_lead_with_a_very_long_name_is_cut_wherever_it_is_named(admin_of: Any, owner: User, tenant: Tenant):
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(first_name=NAME[:100], last_name=NAME[:100], company_name="y" * 250, title="z" * 250)
        LeadNoteFactory.create(lead=lead, content="q" * 900)
    browser: Client = admin_of(owner, tenant)
    whole = str(lead)
    assert len(whole) > 200
    page = f"/admin/leads/lead/{lead.pk}"
    for address in ("/admin/leads/lead/", f"{page}/change/", f"{page}/history/", f"{page}/delete/", f"{page}/assign/"):
        shown = text(browser.get(address))
        # The title of the browser's tab.
        title = re.findall(r"<title>(.*?)</title>", shown, re.DOTALL)[0]
        assert len(" ".join(title.split())) < 200, address
        # The path above the page, and cells.
        heading = re.findall(r"<h1>(.*?)</h1>", shown, re.DOTALL)[0]
        words = re.sub(r"<[^>]*>", " ", heading).split()
        assert max(map(len, words)) <= 121, address
    listed = text(browser.get("/admin/leads/lead/"))
    cells = re.findall(r'<span class="lad-long-cut" aria-hidden="true">([^<]*)</span>', listed)
    assert len(cells) == 3
    assert all(len(cell) <= SHOWN_LENGTH for cell in cells)
    picked = browser.get(
        "/admin/autocomplete/",
        {"app_label": "leads", "model_name": "leadnote", "field_name": "lead", "term": NAME[:10]},
    ).json()["results"]
    assert [len(option["text"]) <= SHOWN_LENGTH for option in picked] == [True]
