"""The editor of sequences in a real browser: from nothing to a running campaign, and everything a hand can do to it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from campaigns.accounts.models import EmailAccount
from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from campaigns.enrolment.models import CampaignLead
from lad import writes
from lad.tenancy.context import platform_context
from tests.browser.conftest import WIDE_ONCE_PAINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
MOST_CLICKS = 12
PHONE = {"width": 390, "height": 844}
Opened = Callable[..., Page]

COUNT_CLICKS = """
sessionStorage.clicks = sessionStorage.clicks || "0";
document.addEventListener("click", event => {
    if (event.isTrusted) { sessionStorage.clicks = String(Number(sessionStorage.clicks) + 1); }
}, true);
"""


def campaign_named(name: str) -> Campaign:
    with platform_context():
        return Campaign.objects.get(name=name)


@pytest.fixture
def draft(demo: None) -> Campaign:
    """A draft of the demo's tenant with a mail, a wait and another mail."""
    with platform_context():
        tenant_id = EmailAccount.objects.get(email__startswith="hello@kestrel-analytics").tenant_id
    with platform_context(tenant_id=tenant_id):
        campaign = writes.create(Campaign, {"name": "Spring outreach"})
        for type_, title, config in (
            ("email_send", "First mail", {"subject": "Hello {{ first_name }}", "body": "How is {{ company_name }}?"}),
            ("delay", "Wait", {"days": 3}),
            ("email_followup", "Second mail", {"body": "Only a short reminder."}),
        ):
            writes.create(CampaignStep, {"campaign": campaign, "type": type_, "title": title, "config": config})
        return campaign


@pytest.fixture
def editor(opened: Opened, draft: Campaign) -> Page:
    return opened(MAYA, at=f"/admin/campaigns/campaign/{draft.pk}/sequence/")


def cards(page: Page) -> list[str]:
    return page.locator("#sequence-editor .sequence-card .sequence-title").all_inner_texts()


def card(page: Page, title: str) -> Locator:
    return page.locator(".sequence-card", has=page.locator(".sequence-title", has_text=title)).first


def field(page: Page, label: str) -> Locator:
    """Return an input of the panel."""
    return page.locator("[data-panel]").get_by_label(label, exact=True)


def add(page: Page, place: int, kind: str) -> None:
    page.get_by_label("Add a step here").nth(place).click()
    page.locator(f"[data-kind={kind}]").click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-said]")).to_contain_text("Saved.")


def stored(campaign: Campaign) -> list[str]:
    with platform_context():
        return list(CampaignStep.objects.filter(campaign=campaign.pk).order_by("order").values_list("title", flat=True))


def picture(page: Page, pictures: Path | None, name: str, *, whole: bool = True) -> None:
    if pictures:
        page.screenshot(path=pictures / f"editor-{name}.png", full_page=whole)


def test_a_three_step_campaign_runs_after_a_dozen_clicks_from_nothing(
    opened: Opened, pictures: Path | None, demo: None
) -> None:
    page = opened(MAYA, at="/admin/campaigns/campaign/")
    page.context.add_init_script(COUNT_CLICKS)
    page.reload()
    page.get_by_role("link", name="New campaign").click()
    picture(page, pictures, "gallery")
    page.get_by_role("link", name=re.compile("E-mail in three steps")).click()
    expect(page.locator("[name=name]")).to_have_value("E-mail in three steps")
    page.locator("[name=stages]").first.check()
    expect(page.locator("[data-count-text]")).to_contain_text(re.compile(r"[\d,]+ leads\. Reachable: [\d,]+ by e-mail"))
    picture(page, pictures, "new")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#campaign-checklist")).to_contain_text("the last first message leaves on")
    expect(page.locator("#campaign-checklist")).to_contain_text("It can start.")
    picture(page, pictures, "checklist")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#campaign-overview")).to_be_visible()
    clicks = int(page.evaluate("sessionStorage.clicks"))
    assert 4 <= clicks <= MOST_CLICKS, clicks
    made = campaign_named("E-mail in three steps")
    assert made.status == CampaignStatus.RUNNING
    with platform_context():
        sending = CampaignStep.objects.filter(campaign=made.pk, type__startswith="email").count()
        assert (sending, CampaignLead.objects.filter(campaign=made.pk).exists()) == (3, True)


def test_steps_are_added_edited_undone_and_saved(editor: Page, draft: Campaign, pictures: Path | None) -> None:
    add(editor, 3, "delay")
    field(editor, "Days").fill("6")
    expect(card(editor, "Wait 6 days")).to_be_visible()
    add(editor, 4, "manual_task")
    field(editor, "Instructions").fill("Call {{ first_name }}.")
    field(editor, "Title").fill("Call them")
    expect(card(editor, "Call them")).to_contain_text("Call {{ first_name }}.")
    assert cards(editor) == ["First mail", "Wait 3 days", "Second mail", "Wait 6 days", "Call them"]
    picture(editor, pictures, "added")
    save(editor)
    assert stored(draft) == ["First mail", "Wait", "Second mail", "Delay", "Call them"]
    editor.get_by_label("Undo").click()
    editor.get_by_label("Undo").click()
    assert "Call them" not in cards(editor)
    editor.get_by_label("Redo").click()
    editor.get_by_label("Redo").click()
    assert cards(editor)[-1] == "Call them"
    expect(editor.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    editor.reload()
    assert cards(editor) == ["First mail", "Wait 3 days", "Second mail", "Wait 6 days", "Call them"]


def test_a_card_is_dragged_to_another_place_and_moved_by_keyboard(editor: Page, draft: Campaign) -> None:
    card(editor, "Second mail").drag_to(editor.locator(".sequence-line-open").first)
    expect(editor.locator("[data-said]")).to_contain_text("was moved")
    assert cards(editor) == ["Second mail", "First mail", "Wait 3 days"]
    card(editor, "Second mail").focus()
    editor.keyboard.press("m")
    places = editor.get_by_role("button", name="Move it here")
    expect(places.and_(editor.locator(":not(:disabled)")).first).to_be_focused()
    places.last.press("Enter")
    assert cards(editor) == ["First mail", "Wait 3 days", "Second mail"]
    card(editor, "Second mail").focus()
    editor.keyboard.press("ArrowUp")
    editor.keyboard.press("Delete")
    assert cards(editor) == ["First mail", "Second mail"]
    save(editor)
    assert stored(draft) == ["First mail", "Second mail"]


def test_who_works_with_the_keyboard_stays_in_place_when_the_server_answers(editor: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    editor.route("**/sequence/step/**", hold)
    card(editor, "Second mail").click()
    card(editor, "Second mail").focus()
    editor.keyboard.press("m")
    place = editor.get_by_role("button", name="Move it here").and_(editor.locator(":not(:disabled)")).first
    expect(place).to_be_focused()
    answer_held(editor, held)
    expect(place).to_be_focused()
    editor.keyboard.press("Escape")
    expect(card(editor, "Second mail")).to_be_focused()
    assert held


def answer_held(editor: Page, held: list[Route]) -> None:
    """Let the server answer what it was asked, and the page take it in."""
    with editor.expect_response("**/sequence/step/**"):
        held[0].continue_()
    editor.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_branch_has_two_paths_that_come_together_again(editor: Page, draft: Campaign, pictures: Path | None) -> None:
    add(editor, 2, "condition")
    field(editor, "The lead").select_option("replied")
    yes, no = (editor.locator(".sequence-branch").nth(place) for place in (0, 1))
    expect(yes).to_contain_text("Yes")
    yes.get_by_label("Add a step here").click()
    editor.locator("[data-kind=manual_task]").click()
    field(editor, "Instructions").fill("Thank them.")
    no.get_by_label("Add a step here").first.click()
    editor.locator("[data-kind=email_followup]").click()
    field(editor, "Body").fill("Did you see my last message?")
    expect(card(editor, "E-mail: follow up")).to_contain_text("Did you see")
    save(editor)
    picture(editor, pictures, "branch")
    with platform_context():
        condition = CampaignStep.objects.get(campaign=draft.pk, type="condition")
        targets = dict(condition.links.values_list("outcome", "target__type"))
    assert targets == {"no": "email_followup"}
    editor.reload()
    assert editor.locator(".sequence-branch").count() == 2
    assert cards(editor)[-1] == "Second mail"
    # An A/B test beside it, and a way back.
    add(editor, 1, "ab_split")
    expect(editor.locator(".sequence-outcome", has_text="Variant B")).to_be_visible()
    card(editor, "Second mail").click()
    editor.get_by_text("Where it goes on").click()
    field(editor, "Sent").select_option(label="First mail")
    expect(editor.locator(".sequence-jump")).to_contain_text("First mail")
    save(editor)
    picture(editor, pictures, "split")


def test_an_error_stands_on_its_field_and_on_the_card(editor: Page, draft: Campaign, pictures: Path | None) -> None:
    card(editor, "First mail").click()
    body = field(editor, "Body")
    body.fill("Dear {{ firstnam }}, how are you?")
    fault = editor.locator("#fault-body")
    expect(fault).to_contain_text("first_name")
    expect(body).to_have_attribute("aria-invalid", "true")
    expect(card(editor, "First mail").locator(".sequence-fault")).to_have_text("1")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("[data-said]")).to_contain_text("One step needs a correction")
    picture(editor, pictures, "error")
    assert stored(draft) == ["First mail", "Wait", "Second mail"]
    body.fill("Dear ")
    editor.locator("[data-row=body] summary").click()
    editor.locator("[data-row=body]").get_by_label("Find a variable").fill("first")
    editor.locator("[data-row=body] .sequence-variable").first.click()
    expect(body).to_have_value("Dear {{ first_name }}")
    expect(fault).to_be_empty()
    expect(editor.locator(".sequence-mail-text")).to_have_text("Dear Maya")
    save(editor)


def test_a_colleagues_change_in_the_meantime_is_shown_and_nothing_is_lost(
    editor: Page, draft: Campaign, pictures: Path | None
) -> None:
    card(editor, "First mail").click()
    field(editor, "Title").fill("My first mail")
    with platform_context(tenant_id=draft.tenant_id):
        writes.create(CampaignStep, {"campaign": draft, "type": "delay", "title": "Theirs", "config": {"days": 1}})
    editor.get_by_role("button", name="Save", exact=True).click()
    question = editor.locator("[data-question]")
    expect(question).to_contain_text("“Theirs” was added.")
    picture(editor, pictures, "meanwhile")
    question.get_by_role("button", name="Show theirs").click()
    assert "First mail" in cards(editor)
    editor.get_by_label("Undo").click()
    assert "My first mail" in cards(editor)
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("[data-said]")).to_contain_text("Saved.")
    assert stored(draft) == ["My first mail", "Wait", "Second mail"]


def test_a_running_campaign_says_first_what_a_change_does(
    opened: Opened, draft: Campaign, pictures: Path | None
) -> None:
    with platform_context(tenant_id=draft.tenant_id):
        second = draft.steps.get(title="Second mail")
        leads = CampaignLead.objects.exclude(campaign=draft).values_list("lead_id", flat=True).distinct()[:3]
        for lead in leads:
            writes.create(CampaignLead, {"campaign": draft, "lead": _lead(lead)})
        CampaignLead.objects.filter(campaign=draft).update(
            status="active", next_step=second, next_action_at="2090-01-01T00:00Z", started_at="2026-01-01T00:00Z"
        )
        Campaign.objects.filter(pk=draft.pk).update(status=CampaignStatus.RUNNING)
    page = opened(MAYA, at=f"/admin/campaigns/campaign/{draft.pk}/sequence/", dark=True)
    expect(card(page, "Second mail").locator(".sequence-leads")).to_have_text("3")
    add(page, 1, "delay")
    page.get_by_role("button", name="Save", exact=True).click()
    question = page.locator("[data-question]")
    expect(question).to_contain_text("3 leads will skip “Delay”.")
    picture(page, pictures, "effects-dark", whole=False)
    assert "Delay" not in stored(draft)
    question.get_by_role("button", name="Save").click()
    expect(page.locator("[data-said]")).to_contain_text("Saved. 3 leads will skip “Delay”.")
    assert "Delay" in stored(draft)


def _lead(key: Any) -> Any:
    from leads.contacts.models import Lead

    return Lead.objects.get(pk=key)


@pytest.mark.parametrize("dark", [False, True])
def test_the_editor_works_on_a_phone(opened: Opened, draft: Campaign, pictures: Path | None, dark: bool) -> None:
    page = opened(MAYA, at=f"/admin/campaigns/campaign/{draft.pk}/sequence/", dark=dark, **PHONE)
    assert not page.evaluate(WIDE_ONCE_PAINTED)
    shade = "dark" if dark else "light"
    picture(page, pictures, f"phone-{shade}", whole=False)
    card(page, "First mail").click()
    expect(field(page, "Body")).to_be_visible()
    page.get_by_text("As it arrives").scroll_into_view_if_needed()
    picture(page, pictures, f"phone-panel-{shade}", whole=False)
    page.get_by_role("button", name="Move", exact=True).click()
    page.get_by_role("button", name="Move it here").last.click()
    assert cards(page) == ["Wait 3 days", "Second mail", "First mail"]
    page.locator("[data-panel]").get_by_label("Close").click()
    page.get_by_label("Add a step here").last.click()
    picture(page, pictures, f"phone-palette-{shade}", whole=False)
    page.locator("[data-kind=condition]").click()
    assert not page.evaluate(WIDE_ONCE_PAINTED)
    page.locator("[data-panel]").get_by_label("Close").click()
    picture(page, pictures, f"phone-branch-{shade}", whole=False)
    for name, address in (("gallery", "new/"), ("new", "new/four-channels/"), ("checklist", f"{draft.pk}/checklist/")):
        page.once("dialog", lambda dialog: dialog.accept())
        page.goto(f"/admin/campaigns/campaign/{address}")
        assert not page.evaluate(WIDE_ONCE_PAINTED), name
        picture(page, pictures, f"phone-{name}-{shade}")


def test_kinds_that_cannot_work_yet_are_greyed_with_the_reason_and_others_are_found_by_a_word(
    editor: Page, pictures: Path | None
) -> None:
    editor.get_by_label("Add a step here").first.click()
    palette = editor.locator("[data-palette]")
    greyed = palette.locator(".sequence-choice:disabled")
    assert greyed.count()
    expect(greyed.first).to_contain_text("LAD")
    picture(editor, pictures, "palette", whole=False)
    palette.get_by_label("Find a step").fill("conversation")
    assert palette.locator("[data-kind]").count() == 1
    editor.keyboard.press("Enter")
    expect(editor.locator("[data-panel]")).to_contain_text("E-mail: follow up")


def test_a_campaign_is_shared_and_begun_again_by_a_colleague(
    opened: Opened, draft: Campaign, pictures: Path | None
) -> None:
    page = opened(MAYA, at=f"/admin/campaigns/campaign/{draft.pk}/share/")
    page.locator("[name=name]").fill("What works in spring")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("link", name="sequences to begin with").click()
    picture(page, pictures, "gallery-shared", whole=False)
    page.get_by_role("link", name=re.compile("What works in spring")).click()
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#campaign-checklist")).to_contain_text("It has no open enrolments")
    assert stored(campaign_named("What works in spring")) == stored(draft)
