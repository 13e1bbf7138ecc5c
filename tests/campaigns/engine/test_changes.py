"""Changing the steps of a running campaign: what the preview says is what happens."""

from typing import Any

from campaigns.design.services import changes
from campaigns.design.services.changes import Insert, Link, Remove, Reorder, Settings, Unlink
from campaigns.engine.worker import run_due
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.messages.models import MessageState
from campaigns.messages.services import settle
from tests.campaigns.engine.conftest import EMAIL, Outreach

WRITE = ("Write", "email_send", EMAIL)
CALL = ("Call", "manual_task", {"instructions": "Call."})
SPLIT = ("Split", "ab_split", {"weights": [1, 1]})
LATER = {"days": 3}


def spread(outreach: Outreach, running: Any) -> dict[str, list[CampaignLead]]:
    """Return enrolments by the step at which they stand: two wait to be sent, three rest, four have a task."""
    leads = running(SPLIT, WRITE, ("Rest", "delay", {"days": 2}), CALL, ("Last", "delay", {"days": 1}), leads=9)
    outreach.run()
    places = {"Write": leads[:2], "Rest": leads[2:5], "Call": leads[5:]}
    with outreach.inside():
        for message in outreach.messages():
            if message.campaign_lead_id not in {lead.pk for lead in leads[:2]}:
                type(message).objects.filter(pk=message.pk).update(state="sent", occurred_at=outreach.now)
        rest = CampaignLead.objects.filter(pk__in=[lead.pk for lead in leads[2:]])
        rest.update(reason="sent", next_action_at=outreach.now)
        type(outreach.campaign).objects.update(next_run_at=outreach.now)
    run_due(now=outreach.now)
    with outreach.inside():
        CampaignLead.objects.filter(pk__in=[lead.pk for lead in leads[5:]]).update(next_action_at=outreach.now)
        # Their delay began two days ago.
        rows = CampaignLead.objects.filter(pk__in=[lead.pk for lead in leads[5:]])
        rows.update(step_entered_at=outreach.now.replace(day=outreach.now.day - 2))
        type(outreach.campaign).objects.update(next_run_at=outreach.now)
    run_due(now=outreach.now)
    for title, group in places.items():
        assert {outreach.state(lead)[1] for lead in group} == {title}
    return places


def change(outreach: Outreach, wanted: Any) -> list[str]:
    """Make the change after checking that its preview says what it does, and return that."""
    with outreach.inside():
        said = changes.preview_change(campaign=outreach.campaign, change=wanted)
        assert changes.apply_change(campaign=outreach.campaign, change=wanted, actor=None) == said
        # The changes ran by the real clock.
        moved = CampaignLead.objects.filter(next_action_at__gt=outreach.now, reason="")
        moved.filter(step_entered_at__gt=outreach.now).update(step_entered_at=outreach.now)
        moved.update(next_action_at=outreach.now)
        type(outreach.campaign).objects.filter(next_run_at__gt=outreach.now).update(next_run_at=outreach.now)
    return said.sentences


def to_the_end(outreach: Outreach) -> None:
    """Let everybody go through: send, wait, and do every task."""
    for _round in range(12):
        outreach.deliver()
        with outreach.inside():
            CampaignLeadActivity.objects.filter(status="pending").update(status="delivered")
            CampaignLead.objects.filter(reason="manual_task").update(reason="task_done", next_action_at=outreach.now)
            type(outreach.campaign).objects.filter(status="running").update(next_run_at=outreach.now)
        outreach.run(days=1)
        if outreach.reload().status == "completed":
            return
    raise AssertionError("somebody is left")


def done(outreach: Outreach, title: str) -> list[int]:
    """Return how often each enrolment has done the step of this title."""
    with outreach.inside():
        rows = CampaignLeadActivity.objects.filter(step__title=title, status__in=("sent", "delivered"))
        counted = [rows.filter(campaign_lead=lead).count() for lead in CampaignLead.objects.order_by("pk")]
    return sorted(counted)


def test_an_inserted_step_is_skipped_by_those_who_are_past_its_place(outreach: Outreach, running: Any) -> None:
    spread(outreach, running)
    new = Insert("delay", "New", {"hours": 1}, order=4)
    assert change(outreach, new) == ["4 leads will skip “New”."]
    to_the_end(outreach)
    assert done(outreach, "New") == [0] * 4 + [1] * 5
    assert done(outreach, "Last") == [1] * 9


def test_who_stands_at_a_removed_step_goes_on_to_the_next(outreach: Outreach, running: Any) -> None:
    places = spread(outreach, running)
    assert change(outreach, Remove(outreach.steps["Call"].pk)) == ["4 leads at “Call” will go on to “Last”."]
    assert {outreach.state(lead)[1] for lead in places["Call"]} == {"Last"}
    assert outreach.path(places["Call"][0])[-1] == "Call cancelled"
    to_the_end(outreach)
    assert done(outreach, "Call") == [0] * 9
    assert done(outreach, "Last") == [1] * 9


def test_a_removed_step_takes_back_its_queued_messages(outreach: Outreach, running: Any) -> None:
    places = spread(outreach, running)
    assert change(outreach, Remove(outreach.steps["Write"].pk)) == ["2 leads at “Write” will go on to “Rest”."]
    assert outreach.messages(MessageState.QUEUED) == []
    assert {outreach.state(lead)[:2] for lead in places["Write"]} == {("active", "Rest")}
    assert outreach.path(places["Write"][0]) == ["Split", "Write cancelled"]


def test_a_late_message_of_a_removed_step_does_not_move_the_lead_on(outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, ("Again", "email_send", EMAIL), CALL)
    outreach.run()
    [late] = outreach.messages()
    with outreach.inside():
        type(late).objects.update(state=MessageState.SENDING)
    change(outreach, Remove(outreach.steps["Write"].pk))
    outreach.run()
    with outreach.inside():
        settle([late.pk], state=MessageState.SENT)
    outreach.run(days=1)
    assert outreach.state(lead) == ("active", "Again", "sending")


def test_the_last_step_can_be_removed(outreach: Outreach, running: Any) -> None:
    places = spread(outreach, running)
    change(outreach, Remove(outreach.steps["Last"].pk))
    assert change(outreach, Remove(outreach.steps["Call"].pk)) == ["4 leads at “Call” will finish."]
    assert {outreach.state(lead) for lead in places["Call"]} == {("completed", "", "finished")}


def test_a_moved_step_is_done_again_or_skipped(outreach: Outreach, running: Any) -> None:
    spread(outreach, running)
    order = ("Write", "Rest", "Call", "Split", "Last")
    moved = Reorder(tuple(outreach.steps[title].pk for title in order))
    assert change(outreach, moved) == ["9 leads did “Split” already and will come to it again."]
    to_the_end(outreach)
    assert done(outreach, "Split") == [2] * 9


def test_a_step_moved_up_is_skipped(outreach: Outreach, running: Any) -> None:
    spread(outreach, running)
    order = ("Last", "Split", "Write", "Rest", "Call")
    moved = Reorder(tuple(outreach.steps[title].pk for title in order))
    assert change(outreach, moved) == ["9 leads will skip “Last”."]
    to_the_end(outreach)
    assert done(outreach, "Last") == [0] * 9


def test_new_settings_count_for_those_who_wait(outreach: Outreach, running: Any) -> None:
    places = spread(outreach, running)
    rest = outreach.steps["Rest"].pk
    assert change(outreach, Settings(rest, {"days": 5})) == [
        "3 leads at “Rest” will be looked at again under the new settings."
    ]
    outreach.run(days=3)
    assert {outreach.state(lead)[1] for lead in places["Rest"]} == {"Rest"}
    change(outreach, Settings(rest, {"days": 1}))
    outreach.run()
    assert {outreach.state(lead)[1] for lead in places["Rest"]} == {"Call"}


def test_a_queued_message_is_written_again_when_its_text_changes(outreach: Outreach, running: Any) -> None:
    spread(outreach, running)
    change(outreach, Settings(outreach.steps["Write"].pk, {"subject": "Better", "body": "Better"}))
    outreach.run()
    assert [message.subject for message in outreach.messages(MessageState.QUEUED)] == ["Better", "Better"]


def test_links_send_outcomes_elsewhere(outreach: Outreach, running: Any) -> None:
    spread(outreach, running)
    link = Link(outreach.steps["Rest"].pk, "done", outreach.steps["Last"].pk)
    assert change(outreach, link) == ["5 leads will skip “Call”."]
    assert change(outreach, Unlink(outreach.steps["Rest"].pk, "done")) == []
    to_the_end(outreach)
    assert done(outreach, "Call") == [1] * 9


def test_changes_are_previewed_and_made_in_the_api(outreach: Outreach, running: Any, call: Any) -> None:
    spread(outreach, running)
    body = {"kind": "remove", "step": str(outreach.steps["Call"].pk)}
    preview = call("post", "campaigns", outreach.campaign, "preview-change", body)
    assert preview.json()["sentences"] == ["4 leads at “Call” will go on to “Last”."], preview.content
    assert preview.json()["effects"][0] | {"title": ""} == {
        "title": "",
        "skipping": 0,
        "again": 0,
        "waiting": 4,
        "goes_on_to": "Last",
        "is_removed": True,
    }
    assert call("post", "campaigns", outreach.campaign, "apply-change", body).json() == preview.json()
    assert call("post", "campaigns", outreach.campaign, "preview-change", body).status_code == 404
    assert call("post", "campaigns", outreach.campaign, "apply-change", {"kind": "link"}).status_code == 400
    ready = call("get", "campaigns", outreach.campaign, "readiness").json()
    assert ready == {"missing": [], "notes": []}


def test_the_admin_asks_before_it_removes_a_step_where_leads_stand(
    outreach: Outreach, running: Any, admin_of: Any, owner: Any
) -> None:
    spread(outreach, running)
    browser = admin_of(owner)
    address = f"/admin/campaigns/campaignstep/{outreach.steps['Call'].pk}/remove/"
    page = browser.post(address, {"confirm": "on"})
    assert "4 leads at “Call” will go on to “Last”." in page.content.decode()
    digest = page.context["preview"].digest
    assert browser.post(address, {"confirm": "on", "_preview": digest}).status_code == 302
    with outreach.inside():
        assert not outreach.campaign.steps.filter(title="Call").exists()
