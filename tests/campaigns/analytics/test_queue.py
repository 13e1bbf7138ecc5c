"""What of a campaign waits, why, and what comes next."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from campaigns.messages.models import MessageState
from lad.tenancy.context import platform_context
from tests.campaigns.analytics.conftest import AT, Scenario
from tests.factories.campaigns import EmailAccountFactory

Ask = Callable[..., dict[str, Any]]
HOUR = timedelta(hours=1)


def test_the_queue_counts_open_enrolments_by_reason(scenario: Scenario, ask: Ask) -> None:
    scenario.enrolment(status=EnrolmentStatus.PENDING, started_at=None)
    scenario.enrolment(reason="out_of_office", next_action_at=AT + HOUR)
    scenario.enrolment(reason="out_of_office", next_action_at=AT)
    scenario.enrolment(reason="quiet_hours", next_action_at=AT)
    scenario.enrolment(next_action_at=AT)
    scenario.enrolment(status=EnrolmentStatus.STOPPED, reason="replied")
    scenario.message(scenario.enrolment(reason="sending"), state=MessageState.QUEUED)
    page = ask("queue")
    assert [(group["reason"], group["number"], group["next_at"]) for group in page["groups"]] == [
        ("out_of_office", 2, "2026-05-04T12:00:00Z"),
        ("due", 1, "2026-05-04T12:00:00Z"),
        ("not_begun", 1, None),
        ("quiet_hours", 1, "2026-05-04T12:00:00Z"),
        ("sending", 1, None),
    ]
    assert page["waiting"] == 6
    assert page["groups"][0]["label"] == "The lead is out of office"
    counts = {each["state"]: (each["number"], each["capped"]) for each in page["messages"]}
    assert counts == {"queued": (1, False), "sending": (0, False), "unknown": (0, False), "failed": (0, False)}


def test_the_next_messages_and_steps_come_in_order_and_wait_for_their_account(scenario: Scenario, ask: Ask) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        account = EmailAccountFactory.create(next_send_at=AT + 3 * HOUR)
    written = scenario.message(
        scenario.enrolment(reason="sending"),
        state=MessageState.QUEUED,
        subject="Later than planned",
        next_attempt_at=AT,
        email_account=account,
    )
    soon = scenario.message(scenario.enrolment(reason="sending"), state=MessageState.QUEUED, next_attempt_at=AT + HOUR)
    step = scenario.enrolment(next_action_at=AT + 2 * HOUR, next_step=scenario.steps["wait"], reason="delay")
    scenario.enrolment(next_action_at=AT, status=EnrolmentStatus.STOPPED)
    page = ask("next-sends")
    shown = [(each["kind"], each["id"], each["at"]) for each in page["results"]]
    assert shown == [
        ("message", str(soon.pk), "2026-05-04T13:00:00Z"),
        ("step", str(step.pk), "2026-05-04T14:00:00Z"),
        ("message", str(written.pk), "2026-05-04T15:00:00Z"),
    ]
    last, waits = page["results"][2], page["results"][1]
    assert (last["what"], last["account_name"], last["lead"]) == (
        "Later than planned",
        account.email,
        str(written.lead_id),
    )
    assert (waits["step"], waits["reason"]) == ("3. wait", "a delay is not over yet")
    assert len(ask("next-sends", limit=1)["results"]) == 1


@pytest.mark.parametrize(
    ("page", "query"), [("next-sends", {"limit": 0}), ("next-sends", {"size": 1}), ("queue", {"x": 1})]
)
def test_a_wrong_parameter_is_refused(
    call: Callable[..., Any], scenario: Scenario, page: str, query: dict[str, int]
) -> None:
    assert call("get", "campaigns", scenario.campaign, page, query).status_code == 400


def test_an_enrolment_of_another_campaign_does_not_wait_here(scenario: Scenario, ask: Ask) -> None:
    elsewhere = scenario.enrolment(next_action_at=AT)
    with platform_context(tenant_id=scenario.tenant.pk):
        CampaignLead.objects.filter(pk=elsewhere.pk).update(deleted_at=AT)
    assert (ask("queue")["waiting"], ask("next-sends")["results"]) == (0, [])
