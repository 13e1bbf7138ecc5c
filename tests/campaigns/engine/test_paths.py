"""Which way enrolments take through graphs of steps."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.design.models import StepLink
from campaigns.design.services import readiness
from campaigns.messages.models import MessageState
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tests.campaigns.engine.conftest import EMAIL, Outreach
from tests.factories.leads import LeadBookingFactory

Act = Callable[[Outreach, Any], object]


def test_a_sequence_sends_waits_and_ends(outreach: Outreach, running: Any) -> None:
    [lead] = running(
        ("Begin", "start", {}),
        ("Write", "email_send", EMAIL),
        ("Rest", "delay", {"days": 2}),
        ("Again", "email_send", EMAIL),
    )
    outreach.run()
    assert outreach.state(lead) == ("active", "Write", "sending")
    [message] = outreach.messages()
    assert (message.state, message.subject, message.decision["verdict"]) == ("queued", "Hello Maya", "allow")
    assert outreach.deliver() == 1
    outreach.run(minutes=5)
    assert outreach.state(lead) == ("active", "Rest", "delay")
    outreach.run(days=1)
    assert len(outreach.messages()) == 1
    outreach.run(days=1)
    assert outreach.state(lead) == ("active", "Again", "sending")
    outreach.deliver()
    outreach.run()
    assert outreach.state(lead) == ("completed", "", "finished")
    assert outreach.path(lead) == ["Write sent", "Rest", "Again sent"]
    assert outreach.reload().status == "completed"


def later(**time: float) -> Act:
    return lambda outreach, lead: outreach.run(**time)


def deliver(outreach: Outreach, lead: Any) -> None:
    assert outreach.deliver(), (outreach.state(lead), outreach.due(lead), outreach.path(lead))
    outreach.run(minutes=1)


def fail(outreach: Outreach, lead: Any) -> None:
    assert outreach.deliver(MessageState.FAILED, "550 no")
    outreach.run(minutes=1)


def happens(kind: str, **detail: Any) -> Act:
    def act(outreach: Outreach, lead: Any) -> None:
        outreach.happen(lead, kind, **detail)
        outreach.run(minutes=1)

    return act


def replies(outreach: Outreach, lead: Any) -> None:
    outreach.receive(lead)
    outreach.run(minutes=1)


def becomes(**values: Any) -> Act:
    def act(outreach: Outreach, lead: Any) -> None:
        with outreach.inside():
            Lead.objects.filter(pk=lead.lead_id).update(**values)

    return act


def books(outreach: Outreach, lead: Any) -> None:
    with platform_context(tenant_id=outreach.tenant.pk):
        LeadBookingFactory.create(lead_id=lead.lead_id, booking_type="demo")


WRITE = ("Write", "email_send", EMAIL)
REST = ("Rest", "delay", {"days": 1})
HOT = ("Hot", "email_send", EMAIL)
COLD = ("Cold", "email_send", EMAIL)
END: tuple[str, str, dict[str, Any]] = ("End", "end", {})
# If opened within two days: Hot, else Cold.
OPENED = [WRITE, ("Opened?", "condition", {"condition": "opened", "within": {"days": 2}}), HOT, END, COLD]
OPENED_LINKS = [("Opened?", "no", "Cold"), ("Cold", "sent", None)]
STAGES = [
    (
        "Sort",
        "branch",
        {"rules": [{"condition": "stage", "values": ["won"]}, {"condition": "tag", "values": ["vip"]}]},
    ),
    COLD,
    HOT,
    WRITE,
]
STAGES_LINKS = [("Sort", "1", None), ("Sort", "2", "Hot"), ("Cold", "sent", None), ("Hot", "sent", None)]

# Steps, links, what happens, the path, and where it ends: status, step and reason.
CASES: dict[str, tuple[Any, Any, list[Act], list[str], tuple[str, str, str]]] = {
    "a condition is met within the time": (
        OPENED,
        OPENED_LINKS,
        [later(), deliver, later(hours=30), happens("opened"), deliver],
        ["Write sent", "Opened?", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "a machine that opens is nobody": (
        OPENED,
        OPENED_LINKS,
        [later(), deliver, happens("opened", is_machine=True), later(hours=1)],
        ["Write sent"],
        ("active", "Opened?", "condition"),
    ),
    "a condition is not met within the time": (
        OPENED,
        OPENED_LINKS,
        [later(), deliver, later(hours=47), later(hours=2), deliver],
        ["Write sent", "Opened?", "Cold sent"],
        ("completed", "", "finished"),
    ),
    "a condition without a time answers at once": (
        [WRITE, ("Clicked?", "condition", {"condition": "clicked"}), HOT, END, COLD],
        [("Clicked?", "no", "Cold")],
        [later(), deliver, deliver],
        ["Write sent", "Clicked?", "Cold sent"],
        ("completed", "", "finished"),
    ),
    "a condition waits as long as it takes": (
        [WRITE, ("Clicked?", "condition", {"condition": "clicked", "wait_until": True}), HOT],
        [],
        [later(), deliver, later(days=300), happens("clicked"), deliver],
        ["Write sent", "Clicked?", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "the first rule of a branch that is met": (
        STAGES,
        STAGES_LINKS,
        [becomes(stage="won", tags=["vip"]), later()],
        ["Sort"],
        ("completed", "", "finished"),
    ),
    "a later rule of a branch": (
        STAGES,
        STAGES_LINKS,
        [becomes(tags=["vip"]), later(), deliver],
        ["Sort", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "no rule of a branch": (
        STAGES,
        STAGES_LINKS,
        [later(), deliver],
        ["Sort", "Cold sent"],
        ("completed", "", "finished"),
    ),
    "a field is compared": (
        [
            (
                "Big?",
                "condition",
                {"condition": "custom_field", "field": "staff", "operator": "at_least", "values": ["50"]},
            ),
            HOT,
        ],
        [("Big?", "no", None)],
        [becomes(custom_fields={"staff": 120}), later(), deliver],
        ["Big?", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "goto leads on": (
        [("Jump", "goto", {}), WRITE, HOT],
        [("Jump", "done", "Hot")],
        [later(), deliver],
        ["Hot sent"],
        ("completed", "", "finished"),
    ),
    "a circle with a wait goes round": (
        [REST, ("Back", "goto", {}), WRITE],
        [("Back", "done", "Rest")],
        [later(), later(days=1), later(days=1)],
        ["Rest", "Rest"],
        ("active", "Rest", "delay"),
    ),
    "a failed message goes on": (
        [WRITE, HOT],
        [],
        [later(), fail, deliver],
        ["Write failed", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "a failed message stops where the step says so": (
        [("Write", "email_send", {**EMAIL, "if_failed": "stop"}), HOT],
        [],
        [later(), fail],
        ["Write failed"],
        ("stopped", "", "send_failed"),
    ),
    "a failed message leads elsewhere": (
        [WRITE, HOT, END, ("Call", "manual_task", {"instructions": "Call."})],
        [("Write", "failed", "Call")],
        [later(), fail],
        ["Write failed", "Call pending"],
        ("active", "Call", "manual_task"),
    ),
    "a goal is reached from a delay": (
        [WRITE, REST, HOT, ("Won", "goal", {"goal": "stage", "values": ["won"]})],
        [],
        [later(), deliver, becomes(stage="won"), later(days=1)],
        ["Write sent", "Won"],
        ("completed", "", "goal_reached"),
    ),
    "a goal is passed by those who have not reached it": (
        [WRITE, ("Won", "goal", {"goal": "booked"}), HOT],
        [],
        [later(), deliver, deliver],
        ["Write sent", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "a reply is a goal": (
        [WRITE, REST, HOT, ("Answer", "goal", {"goal": "replied"})],
        [],
        [later(), deliver, replies],
        ["Write replied", "Answer"],
        ("completed", "", "goal_reached"),
    ),
    "a booking is a goal": (
        [WRITE, REST, HOT, ("Meeting", "goal", {"goal": "booked"})],
        [],
        [later(), deliver, books, later(days=1)],
        ["Write sent", "Meeting"],
        ("completed", "", "goal_reached"),
    ),
    "a reply is told apart where a step waits for it": (
        [WRITE, ("Reply?", "condition", {"condition": "replied", "within": {"days": 3}}), HOT, END],
        [("Reply?", "no", None)],
        [later(), deliver, replies, deliver],
        ["Write replied", "Reply?", "Hot sent"],
        ("completed", "", "finished"),
    ),
    "a step for everybody is passed": (
        [("Find", "lead_generation", {"limit": 5}), WRITE],
        [],
        [later(), deliver],
        ["Find skipped", "Write sent"],
        ("completed", "", "finished"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_enrolment_takes_its_way(case: str, outreach: Outreach, running: Any) -> None:
    steps, links, acts, path, state = CASES[case]
    [lead] = running(*steps, links=links)
    for act in acts:
        act(outreach, lead)
    assert outreach.path(lead) == path
    assert outreach.state(lead) == state


def test_a_circle_without_a_wait_is_found_before_the_start_and_at_the_latest_when_it_is_run(
    outreach: Outreach, running: Any
) -> None:
    [lead] = running(
        ("Here", "goto", {}),
        WRITE,
        ("There", "goto", {}),
        links=[("Here", "done", "Write"), ("There", "done", "Write")],
    )
    with outreach.inside():
        StepLink.objects.filter(step=outreach.steps["Here"]).update(target=outreach.steps["There"])
        StepLink.objects.filter(step=outreach.steps["There"]).update(target=outreach.steps["Here"])
        assert [each.code for each in readiness.faults(outreach.campaign)] == ["endless_loop"]
    outreach.run()
    assert outreach.state(lead) == ("error", "", "endless_loop")
