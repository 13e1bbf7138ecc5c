"""Why something was not sent: each reason is said, in order, with what to do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, EmailAccount, EmailAccountStatus, LinkedinAccount
from campaigns.analytics import checks, why_not
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from campaigns.messages.models import Message, MessageState
from lad import times
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import SuppressionReason
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.campaigns.analytics.conftest import Scenario
from tests.factories.campaigns import ActionCountFactory, EmailAccountFactory, LinkedinAccountFactory
from tests.factories.leads import ContactPolicyFactory, LeadFactory, SuppressionFactory

NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def hans(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(contact_from="00:00", contact_until="23:59", max_per_day=3, max_per_week=7)
        lead: Lead = LeadFactory.create(first_name="Hans", email="hans@acme.example", location="London")
    return lead


@pytest.fixture
def ready(scenario: Scenario, hans: Lead) -> CampaignLead:
    """An enrolment of a running campaign whose e-mail is due, with an account that can send it."""
    with platform_context(tenant_id=scenario.tenant.pk):
        steps = scenario.steps["email"]
        type(steps).objects.filter(pk=steps.pk).update(config={"subject": "Hello", "body": "Dear {{first_name}}"})
        Campaign.objects.filter(pk=scenario.campaign.pk).update(
            status=CampaignStatus.RUNNING,
            config={"working_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]},
        )
        EmailAccountFactory.create(email="sales@acme.example", status=EmailAccountStatus.CONNECTED, daily_send_limit=50)
    return scenario.enrolment(lead=hans, next_step=scenario.steps["email"], next_action_at=NOW - HOUR)


@pytest.fixture
def ask(scenario: Scenario, ready: CampaignLead, hans: Lead) -> Callable[[], why_not.WhyNot]:
    def answer() -> why_not.WhyNot:
        with tenant_context(scenario.tenant.pk):
            campaign = Campaign.objects.get(pk=scenario.campaign.pk)
            return why_not.about_lead(campaign, Lead.objects.get(pk=hans.pk), now=NOW)

    return answer


def test_nothing_stands_in_the_way_of_a_lead_that_is_due(ask: Callable[[], why_not.WhyNot]) -> None:
    found = ask()
    assert [(check.key, check.answer.value) for check in found.checks] == [
        ("campaign", "yes"),
        ("enrolment", "yes"),
        ("step", "yes"),
        ("due", "yes"),
        ("contact", "yes"),
        ("account", "yes"),
        ("daily_limit", "yes"),
        ("gap", "yes"),
        ("credit", "yes"),
        ("text", "yes"),
    ]
    assert (found.answer, found.summary) == ("yes", why_not.READY)


def paused(scenario: Scenario, enrolment: CampaignLead) -> None:
    reason = "The credit has ended. Top up the wallet."
    Campaign.objects.filter(pk=scenario.campaign.pk).update(status="paused", last_execution_reason=reason)


def begins_later(scenario: Scenario, enrolment: CampaignLead) -> None:
    Campaign.objects.filter(pk=scenario.campaign.pk).update(starts_at=NOW + HOUR)


def ended(scenario: Scenario, enrolment: CampaignLead) -> None:
    CampaignLead.objects.filter(pk=enrolment.pk).update(
        status=EnrolmentStatus.STOPPED, reason="replied", next_step=None
    )


def delayed(scenario: Scenario, enrolment: CampaignLead) -> None:
    CampaignLead.objects.filter(pk=enrolment.pk).update(next_action_at=NOW + HOUR, reason="out_of_office")


def not_connected(scenario: Scenario, enrolment: CampaignLead) -> None:
    CampaignLead.objects.filter(pk=enrolment.pk).update(next_step=scenario.steps["linkedin"])


def with_linkedin(scenario: Scenario, enrolment: CampaignLead, **values: Any) -> LinkedinAccount:
    not_connected(scenario, enrolment)
    Lead.objects.filter(pk=enrolment.lead_id).update(linkedin_url="https://www.linkedin.com/in/hans")
    account: LinkedinAccount = LinkedinAccountFactory.create(account_name="Maya", **values)
    scenario.message(enrolment, "linkedin", channel="linkedin", state=MessageState.QUEUED, linkedin_account=account)
    return account


def network_expired(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_linkedin(scenario, enrolment, status=AccountStatus.EXPIRED, status_reason="Sign in again.")


def network_rests(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_linkedin(scenario, enrolment, paused_until=NOW + HOUR)


def network_full(scenario: Scenario, enrolment: CampaignLead) -> None:
    account = with_linkedin(scenario, enrolment, action_limits={"message": {"day": 3}})
    ActionCountFactory.create(account_id=account.pk, action="message", day=NOW.date(), taken=3)


def network_waits(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_linkedin(scenario, enrolment, next_send_at=NOW + HOUR)


def suppressed(scenario: Scenario, enrolment: CampaignLead) -> None:
    SuppressionFactory.create(lead=enrolment.lead, channel="all", reason=SuppressionReason.UNSUBSCRIBED)


def without_address(scenario: Scenario, enrolment: CampaignLead) -> None:
    Lead.objects.filter(pk=enrolment.lead_id).update(email="")


def archived(scenario: Scenario, enrolment: CampaignLead) -> None:
    Lead.objects.filter(pk=enrolment.lead_id).update(is_archived=True)


def closed_window(scenario: Scenario, enrolment: CampaignLead) -> None:
    hours = {"window": {"start": "01:00", "end": "02:00", "zone": "tenant", "skips_holidays": False}}
    campaign = Campaign.objects.get(pk=scenario.campaign.pk)
    Campaign.objects.filter(pk=campaign.pk).update(config={**campaign.config, **hours})


def account_stopped(scenario: Scenario, enrolment: CampaignLead) -> None:
    Message.objects.all().delete()
    with_message(scenario, enrolment)
    EmailAccount.objects.update(status=EmailAccountStatus.REVOKED, status_reason="Connect it again.")


def account_full(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_message(scenario, enrolment)
    EmailAccount.objects.update(sent_today=50, last_reset_date=NOW.date())


def account_waits(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_message(scenario, enrolment)
    EmailAccount.objects.update(next_send_at=NOW + HOUR)


def no_account(scenario: Scenario, enrolment: CampaignLead) -> None:
    EmailAccount.objects.update(is_active=False)


def missing_detail(scenario: Scenario, enrolment: CampaignLead) -> None:
    step = scenario.steps["email"]
    type(step).objects.filter(pk=step.pk).update(config={"subject": "Hello", "body": "Dear {{custom.nickname}}"})


def with_message(scenario: Scenario, enrolment: CampaignLead, **values: Any) -> None:
    scenario.message(
        enrolment, state=MessageState.QUEUED, subject="Hello", email_account=EmailAccount.objects.get(), **values
    )


def message_deferred(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_message(scenario, enrolment, next_attempt_at=NOW + HOUR, error="The server asked to wait.")


def message_unknown(scenario: Scenario, enrolment: CampaignLead) -> None:
    with_message(scenario, enrolment)
    Message.objects.update(state=MessageState.UNKNOWN)


LATER = times.written(NOW + HOUR)


@pytest.mark.parametrize(
    ("change", "key", "answer", "text"),
    [
        (paused, "campaign", "no", "The campaign is paused. The credit has ended. Top up the wallet."),
        (begins_later, "campaign", "waits", f"The campaign begins on {LATER}."),
        (ended, "enrolment", "no", "The enrolment has ended (stopped): Hans replied."),
        (delayed, "due", "waits", f"It waits until {LATER}: Hans is out of office."),
        (not_connected, "account", "no", "No LinkedIn account works for this campaign."),
        (suppressed, "suppressed", "no", "Hans is on the do-not-contact list (unsubscribed)."),
        (without_address, "no_address", "no", "Hans has no e-mail address."),
        (archived, "lead_archived", "no", "Hans is archived."),
        (closed_window, "outside_window", "waits", "The campaign's hours are 01:00 to 02:00"),
        (account_stopped, "account", "no", "sales@acme.example cannot send: access revoked."),
        (account_full, "daily_limit", "waits", "sales@acme.example has sent 50 of 50 messages today."),
        (account_waits, "gap", "waits", f"The account keeps a gap and goes on at {LATER}."),
        (no_account, "account", "no", "No e-mail account works for this campaign."),
        (network_expired, "account", "no", "Maya does nothing: sign-in expired."),
        (network_rests, "account", "waits", f"Maya does nothing until {LATER}: resting."),
        (network_full, "daily_limit", "waits", "Maya, messages: 3 of 3 today."),
        (network_waits, "gap", "waits", f"The account keeps a gap and goes on at {LATER}."),
        (missing_detail, "missing_variable", "no", "nickname"),
        (message_deferred, "message", "waits", f"“Hello” waits until {LATER}. The server asked to wait."),
        (message_unknown, "message", "waits", "It is not known whether “Hello” was sent."),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_reason_is_said(
    scenario: Scenario,
    ready: CampaignLead,
    ask: Callable[[], why_not.WhyNot],
    change: Callable[[Scenario, CampaignLead], None],
    key: str,
    answer: str,
    text: str,
) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        change(scenario, ready)
    found = ask()
    said = {check.key: check for check in found.checks}
    assert key in said, found
    assert said[key].answer == answer
    assert text in said[key].text
    assert found.answer == (checks.Answer.NO if answer == "no" else checks.Answer.WAITS)


def test_a_lead_that_is_not_enrolled_is_told_so(scenario: Scenario, ready: CampaignLead) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        stranger = LeadFactory.create(first_name="Ada")
        found = why_not.about_lead(scenario.campaign, stranger, now=NOW)
    assert [check.key for check in found.checks] == ["campaign", "enrolment"]
    assert found.checks[1].text == "Ada is not enrolled in this campaign."


def test_asking_changes_nothing(scenario: Scenario, ready: CampaignLead, ask: Callable[[], why_not.WhyNot]) -> None:
    def state() -> list[Any]:
        with platform_context(tenant_id=scenario.tenant.pk):
            return [list(CampaignLead.objects.values_list()), list(Message.objects.values_list())]

    before = state()
    ask()
    assert state() == before


def test_a_step_and_an_account_are_asked_about_in_the_api(
    scenario: Scenario, ready: CampaignLead, hans: Lead, call: Callable[..., Any]
) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        CampaignLead.objects.filter(pk=ready.pk).update(reason="missing_variable", next_action_at=NOW)
        with_message(scenario, ready, next_attempt_at=NOW)
        account = EmailAccount.objects.get()

    def asked(**query: Any) -> dict[str, Any]:
        response = call("get", "campaigns", scenario.campaign, "why-not-sent", query)
        assert response.status_code == 200, response.content
        body: dict[str, Any] = response.json()
        return body

    step = asked(step=str(scenario.steps["email"].pk))
    assert step["answer"] == "no"
    assert {"missing_variable", "account", "credit"} <= {check["key"] for check in step["checks"]}
    of_account = asked(account=str(account.pk))
    assert "1 message waits" in " ".join(check["text"] for check in of_account["checks"])
    assert asked(lead=str(hans.pk))["subject"] == str(hans)


def test_an_account_on_a_network_is_asked_about_on_the_page_and_in_the_api(
    scenario: Scenario, ready: CampaignLead, call: Callable[..., Any], admin_of: Callable[..., Client], owner: User
) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        account = with_linkedin(scenario, ready, action_limits={"invitation": {"day": 5}})
    query = {"account": str(account.pk)}
    found = call("get", "campaigns", scenario.campaign, "why-not-sent", query).json()
    texts = [check["text"] for check in found["checks"]]
    assert "Maya, invitations: 0 of 5 today and 0 of 70 in seven days." in texts, texts
    assert any("1 message waits" in text for text in texts)
    page = admin_of(owner).get(f"/admin/campaigns/campaign/{scenario.campaign.pk}/why-not/", query)
    assert page.context["answer"].subject == "Maya"
    assert account in page.context["accounts"]
    unknown = call("get", "campaigns", scenario.campaign, "why-not-sent", {"account": str(ready.pk)})
    assert unknown.status_code == 404


def test_a_step_on_a_network_says_what_its_accounts_can_do(
    scenario: Scenario, ready: CampaignLead, call: Callable[..., Any]
) -> None:
    with platform_context(tenant_id=scenario.tenant.pk):
        with_linkedin(scenario, ready, is_active=False)
    query = {"step": str(scenario.steps["linkedin"].pk)}
    found = call("get", "campaigns", scenario.campaign, "why-not-sent", query).json()
    assert "Maya does nothing: paused." in [check["text"] for check in found["checks"]]


@pytest.mark.parametrize("names", [(), ("lead", "step")])
def test_exactly_one_thing_is_asked_about(
    scenario: Scenario, ready: CampaignLead, call: Callable[..., Any], names: tuple[str, ...]
) -> None:
    query = {name: str(ready.pk) for name in names}
    assert call("get", "campaigns", scenario.campaign, "why-not-sent", query).status_code == 400


def test_a_step_of_another_campaign_is_not_found(scenario: Scenario, ready: CampaignLead, call: Any) -> None:
    query = {"step": str(ready.pk)}
    assert call("get", "campaigns", scenario.campaign, "why-not-sent", query).status_code == 404
