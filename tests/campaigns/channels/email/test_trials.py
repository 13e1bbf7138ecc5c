"""A user's own address gets what a lead would get."""

from typing import Any

import pytest

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.messages.models import Message
from campaigns.templates import trials
from lad.tenancy.context import current_scope, platform_context
from leads.contactability.models import LeadTouch
from tenants.accounts.models import User
from tests.factories.campaigns import CampaignStepFactory, CommunicationTemplateFactory, EmailAccountFactory
from tests.factories.leads import LeadFactory
from tests.support.api import problem
from tests.support.sandbox import Sandbox

SENDER = "ana@kestrel.example"


@pytest.fixture
def account(tenant: Any, sandbox: Sandbox) -> EmailAccount:
    sandbox.mailbox(SENDER, password="secret")
    host, port = sandbox.smtp
    with platform_context(tenant_id=tenant.pk):
        return EmailAccountFactory.create(
            email=SENDER,
            from_name="Ana",
            signature="Ana of Kestrel",
            smtp_host=host,
            smtp_port=port,
            smtp_secure=False,
            smtp_password="secret",
            status=EmailAccountStatus.CONNECTED,
        )


@pytest.fixture
def verified(owner: User) -> User:
    with platform_context():
        User.objects.filter(pk=owner.pk).update(email_verified=True)
    return owner


@pytest.fixture
def lead(tenant: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(first_name="Ines", email="ines@northwind.example")


def test_a_test_goes_to_the_users_own_address_and_counts_nowhere(
    account: EmailAccount, verified: User, lead: Any, call: Any, sandbox: Sandbox, tenant: Any
) -> None:
    body = "Hi {{ first_name }}\n{{ sender.signature }}\n{{ unsubscribe_url }}"
    with platform_context(tenant_id=tenant.pk):
        row = CommunicationTemplateFactory.create(
            subject="To {{ first_name }}", body=body, html_content="<p>{{ email }}</p>"
        )
        config = {"subject": "Step", "body": "{{ sender.name }}"}
        step = CampaignStepFactory.create(type="email_send", config=config)
    request = {"account": account.pk, "lead": lead.pk}
    assert call("post", "communication-templates", row, "test", request).json() == {"sent_to": verified.email}
    assert call("post", "campaign-steps", step, "test", {"account": account.pk}).status_code == 200
    sent, of_step = sandbox.sent_to(verified.email)
    assert (sent["Subject"], of_step["Subject"]) == ("[Test] To Ines", "[Test] Step")
    plain, html = sent.get_body(["plain"]), sent.get_body(["html"])
    assert plain is not None
    assert html is not None
    text = plain.get_content().replace("\r\n", "\n")
    assert text.startswith("Hi Ines\nAna of Kestrel\nhttps://unsubscribe.invalid/works-in")
    assert text.count("Ana of Kestrel") == 1
    assert "ines@northwind.example" in html.get_content()
    assert sent["List-Unsubscribe"] is None
    with platform_context(tenant_id=tenant.pk):
        assert not Message.objects.exists()
        assert not LeadTouch.objects.exists()
        account.refresh_from_db()
    assert account.sent_today == 0


def test_a_test_is_sent_to_verified_addresses_only_and_says_what_went_wrong(
    account: EmailAccount, owner: User, call: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CommunicationTemplateFactory.create()
        User.objects.filter(pk=owner.pk).update(email_verified=False)
    request = {"account": account.pk}
    assert problem(call("post", "communication-templates", row, "test", request)) == (409, "address_not_verified")
    with platform_context(tenant_id=tenant.pk):
        User.objects.filter(pk=owner.pk).update(email_verified=True)
        EmailAccount.objects.filter(pk=account.pk).update(smtp_password="wrong")
    answer = call("post", "communication-templates", row, "test", request)
    assert problem(answer) == (409, "test_not_sent")
    assert "refused" in answer.json()["detail"] or "password" in answer.json()["detail"]
    assert call("post", "communication-templates", row, "test", {}).status_code == 400


def test_staff_send_a_test_from_the_page(
    account: EmailAccount, verified: User, lead: Any, admin_of: Any, sandbox: Sandbox, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = CommunicationTemplateFactory.create(subject="To {{ first_name }}")
    url = f"/admin/campaigns/communicationtemplate/{row.pk}/send_test/"
    page = admin_of(verified).post(url, {"account": account.pk, "lead": "nobody@northwind.example"}).content.decode()
    assert "No lead has this e-mail address" in page
    admin_of(verified).post(url, {"account": account.pk, "lead": lead.email})
    [sent] = sandbox.sent_to(verified.email)
    assert sent["Subject"] == "[Test] To Ines"


@pytest.mark.parametrize("where", ["api", "page", "editor"])
def test_no_transaction_waits_for_the_mail_server(
    account: EmailAccount,
    verified: User,
    call: Any,
    admin_of: Any,
    tenant: Any,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    scopes: list[object] = []
    monkeypatch.setattr(trials, "_senders", [lambda _message, _account, _user: scopes.append(current_scope())])
    with platform_context(tenant_id=tenant.pk):
        row = CommunicationTemplateFactory.create()
        step = CampaignStepFactory.create(type="email_send", config={"subject": "Hello", "body": "Hi"})
    if where == "api":
        assert call("post", "communication-templates", row, "test", {"account": account.pk}).status_code == 200
    elif where == "page":
        url = f"/admin/campaigns/communicationtemplate/{row.pk}/send_test/"
        admin_of(verified).post(url, {"account": account.pk, "lead": ""})
    else:
        url = f"/admin/campaigns/campaign/{step.campaign_id}/sequence/test/"
        told = {
            "step": {"key": "a", "type": step.type, "title": "Hello", "config": step.config},
            "account": str(account.pk),
        }
        answer = admin_of(verified).post(url, told, content_type="application/json")
        assert answer.json()["refused"] is None, answer.json()
    assert scopes == [None]
