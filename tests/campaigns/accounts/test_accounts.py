"""Sending accounts: what they use of a day, and secrets that are written and never read."""

from typing import Any

import pytest
from django.db import connection

from campaigns.accounts.models import EmailAccount, LinkedinAccount
from lad.audit.models import AuditEntry
from lad.tenancy.context import platform_context
from tests.factories.campaigns import ChannelAccountFactory, EmailAccountFactory, LinkedinAccountFactory
from tests.factories.tenants import MemberFactory, UserFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events

SECRET = "correct mailbox staple"
LIST = "/admin/campaigns/emailaccount/"


@pytest.fixture
def mailbox(tenant: Any) -> EmailAccount:
    with platform_context(tenant_id=tenant.pk):
        return EmailAccountFactory.create(smtp_password=SECRET)


def test_a_secret_can_be_written_but_not_read(call: Any, mailbox: EmailAccount, tenant: Any) -> None:
    shown = call("get", "email-accounts", mailbox)
    assert "smtp_password" not in shown.json()
    changed = call("patch", "email-accounts", mailbox, body={"smtp_password": "another staple"})
    assert changed.status_code == 200 and b"staple" not in changed.content
    assert stored(mailbox).smtp_password == "another staple"
    [event] = events("campaigns.email_account.updated", tenant.pk)
    assert event.payload == {"changed": ["smtp_password"]}


def test_an_omitted_secret_stays_and_an_empty_one_is_removed(call: Any, mailbox: EmailAccount) -> None:
    body = {"email": mailbox.email, "smtp_host": mailbox.smtp_host, "smtp_port": mailbox.smtp_port}
    assert call("put", "email-accounts", mailbox, body=body).status_code == 200
    assert stored(mailbox).smtp_password == SECRET
    call("patch", "email-accounts", mailbox, body={"smtp_password": ""})
    assert stored(mailbox).smtp_password == ""


def test_secrets_are_encrypted_in_the_table_and_masked_in_its_history(call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        person = MemberFactory.create()
    secrets = {"session_cookies": "li_at=one", "access_token": "two-two", "refresh_token": "three-three"}
    body = {"account_name": "Maya", "user": str(person.pk), **secrets}
    made = call("post", "social-linkedin-accounts", body=body)
    assert made.status_code == 201, made.content
    assert not set(secrets) & set(made.json())
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM social_linkedin_accounts WHERE id = %s", [made.json()["id"]])
        row = str(cursor.fetchone())
        history = str(list(AuditEntry.objects.filter(table_name="social_linkedin_accounts").values()))
    for secret in secrets.values():
        assert secret not in row and secret not in history
    with platform_context():
        assert LinkedinAccount.objects.get(pk=made.json()["id"]).access_token == "two-two"


def test_new_keys_of_a_provider_are_checked_before_they_are_used(call: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        account = ChannelAccountFactory.create(channel="sms", provider="twilio", secret="old")
    assert call("patch", "channel-accounts", account, body={"account_name": "Sales"}).json()["status"] == "active"
    assert call("patch", "channel-accounts", account, body={"secret": "new"}).json()["status"] == "pending"


def test_an_account_belongs_to_a_member(call: Any, tenant: Any) -> None:
    with platform_context():
        stranger = UserFactory.create()
    body = {"account_name": "Maya", "user": str(stranger.pk)}
    assert problem(call("post", "social-linkedin-accounts", body=body)) == (400, "invalid")


def test_a_viewer_does_not_see_accounts(mailbox: EmailAccount, api: Any, viewer: Any) -> None:
    assert problem(api(viewer).get("/api/v1/email-accounts/")) == (403, "missing_right")


def test_staff_replace_a_secret_without_ever_seeing_it(admin_of: Any, owner: Any, mailbox: EmailAccount) -> None:
    browser, url = admin_of(owner), f"{LIST}{mailbox.pk}/change/"
    page = browser.get(url)
    assert SECRET not in page.content.decode()
    assert "Enter a new one to replace it" in page.content.decode()
    entries = {
        "email": mailbox.email,
        "is_active": "on",
        "smtp_host": mailbox.smtp_host,
        "smtp_port": str(mailbox.smtp_port),
        "smtp_secure": "on",
        "signature": "Maya",
        "min_gap_seconds": "60",
        "daily_send_limit": "200",
        "health_window": "200",
        "max_bounces": "10",
        "max_complaints": "1",
        "metadata": "{}",
        "smtp_password": "",
    }
    assert browser.post(url, entries).status_code == 302
    assert (stored(mailbox).signature, stored(mailbox).smtp_password) == ("Maya", SECRET)
    assert browser.post(url, {**entries, "smtp_password": "another staple"}).status_code == 302
    assert stored(mailbox).smtp_password == "another staple"


def test_a_reader_sees_a_mask_instead_of_a_secret(admin_of: Any, member: Any, mailbox: EmailAccount) -> None:
    page = admin_of(member).get(f"{LIST}{mailbox.pk}/change/").content.decode()
    assert SECRET not in page
    assert "••••••" in page


def test_the_daily_usage_is_shown_as_a_bar(admin_of: Any, owner: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        LinkedinAccountFactory.create(daily_action_limit=20, actions_today=15)
    page = admin_of(owner).get("/admin/campaigns/linkedinaccount/").content.decode()
    assert '<meter class="lad-meter" min="0" max="20"' in page
    assert 'value="15"' in page
