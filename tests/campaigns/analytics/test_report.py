"""The analytics of a campaign against a story that was counted by hand, over all channels."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.analytics.rates import Rate
from campaigns.analytics.significance import Sample, compare
from campaigns.design.models import Campaign, CampaignStep
from campaigns.enrolment.models import ActivityStatus, CampaignLead
from campaigns.figures import folding
from campaigns.messages.models import Action, MessageKind
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.activity.models import DataExport
from tests.campaigns.analytics.conftest import AT, Scenario
from tests.factories.campaigns import CampaignStepFactory, EmailAccountFactory, LinkedinAccountFactory
from tests.support.api import problem
from tests.tenants.helpers import confirmed

Ask = Callable[..., dict[str, Any]]
WEEK = timedelta(days=7)
TYPES = {
    "split": "ab_split",
    "invite": "linkedin_connect",
    "whatsapp": "whatsapp_send",
    "call": "voice_agent_call",
    "dm": "instagram_dm",
    "companies": "linkedin_company_search",
}


@pytest.fixture
def story(scenario: Scenario) -> Scenario:
    """Eight leads. A to D begin in one week and are mailed, E to G in the next on other channels. H only waits.

    A answers after two days, B opens, C bounces, D is deleted. E is invited, connects and gets a message. F gets a
    WhatsApp that is delivered and read, and an SMS of which nothing is known. G is called twice, answered once, and
    gets an Instagram message after a follow.
    """
    with platform_context(tenant_id=scenario.tenant.pk):
        for name, type_ in TYPES.items():
            scenario.steps[name] = CampaignStepFactory.create(
                campaign=scenario.campaign, type=type_, title=name, config={"weights": [1, 1]}
            )
        mailbox = EmailAccountFactory.create(email="sales@acme.example")
        profile = LinkedinAccountFactory.create(account_name="Maya’s profile")
        Campaign.objects.filter(pk=scenario.campaign.pk).update(config={"tracking": {"opens": True}})
    a, b, c, d = (scenario.enrolment(started_at=AT - timedelta(hours=1)) for _ in range(4))
    e, f, g = (scenario.enrolment(started_at=AT + WEEK) for _ in range(3))
    scenario.enrolment(started_at=AT + WEEK)
    for lead, variant in ((a, "a"), (b, "b"), (c, "a"), (d, "b")):
        scenario.activity(lead, "split", ActivityStatus.DELIVERED, metadata={"variant": variant}, channel=None)
        scenario.activity(lead, "wait", ActivityStatus.DELIVERED, channel=None)
        scenario.activity(lead, "search", ActivityStatus.DELIVERED, channel=None)
        scenario.activity(lead, "companies", ActivityStatus.DELIVERED)
    scenario.message(a, replied_at=AT + timedelta(days=2), email_account=mailbox)
    scenario.message(b, opened_at=AT + timedelta(hours=1), events="opened opened!", email_account=mailbox)
    scenario.message(c, events="bounced", email_account=mailbox)
    scenario.message(d, replied_at=AT, email_account=mailbox)
    later: dict[str, Any] = {"occurred_at": AT + WEEK}
    linkedin: dict[str, Any] = {"channel": "linkedin", "linkedin_account": profile, **later}
    scenario.message(e, "invite", action=Action.INVITATION, **linkedin)
    with platform_context(tenant_id=scenario.tenant.pk):
        e.activities.filter(step=scenario.steps["invite"]).update(status=ActivityStatus.CONNECTED)
    scenario.message(e, "linkedin", **linkedin)
    scenario.message(f, "whatsapp", channel="whatsapp", opened_at=AT + WEEK, events="delivered opened", **later)
    scenario.message(f, "whatsapp", channel="sms", **later)
    calls: dict[str, Any] = {"channel": "voice", "executed_at": AT + WEEK}
    scenario.activity(g, "call", ActivityStatus.DELIVERED, metadata={"outcome": "answered"}, **calls)
    scenario.activity(g, "call", ActivityStatus.DELIVERED, metadata={"outcome": "voicemail"}, **calls)
    scenario.activity(g, "call", ActivityStatus.FAILED, metadata={"outcome": "busy"}, **calls)
    scenario.message(g, "dm", channel="web", action=Action.FOLLOW, **later)
    scenario.message(g, "dm", channel="web", kind=MessageKind.OWN_COPY, **later)
    scenario.message(g, "dm", channel="web", **later)
    with tenant_context(scenario.tenant.pk):
        CampaignLead.objects.filter(pk=d.pk).delete()
    return scenario


def rates(page: dict[str, Any]) -> dict[str, str]:
    return {rate["key"]: rate["words"] for rate in page["rates"]}


@pytest.mark.parametrize("is_folded", [False, True])
def test_every_figure_is_as_counted_by_hand(story: Scenario, ask: Ask, is_folded: bool) -> None:
    if is_folded:
        assert folding.fold_all() > 50
    page = ask("analytics")
    assert {stage["key"]: stage["number"] for stage in page["stages"]} == {
        "enrolled": 7, "contacted": 6, "delivered": 5, "opened": 2, "answered": 1, "goal": 0,
    }  # fmt: skip
    assert rates(page) == {
        "delivered": "5 of 6 contacted",
        "opened": "2 of 5 delivered",
        "connected": "1 of 1 invitations",
        "replied": "1 of 6 contacted",
        "interested": "0 of 6 contacted",
        "booked": "0 of 6 contacted",
        "bounced": "1 of 6 contacted",
        "unsubscribed": "0 of 6 contacted",
    }
    names = ("sent", "delivered", "opened", "replied", "bounced", "failed", "actions")
    channels = {row["channel"]: tuple(row["numbers"][name] for name in names) for row in page["channels"]}
    # D's mail was sent and answered, though D is deleted. Waits, searches and decisions are nowhere.
    assert channels == {
        "email": (4, 3, 1, 2, 1, 0, 0),
        "linkedin": (2, 2, 0, 0, 0, 0, 0),
        "sms": (1, 0, 0, 0, 0, 0, 0),
        "voice": (2, 2, 0, 0, 0, 1, 0),
        "web": (1, 1, 0, 0, 0, 0, 1),
        "whatsapp": (1, 1, 1, 0, 0, 0, 0),
    }
    totals = page["totals"]
    assert (totals["sent"], totals["calls"], totals["calls_answered"], totals["invited"], totals["connected"]) == (
        11, 3, 1, 1, 1,
    )  # fmt: skip
    accounts = {row["label"]: (row["channel"], row["numbers"]["sent"]) for row in page["accounts"]}
    assert accounts == {"sales@acme.example": ("email", 4), "Maya’s profile": ("linkedin", 2)}
    cohorts = [(row["week"], row["started"], row["reached"]["contacted"], row["reached"]["replied"])
               for row in page["cohorts"]]  # fmt: skip
    assert cohorts == [("2026-05-04", 3, 3, 1), ("2026-05-11", 4, 3, 0)]
    days = {row["day"]: (row["sent"], row["reached"]["contacted"], row["reached"]["replied"]) for row in page["days"]}
    assert {day: numbers for day, numbers in days.items() if any(numbers)} == {
        "2026-05-04": (4, 3, 0), "2026-05-06": (0, 0, 1), "2026-05-11": (5, 3, 0),
    }  # fmt: skip
    assert len(days) == 8
    steps = {step["title"]: step for step in page["steps"]}
    assert [(each["variant"], each["reached"], each["answered"]) for each in steps["split"]["variants"]] == [
        ("a", 2, 1), ("b", 1, 0),
    ]  # fmt: skip
    for name in ("split", "wait", "search", "companies"):
        assert (steps[name]["sent"], steps[name]["done"]) == (0, 4), name
    assert [steps["email"][name] for name in ("sent", "opened", "answered", "bounced")] == [4, 1, 2, 1]
    assert [steps["call"][name] for name in ("reached", "sent", "failed")] == [3, 2, 1]
    assert page["states"]["active"] == 7


def test_a_period_is_about_the_leads_first_contacted_in_it_and_what_was_sent_in_it(story: Scenario, ask: Ask) -> None:
    first = ask("analytics", since="2026-05-04", until="2026-05-05")
    # The answer came a day after the period, to a mail of it.
    assert (rates(first)["replied"], first["totals"]["sent"]) == ("1 of 3 contacted", 4)
    assert [day["day"] for day in first["days"]] == ["2026-05-04", "2026-05-05"]
    second = ask("analytics", since="2026-05-06")
    assert (rates(second)["replied"], second["totals"]["sent"]) == ("0 of 3 contacted", 7)


def test_days_that_make_no_period_are_refused(story: Scenario, call: Callable[..., Any]) -> None:
    query = {"since": "2026-05-06", "until": "2026-05-04"}
    response = call("get", "campaigns", story.campaign, "analytics", query)
    assert (response.status_code, "lies before" in str(response.json())) == (400, True)


def test_stats_add_up_the_campaigns_and_say_nothing_of_another_tenants(
    story: Scenario, call: Callable[..., Any], api: Any, other_owner: User
) -> None:
    page = call("get", "campaigns", None, "stats").json()
    assert (page["total"], page["active"], page["people"]["contacted"], page["sent"]["sent"]) == (1, 0, 6, 11)
    assert page["campaigns"][0]["rates"][0]["words"] == "1 of 6 contacted"
    assert {row["channel"] for row in page["channels"]} == {"email", "linkedin", "sms", "voice", "web", "whatsapp"}
    theirs = api(other_owner)
    assert theirs.get(f"/api/v1/campaigns/{story.campaign.pk}/analytics/").status_code in (403, 404)
    stats = theirs.get("/api/v1/campaigns/stats/")
    assert stats.status_code == 403 or stats.json()["people"]["enrolled"] == 0


TABLES = {
    "funnel": "Contacted,6,0.8571",
    "rates": "Answered,1,6,contacted,0.1667",
    "channels": "E-mail,4,3,1",
    "accounts": "linkedin,Maya’s profile,2",
    "cohorts": "2026-05-04,3,3",
    "days": "2026-05-06,0,0",
    "variants": "split,a,2,1",
    "steps": "2,email,email_send,4,0,4",
}


def content(response: Any) -> str:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_each_table_is_a_file_for_those_who_may_export(
    story: Scenario, api: Callable[..., Any], owner: User, viewer: User, admin_of: Callable[..., Client]
) -> None:
    with platform_context(tenant_id=story.tenant.pk):
        CampaignStep.objects.filter(pk=story.steps["split"].pk).update(title="=cmd|x")
    address, read = f"/api/v1/campaigns/{story.campaign.pk}/analytics/export/", 0
    assert problem(api(owner).get(address, {"table": "funnel"})) == (403, "step_up_required")
    client, browser = confirmed(api, owner), admin_of(owner)
    page = f"/admin/campaigns/campaign/{story.campaign.pk}/analytics.csv"
    for table, line in TABLES.items():
        for response in (client.get(address, {"table": table}), browser.get(page, {"table": table})):
            text = content(response)
            # A spreadsheet does not run the title.
            assert line.replace("split", "'=cmd|x") in text, text
            read += 1
    assert read == 16
    assert browser.get(page, {"table": "nothing"}).status_code == 404
    assert client.get(address, {"table": "nothing"}).status_code == 400
    assert confirmed(api, viewer).get(address, {"table": "funnel"}).status_code == 403
    assert admin_of(viewer).get(page, {"table": "funnel"}).status_code == 403
    assert "Autumn,Draft,7,6" in content(client.get("/api/v1/campaigns/stats/export/"))
    with platform_context():
        assert DataExport.objects.filter(kind="campaign analytics").count() == 17


def test_the_pages_show_the_figures_and_their_denominators(
    story: Scenario, admin_of: Callable[..., Client], owner: User
) -> None:
    browser = admin_of(owner)
    page = browser.get(f"/admin/campaigns/campaign/{story.campaign.pk}/analytics/").content.decode()
    for text in (
        "1 of 6 contacted",
        "2 of 5 delivered",
        "Maya’s profile",
        "It is too early to compare",
        "lad-chart-bar",
    ):
        assert text in page, text
    part = browser.get(
        f"/admin/campaigns/campaign/{story.campaign.pk}/analytics/", {"part": "1", "since": "2026-05-06"}
    )
    assert "0 of 3 contacted" in part.content.decode()
    assert "<html" not in part.content.decode()
    wrong = browser.get(f"/admin/campaigns/campaign/{story.campaign.pk}/analytics/", {"since": "tomorrow"})
    assert "These days cannot be read" in wrong.content.decode()
    together = browser.get("/admin/campaign-analytics/").content.decode()
    assert f"/admin/campaigns/campaign/{story.campaign.pk}/analytics/" in together
    ticket = browser.get("/admin/campaign-analytics/ticket/").json()
    assert ticket["url"].startswith("/streams/campaigns/?ticket=")


def test_folding_tells_open_pages_which_campaign_changed(story: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("campaigns.figures.changes.publish", lambda *given: told.append(given))
    folding.fold_all()
    assert told == [(story.tenant.pk, "campaigns", {"changed": "figures", "campaign": str(story.campaign.pk)})]


def test_the_statements_of_the_page_do_not_grow_with_the_campaign(
    story: Scenario, admin_of: Callable[..., Client], owner: User
) -> None:
    browser = admin_of(owner)

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    pages = (f"/admin/campaigns/campaign/{story.campaign.pk}/analytics/", "/admin/campaign-analytics/")
    for page in pages:
        cost(page)
    before = [cost(page) for page in pages]
    for _ in range(5):
        story.message(story.enrolment(), replied_at=AT)
    assert [cost(page) for page in pages] == before


def test_a_rate_says_of_what_it_is_and_how_sure_it_is() -> None:
    rate = Rate("replied", "Answered", 12, 80, "contacted")
    assert (rate.words, rate.share) == ("12 of 80 contacted", 0.15)
    # Wilson's limits of 12 of 80, calculated by hand.
    low, high = rate.interval or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.0879, 0.2441)
    assert (Rate("x", "X", 0, 0, "y").share, Rate("x", "X", 0, 0, "y").interval) == (None, None)


@pytest.mark.parametrize(
    ("samples", "is_sure", "text"),
    [
        ([("a", 4, 1), ("b", 500, 9)], False, "It is too early to compare: A was given to fewer than 10 people."),
        ([("a", 100, 10), ("b", 100, 10)], False, "The best variants are equal so far."),
        ([("a", 1000, 50), ("b", 1000, 100)], True, "B is better: at least 2.7 percentage points more answer"),
        ([("a", 100, 10), ("b", 100, 18)], False, "B is ahead, but "),
        ([("a", 100_000, 10_000), ("b", 100_000, 10_001)], False, "as good as equal"),
    ],
)
def test_variants_are_compared_in_a_plain_sentence(
    samples: list[tuple[str, int, int]], is_sure: bool, text: str
) -> None:
    found = compare([Sample(*each) for each in samples])
    assert found is not None
    assert text in found.sentence, found.sentence
    assert found.is_sure is is_sure


def test_the_missing_people_are_as_many_as_it_takes() -> None:
    found = compare([Sample("a", 100, 10), Sample("b", 100, 18)])
    assert found is not None
    assert found.missing
    # Twice as many of each would be enough, and a few fewer than are missing would not.
    assert 0 < found.missing < 200
    enough, few = (
        compare([Sample("a", times * 1000, times * 100), Sample("b", times * 1000, times * 180)]) for times in (2, 1)
    )
    assert enough is not None
    assert enough.is_sure
    assert few is not None
    assert few.is_sure
    twice = compare([Sample("a", 200, 20), Sample("b", 200, 36)])
    assert twice is not None
    assert twice.is_sure
    # With three variants each comparison needs more confidence.
    two = [Sample("a", 1000, 50), Sample("b", 1000, 71)]
    pair, three = compare(two), compare([*two, Sample("c", 1000, 50)])
    assert pair is not None
    assert pair.is_sure
    assert three is not None
    assert not three.is_sure
