"""Users write to leads and decide about messages, in the API and on the pages."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.messages.models import Message, MessageKind, MessageState
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import EmailAccountFactory, MessageFactory
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.support.api import field_problems, problem, text
from tests.support.database import one, stored

WRITE = "/api/v1/messages/write/"


@pytest.fixture
def lead(tenant: Tenant, owner: User) -> Lead:
    """A lead that may be contacted at any hour, and the owner's own account beside another one."""
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(tenant=tenant, contact_from="00:00", contact_until="23:59:59", skips_holidays=False)
        EmailAccountFactory.create(status=EmailAccountStatus.CONNECTED)
        EmailAccountFactory.create(email="owner@acme.example", user=owner, status=EmailAccountStatus.CONNECTED)
        return LeadFactory.create(email="ada@client.example")


def received(tenant: Tenant, lead: Lead, **values: Any) -> Message:
    with platform_context(tenant_id=tenant.pk):
        given = {
            "state": MessageState.RECEIVED,
            "direction": ContactDirection.INBOUND,
            "kind": MessageKind.REPLY,
            "subject": "Your offer",
            "message_id": "<question@client.example>",
            "email_account": EmailAccount.objects.get(email="owner@acme.example"),
        }
        return MessageFactory.create(lead=lead, **{**given, **values})


def test_a_user_writes_to_a_lead_from_their_own_account(call: Any, api: Any, owner: User, lead: Lead) -> None:
    answer = api(owner).post(WRITE, {"lead": str(lead.pk), "subject": "Hello", "body": "How are you?"}, format="json")
    assert answer.status_code == 201, answer.content
    message = one(Message, pk=answer.json()["id"])
    assert (message.state, message.purpose, message.campaign_id) == (MessageState.QUEUED, Purpose.OUTREACH, None)
    assert (message.from_address, message.to_address) == ("owner@acme.example", "ada@client.example")
    assert (message.created_by_user_id, message.decision["verdict"]) == (owner.pk, "allow")


def test_an_answer_continues_the_leads_thread_and_is_no_outreach(
    api: Any, owner: User, tenant: Tenant, lead: Lead
) -> None:
    question = received(tenant, lead)
    answer = api(owner).post(WRITE, {"lead": str(lead.pk), "body": "Thank you!"}, format="json")
    message = one(Message, pk=answer.json()["id"])
    assert (message.purpose, message.subject) == (Purpose.SERVICE, "Re: Your offer")
    assert (message.in_reply_to, message.thread_id) == (question.message_id, question.pk)


def test_a_lead_who_must_not_be_contacted_is_not_written_to(api: Any, owner: User, tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        suppress(lead=lead, channel="all", reason="unsubscribed", source="test")
    refused = api(owner).post(WRITE, {"lead": str(lead.pk), "subject": "Hello", "body": "Text"}, format="json")
    assert problem(refused) == (409, "lead_not_to_be_contacted")
    assert "do-not-contact" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"subject": "Hello"}, "body"),
        ({"body": "Text"}, "subject"),
        ({"subject": "Hello", "body": "Text", "attachments": ["0199b8ee-0000-7000-8000-000000000000"]}, "attachments"),
        ({"subject": "Hello", "body": "Text", "lead": "0199b8ee-0000-7000-8000-000000000000"}, "lead"),
    ],
)
def test_what_is_missing_is_named(api: Any, owner: User, lead: Lead, body: dict[str, Any], field: str) -> None:
    assert field in field_problems(api(owner).post(WRITE, {"lead": str(lead.pk), **body}, format="json"))


def test_without_an_own_account_one_must_be_chosen(api: Any, admin: User, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "subject": "Hello", "body": "Text"}
    assert "email_account" in field_problems(api(admin).post(WRITE, body, format="json"))


def test_viewers_neither_write_nor_decide(api: Any, viewer: User, tenant: Tenant, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "subject": "Hello", "body": "Text"}
    assert api(viewer).post(WRITE, body, format="json").status_code == 403
    row = received(tenant, lead)
    assert api(viewer).post(f"/api/v1/messages/{row.pk}/resend/", format="json").status_code == 403


@pytest.fixture
def unknown(tenant: Tenant, lead: Lead) -> Message:
    with platform_context(tenant_id=tenant.pk):
        return MessageFactory.create(
            lead=lead, state=MessageState.UNKNOWN, begun_at=timezone.now(), error="The sender was lost.", attempts=1
        )


def test_staff_see_what_is_known_and_choose(admin_of: Any, owner: User, unknown: Message) -> None:
    browser = admin_of(owner)
    page = text(browser.get(reverse("admin:campaigns_message_change", args=(unknown.pk,))))
    assert "The sender was lost." in page
    assert "Send again" in page
    assert "It was sent" in page
    warning = text(browser.get(reverse("admin:campaigns_message_resend", args=(unknown.pk,))))
    assert "then the recipient gets it twice" in warning
    browser.post(reverse("admin:campaigns_message_confirm_sent", args=(unknown.pk,)))
    row = stored(unknown)
    assert (row.state, row.occurred_at) == (MessageState.SENT, unknown.begun_at)


def test_the_api_offers_the_same_decisions(call: Any, unknown: Message) -> None:
    assert call("post", "messages", unknown, "resend").json()["state"] == "queued"
    assert problem(call("post", "messages", unknown, "confirm-sent")) == (409, "message_not_unknown")
    assert call("post", "messages", unknown, "cancel").json()["state"] == "cancelled"
    assert stored(unknown).error == "A person cancelled it."
