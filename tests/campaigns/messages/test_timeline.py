"""What messages, enrolments and activities say in the timeline of a lead."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, EnrolmentStatus
from campaigns.messages.models import Message, MessageEventKind, MessageKind, MessageState
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    CampaignLeadActivityFactory,
    CampaignLeadFactory,
    LinkedinAccountFactory,
    MessageEventFactory,
    MessageFactory,
    NetworkContactFactory,
)
from tests.factories.leads import LeadFactory
from tests.factories.tenants import FeatureFlagFactory, MemberFactory, UserCapabilityFactory

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
REFUSED = {
    "lead_id": str(uuid4()),
    "channel": "email",
    "purpose": "outreach",
    "at": AT.isoformat(),
    "verdict": "refuse",
    "reasons": [{"code": "suppressed", "detail": "unsubscribed"}],
}
OUT, IN = ContactDirection.OUTBOUND, ContactDirection.INBOUND
MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"state": MessageState.SENT}, "LAD sent “A question” to Hans"),
    ({"state": MessageState.QUEUED}, "“A question” waits to be sent to Hans"),
    ({"state": MessageState.SENDING}, "“A question” is being sent to Hans"),
    ({"state": MessageState.UNKNOWN}, "It is not known whether “A question” reached Hans"),
    ({"state": MessageState.FAILED, "error": "Mailbox full."}, "“A question” could not be sent to Hans"),
    (
        {"state": MessageState.CANCELLED, "decision": REFUSED},
        "LAD did not write: Hans is on the do-not-contact list (unsubscribed)",
    ),
    (
        {"state": MessageState.CANCELLED, "error": "The campaign was stopped."},
        "LAD did not write: the campaign was stopped",
    ),
    ({"state": MessageState.CANCELLED}, "LAD did not write: no reason was recorded"),
    (
        {"state": MessageState.SENT, "channel": Channel.WHATSAPP, "subject": ""},
        "LAD sent a message on WhatsApp to Hans",
    ),
    ({"direction": IN, "kind": MessageKind.REPLY, "subject": "Re: A question"}, "Hans answered “Re: A question”"),
    (
        {"direction": IN, "kind": MessageKind.OUT_OF_OFFICE, "metadata": {"returns_on": "2027-03-03"}},
        "Hans was out of office until 3 March 2027",
    ),
    ({"direction": IN, "kind": MessageKind.OUT_OF_OFFICE}, "Hans was out of office"),
    ({"direction": IN, "kind": MessageKind.BOUNCE}, "A message to Hans came back: “A question”"),
    ({"direction": IN, "kind": MessageKind.UNSUBSCRIBE}, "Hans asked not to be written to any more"),
    ({"direction": IN, "kind": MessageKind.COMPLAINT}, "Hans reported a message as spam"),
]


@pytest.fixture
def hans(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        lead: Lead = LeadFactory.create(first_name="Hans")
    return lead


@pytest.fixture
def read(api: Any, owner: User, hans: Lead) -> Callable[..., list[dict[str, Any]]]:
    """``read(kind="message")`` returns the entries of the timeline of Hans."""

    def get(**query: Any) -> list[dict[str, Any]]:
        response = api(owner).get(f"/api/v1/leads/{hans.pk}/timeline/", {"limit": 100, **query})
        assert response.status_code == 200, response.content
        entries: list[dict[str, Any]] = response.json()["results"]
        return entries

    return get


def message(lead: Lead, **values: Any) -> Message:
    """Write a message of LAD's, or one that came."""
    inbound = values.get("direction") == IN
    state = {"state": MessageState.RECEIVED} if inbound else {}
    made: Message = MessageFactory.create(**{"lead": lead, "subject": "A question", **state, **values})
    return made


def test_each_state_and_kind_of_a_message_has_its_sentence(tenant: Tenant, hans: Lead, read: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        made = {str(message(hans, **values).pk): sentence for values, sentence in MESSAGES}
        message(hans, direction=IN, kind=MessageKind.NOISE)
    entries = read(kind="message")
    assert {entry["id"]: entry["text"] for entry in entries} == made
    assert {entry["text"] for entry in entries if entry["warns"]} == {
        "It is not known whether “A question” reached Hans",
        "“A question” could not be sent to Hans",
        "A message to Hans came back: “A question”",
        "Hans reported a message as spam",
    }
    [failed] = [entry for entry in entries if "could not be sent" in entry["text"]]
    assert failed["detail"] == "mailbox full"


def test_a_message_says_who_wrote_it_and_what_people_did_with_it(
    tenant: Tenant, hans: Lead, owner: User, read: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = message(hans, created_by_user=owner, body="x" * 5_000, opened_at=AT, replied_at=AT, occurred_at=AT)
        for kind, machine in (("clicked", True), ("clicked", False), ("unsubscribed", False), ("opened", False)):
            MessageEventFactory.create(message=row, kind=MessageEventKind(kind), is_machine=machine, occurred_at=AT)
    entries = {entry["text"]: entry for entry in read(kind="message")}
    assert set(entries) == {
        f"{owner.full_name} sent “A question” to Hans",
        "Hans followed a link in “A question”",
        "Hans unsubscribed after “A question”",
    }
    sent = entries[f"{owner.full_name} sent “A question” to Hans"]
    assert [mark.replace("\N{NO-BREAK SPACE}", " ") for mark in sent["marks"]] == [
        "Opened 4 May 2026",
        "Answered 4 May 2026",
    ]
    assert (sent["at"], sent["user"], len(sent["detail"])) == ("2026-05-04T12:00:00Z", str(owner.pk), 300)
    assert [entry["id"] for entry in read(user=str(owner.pk))] == [str(row.pk)]


def test_enrolments_say_that_they_began_what_they_wait_for_and_why_they_ended(
    tenant: Tenant, hans: Lead, campaign: Campaign, read: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CampaignLeadFactory.create(campaign=campaign, lead=hans)

        def become(**values: Any) -> list[tuple[str, str]]:
            CampaignLead.objects.filter(pk=row.pk).update(**values)
            return [(entry["text"], entry["detail"]) for entry in read(kind="campaign")]

        began = "Hans was enrolled in Autumn"
        cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
            ({}, [(began, "")]),
            (
                {"status": EnrolmentStatus.ACTIVE, "next_action_at": AT, "reason": "out_of_office"},
                [(began, "Waits until 4 May 2026, 12:00 UTC: Hans is out of office")],
            ),
            (
                {"next_action_at": None, "reason": "consent_missing"},
                [(began, "Waits: the policy requires consent to this channel, and none is on record")],
            ),
            (
                {"status": EnrolmentStatus.STOPPED, "reason": "replied"},
                [("Autumn stopped for Hans: Hans replied", ""), (began, "")],
            ),
            (
                {"status": EnrolmentStatus.ERROR, "reason": "made_up"},
                [("Autumn failed for Hans: made up", ""), (began, "")],
            ),
        ]
        for values, expected in cases:
            assert become(**values) == expected


def test_activities_speak_for_themselves_only_where_no_message_does(
    tenant: Tenant, hans: Lead, campaign: Campaign, read: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CampaignLeadFactory.create(campaign=campaign, lead=hans)

        def act(step_type: str, status: ActivityStatus, **values: Any) -> Any:
            return CampaignLeadActivityFactory.create(
                campaign=campaign, campaign_lead=row, step=None, step_type=step_type, status=status, **values
            )

        act("linkedin_connect", ActivityStatus.CONNECTED)
        act("whatsapp_send", ActivityStatus.SKIPPED, metadata={"decision": {**REFUSED, "channel": "whatsapp"}})
        act("delay", ActivityStatus.DELIVERED)
        act("voice_agent_call", ActivityStatus.QUEUED)
        act("linkedin_autopost", ActivityStatus.SENT)
        told = act("email_send", ActivityStatus.SENT)
        message(hans, activity_id=told.pk)
    campaign_entries = [entry for entry in read() if entry["source"] == "campaigns"]
    assert {(entry["text"], entry["detail"]) for entry in campaign_entries} == {
        ("Hans accepted the invitation on LinkedIn", ""),
        ("LAD did not do “WhatsApp: send” for Hans", "Hans is on the do-not-contact list (unsubscribed)"),
    }


DEEDS: list[tuple[dict[str, Any], str]] = [
    ({"action": "invitation"}, "Ana invited Hans to connect on LinkedIn"),
    ({"action": "visit"}, "Ana visited the LinkedIn profile of Hans"),
    ({"action": "profile"}, "Ana read the LinkedIn profile of Hans"),
    ({"action": "follow"}, "Ana followed Hans on LinkedIn"),
    ({"action": "like"}, "Ana liked a post of Hans on LinkedIn"),
    ({"action": "comment"}, "Ana commented on a post of Hans on LinkedIn"),
    ({"action": "withdrawal"}, "Ana withdrew the invitation to Hans on LinkedIn"),
    ({"action": "message"}, "Ana sent a message on LinkedIn to Hans"),
    ({"action": "visit", "state": MessageState.QUEUED}, "Ana will visit the LinkedIn profile of Hans"),
    ({"action": "follow", "state": MessageState.SENDING}, "Ana is about to follow Hans on LinkedIn"),
    ({"action": "like", "state": MessageState.UNKNOWN}, "It is not known whether Ana liked a post of Hans on LinkedIn"),
    ({"action": "invitation", "state": MessageState.FAILED}, "Ana could not invite Hans to connect on LinkedIn"),
    (
        {"action": "invitation", "state": MessageState.CANCELLED, "error": "The lead replied."},
        "Ana did not invite Hans to connect on LinkedIn: Hans replied",
    ),
]


def test_what_a_colleague_did_on_a_network_is_told_as_a_colleague_would(tenant: Tenant, hans: Lead, read: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        ana = MemberFactory.create(first_name="Ana", last_name="")
        account = LinkedinAccountFactory.create(user=ana)
        for values, _text in DEEDS:
            message(hans, **{"channel": Channel.LINKEDIN, "subject": "", "linkedin_account": account, **values})
        NetworkContactFactory.create(lead=hans, linkedin_account=account, invited_at=AT, connected_at=AT)
    texts = {entry["text"] for entry in read(kind="message")}
    assert texts == {text for _values, text in DEEDS}
    [connected] = [entry for entry in read() if entry["source"] == "connections"]
    assert connected["text"] == "Hans accepted the invitation of Ana on LinkedIn"


@pytest.mark.parametrize("closed", ["right", "feature"])
def test_messages_are_hidden_without_the_right_and_where_campaigns_are_closed(
    tenant: Tenant, hans: Lead, owner: User, read: Any, closed: str
) -> None:
    with platform_context(tenant_id=tenant.pk):
        message(hans)
        assert {entry["kind"] for entry in read()} == {"message", "change"}
        if closed == "right":
            UserCapabilityFactory.create(user=owner, capability_key="campaigns.view", enabled=False)
        else:
            FeatureFlagFactory.create(feature_key="campaigns", is_enabled=False)
    assert {entry["kind"] for entry in read()} == {"change"}
