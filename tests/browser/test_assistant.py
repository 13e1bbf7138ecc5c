"""From “we sell to clinics in Dubai” to a campaign of thirty people, with the embedded assistant and with a model."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from demo.aiicp import language_models
from demo.leads import directories
from lad.llm.models import ModelConnection
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.companies.reveals import worker
from leads.contacts.models import Lead
from tests.browser.conftest import WIDE_ONCE_PAINTED
from tests.leads.companies.conftest import forget_limits
from tests.support.jobs import run_jobs
from tests.support.sandbox import HOST, Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Of an address. The plan of the demo's tenant charges for those beyond its quota.
PRICE = Decimal("0.02")
MAYA = "maya.lindqvist@kestrel-analytics.example"
DESCRIBED = (
    "We sell scheduling software to private clinics in Dubai",
    "We help them fill empty appointments",
    "Clinic managers, medical directors and owners",
    "40 to 300 employees",
    "subscription",
)
PEOPLE = 30
DRAIN_SECONDS = 60
WIDE = {"width": 1440, "height": 900}
SCREENS: dict[str, tuple[dict[str, int], str]] = {
    "light": (WIDE, "light"),
    "dark": (WIDE, "dark"),
    "phone": ({"width": 390, "height": 844}, "light"),
}
Shoots = Callable[[Page, str], None]


@pytest.fixture
def shoot(pictures: Path | None) -> Shoots:
    """``shoot(page, "name")`` looks whether a page fits a phone, and keeps pictures of it on all screens."""

    def take(page: Page, name: str) -> None:
        for screen, (size, colours) in SCREENS.items():
            if pictures or screen == "phone":
                page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", colours == "dark")
                page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary will do
                assert not page.evaluate(WIDE_ONCE_PAINTED), f"{name} is wider than a {screen} screen."
            if pictures:
                page.screenshot(path=pictures / f"assistant-{name}-{screen}.png", full_page=True)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dictionary will do

    return take


@pytest.fixture
def directory(demo: None, sandbox: Sandbox) -> Sandbox:
    """The demo's directory account, at the sandbox."""
    forget_limits()
    with platform_context():
        directories.load_shared(timezone.now())
    return sandbox


def say(page: Page, content: str) -> str:
    """Send a message and return the answer."""
    said = page.locator(".lad-bubble-own")
    before = said.count()
    page.fill("[data-say] textarea", content)
    page.keyboard.press("Enter")
    return answered(page, before + 1)


def answered(page: Page, messages: int) -> str:
    """Return the newest answer, once the conversation has so many messages of the person."""
    page.wait_for_function(
        "(many) => !document.querySelector('.talk-writing')"
        " && document.querySelectorAll('.lad-bubble-own[id]').length === many",
        arg=messages,
    )
    return page.locator(".lad-bubble-other").last.inner_text()


def dollars(text: str) -> Decimal:
    """Return the amount that a text names."""
    found = re.search(r"([\d.]+) USD", text)
    assert found is not None
    return Decimal(found[1])


def fact(page: Page, label: str) -> Locator:
    return page.locator(".talk-fact", has=page.get_by_text(label, exact=True))


def test_a_sales_manager_goes_from_a_sentence_to_a_campaign(
    opened: Callable[..., Page], directory: Sandbox, shoot: Shoots
) -> None:
    page = opened(MAYA, at="/admin/")
    page.get_by_role("link", name="Assistant", exact=True).click()
    shoot(page, "empty")
    answers = [say(page, content) for content in DESCRIBED]
    assert "Whom do you want to talk to there?" in answers[1]
    assert "How large are the companies?" in answers[2]
    assert "Is that right?" in answers[4]
    shoot(page, "talking")

    # One value is corrected in words, another one taken back by a button.
    assert "United Arab Emirates" in say(page, "the United Arab Emirates instead of Dubai")
    assert "Dubai" not in fact(page, "Locations").locator(".lad-strong").inner_text()
    fact(page, "Type of deal").get_by_role("button", name="Undo").click()
    expect(fact(page, "Type of deal")).to_have_count(0)
    page.locator("[data-suggestions]").get_by_role("button", name="Annual contract").click()
    assert "Type of deal: Annual contract" in answered(page, len(DESCRIBED) + 3)
    _every_value_says_why(page)

    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".talk-actions").get_by_role("button", name="Find people")).to_be_visible()
    page.get_by_label("Name of the profile").fill("Clinics in the Emirates")
    page.get_by_role("button", name="Save as profile").click()
    expect(page.locator(".talk-saved")).to_contain_text("Clinics in the Emirates")
    page.get_by_role("button", name="Score my leads by it").click()
    expect(page.locator(".talk-saved")).to_contain_text("which scores your leads")
    shoot(page, "confirmed")

    page.locator(".talk-actions").get_by_role("button", name="Find people").click()
    expect(page.get_by_label("Job titles")).to_have_value("Clinic Manager, Medical Director, Owner")
    expect(page.get_by_label("Where the company is")).to_have_value("United Arab Emirates")
    shoot(page, "filters")
    page.locator(".lad-finder-found").get_by_role("button", name="Search").click()
    boxes = page.locator("input[name=person]")
    assert boxes.count() >= PEOPLE
    shoot(page, "found")
    _reveal(page, boxes, shoot)
    _save(page, boxes, shoot)
    _campaign_and_scores(page, shoot)
    # A page of companies, and at most every address.
    assert 1 < len(directory.log("apollo_charge")) <= 1 + PEOPLE


def _every_value_says_why(page: Page) -> None:
    """Each value shows words that were said. Of a range as well, whose order of names the database changes."""
    values = page.locator(".talk-value")
    said = " ".join(page.locator(".lad-bubble-own").all_inner_texts())
    assert values.count() >= 9
    for value in values.all():
        value.locator("summary").click()
        words = re.search("“(.+)”", value.locator("details p").inner_text())
        assert words is not None
        assert words[1].casefold() in said.casefold()


def _reveal(page: Page, boxes: Locator, shoot: Shoots) -> None:
    for place in range(PEOPLE):
        boxes.nth(place).check()
    page.get_by_role("button", name="Reveal e-mail").click()
    at_most = dollars(page.locator("#cost").inner_text())
    assert at_most >= PEOPLE * PRICE
    shoot(page, "estimate")
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.locator("#reveal-progress")).to_contain_text("Asking the directory")
    assert worker.run_due() == PEOPLE
    expect(page.locator("#reveal-progress")).to_contain_text("Finished", timeout=15_000)
    results = page.locator("#reveal-progress").inner_text()
    assert "*" not in results
    # What is beyond the plan's quota is a part of the estimate, too.
    assert 0 < dollars(page.get_by_role("status").inner_text()) <= at_most
    shoot(page, "revealed")
    page.get_by_role("link", name="Back to the search").click()


def _save(page: Page, boxes: Locator, shoot: Shoots) -> None:
    for place in range(PEOPLE):
        boxes.nth(place).check()
    expect(page.get_by_text(f"{PEOPLE} chosen")).to_be_visible()
    page.get_by_role("button", name="Save as leads").click()
    expect(page.get_by_label("Name of the campaign")).to_be_hidden()
    page.get_by_label("Tags").fill("emirates, clinics")
    page.get_by_label("Enrol in a campaign").select_option("A new campaign, as a draft")
    page.get_by_label("Name of the campaign").fill("Clinics, first letter")
    shoot(page, "saving")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{PEOPLE} were saved as new leads.")).to_be_visible()
    with platform_context():
        leads = list(Lead.objects.filter(tags__contains=["emirates", "clinics"]).select_related("assigned_user"))
    assert {lead.assigned_user.email for lead in leads if lead.assigned_user} == {MAYA}
    assert len(leads) == PEOPLE
    shoot(page, "saved")


def _campaign_and_scores(page: Page, shoot: Shoots) -> None:
    run_jobs()
    drain(seconds=DRAIN_SECONDS)
    page.get_by_role("link", name="Clinics, first letter").click()
    enrolled = page.locator("#campaign-funnel li", has=page.get_by_text("Enrolled", exact=True))
    expect(enrolled.locator(".lad-strong")).to_have_text(str(PEOPLE))
    shoot(page, "campaign")
    page.goto("/admin/leads/lead/")
    page.get_by_role("columnheader", name="ICP score").get_by_role("link").first.click()
    shoot(page, "leads")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("100")
    page.locator("#result_list tbody a[href*='/change/']").first.click()
    expect(page.locator(".lad-score")).to_contain_text("100 of 100 by “Clinics in the Emirates”")
    # The reasons stand below the points.
    reasons = page.locator(".lad-score + .lad-bars")
    expect(reasons).to_contain_text("matches “United Arab Emirates”")
    expect(reasons).to_contain_text("matches “Hospitals & clinics”")
    shoot(page, "lead")


def test_a_model_reads_and_its_answer_is_shown_while_it_is_written(
    opened: Callable[..., Page], sandbox: Sandbox, shoot: Shoots
) -> None:
    with platform_context():
        connection = ModelConnection.objects.filter(tenant__isnull=True, name=language_models.NAME)
        assert connection.update(base_url=f"{sandbox.url}/v1", is_active=True) == 1
    page = opened(MAYA, at="/admin/assistant/")
    say(page, "We sell scheduling software to private clinics in Dubai")
    answer = say(page, "Clinic managers and owners")
    assert "sandbox-good" in page.locator(".lad-bubble-other").last.inner_text()
    assert "How large are the companies?" in answer
    expect(fact(page, "Roles")).to_contain_text("Clinic Manager")
    assert HOST in sandbox.url
    shoot(page, "model")
