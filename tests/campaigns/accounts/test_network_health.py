"""Accounts on networks that fail, or that nobody answers, are stopped, told of once, and resumed by a person."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts import network_services, network_status, network_sweep
from campaigns.accounts.checks import Checked
from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount
from lad.mail.models import MailDelivery
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, ChannelAccountFactory, LinkedinAccountFactory, MessageFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.support.sandbox import Sandbox

NOW = timezone.now()


def act(account: Any, number: int, *, days: float = 5, **values: Any) -> None:
    """Let the account have done something so many times, towards other people each time."""
    channel = {"linkedin_account": account, "channel": "linkedin"}
    if isinstance(account, ChannelAccount):
        channel = {"channel_account": account, "channel": account.channel}
    with platform_context(tenant_id=account.tenant_id):
        for _each in range(number):
            MessageFactory.create(
                **{**channel, "email_account": None, "direction": "outbound", "state": "sent", **values},
                occurred_at=NOW - timedelta(days=days),
            )
        type(account).objects.filter(pk=account.pk).update(messages_sent=number)


@pytest.fixture
def phone(tenant: Tenant) -> ChannelAccount:
    with platform_context(tenant_id=tenant.pk):
        return ChannelAccountFactory.create(account_name="Office phone")


@pytest.fixture
def profile(tenant: Tenant, member: User) -> LinkedinAccount:
    with platform_context(tenant_id=tenant.pk):
        return LinkedinAccountFactory.create(account_name="Maya", user=member)


def test_a_number_that_hardly_anybody_answers_is_stopped(phone: ChannelAccount, tenant: Tenant) -> None:
    act(phone, 39)
    assert network_sweep.judge_all() == 0, "too few to say"
    act(phone, 1)
    assert network_sweep.judge_all() == 1
    row = stored(phone)
    assert not row.is_active and "Only 0 of 40 people answered" in row.status_reason
    [event] = events("campaigns.channel_account.stopped", tenant.pk)
    assert event.payload["status"] == "halted"
    assert network_sweep.judge_all() == 0, "once"


def test_answers_keep_a_number_at_work(phone: ChannelAccount) -> None:
    act(phone, 36)
    act(phone, 4, replied_at=NOW)
    assert network_sweep.judge_all() == 0 and stored(phone).is_active


def test_messages_of_the_last_days_say_nothing_about_answers_yet(phone: ChannelAccount) -> None:
    act(phone, 45, days=1)
    assert network_sweep.judge_all() == 0


def test_an_account_whose_actions_fail_is_stopped_with_the_last_error(profile: LinkedinAccount) -> None:
    act(profile, 12)
    act(profile, 9, state="failed", error="The profile could not be opened.")
    assert network_sweep.judge_all() == 1
    assert "9 of the last 21 actions failed" in stored(profile).status_reason
    assert "could not be opened" in stored(profile).status_reason


def test_the_judgement_of_one_tenant_reads_nothing_of_another(phone: ChannelAccount, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = ChannelAccountFactory.create()
    act(theirs, 45)
    act(phone, 5)
    assert network_sweep.judge_all() == 1
    assert stored(phone).is_active and not stored(theirs).is_active


def test_a_person_resumes_a_stopped_account_which_is_judged_anew(
    sandbox: Sandbox, settings: Any, phone: ChannelAccount, call: Any, tenant: Tenant
) -> None:
    settings.UNIPILE_BASE_URL, settings.UNIPILE_API_KEY = f"{sandbox.url}/unipile", "sandbox"
    act(phone, 45)
    network_sweep.judge_all()
    assert call("post", "channel-accounts", phone, "resume").status_code == 200
    assert not stored(phone).is_active, "the gateway does not know it, so it stays stopped"
    sandbox.call(
        "POST", "/unipile/accounts", json={"id": phone.provider_account_id, "type": "WHATSAPP", "identifier": "+1212"}
    )
    assert call("post", "channel-accounts", phone, "resume").status_code == 200
    row = stored(phone)
    assert row.is_active and row.status == "active" and row.status_reason == ""
    assert len(events("campaigns.channel_account.resumed", tenant.pk)) == 1
    assert network_sweep.judge_all() == 0, "what it did before counts no more"
    assert problem(call("post", "channel-accounts", phone, "resume")) == (409, "nothing_to_resume")


def test_a_report_that_all_is_well_does_not_start_a_stopped_account(phone: ChannelAccount, tenant: Tenant) -> None:
    act(phone, 45)
    network_sweep.judge_all()
    with tenant_context(tenant.pk):
        network_status.record(stored(phone), AccountStatus.ACTIVE)
    assert not stored(phone).is_active


def test_people_get_one_mail_for_each_failure(
    profile: LinkedinAccount, tenant: Tenant, member: User, owner: User, admin: User
) -> None:
    expired = Checked(AccountStatus.EXPIRED, "Sign in again.")
    with tenant_context(tenant.pk):
        network_services.keep(account=profile, checked=expired, actor=None)
        network_services.keep(account=profile, checked=expired, actor=None)
        network_status.record(profile, AccountStatus.ERROR, "Still down.")
    drain(seconds=20)
    with platform_context():
        mails = MailDelivery.objects.filter(kind="network_account_stopped").values_list("to_address", flat=True)
        assert sorted(mails) == sorted([member.email, owner.email, admin.email])
    with tenant_context(tenant.pk):
        network_services.keep(account=profile, checked=Checked(AccountStatus.ACTIVE), actor=None)
        network_services.keep(account=profile, checked=expired, actor=None)
    drain(seconds=20)
    with platform_context():
        assert MailDelivery.objects.filter(kind="network_account_stopped").count() == 6


def test_the_page_says_why_an_account_stopped_and_shows_its_use(
    admin_of: Any, owner: User, phone: ChannelAccount
) -> None:
    act(phone, 45)
    network_sweep.judge_all()
    browser = admin_of(owner)
    page = browser.get(reverse("admin:campaigns_channelaccount_change", args=(phone.pk,))).content.decode()
    assert "Stopped by LAD" in page and "Only 0 of 45 people answered" in page
    assert reverse("admin:campaigns_channelaccount_resume", args=(phone.pk,)) in page
    assert "Accounts stopped" in browser.get("/admin/").content.decode()
    assert "Office phone" in browser.get("/admin/sending-accounts/").content.decode()


def test_a_campaign_says_which_of_its_accounts_does_nothing(
    admin_of: Any,
    owner: User,
    profile: LinkedinAccount,
    phone: ChannelAccount,
    call: Any,
    add_step: Any,
    tenant: Tenant,
) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create()
    add_step(campaign, type="linkedin_visit", config={})
    call("post", "social-linkedin-accounts", profile, "pause")
    call("post", "channel-accounts", phone, "pause")
    page = admin_of(owner).get(f"/admin/campaigns/campaign/{campaign.pk}/change/").content.decode()
    assert "Maya does nothing: paused." in page
    assert "Office phone does nothing" not in page, "no step writes on WhatsApp"


def test_a_reader_sees_the_accounts_but_cannot_connect_them(
    admin_of: Any, member: User, profile: LinkedinAccount
) -> None:
    browser = admin_of(member)
    assert browser.get("/admin/sending-accounts/").status_code == 200
    assert browser.get(reverse("admin:campaigns_linkedinaccount_connecting", args=(profile.pk,))).status_code == 403


def test_limits_are_numbers_in_a_form(admin_of: Any, owner: User, phone: ChannelAccount, call: Any) -> None:
    browser, url = admin_of(owner), reverse("admin:campaigns_channelaccount_change", args=(phone.pk,))
    entries = {"account_name": "Office phone", "min_gap_seconds": "90", "limit_message_day": "12", "address": "+1212"}
    answer = browser.post(url, entries)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert stored(phone).action_limits == {"message": {"day": 12}}
    [use] = call("get", "channel-accounts", phone, "usage").json()["actions"]
    assert (use["day_limit"], use["source"], use["today"]) == (12, "own", 0)


def test_a_paused_account_goes_on_waiting(call: Any, profile: LinkedinAccount) -> None:
    assert call("post", "social-linkedin-accounts", profile, "pause").json()["is_active"] is False
