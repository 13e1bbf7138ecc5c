"""The inbox in the API: lists, threads, answers, rights and other tenants."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.inbox import selectors
from campaigns.inbox.models import Conversation, ConversationState, Label
from campaigns.messages.models import Message, MessageState
from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability.models import Purpose
from leads.contactability.services import suppressing
from leads.contacts.models import Lead
from tenants.teams.models import Membership, PlanTier
from tests.campaigns.inbox.conftest import ago
from tests.factories.campaigns import (
    CampaignFactory,
    CommunicationTemplateFactory,
    ConversationFactory,
    WhatsappTemplateFactory,
)
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantRoleFactory
from tests.support.api import field_problems, problem
from tests.support.database import one

LIST = "/api/v1/inbox-conversations/"


@pytest.fixture
def ask(api: Any, owner: Any) -> Callable[..., Any]:
    """``ask("get", row, "thread")`` calls the API about a conversation as the owner, or as ``user``."""

    def send(method: str, row: Conversation | None = None, action: str = "", body: Any = None, user: Any = None) -> Any:
        place = f"{row.pk}/" if row is not None else ""
        url = f"{LIST}{place}{action}{'/' if action and '?' not in action else ''}"
        return getattr(api(user or owner), method)(url, body, **({"format": "json"} if method != "get" else {}))

    return send


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["who"].partition(" · ")[0] for each in answer.json()["results"]]


def test_the_list_has_the_newest_first_and_filters(
    ask: Any, api: Any, tenant: Any, said: Any, sent: Any, owner: Any, lead: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create()
        others = [
            LeadFactory.create(first_name=name, last_name="", assigned_user=None)
            for name in ("Bea", "Cid", "Dan", "Eve")
        ]
    bea, cid, dan, eve = others
    said(lead, "Sounds good", at=ago(hours=4))
    said(bea, "Hm", at=ago(hours=3), channel=Channel.LINKEDIN)
    said(cid, "Hm", at=ago(hours=2), campaign=campaign)
    said(dan, "Hm", at=ago(hours=1))
    sent(eve, "May we talk?")
    rows = {each.lead_id: each for each in _all(tenant)}
    ask("post", rows[dan.pk], "close")
    ask("post", rows[cid.pk], "assign", {"assigned_to": str(owner.pk)})
    ask("post", rows[bea.pk], "snooze", {"until": (timezone.now() + timedelta(days=1)).isoformat()})
    assert found(ask("get")) == ["Eve", "Dan", "Cid", "Bea", "Ada Byron"]
    for query, names in {
        "folder=open": ["Cid", "Ada Byron"],
        "folder=mine": ["Cid"],
        "folder=unassigned": ["Ada Byron"],
        "folder=unread": ["Cid", "Ada Byron"],
        "folder=snoozed": ["Bea"],
        "folder=closed": ["Dan"],
        "folder=sent": ["Eve"],
        "label=interested": ["Ada Byron"],
        f"campaign={campaign.pk}": ["Cid"],
        "last_channel=linkedin": ["Bea"],
        "search=byron": ["Ada Byron"],
        "search=sounds": ["Ada Byron"],
        "search=northwind.example+good": ["Ada Byron"],
        "search=byron+sounds": ["Ada Byron"],
        "search=byron+dan": [],
        "search=hm": ["Dan", "Cid", "Bea"],
        "search=hm&folder=open": ["Cid"],
        "search=nothing": [],
    }.items():
        assert found(ask("get", None, f"?{query}")) == names, query
    read = lambda url: api(owner).get(url).json()  # noqa: E731
    counts = read("/api/v1/inbox/counts/")
    assert counts == {"unread": 2, "mine": 1, "mine_unread": 1, "unassigned": 1}
    loads = {each["name"]: each["open"] for each in read("/api/v1/inbox/workload/")["results"]}
    assert loads[owner.full_name or owner.email] == 1
    assert loads[""] == 1


def _all(tenant: Any) -> list[Conversation]:
    with platform_context(tenant_id=tenant.pk):
        return list(Conversation.objects.all())


def test_the_thread_has_all_channels_the_newest_first_in_pages(
    ask: Any, lead: Any, said: Any, sent: Any, conversation: Any, profile: Any
) -> None:
    sent(lead, "By mail", at=ago(hours=3))
    said(lead, "By mail too", at=ago(hours=2))
    said(lead, "On LinkedIn", at=ago(hours=1), channel=Channel.LINKEDIN, linkedin_account=profile)
    row = conversation(lead)
    first = ask("get", row, "thread/?page_size=2").json()
    assert [each["body"] for each in first["results"]] == ["On LinkedIn", "By mail too"]
    assert [each["account_name"] for each in first["results"]] == ["Olivia Owner", "sales@acme.example"]
    rest = ask("get", row, "thread/?" + first["next"].partition("?")[2]).json()
    assert [(each["body"], each["direction"]) for each in rest["results"]] == [("By mail", "outbound")]
    assert rest["next"] is None


def test_an_answer_goes_out_from_the_same_mailbox_in_the_same_thread(
    ask: Any, lead: Any, said: Any, conversation: Any, owner: Any, mailbox: Any
) -> None:
    question = said(lead, "What does it cost?", message_id="<question@northwind.example>")
    row = conversation(lead)
    answer = ask("post", row, "reply", {"body": "Ten euros."})
    assert answer.status_code == 201, answer.content
    message = one(Message, pk=answer.json()["id"])
    assert (message.email_account_id, message.to_address, message.state) == (
        mailbox.pk,
        lead.email,
        MessageState.QUEUED,
    )
    assert (message.in_reply_to, message.thread_id, message.subject) == (
        question.message_id, question.pk, "Re: Your offer",
    )  # fmt: skip
    assert (message.purpose, message.created_by_user_id) == (Purpose.SERVICE, owner.pk)
    row = conversation(lead)
    assert (row.unread_count, row.assigned_to_id, row.state) == (0, owner.pk, ConversationState.OPEN)


def test_an_answer_goes_where_they_wrote_last_unless_another_way_is_chosen(
    ask: Any, lead: Any, said: Any, conversation: Any, profile: Any, mailbox: Any
) -> None:
    said(lead, "By mail", at=ago(days=2))
    said(lead, "On LinkedIn", channel=Channel.LINKEDIN, linkedin_account=profile)
    row = conversation(lead)
    ways = ask("get", row, "ways").json()["results"]
    assert [(each["channel"], each["account_name"], each["problem"]) for each in ways] == [
        ("linkedin", "Olivia Owner", ""), ("email", "sales@acme.example", ""),
    ]  # fmt: skip
    first = one(Message, pk=ask("post", row, "reply", {"body": "Hello"}).json()["id"])
    assert (first.channel, first.linkedin_account_id, first.to_address) == ("linkedin", profile.pk, lead.linkedin_url)
    second = one(Message, pk=ask("post", row, "reply", {"body": "Hello", "way": ways[1]["key"]}).json()["id"])
    assert (second.channel, second.email_account_id) == ("email", mailbox.pk)
    # Where they wrote last decides, not where they were written to.
    assert [each["channel"] for each in ask("get", row, "ways").json()["results"]] == ["linkedin", "email"]
    other = ask("post", row, "reply", {"body": "Hello", "way": f"email:{profile.pk}"})
    assert set(field_problems(other)) == {"way"}


def test_whatsapp_takes_free_text_for_24_hours_and_then_an_approved_template(
    ask: Any, lead: Any, said: Any, conversation: Any, number: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = WhatsappTemplateFactory.create(channel_account=number, body="Hello {{1}}, may we talk?", variables=1)
        foreign = WhatsappTemplateFactory.create()
        unsure = WhatsappTemplateFactory.create(channel_account=number, status="pending", body="Hi", variables=0)
    said(lead, "Hello", channel=Channel.WHATSAPP, channel_account=number, at=ago(hours=23))
    row = conversation(lead)
    [way] = ask("get", row, "ways").json()["results"]
    assert (way["needs_template"], way["window_until"] is not None) == (False, True)
    assert ask("post", row, "reply", {"body": "Hello"}).status_code == 201
    with platform_context(tenant_id=tenant.pk):
        Message.objects.filter(lead=lead, direction="inbound").update(occurred_at=ago(hours=25))
    [way] = ask("get", row, "ways").json()["results"]
    assert way["needs_template"]
    refused = ask("post", row, "reply", {"body": "Hello"})
    assert set(field_problems(refused)) == {"whatsapp_template"}
    for given, field in (
        ({"whatsapp_template": str(foreign.pk), "variables": ["Ada"]}, "whatsapp_template"),
        ({"whatsapp_template": str(unsure.pk)}, "whatsapp_template"),
        ({"whatsapp_template": str(template.pk)}, "variables"),
    ):
        assert set(field_problems(ask("post", row, "reply", given))) == {field}
    sent = ask("post", row, "reply", {"whatsapp_template": str(template.pk), "variables": ["Ada"]})
    message = one(Message, pk=sent.json()["id"])
    assert (message.body, message.channel_account_id) == ("Hello Ada, may we talk?", number.pk)
    assert message.metadata == {"template": template.name, "language": template.language, "variables": ["Ada"]}


def test_a_template_gives_the_text(
    ask: Any, lead: Any, said: Any, conversation: Any, profile: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = CommunicationTemplateFactory.create(tenant=tenant, channel="linkedin", body="Hi {{first_name}}!")
        of_mail = CommunicationTemplateFactory.create(tenant=tenant)
    said(lead, "Hello", channel=Channel.LINKEDIN, linkedin_account=profile)
    row = conversation(lead)
    answer = ask("post", row, "reply", {"template": str(template.pk), "close": True})
    assert answer.json()["body"] == "Hi Ada!"
    assert conversation(lead).state == ConversationState.CLOSED
    assert set(field_problems(ask("post", row, "reply", {"template": str(of_mail.pk)}))) == {"template"}
    assert set(field_problems(ask("post", row, "reply", {"body": "  "}))) == {"body"}


def test_nobody_is_answered_who_must_not_be_contacted_or_from_a_lost_account(
    ask: Any, lead: Any, said: Any, conversation: Any, profile: Any, tenant: Any
) -> None:
    said(lead, "Hello", channel=Channel.LINKEDIN, linkedin_account=profile)
    row = conversation(lead)
    with platform_context(tenant_id=tenant.pk):
        type(profile).objects.filter(pk=profile.pk).update(status="expired")
    answer = ask("post", row, "reply", {"body": "Hello"})
    assert problem(answer) == (409, "cannot_answer")
    assert "sign-in expired" in answer.json()["detail"]
    with platform_context(tenant_id=tenant.pk):
        type(profile).objects.filter(pk=profile.pk).update(status="active")
        suppressing.suppress(lead=lead, channel="all", reason="unsubscribed", source="test")
    answer = ask("post", row, "reply", {"body": "Hello"})
    assert problem(answer) == (409, "cannot_answer")
    assert "do-not-contact" in answer.json()["detail"]


def test_a_stranger_is_answered_as_soon_as_they_are_a_lead(
    ask: Any, said: Any, conversation: Any, number: Any, tenant: Any
) -> None:
    said(None, "Hi", channel=Channel.WHATSAPP, channel_account=number, from_address="+4915199999999",
         metadata={"name": "Nora Fjord"})  # fmt: skip
    row = conversation(None)
    assert problem(ask("post", row, "reply", {"body": "Hello"})) == (409, "not_a_lead")
    assert [each["body"] for each in ask("get", row, "thread").json()["results"]] == ["Hi"]
    made = ask("post", row, "make-lead")
    assert made.status_code == 200, made.content
    lead = one(Lead, pk=made.json()["lead"])
    assert (lead.first_name, lead.last_name, str(lead.phone)) == ("Nora", "Fjord", "+4915199999999")
    assert ask("post", row, "reply", {"body": "Hello"}).status_code == 201
    assert problem(ask("post", row, "make-lead")) == (409, "already_a_lead")


def test_what_people_do_with_a_conversation(
    ask: Any, lead: Any, said: Any, conversation: Any, owner: Any, member: Any
) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    assert ask("post", row, "read").json()["unread_count"] == 0
    assert ask("post", row, "unread").json()["unread_count"] == 1
    assert ask("post", row, "assign", {"assigned_to": str(member.pk)}).json()["assigned_to"] == str(member.pk)
    assert ask("post", row, "assign", {"assigned_to": None}).json()["assigned_to"] is None
    labelled = ask("post", row, "label", {"label": "interested"}).json()
    assert (labelled["label"], labelled["label_source"]) == ("interested", "person")
    assert ask("post", row, "label", {"label": ""}).json()["label"] == ""
    assert set(field_problems(ask("post", row, "label", {"label": "great"}))) == {"label"}
    past = (timezone.now() - timedelta(hours=1)).isoformat()
    assert set(field_problems(ask("post", row, "snooze", {"until": past}))) == {"until"}
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    assert ask("post", row, "snooze", {"until": soon}).json()["snoozed_until"] is not None
    assert ask("post", row, "end-snooze").json()["snoozed_until"] is None
    assert ask("post", row, "close").json()["state"] == "closed"
    assert ask("post", row, "reopen").json()["state"] == "open"
    assert problem(ask("post", row, "accept-suggestion")) == (409, "nothing_suggested")
    bulk = {"ids": [str(row.pk)]}
    assert ask("post", None, "bulk/assign", {**bulk, "assigned_to": str(owner.pk)}).json() == {"changed": 1}
    assert ask("post", None, "bulk/label", {**bulk, "label": "not_now"}).json() == {"changed": 1}
    assert ask("post", None, "bulk/close", bulk).json() == {"changed": 1}
    row = conversation(lead)
    assert (row.assigned_to_id, row.label, row.state) == (owner.pk, Label.NOT_NOW, ConversationState.CLOSED)


def test_other_tenants_conversations_do_not_exist(
    ask: Any, lead: Any, said: Any, conversation: Any, other_tenant: Any, owner: Any
) -> None:
    said(lead, "Secret plans")
    with platform_context(tenant_id=other_tenant.pk):
        foreign = ConversationFactory.create(lead=LeadFactory.create(tenant=other_tenant), tenant=other_tenant)
    for method, action, body in (
        ("get", "", None),
        ("get", "thread", None),
        ("get", "ways", None),
        ("post", "reply", {"body": "Hello"}),
        ("post", "close", None),
        ("post", "assign", {"assigned_to": str(owner.pk)}),
        ("post", "make-lead", None),
    ):
        assert ask(method, foreign, action, body).status_code == 404, action
    assert ask("post", None, "bulk/close", {"ids": [str(foreign.pk)]}).json() == {"changed": 0}
    assert one(Conversation, pk=foreign.pk).state == ConversationState.OPEN


@pytest.mark.parametrize("newest_read", [0, 3, 800])
def test_a_search_finds_messages_of_every_age_by_the_beginning_of_a_word(
    ask: Any, tenant: Any, said: Any, lead: Any, monkeypatch: pytest.MonkeyPatch, newest_read: int
) -> None:
    monkeypatch.setattr(selectors, "NEWEST_READ", newest_read)
    # Days are read one by one, then spans of 128 of them: each border has its message.
    ages = [-1, 0, 1, 19, 20, 21, 22, 23, 127, 128, 129, 148, 149, 150, 151, 255, 256, 257, 700, 3000, 5800]
    with platform_context(tenant_id=tenant.pk):
        people = [LeadFactory.create(first_name=f"P{age}", last_name="", assigned_user=None) for age in ages]
    for age, person in zip(ages, people, strict=True):
        said(person, f"About the invoices{age}x", at=ago(days=age) if age >= 0 else ago(hours=-20))
    for age in ages:
        assert found(ask("get", None, f"?search=invoices{age}x")) == [f"P{age}"], age
    everybody = [f"P{age}" for age in ages]
    for term in ("invo", "invoi", "invoic", "invoice", "invoices", "about invoices"):
        assert sorted(found(ask("get", None, f"?search={term}&page_size=50"))) == sorted(everybody), term
    assert found(ask("get", None, "?search=inv")) == []
    assert found(ask("get", None, "?search=invoicing")) == []


def test_people_who_share_a_name_with_many_are_found_with_their_messages(
    ask: Any, tenant: Any, said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "FEW_LEADS", 1)
    with platform_context(tenant_id=tenant.pk):
        people = [
            LeadFactory.create(first_name="Noor", last_name=name, email=f"{name}@same.example", company_name="Same AG")
            for name in ("Adams", "Baker", "Silent")
        ]
    for person in people[:2]:
        said(person, "Sounds good")
    for term in ("noor", "same.example", "same ag", "noor good"):
        assert sorted(found(ask("get", None, f"?search={term}"))) == ["Noor Adams", "Noor Baker"], term
    # By few leads anything is found, parts of an address too.
    assert found(ask("get", None, "?search=aker@same")) == ["Noor Baker"]

    with platform_context(tenant_id=tenant.pk):
        for person in people:
            writes.update(person, {"first_name": "Zoe"})
    drain()
    assert sorted(found(ask("get", None, "?search=zoe"))) == ["Zoe Adams", "Zoe Baker"]
    assert found(ask("get", None, "?search=noor")) == []


def test_a_search_finds_nothing_of_other_tenants(
    api: Any, lead: Any, said: Any, other_tenant: Any, other_owner: Any
) -> None:
    said(lead, "Secret plans")
    with platform_context():
        type(other_tenant).all_objects.filter(pk=other_tenant.pk).update(plan_tier=PlanTier.ENTERPRISE)
    answer = api(other_owner).get(f"{LIST}?search=secret")
    assert answer.status_code == 200, answer.content
    assert answer.json()["results"] == []


def test_who_may_not_oversee_the_inbox_sees_what_is_assigned_to_them(
    ask: Any, lead: Any, said: Any, conversation: Any, tenant: Any, member: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = LeadFactory.create(first_name="Bea", last_name="")
        role = TenantRoleFactory.create(rights=["inbox.view", "inbox.update", "leads.view", "campaigns.view"])
        Membership.objects.filter(user=member).update(tenant_role=role)
    said(lead, "Hello")
    said(other, "Hello too")
    own, foreign = conversation(lead), conversation(other)
    ask("post", own, "assign", {"assigned_to": str(member.pk)})
    assert found(ask("get", user=member)) == ["Ada Byron"]
    assert found(ask("get", None, "?search=hello", user=member)) == ["Ada Byron"]
    for action in ("thread", "ways"):
        assert ask("get", foreign, action, user=member).status_code == 404
    for action, body in (("close", None), ("reply", {"body": "Hi"}), ("label", {"label": "not_now"})):
        assert ask("post", foreign, action, body, user=member).status_code == 404
    assert ask("post", None, "bulk/close", {"ids": [str(foreign.pk)]}, user=member).json() == {"changed": 0}
    assert ask("post", own, "read", user=member).status_code == 200
    assert conversation(other).state == ConversationState.OPEN


def test_a_viewer_reads_and_changes_nothing(ask: Any, lead: Any, said: Any, conversation: Any, viewer: Any) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    assert found(ask("get", user=viewer)) == ["Ada Byron"]
    assert ask("get", row, "thread", user=viewer).status_code == 200
    for action, body in (("close", None), ("reply", {"body": "Hi"}), ("make-lead", None)):
        assert ask("post", row, action, body, user=viewer).status_code == 403
