"""The page of the inbox: its panes, its buttons, and who may use them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.inbox.models import Conversation, ConversationState
from campaigns.inbox.services import handling
from campaigns.messages.models import Message
from lad.tenancy.context import platform_context
from leads.channels import Channel
from tenants.teams.models import Membership
from tests.campaigns.inbox.conftest import ago
from tests.factories.campaigns import ConversationFactory, WhatsappTemplateFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantRoleFactory
from tests.support.api import text
from tests.support.database import one

PAGE = "/admin/inbox/"
Press = Callable[..., dict[str, str]]


@pytest.fixture
def browser(admin_of: Any, owner: Any, tenant: Any) -> Client:
    client: Client = admin_of(owner, tenant)
    return client


@pytest.fixture
def press(browser: Client) -> Press:
    """``press(row, "close")`` sends a form of the page as its script does, and returns what came of it."""

    def send(row: Conversation, do: str, client: Client | None = None, **values: Any) -> dict[str, str]:
        answer = (client or browser).post(
            PAGE, {"do": do, "conversation": str(row.pk), **values}, headers={"Accept": "application/json"}
        )
        assert answer.status_code in (200, 409), answer.content
        found: dict[str, str] = answer.json()
        assert (answer.status_code == 409) == bool(found["problem"])
        return found

    return send


def test_the_page_shows_the_list_the_conversation_and_the_lead(
    browser: Client, lead: Any, said: Any, sent: Any, conversation: Any
) -> None:
    sent(lead, "May we talk?", at=ago(hours=3))
    said(lead, "Sounds good <b>really</b>", at=ago(hours=1), metadata={"original": "Sounds good\n> May we talk?"})
    row = conversation(lead)
    shown = text(browser.get(f"{PAGE}?c={row.pk}"))
    for part in (
        "Ada Byron", "Northwind", "Sounds good &lt;b&gt;really&lt;/b&gt;", "Interested", "They wrote “sounds good”.",
        "May we talk?", "ada@northwind.example", "sales@acme.example", "inbox-unread", "Unread",
    ):  # fmt: skip
        assert part in shown, part
    assert "<b>really</b>" not in shown
    only_list = text(browser.get(f"{PAGE}?part=list"))
    assert "inbox-line" in only_list
    assert "data-thread" not in only_list
    assert "<html" not in only_list
    only_thread = text(browser.get(f"{PAGE}?part=thread&c={row.pk}"))
    assert f'data-thread="{row.pk}"' in only_thread
    assert "Choose a conversation" in text(browser.get(f"{PAGE}?part=thread"))


def test_the_list_is_narrowed_by_the_address(
    browser: Client, lead: Any, said: Any, conversation: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        other = LeadFactory.create(first_name="Bea", last_name="", assigned_user=None)
    said(lead, "Sounds good")
    said(other, "Not now", channel=Channel.LINKEDIN)
    for query, names in {
        "": {"Ada", "Bea"},
        "label=interested": {"Ada"},
        "channel=linkedin": {"Bea"},
        "q=byron": {"Ada"},
        "q=not+now": {"Bea"},
        "folder=mine": set(),
        "folder=nonsense&shown=x": {"Ada", "Bea"},
    }.items():
        shown = text(browser.get(f"{PAGE}?part=list&{query}"))
        assert {name for name in ("Ada", "Bea") if name in shown} == names, query


def test_every_button_does_what_it_says(
    press: Press, lead: Any, said: Any, conversation: Any, owner: Any, member: Any
) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    assert press(row, "read")["told"] == ""
    assert conversation(lead).unread_count == 0
    assert press(row, "unread")["told"] == "Marked as unread."
    assert press(row, "assign", assigned_to=str(member.pk))["told"].startswith("Assigned to")
    assert conversation(lead).assigned_to_id == member.pk
    press(row, "assign", assigned_to="me")
    assert conversation(lead).assigned_to_id == owner.pk
    press(row, "assign", assigned_to="nobody")
    assert conversation(lead).assigned_to_id is None
    assert press(row, "assign", assigned_to="somebody")["problem"] == "Choose a member of this tenant."
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert press(row, "snooze", until=tomorrow)["told"].startswith("Snoozed until")
    assert conversation(lead).snoozed_until is not None
    assert press(row, "snooze", until="soon")["problem"] == "Choose a time."
    press(row, "end_snooze")
    assert conversation(lead).snoozed_until is None
    assert press(row, "label", label="not_now")["told"] == "Labelled “Not now”."
    assert press(row, "label", label="great")["problem"] == "Choose one of the labels."
    assert press(row, "close")["told"] == "The conversation was closed."
    assert conversation(lead).state == ConversationState.CLOSED
    press(row, "reopen")
    assert conversation(lead).state == ConversationState.OPEN
    assert press(row, "accept")["problem"].startswith("There is no suggestion")
    assert press(row, "explode")["problem"].startswith("This button does nothing")
    sent = press(row, "reply", body="Good to hear from you.", and_close="1")
    assert sent["told"] == "Your answer goes out by E-mail from sales@acme.example."
    row = conversation(lead)
    assert row.state == ConversationState.CLOSED
    assert one(Message, lead=lead.pk, direction="outbound").body == "Good to hear from you."
    assert press(row, "reply", body=" ")["problem"] == "Write a text."


def test_without_a_script_the_page_comes_back_with_what_happened(
    browser: Client, lead: Any, said: Any, conversation: Any
) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    answer = browser.post(f"{PAGE}?c={row.pk}", {"do": "close", "conversation": str(row.pk)}, follow=True)
    assert answer.redirect_chain == [(f"{PAGE}?c={row.pk}", 302)]
    assert "The conversation was closed." in text(answer)


def test_a_closed_window_of_whatsapp_asks_for_a_template(
    browser: Client, press: Press, lead: Any, said: Any, conversation: Any, number: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        template = WhatsappTemplateFactory.create(channel_account=number, name="follow_up")
    said(lead, "Hello", channel=Channel.WHATSAPP, channel_account=number, at=ago(hours=30))
    row = conversation(lead)
    shown = text(browser.get(f"{PAGE}?part=thread&c={row.pk}"))
    assert "window over" in shown
    assert "follow_up" in shown
    assert "24 hours" in press(row, "reply", body="Hello")["problem"]
    assert press(row, "reply", whatsapp_template=str(template.pk), variable="Ada")["told"].startswith("Your answer")


def test_the_number_of_unread_conversations_stands_in_the_sidebar(
    browser: Client, lead: Any, said: Any, conversation: Any
) -> None:
    assert browser.get("/admin/inbox/unread/").json() == {"count": 0, "shown": "0"}
    said(lead, "Hello")
    assert browser.get("/admin/inbox/unread/").json() == {"count": 1, "shown": "1"}
    assert 'data-badge="/admin/inbox/unread/"' in text(browser.get("/admin/"))
    ticket = browser.get("/admin/inbox/ticket/").json()
    assert ticket["url"].startswith("/streams/inbox/?ticket=")


def test_others_conversations_cannot_be_seen_or_changed(
    press: Press, browser: Client, admin_of: Any, lead: Any, said: Any, conversation: Any, tenant: Any,
    other_tenant: Any, member: Any,
) -> None:  # fmt: skip
    said(lead, "Secret plans")
    row = conversation(lead)
    with platform_context(tenant_id=other_tenant.pk):
        foreign = ConversationFactory.create(lead=LeadFactory.create(tenant=other_tenant), tenant=other_tenant)
    assert "Choose a conversation" in text(browser.get(f"{PAGE}?part=thread&c={foreign.pk}"))
    assert "not there any more" in press(foreign, "close")["problem"]
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["inbox.view", "inbox.update", "leads.view", "campaigns.view"])
        Membership.objects.filter(user=member).update(tenant_role=role)
    narrow = admin_of(member, tenant)
    assert "Ada" not in text(narrow.get(f"{PAGE}?part=list"))
    assert "Choose a conversation" in text(narrow.get(f"{PAGE}?part=thread&c={row.pk}"))
    assert "not there any more" in press(row, "close", client=narrow)["problem"]
    assert "Secret" not in text(narrow.get("/admin/campaigns/conversation/"))
    assert narrow.get("/admin/inbox/unread/").json()["count"] == 0
    assert conversation(lead).state == ConversationState.OPEN


def test_a_viewer_gets_no_buttons_and_who_may_not_see_gets_nothing(
    press: Press, admin_of: Any, lead: Any, said: Any, conversation: Any, tenant: Any, viewer: Any, member: Any
) -> None:
    said(lead, "Hello")
    row = conversation(lead)
    looking = admin_of(viewer, tenant)
    shown = text(looking.get(f"{PAGE}?c={row.pk}"))
    assert "Hello" in shown
    assert "data-reply" not in shown
    assert "data-do" not in shown
    assert press(row, "close", client=looking)["problem"] == "You do not have the right to do this."
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["leads.view"])
        Membership.objects.filter(user=member).update(tenant_role=role)
    assert admin_of(member, tenant).get(PAGE).status_code == 403


def test_a_snooze_ends_on_top_and_unread(lead: Any, said: Any, conversation: Any, owner: Any, tenant: Any) -> None:
    said(lead, "Hello", at=ago(days=2))
    row = conversation(lead)
    with platform_context(tenant_id=tenant.pk):
        handling.snooze(ids=[row.pk], until=timezone.now() + timedelta(hours=1), actor=owner)
    assert handling.wake() == 0
    with platform_context(tenant_id=tenant.pk):
        Conversation.objects.filter(pk=row.pk).update(snoozed_until=ago(minutes=1))
        assert handling.has_due()
    assert handling.wake() == 1
    row = conversation(lead)
    assert (row.snoozed_until, row.unread_count) == (None, 1)
    assert row.moved_at > ago(minutes=5)
