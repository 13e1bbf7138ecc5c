"""Conditions about networks, answered by what their providers have said."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.accounts.models import ChannelAccount, LinkedinAccount
from campaigns.design.step_types.condition import CONDITIONS, UNTOLD
from campaigns.engine import facts
from campaigns.engine.outcomes import Place
from campaigns.enrolment.models import CampaignLead
from campaigns.messages.models import Message
from campaigns.network_contacts.models import Relation
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tests.campaigns.engine.conftest import MORNING, Outreach
from tests.campaigns.engine.networks import PROFILE, account_on, know, linkedin
from tests.factories.campaigns import MessageEventFactory, MessageFactory

Act = Callable[["Scene"], None]


class Scene:
    """Two enrolments that have begun: something happens to the first one, and nothing to the second."""

    def __init__(self, outreach: Outreach) -> None:
        self.outreach = outreach
        self.linkedin: LinkedinAccount = linkedin(outreach)
        self.whatsapp: ChannelAccount = account_on(outreach, Channel.WHATSAPP)
        self.first, self.second = outreach.enrol(2, **PROFILE)

    def sent(self, enrolment: CampaignLead, channel: Channel, account: Any, **values: Any) -> Message:
        with platform_context(tenant_id=self.outreach.tenant.pk):
            message: Message = MessageFactory.create(
                lead=enrolment.lead,
                campaign=self.outreach.campaign,
                campaign_lead=enrolment,
                channel=channel,
                **{account.message_column: account},
                **values,
            )
        return message

    def met(self, rule: dict[str, Any]) -> set[str]:
        places = [
            Place(each.pk, each.lead_id, "active", None, MORNING, None, "", 1, MORNING)
            for each in (self.first, self.second)
        ]
        with self.outreach.inside():
            found = facts.answer(rule, places, now=MORNING + timedelta(days=3))
        assert found.known
        names = {self.first.pk: "first", self.second.pk: "second"}
        return {names[key] for key in found.met}


@pytest.fixture
def scene(outreach: Outreach) -> Scene:
    outreach.add(("Write", "email_send", {"subject": "x", "body": "y"}))
    return Scene(outreach)


def connects(scene: Scene) -> None:
    scene.sent(scene.first, Channel.LINKEDIN, scene.linkedin, action="invitation")
    know(scene.outreach, scene.first, scene.linkedin, relation=Relation.CONNECTED)
    know(scene.outreach, scene.second, scene.linkedin, relation=Relation.INVITED)


def happens(kind: str) -> Act:
    def act(scene: Scene) -> None:
        for enrolment in (scene.first, scene.second):
            message = scene.sent(enrolment, Channel.WHATSAPP, scene.whatsapp)
            if enrolment is scene.first:
                with platform_context(tenant_id=scene.outreach.tenant.pk):
                    MessageEventFactory.create(message=message, kind=kind)

    return act


def answers(channel: Channel) -> Act:
    def act(scene: Scene) -> None:
        scene.outreach.receive(scene.first, channel=channel)

    return act


def reads_profile(scene: Scene) -> None:
    know(scene.outreach, scene.first, scene.linkedin, profile={"headline": "Head of Data"}, looked_up_at=MORNING)
    know(scene.outreach, scene.second, scene.linkedin, profile={"headline": "Chef"}, looked_up_at=MORNING)


def clicks(scene: Scene) -> None:
    message = scene.sent(scene.first, Channel.WHATSAPP, scene.whatsapp)
    with scene.outreach.inside():
        Message.objects.filter(pk=message.pk).update(clicked_at=MORNING)


HEADLINE = {"condition": "profile_matches", "field": "headline", "operator": "contains"}
CASES: list[tuple[Act, dict[str, Any], set[str]]] = [
    (connects, {"condition": "connected"}, {"first"}),
    (happens("delivered"), {"condition": "whatsapp_delivered"}, {"first"}),
    (happens("delivered"), {"condition": "whatsapp_read"}, set()),
    (happens("opened"), {"condition": "whatsapp_delivered"}, {"first"}),
    (happens("opened"), {"condition": "whatsapp_read"}, {"first"}),
    (answers(Channel.WHATSAPP), {"condition": "whatsapp_replied"}, {"first"}),
    (answers(Channel.WHATSAPP), {"condition": "whatsapp_read"}, {"first"}),
    (answers(Channel.WHATSAPP), {"condition": "instagram_replied"}, set()),
    (answers(Channel.WEB), {"condition": "instagram_replied"}, {"first"}),
    (answers(Channel.LINKEDIN), {"condition": "linkedin_replied"}, {"first"}),
    (answers(Channel.SMS), {"condition": "response_received"}, {"first"}),
    (reads_profile, {**HEADLINE, "values": ["data"]}, {"first"}),
    (reads_profile, {**HEADLINE, "field": "title", "operator": "is_not_empty"}, {"first", "second"}),
    (happens("opened"), {"condition": "engagement_level", "values": ["low"]}, {"first"}),
    (clicks, {"condition": "engagement_level", "values": ["medium"], "operator": "at_least"}, {"first"}),
    (answers(Channel.SMS), {"condition": "engagement_level", "values": ["medium"], "operator": "at_most"}, {"second"}),
    (clicks, {"condition": "engagement_level", "values": ["none"], "operator": "is_not"}, {"first"}),
    (connects, {"condition": "time_elapsed", "after_days": 3}, {"first", "second"}),
    (connects, {"condition": "time_elapsed", "after_days": 3, "after_hours": 1}, set()),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_each_condition_tells_the_two_apart(number: int, scene: Scene) -> None:
    act, rule, met = CASES[number]
    if rule["condition"] != "time_elapsed":
        before = scene.met(rule)
        assert "first" not in before or met == before or rule.get("operator") in ("at_most", "is_not_empty")
    act(scene)
    assert scene.met(rule) == met


def test_a_connection_with_another_account_than_the_one_that_writes_does_not_count(scene: Scene) -> None:
    other = linkedin(scene.outreach)
    know(scene.outreach, scene.first, other, relation=Relation.CONNECTED)
    assert scene.met({"condition": "connected"}) == {"first"}
    scene.sent(scene.first, Channel.LINKEDIN, scene.linkedin, action="invitation")
    assert scene.met({"condition": "connected"}) == set()


def test_every_condition_is_answered_or_refused_when_it_is_saved() -> None:
    assert frozenset(CONDITIONS) - facts.ANSWERABLE == frozenset(UNTOLD)
